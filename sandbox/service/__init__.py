"""The parts that the sandbox's processes share: credentials, access, start and end, the internal API."""
