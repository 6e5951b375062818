"""Records in the making, as a tape would have them, and HTTP messages for them."""

import json

from harness.judge.history import CaseHistory, read_histories
from harness.line.record import Direction, Kind, Record, event_data

OK = '{"infcode": 0, "err_msg": "成功", "output": {"setlinfo": {"acct_pay": 0.10}}}'


class Records:
    """Records in the making, numbered as they come."""

    def __init__(self) -> None:
        self.all: list[Record] = []

    def frame(self, channel: str, direction: Direction, data: bytes) -> None:
        """Bytes on a line."""
        self._add(Kind.FRAME, direction, channel, data)

    def event(self, channel: str, event: str, **fields: str | int | bool | list[str]) -> None:
        """What is not bytes."""
        self._add(Kind.EVENT, Direction.NONE, channel, event_data(event, fields))

    def tell(self, **content: object) -> None:
        """A line to the adapter."""
        self.frame("counter", Direction.SENT, json.dumps(content).encode() + b"\n")

    def hear(self, **content: object) -> None:
        """A line from the adapter."""
        self.frame("counter", Direction.RECEIVED, json.dumps(content).encode() + b"\n")

    def exchange(
        self, request: bytes, reply: bytes | None, *, agent: str = "", channel: str = "platform.http#1"
    ) -> None:
        """An HTTP request and its reply."""
        self.frame(channel, Direction.RECEIVED, http("POST /fsi/api/x HTTP/1.1", request, agent))
        if reply is not None:
            self.frame(channel, Direction.SENT, reply)

    def case(self, name: str = "c") -> None:
        """A case begins."""
        self.event("case", "case-start", case=name, title=name, requirements=["GS-PHARMACY"])

    def only(self) -> CaseHistory:
        """The one case."""
        (history,) = read_histories(self.all)
        return history

    def _add(self, kind: Kind, direction: Direction, channel: str, data: bytes) -> None:
        seq = len(self.all)
        self.all.append(
            Record(seq=seq, at_ns=0, real_ns=seq, kind=kind, direction=direction, channel=channel, data=data)
        )


def http(start: str, body: bytes, agent: str = "") -> bytes:
    head = f"{start}\r\nUser-Agent: {agent or 'vendor'}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer(body: str | bytes, status: int = 200) -> bytes:
    return http(f"HTTP/1.1 {status} X", body.encode() if isinstance(body, str) else body)
