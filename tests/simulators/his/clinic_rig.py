"""A hospital's counter for tests: the adapter's process against the real simulators of centre, platform and terminal.

The scanner is a pty of our own. Codes come from the phone; passwords are confirmed at once (setting `password`), except
those of social-insurance cards, which are typed at the terminal.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import msgspec

from fixtures import fixture
from fixtures.population import Person, people
from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.devices.terminal import TerminalDriver
from harness.faults.catalogue import Effect, Fault
from harness.line.record import Direction, Record
from harness.wire.profile import load_profile
from simulators.platform.visits import VISIT, Visit
from tests.simulators.his.conftest import REPLY_S, Adapter

HOSPITAL = {"code": "H63999900001", "name": "联调测试医院", "admdvs": "639900"}
MOCKED = 'kind = "voucher-centre"\npassword = "mock"\n'
PATIENCE_S = 60.0
DAY = "2020-10-16"
SLOT = f"S{DAY.replace('-', '')}-0101-AM"
SINGLE = f"S{DAY.replace('-', '')}-0102-AM"
"""A slot with one place."""
FEES = (("XS000002", "80.00", "1"), ("XS000003", "100.00", "2"), ("XP000003", "1.15", "7"))
WARD_FEES = (("XS000004", "55.00", "2"), ("XS000005", "3000.00", "1"))


def bench_text() -> str:
    """The hospital's bench with payments that confirm themselves."""
    return fixture("benches/hospital.toml").read_text("utf-8").replace('kind = "voucher-centre"\n', MOCKED)


class Clinic:
    """The bench and one adapter on it."""

    def __init__(
        self,
        bench: Bench,
        state_dir: Path,
        *arguments: str,
        kind: str = "hospital",
        terminal: str = "",
        reply_s: float = REPLY_S,
        **more: Any,
    ) -> None:
        self.bench = bench
        self.begun = bench.tape.seq
        endpoints = {name: bench.address(name) for name in ("voucher-centre", "platform", "terminal")}
        endpoints["terminal"] = terminal or endpoints["terminal"]
        profile = load_profile("qinghai").for_adapter()
        told = {"institution": HOSPITAL, "profile": profile, **more}
        self.adapter = Adapter(None, state_dir, *arguments, kind=kind, endpoints=endpoints, more=told, reply_s=reply_s)
        self.adapter.present = self._present
        self.terminal = TerminalDriver(endpoints["terminal"])
        self.person = "P001"
        self.shows = ""
        self.pin = ""
        self._waited: set[int] = set()

    # --- what is done ---

    def do(self, do: str, *, person: str = "P001", shows: str = "", pin: str = "", **members: Any) -> Any:
        """A command to its end; whoever is asked for shows, presents and types."""
        self.person, self.shows, self.pin = person, shows, pin
        self.adapter.scans = []
        self.begin(do, **members)
        return self.finish()

    def begin(self, do: str, **members: Any) -> int:
        """Send a command, as a person of whom a code is at hand."""
        self.adapter.scans = [self.code(self.person).encode() + b"\r"]
        return self.adapter.begin(do, **members)

    def finish(self) -> Any:
        """Read up to the answer."""
        return self.adapter.finish()

    def code(self, person: str) -> str:
        """A fresh code from a person's phone."""
        answer = httpx.get(
            f"{self.bench.address('phone')}/people/{person}/code.txt", params={"fresh": "1"}, timeout=PATIENCE_S
        )
        return answer.headers["x-code"] if "x-code" in answer.headers else answer.text.strip()

    def registered(self, order: str = "R0001", *, slot: str = SLOT, **members: Any) -> Any:
        """Lock and register."""
        locked = self.do("lock", order=order, slot=slot)
        assert locked["outcome"] == "accepted", locked
        return self.do("register", order=order, use_account=True, **members)

    def seen(self, lines: Any = FEES, **members: Any) -> None:
        """Registered, and the doctor has ordered something."""
        assert self.registered(**members)["outcome"] == "accepted"
        assert self.do("fees", visit="R0001", **basket("F0001", lines))["outcome"] == "accepted"

    def paid(self, **members: Any) -> Any:
        """Registered, seen, and paid."""
        self.seen()
        paid = self.do("pay", order="F0001", use_account=True, **members)
        assert paid["outcome"] == "accepted", paid
        return paid

    def admitted(self, order: str = "I0001", **members: Any) -> Any:
        """Admitted to hospital."""
        return self.do("admit", order=order, **ADMISSION, **members)

    def fault(self, message: str, effect: Effect = Effect.LOSE_REPLY, *, nth: int = 1, party: str = "platform") -> None:
        """Plan a fault."""
        faults = self.bench.device(party).faults
        assert faults is not None
        faults.plan(Fault(party=party, message=message, effect=effect, nth=nth))

    def kill_at(self, at: int) -> None:
        """Crash the adapter at the n-th message of the running command, from 0, once the party has read it."""
        journalled = -1
        while journalled < at:
            message = self.adapter.read()
            assert "event" in message, message
            if message["event"] == "scan-please":
                os.write(self.adapter.master, self.adapter.scans.pop(0))
            journalled += message["event"] == "journal"
        msgid = str(message["msgid"]).encode()
        found = self.bench.tape.wait_for(
            lambda record: self._is(record, "platform", msgid), since=self.begun, timeout=PATIENCE_S
        )
        assert found is not None
        self.adapter.kill()

    # --- what is seen ---

    def sent(self, *infnos: str) -> list[dict[str, Any]]:
        """The requests of this adapter to the platform, of these transactions or all but 9001, in order."""
        found = [body for body in self.bodies("platform") if "infno" in body]
        return [b for b in found if (b["infno"] in infnos if infnos else b["infno"] != "9001")]

    def flow(self, *, since: str = "") -> list[str]:
        """The transactions sent, after the last one named `since`."""
        infnos = [body["infno"] for body in self.sent()]
        return infnos[len(infnos) - infnos[::-1].index(since) :] if since else infnos

    def asked(self, call: str) -> list[dict[str, Any]]:
        """The centre's requests of a transType."""
        return [body for body in self.bodies("voucher-centre") if body.get("transType") == call]

    def bodies(self, party: str) -> list[dict[str, Any]]:
        """The JSON bodies that a party received."""
        found = []
        for record in self.bench.tape.recent(since=self.begun):
            if record.direction is Direction.RECEIVED and record.channel.startswith(f"{party}.http"):
                _, _, body = record.data.partition(b"\r\n\r\n")
                with suppress(ValueError):
                    read = json.loads(body)
                    if isinstance(read, dict):
                        found.append(read)
        return found

    def events(self, channel: str, name: str) -> list[dict[str, Any]]:
        """What a party told on the tape."""
        found = []
        for record in self.bench.tape.recent(since=self.begun):
            if record.channel == channel and (event := _event(record)) and event.get("event") == name:
                found.append(event)
        return found

    def booked_fen(self) -> int:
        """What the platform has booked, in all."""
        return sum(int(event["total_fen"]) for event in self.events("platform", "booked"))

    def books(self) -> list[tuple[str, str, str]]:
        """Order, transaction and state of every entry."""
        return [(e["order"], e["infno"], e["state"]) for e in self.do("books")["entries"]]

    def books_fen(self) -> int:
        """What the adapter thinks is booked, in all."""
        entries = self.do("books")["entries"]
        return sum(round(float(e["total"]) * 100) for e in entries if e["state"] == "settled")

    def agree(self) -> None:
        """Books and platform say the same."""
        assert self.books_fen() == self.booked_fen()

    def close(self) -> None:
        """End the adapter."""
        self.terminal.close()
        self.adapter.close()

    def _present(self, what: str) -> None:
        shown = self.shows or self.person
        match what:
            case "id-card":
                self._await("voucher-centre", "cn.nhsa.cert.get")
                self.terminal.present_id_card(shown)
            case "face":
                self._await("voucher-centre", "cn.nhsa.auth.check")
                if self.shows:
                    self.terminal.present_face(self.shows, as_person=self.person)
                else:
                    self.terminal.present_face(self.person)
            case "card":
                self._await("terminal", "ReadCardBas")
                self.terminal.present_card(shown)
            case _:
                self._await("terminal", "VerifyPIN")
                who = person_of(shown)
                self.terminal.type_password(self.pin or who.card_pin)

    def _await(self, party: str, call: str) -> None:
        """Wait until a call that nobody has answered yet is on the tape."""
        found = self.bench.tape.wait_for(
            lambda record: self._is(record, party, call.encode()) and record.seq not in self._waited,
            since=self.begun,
            timeout=PATIENCE_S,
        )
        assert found is not None, f"{call} was never asked"
        self._waited.add(found.seq)

    def _is(self, record: Record, party: str, wanted: bytes) -> bool:
        mine = record.channel.startswith(f"{party}.http") and record.direction is Direction.RECEIVED
        return mine and wanted in record.data


ADMISSION: dict[str, Any] = {
    "dept_code": "03",
    "dept_name": "骨科病区",
    "bed": "12",
    "diagnosis": {"code": "S82.800", "name": "踝部骨折"},
    "doctor": {"code": "0301", "name": "测试医师丁"},
}


def basket(order: str, lines: Any = FEES) -> dict[str, Any]:
    """Lines of code, price and quantity as a fees command has them."""
    rows = ward_lines(lines)
    total = sum(round(float(row["amount"]) * 100) for row in rows)
    return {"order": order, "lines": rows, "total": f"{total // 100}.{total % 100:02d}"}


def ward_lines(lines: Any = WARD_FEES, *, returns: str = "") -> list[dict[str, str]]:
    """Lines of code, price and quantity as a charge command has them."""
    rows = []
    for code, price, quantity in lines:
        fen = round(float(price) * float(quantity) * 100)
        sign = "-" if fen < 0 else ""
        row = {
            "code": code,
            "name": f"测试项目{code[-1]}",
            "price": price,
            "quantity": quantity,
            "amount": f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}",
            "level": "01",
        }
        rows.append({**row, "returns": returns} if returns else row)
    return rows


def person_of(number: str) -> Person:
    """A synthetic person."""
    return next(person for person in people() if person.id == number)


def _event(record: Record) -> dict[str, Any]:
    try:
        read = json.loads(record.data)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


@contextmanager
def clinic_bench() -> Iterator[Bench]:
    """The bench, up."""
    with Bench(parse_bench(bench_text(), source="hospital.toml")) as bench:
        yield bench


def visits_at(bench: Bench) -> list[Visit]:
    """Every visit that the platform knows, by its own documents."""
    platform: Any = bench.device("platform").simulator

    async def kept() -> list[Visit]:
        return [msgspec.json.decode(body, type=Visit) for _, body in platform._ledger.all_kept(VISIT)]

    return bench.loop.call(kept())
