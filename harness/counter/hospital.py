"""What a hospital's counter knows besides: how a person is identified and where, slots of a clinic, an admission."""

from dataclasses import dataclass
from enum import StrEnum

from harness.line.record import JsonValue
from harness.money import Fen


class By(StrEnum):
    """How a person is identified at a counter."""

    CODE = "code"
    """The e-voucher's code, before the scanner box."""
    ID_CARD = "id-card"
    CARD = "card"
    """The social-insurance card (社会保障卡), with its own password."""
    FACE = "face"
    IOT_BOX = "iot-box"
    """A code or a face, before Alipay's IoT box (支付宝IoT设备, 蜻蜓)."""


class Way(StrEnum):
    """Where business is done; for a refund also `online`."""

    WINDOW = "window"
    SELF_SERVICE = "self-service"
    MOBILE = "mobile"
    ONLINE = "online"


class Asked(StrEnum):
    """What a desk asks the person for."""

    SCAN = "scan"
    ID_CARD = "id-card"
    FACE = "face"
    CARD = "card"
    CARD_PIN = "card-pin"
    IOT_BOX = "iot-box"


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One doctor's half day with its fee in fen, and how many places are free."""

    slot: str
    dept_code: str
    dept_name: str
    caty: str
    doctor_code: str
    doctor_name: str
    day: str
    period: str
    """AM or PM."""
    fee: Fen
    free: int


@dataclass(frozen=True, kw_only=True)
class Admission:
    """Where somebody is admitted, why, and by whom; codes are the hospital's own, the diagnosis is ICD-10."""

    dept_code: str
    dept_name: str
    bed: str
    diagnosis: tuple[str, str]
    """Code and name."""
    doctor: tuple[str, str]
    """Code and name."""

    def as_json(self) -> dict[str, JsonValue]:
        """The members of an admit command."""
        return {
            "dept_code": self.dept_code,
            "dept_name": self.dept_name,
            "bed": self.bed,
            "diagnosis": {"code": self.diagnosis[0], "name": self.diagnosis[1]},
            "doctor": {"code": self.doctor[0], "name": self.doctor[1]},
        }
