"""Sends a fact to all targets side by side. Whatever goes wrong there is a warning: a deploy never fails for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

from botocore.config import Config
from botocore.exceptions import ClientError

from release.clients import FAILURES, client, code
from release.errors import ReleaseError
from release.notify import shapes
from release.notify.fact import Fact
from release.notify.post import CONNECT, TOTAL, NotSentError, post
from release.notify.targets import Target

_CONFIG = Config(
    retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=CONNECT, read_timeout=TOTAL - CONNECT
)


def tell(targets: Sequence[Target], fact: Fact) -> list[str]:
    """Tell each of the targets, and return a warning for each that could not be told. It takes at most TOTAL seconds.

    Never raises for what goes wrong there. Blocks: in a coroutine, use `asyncio.to_thread`.
    """
    return start(targets, fact).warnings()


@dataclass(frozen=True)
class Sending:
    """A fact on its way to each target, in a thread of its own."""

    _running: Sequence[_Sender]
    _deadline: float

    def warnings(self) -> list[str]:
        """Wait until all are told or the time is over; return a warning for each that could not be told."""
        for sender in self._running:
            sender.thread.join(max(0.0, self._deadline - time.monotonic()))
        return [said for sender in self._running if (said := sender.warning())]


def start(targets: Sequence[Target], fact: Fact) -> Sending:
    """Begin to tell each of the targets, and return at once."""
    deadline = time.monotonic() + TOTAL
    running = [_Sender(target, fact) for target in targets]
    for sender in running:
        sender.thread.start()
    return Sending(running, deadline)


class _Sender:
    """Tells one target. The thread is a daemon: one that hangs does not keep the process."""

    def __init__(self, target: Target, fact: Fact) -> None:
        self._target = target
        self._fact = fact
        self._why: str | None = f"no answer within {TOTAL:g} s"
        self.thread = threading.Thread(target=self._run, name=f"slipway {target.name}", daemon=True)

    def warning(self) -> str | None:
        why = self._why
        return f"{self._target.name} was not told that {_said(self._fact)}: {why}" if why else None

    def _run(self) -> None:
        try:
            _send(self._target, self._fact)
            self._why = None
        except NotSentError as error:
            self._why = str(error)
        except Exception as error:
            self._why = f"it failed ({type(error).__name__})"


def _said(fact: Fact) -> str:
    return f"{fact.stack} {fact.what}" if fact.what in ("frozen", "thawed") else f"the deploy {fact.what}"


def _send(target: Target, fact: Fact) -> None:
    if target.is_topic:
        _publish(target.address, fact)
    else:
        post(target.address, shapes.body(target.kind, fact))


def _publish(topic: str, fact: Fact) -> None:
    try:
        client("sns", topic.split(":")[3], _CONFIG).publish(TopicArn=topic, **shapes.sns(fact))
    except ClientError as error:
        raise NotSentError(_refused(error)) from None
    except (ReleaseError, *FAILURES) as error:
        raise NotSentError(f"SNS could not be asked ({type(error).__name__})") from None


_DENIED = {"AuthorizationError", "AuthorizationErrorException", "AccessDenied", "AccessDeniedException"}
_ADVICE: Sequence[tuple[set[str], str]] = (
    ({"NotFound", "NotFoundException"}, "there is no such topic any more"),
    (_DENIED, "the caller's role must allow sns:Publish on it (`python -m release permissions`)"),
    (
        {"KMSAccessDenied", "KMSAccessDeniedException"},
        "the policy of the topic's key must let the caller use it (kms:GenerateDataKey*, kms:Decrypt)",
    ),
)


def _refused(error: ClientError) -> str:
    said = code(error)
    return next((advice for codes, advice in _ADVICE if said in codes), f"SNS answered {said}")
