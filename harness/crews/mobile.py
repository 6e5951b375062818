"""The crew of a mobile-payment centre under test: the bench is a hospital's program, and the App with which people pay.

What is under test does not testify for itself: the hospital's side is recorded on channels of its own (`client.http#1`,
notices on `hospital.http#1`), beside what a virtual centre records. A platform and a voucher centre on the bench are
those that the centre settles at and asks; a bench may have neither.
"""

import json
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from fixtures.population import institutions
from harness.bench.bench import Bench, case_seed
from harness.bench.config import BenchFile
from harness.bench.registry import simulator_type
from harness.bench.settings import read_settings
from harness.bench.tables import SecretOnTape
from harness.crews.back_doors import open_back_doors
from harness.devices.back_door import BackDoorClient
from harness.devices.hospital_desk import HospitalDesk
from harness.devices.mobile_line import MobileLine, PaymentSilent
from harness.devices.mobile_payment import MobilePayment
from harness.devices.notice_door import NoticeDoor
from harness.devices.voucher_centre import VoucherCentre
from harness.errors import ConfigError
from harness.gm import PrivateKey, PublicKey
from harness.line.address import Scheme, parse_address
from harness.line.client import Disconnected
from harness.line.record import Direction, JsonValue
from harness.scenarios.mobile_stage import PARTY, PLATFORM, VOUCHER_CENTRE, MobileStage, MobileTerms
from harness.wire.mobile_payment import (
    Application,
    EnvelopeCodec,
    LocalMachine,
    Side,
    load_variant,
    read_private_key,
    read_public_key,
    seeded_key,
    sm4_key,
    spell_public_key,
)
from harness.wire.mobile_payment.opening import Opener
from harness.wire.profile import load_profile

CLIENT = "client"
"""How channels begin on which the bench's own side is recorded."""
OWN_DOORS, NOTICES = "own-doors", "notices"
"""What a plan's `needs` calls the doors of our own design, and a centre that reaches the hospital."""


class MobileCrew:
    """Fresh connections for every case, and one door for notices in the bench's loop."""

    def __init__(self, bench: Bench, folder: Path) -> None:
        del folder
        self._bench = bench
        self._table = bench.file.mobile
        self._terms = _terms(bench.file)
        self._variant = load_variant(self._terms.variant)
        self._about: dict[str, str] = {}
        self._drivers = ExitStack()
        self._case = ExitStack()
        self._back_doors: dict[str, BackDoorClient] = {}
        self._hospital: HospitalDesk | None = None
        host, _, port = self._table.listen.rpartition(":")
        self._door = NoticeDoor(tape=bench.tape, host=host.strip("[]"), port=int(port), seen=self._notice_seen)
        self._opener: Opener | None = None

    @staticmethod
    def check(file: BenchFile) -> None:
        """Find whatever keeps cases from being run on this bench. Raises ConfigError for the first."""
        spec = file.device(PARTY)
        terms, table = _terms(file), file.mobile
        if not spec.virtual and parse_address(spec.at).scheme not in {Scheme.HTTP, Scheme.HTTPS}:
            raise ConfigError(
                f"{spec.where}: {spec.at} is no address of a mobile-payment centre.",
                cause="a centre is asked over HTTP",
                remedy="write it as http://HOST:PORT or https://HOST:PORT",
            )
        load_variant(terms.variant)
        Application(app_id=terms.app_id, secret=terms.secret)
        if table.private_key:
            read_private_key(table.private_key)
        if table.centre_key:
            read_public_key(table.centre_key)
        known = {institution.code for institution in institutions()}
        for code in (table.institution, table.other_institution):
            if code not in known:
                raise ConfigError(
                    f"[mobile]: there is no institution {code!r}.",
                    cause="a slip of the pen",
                    remedy=f"use one of: {', '.join(sorted(known))}",
                )

    @staticmethod
    def offers(file: BenchFile) -> frozenset[str]:
        """What there is beside the centre: a platform that it settles at, a voucher centre, our own doors, notices."""
        found = {VOUCHER_CENTRE} & {spec.kind for spec in file.devices}
        if _settles_at_platform(file):
            found.add(PLATFORM)
        found |= {OWN_DOORS} if file.mobile.own_doors else set()
        found |= {NOTICES} if file.mobile.notices else set()
        return frozenset(found)

    @property
    def lives_on(self) -> bool:
        """A centre has no working day."""
        return False

    @property
    def about(self) -> Mapping[str, str]:
        """Whose form of the envelope the centre has; it says nothing of itself."""
        return self._about

    def attach(self) -> None:
        """Open the hospital's door. Raises BenchError when its port is taken."""
        bench = self._bench
        self._back_doors = open_back_doors(bench, self._drivers)
        self._about = {"name": self._variant.title, "version": ""}
        bench.loop.call(self._door.start())
        self._drivers.callback(lambda: bench.loop.call(self._door.stop()))
        bench.tape.volatile("hospital.at", self._door.url.partition("://")[2].partition("/")[0])
        if PLATFORM in self.offers(bench.file):
            code = self._table.institution
            institution = next(found for found in institutions() if found.code == code)
            desk = HospitalDesk(
                bench.address(PLATFORM),
                institution,
                load_profile(bench.file.bench.profile),
                clock=bench.clock,
                tls=bench.towards(PLATFORM),
            )
            self._hospital = self._drivers.enter_context(desk)

    def begin(self, case: str, *, day: int) -> MobileStage:
        """The stage of a case."""
        del day
        bench, table, terms = self._bench, self._table, self._terms
        virtual = bench.file.device(PARTY).virtual
        seed = case_seed(bench.file.bench.seed, case) if virtual else bench.file.bench.seed
        on_tape = table.secret_on_tape is SecretOnTape.ALWAYS or (
            virtual and table.secret_on_tape is SecretOnTape.VIRTUAL
        )
        own = read_private_key(table.private_key) if table.private_key else seeded_key(seed, Side.INSTITUTION)
        centre = read_public_key(table.centre_key) if table.centre_key else seeded_key(seed, Side.CENTRE).public
        application = Application(app_id=terms.app_id, secret=terms.secret)
        codec = EnvelopeCodec(application, self._machine(own, centre), self._variant)
        told: dict[str, JsonValue] = {
            name: getattr(terms, name) for name in MobileTerms.__annotations__ if name != "secret"
        }
        bench.tape.event(
            "bench",
            "mobile",
            **told | {"use_platform": _settles_at_platform(bench.file)},
            secret=terms.secret if on_tape else "",
            centre_key=spell_public_key(centre),
            institution=table.institution,
            own_codes=table.own_codes,
            own_doors=table.own_doors,
            virtual=virtual,
        )
        self._opener = None if on_tape else Opener(application, centre, self._variant)
        bench.loop.call(self._door.as_new())
        if self._hospital is not None:
            self._hospital.as_new()
        tls = bench.towards(PARTY)
        line = MobileLine(
            parse_address(bench.address(PARTY)),
            timeout_s=table.timeout_s,
            tape=bench.tape,
            tls=tls,
            seen=self._exchange_seen,
        )
        driver = MobilePayment(
            bench.address(PARTY), codec, self._variant, now_ns=bench.clock.now_ns, older_path=self._older, posts=line
        )
        self._case.enter_context(driver)
        voucher = None
        if VOUCHER_CENTRE in self.offers(bench.file):
            at, tls = parse_address(bench.address(VOUCHER_CENTRE)), bench.towards(VOUCHER_CENTRE)
            voucher = VoucherCentre(at, tls=tls)
            self._case.enter_context(voucher)
        return MobileStage(
            centre=driver,
            line=line,
            terms=terms,
            table=table,
            door=self._door,
            application=application,
            own_key=own,
            variant=self._variant,
            hospital=self._hospital,
            voucher=voucher,
            tape=bench.tape,
            clock=bench.clock,
            step_clock=lambda seconds: bench.step(seconds=seconds),
            back_doors=self._back_doors,
        )

    def end_case(self) -> None:
        """Hang up."""
        with suppress(Disconnected):
            self._case.close()

    def is_lost(self, error: BaseException, *, on_stage: bool) -> bool:
        """Whether the centre is gone, or silent."""
        del on_stage
        return isinstance(error, PaymentSilent | Disconnected)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._case.close()
        self._drivers.close()

    @property
    def _older(self) -> str:
        spec = self._bench.file.device(PARTY)
        settings = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
        return str(settings.older_path)

    def _machine(self, own: PrivateKey, centre: PublicKey) -> LocalMachine:
        """The hospital's machine; its signatures repeat where the clock stands: equal runs leave equal tapes."""
        application = Application(app_id=self._terms.app_id, secret=self._terms.secret)
        return LocalMachine(own=own, peer=centre, sm4_key=sm4_key(application), repeatable=self._bench.clock.steppable)

    def _exchange_seen(self, channel: str) -> None:
        """Put beside the sealed bytes what they hold, where the tape has no secret to open them."""
        if self._opener is None:
            return
        last: dict[Direction, bytes] = {}
        for record in self._bench.tape.recent():
            if record.channel == channel and record.direction is not None:
                if record.direction is Direction.RECEIVED:
                    last.clear()
                last[record.direction] = record.data
        for direction, data in last.items():
            self._note_opened(channel, data, of="request" if direction is Direction.RECEIVED else "answer")

    def _notice_seen(self, channel: str, body: bytes) -> None:
        if self._opener is not None:
            self._note_opened(channel, b"\r\n\r\n" + body, of="notice")

    def _note_opened(self, channel: str, data: bytes, *, of: str) -> None:
        assert self._opener is not None
        body = data.partition(b"\r\n\r\n")[2]
        seen = self._opener.look(body, ours=of == "request")
        content = json.dumps(seen.data, ensure_ascii=False)
        self._bench.tape.event(CLIENT, "opened", channel=channel, of=of, data=content, digest=seen.digest)


def _settles_at_platform(file: BenchFile) -> bool:
    """Whether the centre settles at a platform of this bench to which the hospital can speak as well."""
    plain = load_profile(file.bench.profile).plain
    return plain and _terms(file).use_platform and PLATFORM in {spec.kind for spec in file.devices}


def _terms(file: BenchFile) -> MobileTerms:
    """The device's settings, which say how it is set, for a real centre as for a virtual one. Raises ConfigError."""
    spec = file.device(PARTY)
    found: MobileTerms = read_settings(simulator_type(PARTY).settings, spec.settings, where=spec.where)
    return found
