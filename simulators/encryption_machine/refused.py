"""How the machine says no, whatever dialect asks."""

from harness.wire.encryption_machine.reasons import Reason


class Refused(Exception):
    """The machine does not do it; `reason` says why, in words of no dialect."""

    def __init__(self, reason: Reason, text: str = "") -> None:
        super().__init__(reason, text)
        self.reason = reason
        self.text = text
