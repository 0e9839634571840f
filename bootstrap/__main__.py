"""Sets up an account: reads the settings, declares what it needs once, exports what each stack is deployed with."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the engine runs this file by its path

import pulumi

from bootstrap import account, caller, settings
from infra.settings import SettingsError
from release.component import told
from release.errors import ReleaseError

# The engine passes Ctrl-C on after it has ended the update: all that is left is to exit without a traceback.
signal.signal(signal.SIGINT, lambda _number, _frame: sys.exit(130))
told.leave_with_one_error()

try:
    given = settings.parse(caller.configuration(), pulumi.get_stack())
    stacks = account.declare(given, caller.account(given))
except (SettingsError, ReleaseError) as error:
    pulumi.log.error(str(error))
    sys.exit(told.USER_WAS_TOLD)

for name, outputs in stacks.items():
    pulumi.export(name, outputs)
