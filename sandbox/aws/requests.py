"""What all of the emulator's responses share: they hold the lock, and say when they changed something."""

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import BaseResponse

from sandbox.aws.state import state

READ_ONLY = ("Describe", "Get", "List")


class Guarded(BaseResponse):
    """Mixed in before a moto response: one request at a time, and the controller hears of every change."""

    def call_action(self) -> TYPE_RESPONSE:
        with state.changed:
            try:
                return super().call_action()
            finally:
                if not self._get_action().startswith(READ_ONLY):
                    state.wake()
