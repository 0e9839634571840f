"""AWS on one machine: moto's server, with what moto lacks supplied by subclasses of its backends and responses."""
