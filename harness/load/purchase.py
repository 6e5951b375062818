"""A purchase by e-voucher as load: the flow of the counter's cases, spoken directly to phone, centre and platform.

A customer: a fresh code from the phone, ec.query at the voucher centre, then 1101, 2101 and 2102 at the platform. The
HIS is the driver itself, so what is loaded are the systems behind it. Nobody presses anything: a virtual centre is put
up with `password = "mock"` (see `running`), a real one is asked with signtype MOCK if it allows that.

A person shops once at a time with their account; a second purchase meanwhile leaves the account alone, as the platform
would refuse it rightly (the balance changed). A 2102 without an answer is unknown; `reconcile` reverses it by its own
msgid (2601), as an adapter must.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from fixtures.channels import channels
from fixtures.population import Institution, Person, VoucherState, institutions, people
from harness.clock import Clock, local_time
from harness.counter.trace_codes import codes_of_packs
from harness.errors import BenchError, PeerViolation
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.load.books import Acknowledged, Split, added_up, queried_against
from harness.load.http import HttpAnswer, HttpPool, NoAnswerError, NotSentError
from harness.load.results import Attempt, Check, Outcome
from harness.load.timing import Stopwatch
from harness.money import format_yuan
from harness.scenarios.purchase import usual_basket
from harness.wire import institution as wire
from harness.wire import voucher_messages as voucher
from harness.wire.fields import is_object
from harness.wire.gateway import cainfo, headers_for
from harness.wire.local_codes import to_local
from harness.wire.msgid import make_msgid
from harness.wire.profile import Profile

OPERATOR, OPERATOR_NAME, OPERATOR_IP = "load01", "压测员", "127.0.0.1"
OK = 200
NOT_BOOKED = frozenset({"981027", "981030"})
"""Refusals of 2601 which say that nothing of the original stands."""
SEQUENCES = 10_000
REVERSALS = 3
"""How often a reversal is asked for while it is not answered either."""


@dataclass(frozen=True, kw_only=True)
class Systems:
    """Where phone, voucher centre and platform are, and how they are spoken to."""

    phone: str
    centre: str
    platform: str
    profile: Profile
    institution: str
    code_field: str = voucher.CODE_FIELD
    signtype: str = ""
    """Instead of the profile's; MOCK skips the voucher password."""
    tls: Mapping[str, ClientTls] = field(default_factory=dict)
    """By address, whom to trust there."""


@dataclass(frozen=True, kw_only=True)
class InDoubt:
    """A 2102 that was sent and not answered."""

    msgid: str
    psn_no: str
    insured_place: str


class _RefusedError(Exception):
    """Somebody said no, or was silent before anything was booked."""


class PurchaseLoad:
    """Customers of one pharmacy; `connections` bounds those to each system, `reply_s` every answer."""

    kind = "purchase"

    def __init__(self, systems: Systems, *, clock: Clock, connections: int, reply_s: float) -> None:
        self._systems = systems
        self._clock = clock
        self._phone, self._centre, self._platform = (
            HttpPool(at, connections=connections, reply_s=reply_s, tls=systems.tls.get(at, NOTHING_SAID))
            for at in (systems.phone, systems.centre, systems.platform)
        )
        self._institution: Institution = next(one for one in institutions() if one.code == systems.institution)
        self._people: list[Person] = []
        self._places: dict[str, str] = {}
        self._channels = [channel.id for channel in channels()]
        self._shopping: set[str] = set()
        self._sequence = itertools.count(1)
        self._sign_no = ""
        self.acknowledged: list[Acknowledged] = []
        self.in_doubt: list[InDoubt] = []
        self.undone: set[str] = set()

    def close(self) -> None:
        """Hang up."""
        for pool in (self._phone, self._centre, self._platform):
            pool.close()

    async def prepare(self) -> None:
        """Sign in (9001), and find out who can shop: whoever has a code, an identity and an insurance.

        Raises BenchError when nobody answers or nobody can shop, PeerViolation when the sign-in is refused.
        """
        content = {"signIn": {"opter_no": OPERATOR, "mac": "", "ip": OPERATOR_IP}}
        _, envelope = self._envelope(wire.SIGN_IN, "")
        try:
            reply = await self._call(envelope, content)
        except (NotSentError, NoAnswerError, ValueError) as error:
            raise BenchError(
                f"The platform at {self._systems.platform} does not answer the sign-in: {error}.",
                cause="it is down, or somebody else listens there",
                remedy="try it with another tool, and correct the bench file",
            ) from error
        if not reply.accepted:
            raise PeerViolation(
                f"The platform refuses the sign-in of {OPERATOR}: {reply.err_msg}",
                cause="it does not know the institution or the operator",
                remedy="choose another institution in the bench file, [counter]",
            )
        node = reply.output.get("signinoutb")
        self._sign_no = str(node.get("sign_no")) if is_object(node) else ""
        why = "nobody has an active voucher"
        for number, person in enumerate(people()):
            if person.voucher is VoucherState.ACTIVE:
                try:
                    psn_no, _, place = await self._person(await self._identity(await self._code(person, number)))
                except (_RefusedError, NotSentError) as error:
                    why = str(error)
                    continue
                self._people.append(person)
                self._places[psn_no] = place
        if not self._people:
            raise BenchError(
                f"Nobody can shop on this bench: {why}.",
                cause="phone, voucher centre or platform is down, or they do not know each other's people",
                remedy="certify one purchase first: `liantiao certify pharmacy --case pharmacy/purchase`",
            )

    async def __call__(self, number: int) -> Attempt:
        """One purchase."""
        person = self._people[number % len(self._people)]
        with_account = person.id not in self._shopping
        if with_account:
            self._shopping.add(person.id)
        watch = Stopwatch()
        msgid = ""
        try:
            digits = await watch.time("code", self._code(person, number))
            identity = await watch.time("ec.query", self._identity(digits))
            found = await watch.time("1101", self._person(identity))
            content = self._content(number, found, identity, with_account=with_account)
            await watch.time("2101", self._pre_settled(found, content))
            msgid, envelope = self._envelope(wire.SETTLE, found[2])
            try:
                reply = await watch.time("2102", self._call(envelope, self._traced(content, msgid)))
                told = self._settled(msgid, found[0], content, reply)
            except (NoAnswerError, ValueError) as error:
                # Its person is left alone from now on: the settlement may still be under way.
                doubt = InDoubt(msgid=msgid, psn_no=found[0], insured_place=found[2])
                self.in_doubt.append(doubt)
                return watch.attempt(Outcome.UNKNOWN, reason=f"2102: {error}", key=msgid)
        except (_RefusedError, NotSentError) as error:
            if with_account:
                self._shopping.discard(person.id)
            return watch.attempt(Outcome.REFUSED, reason=str(error), key=msgid)
        if with_account:
            self._shopping.discard(person.id)
        self.acknowledged.append(told)
        return watch.attempt(Outcome.ACCEPTED, key=msgid)

    async def reconcile(self) -> int:
        """Reverse every 2102 that was never answered; returns how many are unknown even so."""
        answers = await asyncio.gather(*(self._reversed(doubt) for doubt in self.in_doubt))
        return answers.count(False)

    async def checks(self) -> list[Check]:
        """The money, as far as the callers can see it: sums, and 5203 for every acknowledged settlement."""
        answers = await asyncio.gather(*(self._queried(one) for one in self.acknowledged))
        unanswered = sum(answer is False for answer in answers)
        seen = [answer if isinstance(answer, Split) else None for answer in answers]
        return [added_up(self.acknowledged), queried_against(self.acknowledged, seen, unanswered=unanswered)]

    # --- the steps -----------------------------------------------------------------------------------------

    async def _code(self, person: Person, number: int) -> str:
        channel = self._channels[number % len(self._channels)]
        path = f"/people/{person.id}/code.txt?channel={channel}&fresh=1"
        answer = await _before_booking("phone", self._phone.ask("GET", path))
        return answer.body.decode("ascii", "replace").strip()

    async def _identity(self, digits: str) -> voucher.Identity:
        query = voucher.EcQuery(
            institution=self._institution.code,
            operator=OPERATOR,
            operator_name=OPERATOR_NAME,
            office="0001",
            office_name="收银台",
            code=digits,
        )
        body = wire.encode(voucher.ec_query(query, code_field=self._systems.code_field))
        answer = await _before_booking("ec.query", self._centre.ask("POST", voucher.QR_QUERY_PATH, body))
        try:
            reply = voucher.parse_reply(wire.decode(answer.body, charset=_charset(answer)))
            if not reply.accepted:
                raise _RefusedError(f"ec.query: {reply.code} {reply.message}")
            return reply.identity()
        except (ValueError, LookupError) as error:
            raise _RefusedError(f"ec.query: {error}") from error

    async def _person(self, identity: voucher.Identity) -> tuple[str, str, str]:
        data = {"mdtrt_cert_type": "01", "mdtrt_cert_no": identity.token, "begntime": _spell(self._now())}
        output = await self._asked(wire.PERSON, {"data": data}, "")
        try:
            rows, base = output["insuinfo"], output["baseinfo"]
            assert isinstance(rows, list)
            assert is_object(base)
            row = next((row for row in rows if row.get("psn_insu_stas") == "1"), rows[0])
            return str(base["psn_no"]), str(row["insutype"]), str(row["insuplc_admdvs"])
        except (KeyError, IndexError, AssertionError, AttributeError) as error:
            raise _RefusedError("1101: the answer lacks person or insurance") from error

    def _content(
        self, number: int, found: tuple[str, str, str], identity: voucher.Identity, *, with_account: bool
    ) -> Mapping[str, object]:
        basket = usual_basket(f"L{number:07d}", use_account=with_account)
        at = _spell(self._now())
        details = [
            {
                "feedetl_sn": f"{basket.order}{sn:03d}",
                "rx_circ_flag": "0",
                "fee_ocur_time": at,
                "med_list_codg": line.code,
                "medins_list_codg": line.code,
                "det_item_fee_sumamt": format_yuan(line.amount),
                "cnt": line.quantity,
                "pric": line.price,
                "chrgitm_lv": line.level,
            }
            for sn, line in enumerate(basket.lines, start=1)
        ]
        info = {
            "psn_no": found[0],
            "mdtrt_cert_type": "01",
            "mdtrt_cert_no": identity.token,
            "begntime": at,
            "medfee_sumamt": format_yuan(basket.total),
            "invono": basket.order,
            "insutype": found[1],
            "acct_used_flag": "1" if basket.use_account else "0",
            "med_type": "41",
        }
        return {"druginfo": info, "drugdetail": details}

    def _traced(self, content: Mapping[str, object], msgid: str) -> Mapping[str, object]:
        """The input of 2102, with the trace codes (追溯码) of its goods where the province asks for them."""
        profile, rows = self._systems.profile, content["drugdetail"]
        assert isinstance(rows, list)
        if wire.SETTLE not in profile.trace_codes:
            return content
        packs = [
            {"feedetl_sn": row["feedetl_sn"], "drug_trac_codg": code, "trdn_flag": "0", "min_prcunt_type": "2"}
            for row in rows
            if row["med_list_codg"].startswith(profile.trace_goods)
            for code in codes_of_packs(f"{msgid}/{row['feedetl_sn']}", row["cnt"])
        ]
        return {**content, wire.TRACE_NODE: packs}

    async def _pre_settled(self, found: tuple[str, str, str], content: Mapping[str, object]) -> None:
        await self._asked(wire.PRE_SETTLE, content, found[2])

    def _settled(self, msgid: str, psn_no: str, content: Mapping[str, object], reply: wire.Reply) -> Acknowledged:
        if not reply.accepted:
            raise _RefusedError(f"2102: {self._why(reply)}")
        info, druginfo = reply.output.get("setlinfo"), content["druginfo"]
        assert is_object(druginfo)
        if not is_object(info) or not info.get("setl_id"):
            raise ValueError("the answer has no setlinfo with a setl_id")
        return Acknowledged(
            msgid=msgid,
            psn_no=psn_no,
            setl_id=str(info["setl_id"]),
            mdtrt_id=str(info.get("mdtrt_id") or ""),
            amounts=_split(info),
            asked=wire.amount(druginfo["medfee_sumamt"]),
        )

    async def _reversed(self, doubt: InDoubt) -> bool:
        data = {"psn_no": doubt.psn_no, "omsgid": doubt.msgid, "oinfno": wire.SETTLE}
        for _ in range(REVERSALS):
            _, envelope = self._envelope(wire.REVERSE, doubt.insured_place)
            try:
                reply = await self._call(envelope, {"data": data})
            except (NotSentError, NoAnswerError, ValueError):
                continue
            if reply.accepted or self._code_of(reply) in NOT_BOOKED:
                self.undone.add(doubt.msgid)
                return True
        return False

    async def _queried(self, told: Acknowledged) -> Split | bool:
        """The amounts on the books; True when the platform says that it has none such, False without an answer."""
        data = {"psn_no": told.psn_no, "setl_id": told.setl_id, "mdtrt_id": told.mdtrt_id}
        _, envelope = self._envelope(wire.QUERY, self._places.get(told.psn_no, ""))
        try:
            reply = await self._call(envelope, {"data": data})
            info = reply.output.get("setlinfo")
            return _split(info) if reply.accepted and is_object(info) else True
        except (NotSentError, NoAnswerError, ValueError):
            return False

    # --- messages ------------------------------------------------------------------------------------------

    async def _asked(self, infno: str, content: Mapping[str, object], insured_place: str) -> Mapping[str, object]:
        """The output of a transaction that books nothing. Raises _RefusedError."""
        _, envelope = self._envelope(infno, insured_place)
        try:
            reply = await self._call(envelope, content)
        except (NoAnswerError, ValueError) as error:
            raise _RefusedError(f"{infno}: {error}") from error
        if not reply.accepted:
            raise _RefusedError(f"{infno}: {self._why(reply)}")
        return reply.output

    async def _call(self, envelope: wire.Envelope, content: Mapping[str, object]) -> wire.Reply:
        profile = self._systems.profile
        path = profile.path_of(envelope.infno)
        if profile.cert_type_codes:
            content = to_local(content, profile.cert_type_codes)
        request = wire.request(envelope, content, input_as=profile.input_as, members=profile.envelope)
        if profile.gateway.cainfo:
            request["cainfo"] = cainfo(profile.gateway, request)
        headers = headers_for(profile, at=envelope.at, nonce=envelope.msgid)
        answer = await self._platform.ask("POST", path, wire.encode(request), headers)
        if answer.status != OK:
            raise NoAnswerError(f"HTTP {answer.status}")
        found = wire.decode(answer.body, charset=profile.charset_out, twice=profile.reply_as == "string")
        reply = wire.parse_reply(found)
        return reply if reply.accepted else replace(reply, warn_msg=str(found.get(profile.refusal_code_in) or ""))

    def _envelope(self, infno: str, insured_place: str) -> tuple[str, wire.Envelope]:
        now, profile = self._now(), self._systems.profile
        msgid = make_msgid(
            self._institution.code, at=now, seq=next(self._sequence) % SEQUENCES, form=profile.msgid_form
        )
        return msgid, wire.Envelope(
            infno=infno,
            msgid=msgid,
            at=now,
            institution=self._institution.code,
            institution_name=self._institution.name,
            area=self._institution.admdvs,
            insured_place=insured_place,
            operator=OPERATOR,
            operator_name=OPERATOR_NAME,
            sign_no=self._sign_no,
            recer_sys_code=profile.recer_sys_code,
            infver=profile.infver,
            signtype=self._systems.signtype or profile.signtype,
        )

    def _why(self, reply: wire.Reply) -> str:
        return f"{self._code_of(reply)} {reply.err_msg}".strip()

    @staticmethod
    def _code_of(reply: wire.Reply) -> str:
        return reply.warn_msg

    def _now(self) -> datetime:
        return local_time(self._clock)


async def _before_booking(party: str, asked: Awaitable[HttpAnswer]) -> HttpAnswer:
    """An answer of a party that books nothing. Raises _RefusedError."""
    try:
        answer = await asked
    except NoAnswerError as error:
        raise _RefusedError(f"{party}: {error}") from error
    if answer.status != OK:
        raise _RefusedError(f"{party}: HTTP {answer.status}")
    return answer


def _split(info: Mapping[str, object]) -> Split:
    names: Sequence[str] = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
    total, fund, account, cash = (wire.amount(info.get(name)) for name in names)
    return Split(total=total, fund=fund, account=account, cash=cash)


def _spell(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def _charset(answer: HttpAnswer) -> str:
    _, found, charset = answer.headers.get("content-type", "").lower().partition("charset=")
    return charset.strip() if found else "utf-8"
