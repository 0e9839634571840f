"""Documents and invocations behave as Systems Manager's do."""

import json
from collections.abc import Mapping, Sequence

import pytest

from release.console import document
from release.console.request import Request
from sandbox.aws.ssm.documents import OWNED_BY_AWS, RUN_SHELL_SCRIPT, DocumentError, Script, script
from sandbox.aws.ssm.invocations import STDOUT_LIMIT, Invocation

COMMANDS: Mapping[str, Sequence[str]] = {"commands": ["echo '{{ x }}'", "exit 1"], "executionTimeout": ["60"]}


def invocation() -> Invocation:
    what = Script(plugin="exec", text="true\n", seconds=60)
    return Invocation(command="c", instance="i", document="d", comment="", script=what, delivery=30, sent=0.0)


def test_a_script_of_several_lines():
    """What is no parameter stays as it is."""
    found = script(OWNED_BY_AWS[RUN_SHELL_SCRIPT], COMMANDS)
    assert found == Script(plugin="runShellScript", text="echo '{{ x }}'\nexit 1\n", seconds=60)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "commands is missing"),
        ({**COMMANDS, "other": ["x"]}, "are not the document's: other"),
        ({**COMMANDS, "executionTimeout": ["0"]}, "executionTimeout does not match|from 1 to 172800"),
        ({**COMMANDS, "executionTimeout": ["1", "2"]}, "takes one value, not 2"),
    ],
)
def test_parameters_that_do_not_fit_are_refused(given: Mapping[str, Sequence[str]], said: str):
    """As SendCommand refuses them, before anything runs."""
    with pytest.raises(DocumentError, match=said):
        script(OWNED_BY_AWS[RUN_SHELL_SCRIPT], given)


def test_the_consoles_document_takes_requests_and_nothing_that_a_shell_reads():
    """Whoever may send it can't get out of the quotes."""
    content = json.loads(document.content())
    request = Request(argv=("sh", "-c", "echo '\n"), seconds=30, group="g", stream="s")
    found = script(content, document.parameters(request))
    assert found.seconds == 30 + document.MARGIN
    assert found.text.startswith(f"exec python3 -I - '{request.encoded}' <<'PYTHON'\n")
    for bad in ("'; id; '", "$(id)", "a b", "a\nb", ""):
        with pytest.raises(DocumentError, match="does not match its pattern"):
            script(content, {"request": [bad], "seconds": ["30"]})


def test_an_invocation_shows_its_output_at_the_end_only():
    """And the first 24,000 characters of it; what came first holds."""
    one = invocation()
    one.begin(1.0, 1.0)
    assert (one.status, one.code, one.stdout) == ("InProgress", -1, "")
    one.end("Success", 0, "a" * 30_000, "", 2.0)
    one.end("Failed", 1, "", "", 3.0)
    assert (one.status, one.code, len(one.stdout)) == ("Success", 0, STDOUT_LIMIT)


def test_what_no_agent_takes_times_out():
    """By the time of delivery; and what an agent took and never ended, by that of the execution besides."""
    one, other = invocation(), invocation()
    one.pass_time(31.0, 31.0)
    assert (one.status, one.details) == ("TimedOut", "DeliveryTimedOut")
    other.begin(1.0, 1.0)
    other.pass_time(90.0, 90.0)
    assert other.status == "InProgress"
    other.pass_time(92.0, 92.0)
    assert other.details == "ExecutionTimedOut"


def test_a_cancelled_invocation():
    """At once if nobody has it; else the agent has to end it."""
    one, other = invocation(), invocation()
    other.begin(1.0, 1.0)
    one.cancel(2.0)
    other.cancel(2.0)
    assert (one.details, other.details) == ("Cancelled", "Cancelling")
