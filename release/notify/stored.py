"""Where a stack keeps whom it tells: a SecureString of the Parameter Store, for commands that need no Pulumi."""

from __future__ import annotations

from botocore.exceptions import ClientError

from release import names
from release.clients import FAILURES, SHORTLY, client, code
from release.errors import ReleaseError
from release.notify import targets
from release.notify.fact import Fact
from release.notify.send import tell
from release.notify.targets import NOBODY, Told


def look(stack: str, region: str | None) -> tuple[Told, str]:
    """Return whom the stack tells, and a warning if that is not known ("" if it is). A stack need not tell anybody."""
    parameter = names.notify_parameter_name(stack)
    try:
        found = client("ssm", region, SHORTLY).get_parameter(Name=parameter, WithDecryption=True)
        return targets.from_json(found["Parameter"]["Value"]), ""
    except ClientError as error:
        if code(error) == "ParameterNotFound":
            return NOBODY, ""
        why = f"Systems Manager answered {code(error)}"
        if code(error) in ("AccessDenied", "AccessDeniedException"):
            why = "the caller's role must allow ssm:GetParameter on it (`python -m release permissions`)"
    except ValueError as error:
        why = str(error)
    except (ReleaseError, *FAILURES) as error:
        why = f"Systems Manager could not be asked ({type(error).__name__})"
    return NOBODY, f"nobody was told, because the parameter {parameter}, which names whom to tell, can't be read: {why}"


def spread(stack: str, region: str | None, fact: Fact) -> list[str]:
    """Tell whomever the stack tells, and return warnings. Takes at most 20 s, and never raises for what goes wrong.

    For commands that do one thing: `for warning in stored.spread(stack, arguments.region, Fact(…)): …`
    """
    told, warning = look(stack, region)
    return [warning] if warning else tell(told.targets, fact)
