"""The sandbox: AWS on a laptop, for `make up` and the tests."""
