"""The Slipway program: reads the stack's settings, declares the stack, exports its outputs."""

import signal
import sys

import pulumi

from infra import configuration, stack
from infra.settings import SettingsError
from release.component import told
from release.errors import ReleaseError

# The engine passes Ctrl-C on after it has ended the update: all that is left is to exit without a traceback.
signal.signal(signal.SIGINT, lambda _number, _frame: sys.exit(130))
told.leave_with_one_error()

try:
    settings = configuration.read()
    declared = stack.declare(settings, stack.plan(settings))
except (SettingsError, ReleaseError) as error:
    pulumi.log.error(str(error))
    sys.exit(told.USER_WAS_TOLD)

pulumi.export("url", declared.url)
pulumi.export("sha", declared.sha)
pulumi.export("digest", declared.digest)
pulumi.export("fleets", declared.fleets)
pulumi.export("network", declared.network)
pulumi.export("bucket", declared.bucket)
pulumi.export("region", declared.region)
if declared.posture:
    pulumi.export("posture", declared.posture)
