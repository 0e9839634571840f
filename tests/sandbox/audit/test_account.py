"""sandbox/audit/account.py: the parts of a stack file that are not as they stand in the audit."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.audit import account


def test_encrypted_values_are_taken_out_with_their_paths():
    """Only their owner can read them; what stands in for them is set by pulumi at the same path."""
    config: dict[str, Any] = {"slipway:fleets": {"web": {"secrets": {"KEY": {"secure": "x"}}, "size": {"min": 1}}}}
    assert account.take_encrypted(config) == ["slipway:fleets.web.secrets.KEY"]
    assert config == {"slipway:fleets": {"web": {"secrets": {}, "size": {"min": 1}}}}


@pytest.mark.parametrize(
    ("domain", "instead"),
    [("shop.example.com", "shop.example.test"), ("example.org", "example.test"), ("shop.acme.com", "shop.acme.com")],
)
def test_domains_of_examples_get_an_ending_that_may_be_used(domain: str, instead: str):
    """`test` is for tests (RFC 2606), and is not refused."""
    assert account.usable(domain) == instead
