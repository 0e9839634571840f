"""What an instance runs for `python -m release exec -it`: a command on a terminal, as the app's user.

It is sent there with told.py and place.py before it, and run as root by the image's Python, on the terminal that the
SSM Agent made: Python 3.9 and the standard library, nothing else. It becomes the command, so nothing of root's is left
on that terminal, which ends with a hangup (SIGHUP) once the session does. The secrets go into the environment alone.

`python3 /dev/fd/3 REQUEST`: JSON in base64, as request.py makes it.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from release.console.place import Place, get_parameters, secrets
from release.console.told import Failure


def become(place: Place) -> None:
    """Become the app's user, to whom the terminal then belongs, as after a login. Raises Failure."""
    who = place.identity()
    if not who:
        return
    if os.isatty(0):
        os.fchown(0, who["user"], -1)
    os.setgroups(who["extra_groups"])
    os.setgid(who["group"])
    os.setuid(who["user"])


def replace(argv: Sequence[str], environment: Mapping[bytes, bytes]) -> NoReturn:
    """Run the command in place of this program. Raises Failure."""
    os.umask(0o22)
    os.closerange(3, 256)  # this program's text is in one of them
    try:
        os.execvpe(os.fsencode(argv[0]), [os.fsencode(word) for word in argv], dict(environment))  # noqa: S606 - no shell is wanted
    except OSError as problem:
        raise Failure(f"{argv[0]}: {problem.strerror}") from None


def main(encoded: str) -> NoReturn:
    """Carry out a request. Raises Failure."""
    request = json.loads(base64.b64decode(encoded))
    place = Place()
    environment = place.environment(secrets(place.told.lists["SECRETS"], get_parameters))
    become(place)
    try:
        os.chdir(place.code)
    except OSError as problem:
        raise Failure(f"no release was booted on this instance: {problem}") from None
    replace(request["argv"], environment)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except Failure as problem:
        sys.exit(f"slipway: {problem}")
