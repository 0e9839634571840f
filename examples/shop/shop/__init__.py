"""Quayside: a storefront that shows which release is serving it."""
