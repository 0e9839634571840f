"""KMS is moto's; here is who may use a key, which moto does not ask."""
