"""The sandbox: an emulated AWS on this machine, for `make up` and the tests."""
