"""Certificate Manager: a certificate is issued once its record is in the domain's zone."""
