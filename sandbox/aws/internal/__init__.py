"""The sandbox's own API, by which machines and balancer take part."""
