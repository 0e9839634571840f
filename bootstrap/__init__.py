"""What an account needs once, before Slipway deploys to it: state bucket, keys, identity provider, roles."""
