"""What Checkov and zizmor print, and what of it counts."""

from __future__ import annotations

import json

import pytest

from sandbox.audit import checkov, zizmor
from sandbox.audit.finding import Finding
from sandbox.errors import SandboxError

URNS = {"aws_vpc.net": "urn:pulumi:prod::slipway::aws:ec2/vpc:Vpc::net"}


def report(*failed: str, count: int = 1, errors: int = 0) -> str:
    """What Checkov prints."""
    checks = [{"check_id": id_, "resource": "aws_vpc.net", "check_name": "name"} for id_ in failed]
    summary = {"resource_count": count, "parsing_errors": errors, "passed": 3}
    return json.dumps({"summary": summary, "results": {"failed_checks": checks}})


def test_a_finding_names_the_resource_as_pulumi_does():
    """Not by its address in the converted text, which nobody sees; the same one twice is one."""
    checked = checkov.parse("prod", URNS, report("CKV_2", "CKV_1", "CKV_2"))
    assert checked.passed == 3
    assert checked.findings == tuple(
        Finding(stack="prod", id=id_, resource="net", title="name") for id_ in ("CKV_1", "CKV_2")
    )


@pytest.mark.parametrize("said", [report(count=0), report(errors=1)])
def test_a_stack_that_checkov_has_not_read_as_a_whole_is_an_error(said: str):
    """Nothing found in what was not read is no good news."""
    with pytest.raises(SandboxError, match="of the 1 resources of prod"):
        checkov.parse("prod", URNS, said)


@pytest.mark.parametrize("said", ["", "[]", '{"passed": 0}'])
def test_a_report_of_another_form_is_an_error(said: str):
    """A new version may print another one; where it found nothing to read, Checkov prints only counts."""
    with pytest.raises(SandboxError, match="not as expected"):
        checkov.parse("prod", URNS, said)


def test_zizmors_findings_are_of_a_workflow():
    """What a comment in the file ignores does not count."""
    where = {"symbolic": {"key": {"Local": {"verbatim_path": ".github/workflows/ci.yml"}}}}
    entry = {"ident": "artipacked", "desc": "leaks", "locations": [where], "ignored": False}
    found = zizmor.parse(json.dumps([entry, {**entry, "ident": "other", "ignored": True}]))
    assert found == (Finding(stack="workflows", id="zizmor/artipacked", resource="ci.yml", title="leaks"),)
    with pytest.raises(SandboxError, match="not as expected"):
        zizmor.parse("oops")
