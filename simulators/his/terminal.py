"""The insurance terminal (医保综合服务终端) at the counter: social-insurance card and its password.

Own design: the library's calls ReadCardBas and VerifyPIN travel over HTTP. Each waits until something is presented. A
library that wants to be set up first (`not-set-up`) is, by Init, and asked again.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from simulators.his.exchange import NoAnswerError, post
from simulators.his.hello import Hello
from simulators.his.outcome import RefusedError
from simulators.his.shanghai_library import SHANGHAI, read_card
from simulators.his.texts import Reason

READ_CARD_PATH, VERIFY_PIN_PATH = "/HeaSecReadInfo/ReadCardBas", "/HeaSecReadInfo/VerifyPIN"
INIT_PATH, NOT_SET_UP = "/HeaSecReadInfo/Init", "not-set-up"
CHIP_KNOWS = "1"
"""CARD_PASSTYPE: the card's chip knows its password."""
PIN_REASONS = {
    "pin-wrong": Reason.WRONG_PASSWORD,
    "pin-locked": Reason.CARD_LOCKED,
    "cancelled": Reason.DECLINED,
    "keypad-timeout": Reason.NOT_ANSWERED,
}
"""Why a card's password gives no proof, by the terminal's `reason`; anything else is a matter of the card."""
DEAD = "终端未应答"
CARD_FIELDS = 11
"""发卡地区|社会保障号|卡号|卡识别码|姓名|复位信息|规范版本|发卡日期|有效期|终端机编号|终端设备号."""


@dataclass(frozen=True, kw_only=True)
class SocialCard:
    """What a social-insurance card tells."""

    id_no: str
    number: str
    serial: str
    name: str


class Terminal:
    """Asks the terminal; a call waits for `wait_s` of the counter's patience beyond the usual time for a reply."""

    def __init__(self, hello: Hello) -> None:
        self._hello = hello
        self._readings = 0

    def read_card(self) -> SocialCard:
        """Wait for a card. Raises RefusedError when none was presented or it cannot be read."""
        answer = self._card()
        fields = str(answer.get("cardInfo") or "").split("|")
        if str(answer.get("code")) != "0" or len(fields) < CARD_FIELDS or not all(fields[1:5]):
            raise RefusedError(Reason.CARD_UNREADABLE, message=str(answer.get("message") or ""))
        return SocialCard(id_no=fields[1], number=fields[2], serial=fields[3], name=fields[4])

    def verify_pin(self, card: str) -> str:
        """Wait for a card's password; the proof that it was typed. Raises RefusedError when it was not."""
        answer = self._ask(VERIFY_PIN_PATH, {"cardNo": card}, silent=Reason.NOT_ANSWERED)
        proof = answer.get("proof")
        if str(answer.get("code")) != "0" or not isinstance(proof, str) or not proof:
            reason = PIN_REASONS.get(str(answer.get("reason") or ""), Reason.CARD_UNREADABLE)
            # our own prompt for a locked card says all that the terminal's message does
            told = "" if reason is Reason.CARD_LOCKED else str(answer.get("message") or "")
            raise RefusedError(reason, message=told)
        return proof

    def _card(self) -> Mapping[str, object]:
        """What the card's reader tells: the terminal's, in Shanghai the front machine's."""
        hello = self._hello
        if hello.profile.protocol != SHANGHAI:
            return self._ask(READ_CARD_PATH, {}, silent=Reason.CARD_UNREADABLE)
        self._readings += 1
        try:
            return read_card(hello, reading=self._readings, reply_s=hello.wait_s + hello.reply_s)
        except NoAnswerError as error:
            raise RefusedError(Reason.CARD_UNREADABLE) from error

    def _ask(self, path: str, members: Mapping[str, str], *, silent: Reason) -> Mapping[str, object]:
        """One call; `silent` is why it was refused when there is no answer."""
        members = {"orgId": self._hello.institution, **members}
        answer = self._post(path, members, silent=silent)
        if answer.get("reason") != NOT_SET_UP:
            return answer
        set_up = self._post(INIT_PATH, self._setup(), silent=silent)
        return self._post(path, members, silent=silent) if str(set_up.get("code")) == "0" else set_up

    def _setup(self) -> dict[str, str]:
        """What Init is told. The library's own way to the platform is the counter's."""
        hello = self._hello
        platform = urlsplit(hello.platform)
        return {
            "IP": platform.hostname or "",
            "PORT": str(platform.port or {"http": 80, "https": 443}.get(platform.scheme, 0)),
            "TIMEOUT": str(max(1, math.ceil(hello.wait_s))),
            "EC_URL": hello.voucher_centre + hello.profile.voucher_path,
            "CARD_PASSTYPE": CHIP_KNOWS,
            "ORG_ID": hello.institution,
            "AREA_CODE": hello.admdvs,
        }

    def _post(self, path: str, members: Mapping[str, str], *, silent: Reason) -> Mapping[str, object]:
        hello = self._hello
        body = json.dumps(members, separators=(",", ":")).encode()
        try:
            reply_s = hello.wait_s + hello.reply_s
            return post(hello.terminal + path, body, connect_s=hello.connect_s, reply_s=reply_s, trust=hello.trust)
        except NoAnswerError as error:
            raise RefusedError(silent, message=DEAD) from error
