"""The password of a social-insurance card (社会保障卡密码) as a settlement carries it: own design, no form is public.

expContent is JSON text with the member card_pin_proof = hex SM3(card_sn + ":" + password), so that the password itself
is in no message. It stands for VerifyPIN with CARD_PASSTYPE 2, where the password is kept by the insurance.
"""

import hmac
import json
from collections.abc import Mapping

from harness.gm import sm3
from harness.wire.fields import is_object

MEMBER = "card_pin_proof"


def card_pin_proof(card_sn: str, password: str) -> str:
    """The proof that a card's password was typed; lower-case hex."""
    return sm3(f"{card_sn}:{password}".encode()).hex()


def proves(proof: object, *, card_sn: str, password: str) -> bool:
    """Whether a proof is that of a card and its password; an empty password is proved by nothing."""
    wanted = card_pin_proof(card_sn, password)
    return bool(password) and isinstance(proof, str) and hmac.compare_digest(proof.lower().encode(), wanted.encode())


def exp_content(text: object) -> Mapping[str, object]:
    """The members of an expContent; none where it is empty or no JSON object."""
    try:
        found = json.loads(text) if isinstance(text, str) and text else {}
    except (ValueError, RecursionError):
        return {}
    return found if is_object(found) else {}
