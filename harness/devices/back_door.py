"""The client of a simulator's back door: its state, its faults and its clock, from another thread or process.

Nothing that a case checks is read here: verdicts come from the tape.
"""

from collections.abc import Mapping
from typing import Any, Self

from harness.devices.http import HttpClient
from harness.errors import PeerViolation
from harness.faults.catalogue import Fault


class BackDoorClient:
    """The back door at `address`, as `also.control` says it. Every call raises BenchError, Refused or PeerViolation."""

    def __init__(self, address: str, *, party: str = "the back door") -> None:
        self._http = HttpClient(address, party=party)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def state(self) -> dict[str, Any]:
        """What the simulator knows; its own words."""
        return self._http.get_object("/state")

    def events(self, *, since: int = 0) -> list[dict[str, Any]]:
        """The simulator's records on the tape from number `since` on: frames with `hex`, events with their fields."""
        reply = self._http.get("/events", {"since": str(since)})
        content = self._http.read_json("GET /events", reply)
        if not isinstance(content, list):
            raise self._http.nonsense("GET /events", reply)
        return content

    def clock(self) -> dict[str, Any]:
        """`now_ns`, `now` (Beijing) and `steppable`."""
        return self._http.get_object("/clock")

    def step_clock(self, seconds: int) -> int:
        """Step the simulator's clock by whole seconds; returns its new time in ns since 1970.

        Raises Refused when it runs on the machine's clock.
        """
        now_ns = self._http.post_json("/clock", {"step_s": seconds}).get("now_ns")
        if not isinstance(now_ns, int):
            raise PeerViolation(
                f"The back door stepped the clock and then said that it is {now_ns!r}.",
                cause="what listens there is another program, or another version of this one",
                remedy="check the address in the bench file",
            )
        return now_ns

    def faults(self) -> dict[str, Any]:
        """The faults `planned` and `fired`, and the effects `offered`."""
        return self._http.get_object("/fault")

    def plan_fault(self, fault: Fault) -> dict[str, Any]:
        """Schedule a fault; returns all that are planned and fired. Raises Refused for an effect it does not offer."""
        return self._http.post_json(
            "/fault",
            {
                "message": fault.message,
                "effect": fault.effect.value,
                "nth": fault.nth,
                "detail": dict(fault.detail),
            },
        )

    def clear_faults(self) -> dict[str, Any]:
        """Forget all faults."""
        return self._http.delete_json("/fault")

    def call(self, path: str, content: Mapping[str, object] | None = None) -> dict[str, Any]:
        """Use a route of the simulator's own, e.g. `/repair`; returns what it says."""
        return self._http.post_json(path, dict(content or {}))

    def reset(self, seed: int) -> dict[str, Any]:
        """Make the simulator as new; returns its state."""
        return self._http.post_json("/reset", {"seed": seed})
