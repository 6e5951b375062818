"""How the mobile-payment centre tells the platform that a person has confirmed a payment in their App: own design.

expContent of 2207 is JSON text with pay_ord_id, own_pay (yuan: what the person has paid themselves) and mobile_proof =
hex SM3(key:msgid:psn_no:own_pay). The key is the centre's and the platform's alone, so no institution can claim it.
"""

import hmac
import json
from collections.abc import Mapping

from harness.gm import sm3

PROOF, OWN_PAY = "mobile_proof", "own_pay"


def mobile_proof(key: str, *, msgid: str, psn_no: str, own_pay: str) -> str:
    """The proof; lower-case hex."""
    return sm3(f"{key}:{msgid}:{psn_no}:{own_pay}".encode()).hex()


def mobile_exp_content(key: str, *, msgid: str, psn_no: str, own_pay: str, order: str) -> str:
    """What expContent says of a payment that was confirmed; `own_pay` in yuan, as 6202 answered it."""
    proof = mobile_proof(key, msgid=msgid, psn_no=psn_no, own_pay=own_pay)
    return json.dumps({"pay_ord_id": order, OWN_PAY: own_pay, PROOF: proof})


def is_confirmed(said: Mapping[str, object], key: str, *, msgid: str, psn_no: str) -> bool:
    """Whether the members of an expContent prove a payment; an empty key proves nothing."""
    proof, own_pay = said.get(PROOF), said.get(OWN_PAY)
    if not key or not isinstance(proof, str) or not isinstance(own_pay, str):
        return False
    wanted = mobile_proof(key, msgid=msgid, psn_no=psn_no, own_pay=own_pay)
    return hmac.compare_digest(proof.lower().encode(), wanted.encode())
