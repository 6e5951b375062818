"""What brings a picture before a scanner box: a virtual box's back door, or a real box's screen."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from harness.errors import BenchError, ConfigError

SHOW_TIMEOUT_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What became of a picture that was shown: read or not, what, or why not.

    For messages and demonstrations; what a case checks stands on the tape.
    """

    read: bool
    text: str = ""
    symbology: str = ""
    why: str = ""


class ScannerStage(Protocol):
    """What brings pictures before a box."""

    def show(self, picture: bytes) -> Shown | None:
        """Show a picture; None when the stage cannot tell what became of it."""
        ...

    def blank(self) -> None:
        """Show nothing."""
        ...


class VirtualStage:
    """Shows pictures to a virtual box through its back door; `control` is that door's address, `http://…`."""

    def __init__(self, control: str) -> None:
        self._host = urlsplit(control).netloc

    def show(self, picture: bytes) -> Shown:
        """Show a PNG or JPEG picture and tell what the box read. Raises ConfigError for bytes that are no picture."""
        told = self._call("POST", "/show", picture)
        return Shown(
            read=told.get("read") is True,
            text=str(told.get("text", "")),
            symbology=str(told.get("symbology", "")),
            why=str(told.get("why", "")),
        )

    def blank(self) -> None:
        """Show nothing."""
        self._call("DELETE", "/show")

    def configure(self, settings: Mapping[str, str | int | bool]) -> None:
        """Set the virtual box as configuration barcodes would, e.g. `{"suffix": "LF"}`, until its next reset.

        Raises ConfigError for what it has not.
        """
        self._call("POST", "/configure", json.dumps(settings).encode())

    def _call(self, method: str, path: str, body: bytes = b"") -> dict[str, object]:
        connection = http.client.HTTPConnection(self._host, timeout=SHOW_TIMEOUT_S)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            told = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise BenchError(
                f"The virtual scanner box does not answer at {self._host}: {error}.",
                cause="its simulator stopped, or the address is of another program",
                remedy="look at the bench's log, and bring the bench up again",
            ) from error
        finally:
            connection.close()
        if response.status != http.client.OK or not isinstance(told, dict):
            why = told.get("error", told) if isinstance(told, dict) else told
            raise ConfigError(
                f"The virtual scanner box refuses {path}: {why}.",
                cause="the picture or the setting is not as the box takes it",
                remedy="show a PNG or JPEG picture; set only what the message names",
            )
        return told
