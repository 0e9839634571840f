"""Quayside: a storefront that shows which release serves it."""
