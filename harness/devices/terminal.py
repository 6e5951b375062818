"""The driver of an insurance terminal: hold a card or a face before it, type a password, read its screen.

terminal = TerminalDriver("http://127.0.0.1:8003")
terminal.present_id_card("P001")
terminal.type_password("143709")
"""

from collections.abc import Mapping
from typing import Any, Self

from harness.devices.http import HttpClient
from harness.line.tls import NOTHING_SAID, ClientTls


class TerminalDriver:
    """The terminal at `address`. Every call raises Refused, BenchError or PeerViolation when it does not succeed.

    What is presented before anybody asks for it lies there for the next call that does.
    """

    def __init__(self, address: str, *, tls: ClientTls = NOTHING_SAID) -> None:
        self._http = HttpClient(address, party="the terminal", tls=tls)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def present_id_card(self, person_id: str, *, how: str = "well") -> None:
        """Put a person's ID card on the reader; `how` is well, unreadable, pulled-out or wrong-kind.

        Raises Refused (503) when the voucher centre cannot be reached.
        """
        self._present(what="id-card", person=person_id, how=how)

    def present_face(self, person_id: str, as_person: str | None = None) -> None:
        """Have a person look into the camera, who says that they are `as_person` (themselves by default)."""
        more = {} if as_person is None else {"as": as_person}
        self._present(what="face", person=person_id, **more)

    def present_card(self, person_id: str, *, how: str = "well") -> None:
        """Put a person's social-insurance card in. Raises Refused (409) for somebody without one."""
        self._present(what="card", person=person_id, how=how)

    def present_code(self, text: str) -> None:
        """Hold a code before the terminal's own scanner."""
        self._present(what="code", text=text)

    def pull_card(self) -> None:
        """Take the social-insurance card out. Raises Refused (409) when there is none."""
        self._http.post_json("/pull", {})

    def type_password(self, text: str) -> str:
        """Type six digits; `typed` for a card's password, for a voucher's what the centre says of it.

        Raises Refused: 409 when no password is asked for, or the prompt is over; 400 for anything but six digits.
        """
        return str(self._http.post_json("/keypad", {"password": text}).get("result", ""))

    def cancel(self) -> int:
        """Press cancel; how many questions that ended."""
        return int(self._http.post_json("/cancel", {}).get("cancelled", 0))

    def screen(self) -> Mapping[str, Any]:
        """What stands on the screen: `asked`, `keypad`, `result`, `said`; personal data masked."""
        return self._http.get_object("/screen")

    def _present(self, **content: str) -> None:
        self._http.post_json("/present", content)
