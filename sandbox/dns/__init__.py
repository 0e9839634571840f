"""The data plane of Route 53: a DNS server for the zones of the emulator, and the health checks behind it."""
