"""The counter port, the adapter's side: JSON lines in, JSON lines out, one command after another.

Standard input is read in a thread of its own, so that the end of the input (the harness is gone) is noticed also while
the desk waits for a scan; the adapter then ends, leaving its journal as it is. What a command does is the counter's
business (module `kinds`): here only its table of commands is known.
"""

import json
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import IO, TextIO

from simulators.his.behaviour import Behaviour
from simulators.his.centre import Centre
from simulators.his.equipment import Command, CounterKind, Equipment, Members
from simulators.his.hello import Hello, read_hello
from simulators.his.journal import ALL_NUMBERS, Journal, JournalError, numbers_of
from simulators.his.log import Log
from simulators.his.outcome import OutcomeUnknownError, RefusedError
from simulators.his.platform import Platform
from simulators.his.sale import text_of
from simulators.his.scan import Scanner, ScannerGoneError
from simulators.his.terminal import Terminal

ADAPTER = "liantiao-reference"
VERSION = "0.1.0"
BAD_OUTPUT, BAD_HELLO, BAD_STATE, INTERRUPTED = 1, 2, 3, 130
"""Exit statuses."""
BEIJING = timezone(timedelta(hours=8))


def machine_time() -> str:
    """The machine's time in Beijing, yyyy-MM-dd HH:mm:ss."""
    return f"{datetime.now(BEIJING):%Y-%m-%d %H:%M:%S}"


def input_lines(file: int) -> Iterator[bytes]:
    """The lines that come on a file descriptor; without a buffer object, whose lock a thread would hold for ever."""
    held = b""
    while data := os.read(file, 1 << 16):
        *lines, held = (held + data).split(b"\n")
        yield from lines


def serve(
    lines: Iterator[bytes],
    out: IO[bytes],
    log: TextIO,
    *,
    kind: str,
    counter: CounterKind,
    behaviour: Behaviour,
    bits: int = 64,
    own_time: Callable[[], str] | None = None,
) -> int:
    """Speak the counter port until `bye` or the end of the input; returns the exit status.

    `counter` makes the counter of this kind; `bits` is the width of the process that it claims to be, 32 or 64. With
    `own_time` everything is dated by that, as yyyy-MM-dd HH:mm:ss, and not by the commands. When the state folder fails
    it, or nobody reads its lines, the adapter ends; its journal tells what is unknown.
    """
    try:
        hello = read_hello(_object(next(lines, b"")))
        hello = replace(hello, trust=behaviour.trusts(hello.trust))
    except ValueError as error:
        _write(out, {"id": None, "error": f"hello: {error}"})
        return BAD_HELLO
    try:
        desk = Desk(hello, out, log, kind=kind, counter=counter, behaviour=behaviour, bits=bits, own_time=own_time)
    except JournalError as error:
        _write(out, {"id": None, "error": str(error)})
        return BAD_STATE
    try:
        desk.ready()
        desk.run(lines)
    except sqlite3.Error as error:
        log.write(f"the state folder {hello.state_dir} failed; the next start resolves what is under way: {error}\n")
        return BAD_STATE
    except _OutputGoneError as error:
        log.write(f"nobody takes the lines on standard output: {error}\n")
        return BAD_OUTPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        desk.close()
    return 0


class _OutputGoneError(Exception):
    """Nobody reads what the adapter says."""


class Desk:
    """Takes the cashier's commands and answers each."""

    def __init__(
        self,
        hello: Hello,
        out: IO[bytes],
        log: TextIO,
        *,
        kind: str,
        counter: CounterKind,
        behaviour: Behaviour,
        bits: int,
        own_time: Callable[[], str] | None = None,
    ) -> None:
        self._own_time = own_time
        self._out = out
        self._kind = kind
        self._bits = bits
        self._behaviour = behaviour
        self._log = Log(log, behaviour.masked)
        own_numbers = behaviour.desk.keeps_to_own_numbers
        self._journal = Journal(hello.state_dir, numbers_of(hello.till, hello.tills) if own_numbers else ALL_NUMBERS)
        self._scanner = Scanner(
            hello.scanner,
            idle_s=hello.idle_s,
            baud=hello.baud,
            connect_s=hello.connect_s,
            discards=behaviour.discards_leftovers,
        )
        self._current: object = None
        self._presenting = False
        """Whether somebody is to present something, and nothing has been sent since."""
        equipment = Equipment(
            hello=hello,
            journal=self._journal,
            scanner=self._scanner,
            centre=Centre(hello, behaviour),
            terminal=Terminal(hello),
            platform=Platform(hello, self._journal, behaviour, self._log, self._announce),
            behaviour=behaviour,
            log=self._log,
            events=self,
            bits=bits,
        )
        self._counter = counter(equipment)

    def ready(self) -> None:
        """Introduce the adapter; a scanner that is not there is looked for again at each purchase."""
        try:
            self._scanner.open()
        except ScannerGoneError:
            self._log.write("", "the scanner is not there yet")
        version = f"{VERSION}+{self._behaviour.name}" if self._behaviour.name else VERSION
        introduction = {
            "adapter": f"{ADAPTER}-{self._kind}",
            "version": version,
            "clock": "bench" if self._own_time is None else "own",
            "can": list(self._counter.can),
            "bits": self._bits,
        }
        _write(self._out, {"ready": introduction})

    def run(self, lines: Iterator[bytes]) -> None:
        """Answer commands until `bye` or the end of the input."""
        waiting: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

        def read() -> None:
            for line in lines:
                waiting.put(line)
            waiting.put(None)
            self._scanner.cancel()
            if self._presenting:  # the call is held until somebody comes, who would then pay nobody
                os._exit(0)

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
            self._current, self._presenting = number, False
            if self._own_time is not None:
                command = {**command, "at": self._own_time()}
            return {"id": number, **self._do(command)}
        except ValueError as error:
            if not self._behaviour.desk.survives_nonsense:
                raise SystemExit(1) from error
            if not self._behaviour.desk.knows_nonsense and number is not None:
                return {"id": number, "outcome": "accepted"}
            return {"id": number, "error": str(error)}

    def _do(self, command: Mapping[str, object]) -> Members:
        order = command.get("order")
        named: Members = {"order": order} if isinstance(order, str) else {}
        try:
            return self._behaviour.told(self._handler(text_of(command, "do"))(command))
        except RefusedError as error:
            if not self._behaviour.survives_refusals:
                raise SystemExit(1) from error
            extra = {"code": error.code, "msgid": error.msgid}
            prompt = self._behaviour.addressed(
                self._behaviour.prompt(error.reason, error.message), self._log.last_person
            )
            return {
                "outcome": "refused",
                **named,
                "reason": error.reason.value,
                "prompt": prompt,
                **{name: value for name, value in extra.items() if value},
            }
        except OutcomeUnknownError as error:
            return {"outcome": "unknown", **named, "msgid": error.msgid, "prompt": error.prompt}

    def _handler(self, do: str) -> Callable[[Command], Members]:
        commands = self._counter.commands
        if do not in commands:
            raise ValueError(f"there is no command {do!r}; there are {', '.join(commands)} and bye")
        return commands[do]

    def scan_please(self) -> None:
        """The scanner is ready: show the code now."""
        _write(self._out, {"event": "scan-please", "id": self._current})

    def present_please(self, what: str) -> None:
        """The terminal waits for an `id-card`, `face`, `card` or `card-pin`, the `iot-box` for a code or face."""
        self._presenting = True
        _write(self._out, {"event": "present-please", "id": self._current, "what": what})

    def released(self, order: str, what: str) -> None:
        """Something has left an unattended counter."""
        _write(self._out, {"event": "released", "id": self._current, "order": order, "what": what})

    def _announce(self, msgid: str, infno: str) -> None:
        self._presenting = False
        _write(self._out, {"event": "journal", "id": self._current, "msgid": msgid, "infno": infno})


def _number(command: Mapping[str, object]) -> int:
    number = command.get("id")
    if isinstance(number, bool) or not isinstance(number, int):
        raise ValueError("id must be a whole number")
    return number


def _object(line: bytes) -> Mapping[str, object]:
    try:
        raw = json.loads(line)
        if b"\\ud" in line.lower():
            _encoded(raw)  # half a character is no text
    except (ValueError, RecursionError) as error:
        raise ValueError("the line is no JSON") from error
    if not isinstance(raw, dict):
        raise ValueError("the line is no JSON object")
    return raw


def _write(out: IO[bytes], members: Members) -> None:
    line = _encoded(members) + b"\n"
    try:
        out.write(line)
        out.flush()
    except OSError as error:
        raise _OutputGoneError(error) from error


def _encoded(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
