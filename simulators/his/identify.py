"""Who stands at the counter: by the voucher's code, an ID card, a social-insurance card, a face, at Alipay's box."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from simulators.his.centre import CentreRefusedError
from simulators.his.equipment import Equipment
from simulators.his.journal import Amounts
from simulators.his.money import to_yuan
from simulators.his.outcome import RefusedError
from simulators.his.scan import ScanKind, ScannerGoneError, kind_of
from simulators.his.texts import Reason

SCANS = 2
"""How often somebody is asked to scan before it is given up."""
VOUCHER, ID_CARD, SOCIAL_CARD = "01", "02", "03"
"""mdtrt_cert_type."""


class By(StrEnum):
    """How somebody identifies."""

    CODE = "code"
    ID_CARD = "id-card"
    CARD = "card"
    FACE = "face"
    IOT_BOX = "iot-box"
    """A code or a face, whichever comes first, shown to Alipay's box (蜻蜓) instead of scanner and terminal."""


class Way(StrEnum):
    """Where business is done."""

    WINDOW = "window"
    SELF_SERVICE = "self-service"
    MOBILE = "mobile"


class Business(StrEnum):
    """What somebody identifies for (businessType)."""

    REGISTER = "01101"
    ADMIT = "01103"
    SETTLE = "01301"
    PURCHASE = "02121"
    IDENTIFY = "03131"


@dataclass(frozen=True, kw_only=True)
class Ways:
    """How and where a command is done."""

    by: By = By.CODE
    way: Way = Way.WINDOW


@dataclass(frozen=True, kw_only=True)
class Face:
    """A face check, or a box's scan, that went well; the terminal or box is told how the payment ended."""

    auth_no: str
    """Empty of a box's scan."""
    out_biz_no: str
    id_no: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """What somebody identified by, as messages to the platform carry it."""

    cert_type: str
    cert_no: str
    id_no: str = ""
    """Whose it is, as the centre or the card said."""
    card_sn: str = ""
    card_no: str = ""
    proof: str = ""
    """That the card's password was typed."""
    face: Face | None = None

    @property
    def certificate(self) -> dict[str, str]:
        """The two members that stand for it."""
        return {"mdtrt_cert_type": self.cert_type, "mdtrt_cert_no": self.cert_no}


def read_ways(command: Mapping[str, object]) -> Ways:
    """`by` and `way` of a command. Raises ValueError that names them."""
    by, way = command.get("by", By.CODE), command.get("way", Way.WINDOW)
    if by not in set(By):
        raise ValueError(f"by must be one of {', '.join(By)}")
    if way not in set(Way):
        raise ValueError(f"way must be one of {', '.join(Way)}")
    return Ways(by=By(str(by)), way=Way(str(way)))


class Identifier:
    """Identifies whoever is there. Every call raises RefusedError."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._behaviour = equipment.behaviour
        self._first_code = ""
        self._proofs: dict[str, str] = {}

    def identify(self, ways: Ways, business: Business, at: str) -> Evidence:
        """Ask for what `ways` says, and have the centre or the card say whose it is."""
        ask: Callable[[Ways, Business, str], Evidence]
        match ways.by:
            case By.CODE:
                ask = self._by_code
            case By.ID_CARD:
                ask = self._by_id_card
            case By.CARD:
                ask = self._by_card
            case By.FACE:
                ask = self._by_face
            case By.IOT_BOX:
                ask = self._by_box
        try:
            return ask(ways, business, at)
        except CentreRefusedError as error:
            self._log(at, f"{_CALLS[ways.by]} {error.reason.value} {error.code or ''}".rstrip())
            raise RefusedError(error.reason, message=error.message, code=error.code or "") from error

    def proved(self, evidence: Evidence) -> Evidence:
        """With the proof of the card's password, where a card was shown; due before a payment."""
        if evidence.cert_type != SOCIAL_CARD:
            return evidence
        proof = "" if self._behaviour.asks_card_password_anew else self._proofs.get(evidence.card_no, "")
        if not proof:
            self._equipment.events.present_please("card-pin")
            proof = self._equipment.terminal.verify_pin(evidence.card_no)
        self._proofs[evidence.card_no] = proof
        return replace(evidence, proof=proof)

    def show_result(
        self, face: Face, *, order: str, at: str, business: Business, total: int, paid: Amounts | None
    ) -> None:
        """Tell the terminal how a payment by face ended: SUCCESS with its amounts, or FAIL; never raises."""
        state = self._behaviour.notified_state(paid is not None)
        if state is None:
            return
        amounts = paid or Amounts(total=total, fund=0, account=0, cash=0)
        if not face.auth_no:
            self._show_at_box(face, state, amounts, business=business, at=at)
            return
        parts = {
            "medicalSettleNo": order or face.out_biz_no,
            "ownAmt": to_yuan(amounts.cash),
            "hifAmt": to_yuan(amounts.fund),
            "acctAmt": to_yuan(amounts.account),
        }
        members = {
            "outBizNo": face.out_biz_no,
            "medicalSettleState": state,
            "authNo": face.auth_no,
            "totalFee": to_yuan(amounts.total),
            "bizType": "register" if business is Business.REGISTER else "settle",
            "idNo": face.id_no,
            "userName": face.name,
            "setlTime": at,
            **(parts if state == "SUCCESS" else {}),
        }
        try:
            self._equipment.centre.notify(members)
        except CentreRefusedError as error:
            self._log(at, f"cn.nhsa.settle.notify {error.reason.value} {error.code or ''}".rstrip())

    def _show_at_box(self, face: Face, state: str, amounts: Amounts, *, business: Business, at: str) -> None:
        parts = {"selfFee": to_yuan(amounts.cash), "medicalFee": to_yuan(self._behaviour.box.medical(amounts))}
        members = {
            "bizType": "register" if business is Business.REGISTER else "settle",
            "medicalSettleState": state,
            "totalFee": to_yuan(amounts.total),
            **(parts if state == "SUCCESS" else {}),
            "outBizNo": face.out_biz_no,
        }
        try:
            self._equipment.centre.tell_box(members)
        except CentreRefusedError as error:
            self._log(at, f"iot.medical.settle.notify {error.reason.value} {error.code or ''}".rstrip())

    def _by_code(self, ways: Ways, business: Business, at: str) -> Evidence:
        code = self._scan()
        identity = self._equipment.centre.identify(code, business, device=self._behaviour.device_type(ways.way))
        self._log(at, "ec.query accepted", person=identity.id_no)
        return self._evidence(VOUCHER, identity.token, identity.id_no)

    def _by_id_card(self, ways: Ways, business: Business, at: str) -> Evidence:
        self._equipment.events.present_please("id-card")
        card = self._equipment.centre.read_card(business, device=self._behaviour.device_type(ways.way))
        self._log(at, "cn.nhsa.cert.get accepted", person=card.id_no)
        if not card.activated and self._behaviour.checks_activation:
            raise RefusedError(Reason.NOT_ACTIVATED)
        return self._evidence(ID_CARD, card.id_no, card.id_no)

    def _by_card(self, _ways: Ways, _business: Business, at: str) -> Evidence:
        self._equipment.events.present_please("card")
        card = self._equipment.terminal.read_card()
        self._log(at, "ReadCardBas accepted", person=card.id_no)
        return Evidence(
            cert_type=SOCIAL_CARD,
            cert_no=card.number,
            id_no=card.id_no,
            card_sn=card.serial,
            card_no=card.number,
        )

    def _by_box(self, ways: Ways, business: Business, at: str) -> Evidence:
        number = self._own_number(at)
        self._equipment.events.present_please("iot-box")
        device = self._behaviour.device_type(ways.way)
        try:
            identity = self._equipment.centre.take_at_box(number, business, device=device)
        except CentreRefusedError:
            if self._behaviour.box.heeds_refusals:
                raise
            return self._evidence(VOUCHER, number)
        self._log(at, "iot.gain.ec.qrcode accepted", person=identity.id_no)
        face = Face(auth_no="", out_biz_no=number, id_no=identity.id_no, name=identity.name)
        return self._evidence(VOUCHER, identity.token, identity.id_no, face)

    def _own_number(self, at: str) -> str:
        """A business number (outBizNo) that was never used."""
        day = "".join(filter(str.isdigit, at[:10]))
        number = self._equipment.journal.next_of("outBizNo")
        return self._behaviour.out_biz_no(self._equipment.hello.institution, day, number)

    def _by_face(self, _ways: Ways, business: Business, at: str) -> Evidence:
        centre, number = self._equipment.centre, self._own_number(at)
        auth_no = centre.begin_face(number, business)
        self._equipment.events.present_please("face")
        try:
            identity = centre.check_face(auth_no, number, business)
        except CentreRefusedError as error:
            if error.reason is Reason.FACE_MISMATCH and not self._behaviour.heeds_mismatch:
                return self._evidence(VOUCHER, auth_no)
            raise
        self._log(at, "cn.nhsa.auth.check accepted", person=identity.id_no)
        face = Face(auth_no=auth_no, out_biz_no=number, id_no=identity.id_no, name=identity.name)
        return self._evidence(VOUCHER, identity.token, identity.id_no, face)

    def _evidence(self, cert_type: str, cert_no: str, id_no: str = "", face: Face | None = None) -> Evidence:
        return Evidence(cert_type=self._behaviour.cert_type(cert_type), cert_no=cert_no, id_no=id_no, face=face)

    def _scan(self) -> str:
        scanner, hello = self._equipment.scanner, self._equipment.hello
        for _ in range(SCANS):
            try:
                scanner.ask()
                self._equipment.events.scan_please()
                text = scanner.read(hello.wait_s)
            except ScannerGoneError as error:
                raise RefusedError(Reason.SCAN_UNREADABLE, message=str(error)) from error
            if text is None:
                break
            if kind_of(text) is not ScanKind.UNREADABLE:
                self._first_code = self._first_code or text
                return self._behaviour.scanned(text if self._behaviour.reads_anew else self._first_code)
        raise RefusedError(Reason.SCAN_UNREADABLE)

    def _log(self, at: str, text: str, *, person: str = "") -> None:
        self._equipment.log.write(at, text, person=person)


_CALLS = {
    By.CODE: "ec.query",
    By.ID_CARD: "cn.nhsa.cert.get",
    By.CARD: "ReadCardBas",
    By.FACE: "cn.nhsa.auth.check",
    By.IOT_BOX: "iot.gain.ec.qrcode",
}
