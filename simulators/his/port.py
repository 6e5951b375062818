"""The counter port, the adapter's side: JSON lines in, JSON lines out, one command after another.

Standard input is read in a thread of its own, so that the end of the input (the harness is gone) is noticed also while
the desk waits for a scan; the adapter then ends, leaving its journal as it is.
"""

import json
import os
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import IO, TextIO

from simulators.his.behaviour import Behaviour
from simulators.his.centre import Centre
from simulators.his.hello import Hello, read_hello
from simulators.his.journal import OPEN_STATES, Amounts, Journal, Settlement, State
from simulators.his.log import Log
from simulators.his.money import to_yuan
from simulators.his.outcome import Done, OutcomeUnknownError, RefusedError
from simulators.his.pharmacy import Pharmacy
from simulators.his.platform import Platform
from simulators.his.sale import read_sale, text_of
from simulators.his.scan import Scanner, ScannerGoneError

ADAPTER = "liantiao-reference-pharmacy"
VERSION = "0.1.0"
CAN = ("sign-in", "purchase", "refund", "totals", "books", "resolve")
BAD_HELLO = 2

Members = dict[str, object]


def input_lines(file: int) -> Iterator[bytes]:
    """The lines that come on a file descriptor; without a buffer object, whose lock a thread would hold for ever."""
    held = b""
    while data := os.read(file, 1 << 16):
        *lines, held = (held + data).split(b"\n")
        yield from lines


def serve(lines: Iterator[bytes], out: IO[bytes], log: TextIO, behaviour: Behaviour) -> int:
    """Speak the counter port until `bye` or the end of the input; returns the exit status."""
    try:
        hello = read_hello(_object(next(lines, b"")))
    except ValueError as error:
        _write(out, {"id": None, "error": f"hello: {error}"})
        return BAD_HELLO
    desk = Desk(hello, out, log, behaviour)
    try:
        desk.ready()
        desk.run(lines)
    finally:
        desk.close()
    return 0


class Desk:
    """Takes the cashier's commands and answers each."""

    def __init__(self, hello: Hello, out: IO[bytes], log: TextIO, behaviour: Behaviour) -> None:
        self._out = out
        self._behaviour = behaviour
        self._log = Log(log, behaviour.masked)
        self._journal = Journal(hello.state_dir)
        self._scanner = Scanner(
            hello.scanner,
            idle_s=hello.idle_s,
            baud=hello.baud,
            connect_s=hello.connect_s,
            discards=behaviour.discards_leftovers,
        )
        self._current: object = None
        self._pharmacy = Pharmacy(
            hello,
            journal=self._journal,
            scanner=self._scanner,
            centre=Centre(hello, behaviour),
            platform=Platform(hello, self._journal, behaviour, self._log, self._announce),
            behaviour=behaviour,
            log=self._log,
        )

    def ready(self) -> None:
        """Introduce the adapter; a scanner that is not there is looked for again at each purchase."""
        try:
            self._scanner.open()
        except ScannerGoneError:
            self._log.write("", "the scanner is not there yet")
        version = f"{VERSION}+{self._behaviour.name}" if self._behaviour.name else VERSION
        introduction = {"adapter": ADAPTER, "version": version, "clock": "bench", "can": list(CAN)}
        _write(self._out, {"ready": introduction})

    def run(self, lines: Iterator[bytes]) -> None:
        """Answer commands until `bye` or the end of the input."""
        waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        def read() -> None:
            for line in lines:
                waiting.put(line)
            waiting.put(None)
            self._scanner.cancel()

        threading.Thread(target=read, name="commands", daemon=True).start()
        while (line := waiting.get()) is not None:
            answer = self._answer(line)
            if answer is None:
                return
            _write(self._out, answer)

    def close(self) -> None:
        """Close the scanner's line and the journal."""
        self._scanner.close()
        self._journal.close()

    def _answer(self, line: bytes) -> Members | None:
        number: object = None
        try:
            command = _object(line)
            number = _number(command)
            if command.get("do") == "bye":
                return None
            self._current = number
            return {"id": number, **self._do(command)}
        except ValueError as error:
            return {"id": number, "error": str(error)}

    def _do(self, command: Mapping[str, object]) -> Members:
        order = command.get("order")
        named: Members = {"order": order} if isinstance(order, str) else {}
        try:
            return self._handler(text_of(command, "do"))(command)
        except RefusedError as error:
            extra = {"code": error.code, "msgid": error.msgid}
            prompt = self._behaviour.prompt(error.reason, error.message)
            return {
                "outcome": "refused",
                **named,
                "reason": error.reason.value,
                "prompt": prompt,
                **{name: value for name, value in extra.items() if value},
            }
        except OutcomeUnknownError as error:
            return {"outcome": "unknown", **named, "msgid": error.msgid, "prompt": error.prompt}

    def _handler(self, do: str) -> Callable[[Mapping[str, object]], Members]:
        match do:
            case "sign-in":
                return self._sign_in
            case "purchase":
                return self._purchase
            case "refund":
                return self._refund
            case "totals":
                return self._totals
            case "books":
                return self._books
            case "resolve":
                return self._resolve
            case _:
                raise ValueError(f"there is no command {do!r}; there are {', '.join(CAN)} and bye")

    def _sign_in(self, command: Mapping[str, object]) -> Members:
        self._pharmacy.sign_in(_time(command))
        return {"outcome": "accepted"}

    def _purchase(self, command: Mapping[str, object]) -> Members:
        sale, at = read_sale(command), _time(command)
        if self._pharmacy.stands(sale.order):
            raise ValueError(f"order {sale.order} is settled already; each sale has an order number of its own")
        return _done(self._pharmacy.purchase(sale, at, self._scan_please))

    def _refund(self, command: Mapping[str, object]) -> Members:
        return _done(self._pharmacy.refund(text_of(command, "order"), _time(command)))

    def _totals(self, command: Mapping[str, object]) -> Members:
        day = date.fromisoformat(text_of(command, "day")).isoformat()
        count, amounts = day_totals(self._pharmacy.books(), day)
        return {"outcome": "accepted", "count": count, **_spelt(amounts)}

    def _books(self, _: Mapping[str, object]) -> Members:
        return {"outcome": "accepted", "entries": [_entry(settlement) for settlement in self._pharmacy.books()]}

    def _resolve(self, command: Mapping[str, object]) -> Members:
        self._pharmacy.resolve(_time(command))
        return {"outcome": "accepted"}

    def _scan_please(self) -> None:
        _write(self._out, {"event": "scan-please", "id": self._current})

    def _announce(self, msgid: str, infno: str) -> None:
        _write(self._out, {"event": "journal", "id": self._current, "msgid": msgid, "infno": infno})


def day_totals(books: list[Settlement], day: str) -> tuple[int, Amounts]:
    """Settlements of a day less refunds of that day; what was reversed or is unknown counts as not done."""
    count = 0
    amounts = [0, 0, 0, 0]
    for settlement in books:
        done = settlement.state in {State.SETTLED, State.REFUNDED, State.REFUNDING}
        settled_now = done and settlement.at.startswith(day)
        refunded_now = settlement.state is State.REFUNDED and (settlement.refunded_at or "").startswith(day)
        sign = settled_now - refunded_now
        paid = settlement.amounts
        count += sign
        for at, part in enumerate((paid.total, paid.fund, paid.account, paid.cash)):
            amounts[at] += sign * part
    return count, Amounts(total=amounts[0], fund=amounts[1], account=amounts[2], cash=amounts[3])


def _entry(settlement: Settlement) -> Members:
    state = "unknown" if settlement.state in OPEN_STATES else settlement.state.value
    return {
        "order": settlement.order,
        "setl_id": settlement.setl_id,
        "msgid": settlement.msgid,
        "infno": "2102",
        "state": state,
        **_spelt(settlement.amounts),
    }


def _done(done: Done) -> Members:
    return {
        "outcome": "accepted",
        "order": done.order,
        "setl_id": done.setl_id,
        "mdtrt_id": done.mdtrt_id,
        "psn_no": done.psn_no,
        "msgid": done.msgid,
        "amounts": _spelt(done.amounts),
    }


def _spelt(amounts: Amounts) -> Members:
    return {
        "total": to_yuan(amounts.total),
        "fund": to_yuan(amounts.fund),
        "account": to_yuan(amounts.account),
        "cash": to_yuan(amounts.cash),
    }


def _time(command: Mapping[str, object]) -> str:
    at = text_of(command, "at")
    digits = "".join(filter(str.isdigit, at))
    if len(at) != len("2020-10-14 08:30:00") or len(digits) != len("20201014083000"):
        raise ValueError("at must be a time as yyyy-MM-dd HH:mm:ss")
    return at


def _number(command: Mapping[str, object]) -> int:
    number = command.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError("id must be a whole number")
    return number


def _object(line: bytes) -> Mapping[str, object]:
    try:
        raw = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ValueError("the line is no JSON") from error
    if not isinstance(raw, dict):
        raise ValueError("the line is no JSON object")
    return raw


def _write(out: IO[bytes], members: Members) -> None:
    out.write(json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
    out.flush()
