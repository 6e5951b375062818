"""The doors: bad envelopes, other platforms' forms, faults by number, and a client that is not ours."""

import base64
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.bench.plugin import SimulatorContext
from harness.faults.catalogue import Effect
from harness.faults.schedule import FaultSchedule
from harness.gm import sm4
from harness.gm.sm2 import CURVE
from harness.wire.mobile_payment import encode, sm4_key
from harness.wire.mobile_payment.keys import Application
from simulators.security_front import SIMULATOR as SECURITY_FRONT
from simulators.security_front.keys import seeded_key
from simulators.security_front.settings import SecurityFrontSettings, Side
from tests.simulators.mobile_payment.mobile_payment_rig import HOSPITAL, PEOPLE, SEED, MobileRig

P2 = PEOPLE["P002"]
QUERY = {
    "payOrdId": "ORD0",
    "orgCodg": HOSPITAL.code,
    "payToken": "x",
    "idNo": P2.id_no,
    "userName": P2.name,
    "idType": "01",
}


@pytest.mark.parametrize("body", [b"", b"[]", b"no json", b'"{}"', b"\xff", b"{}", b'{"appId":7}'])
def test_what_is_no_envelope_is_refused(mobile: MobileRig, body: bytes) -> None:
    answer = mobile.post(mobile.variant.paths["6201"], body)
    assert answer["code"] == 114 or answer["code"] >= 970001
    assert mobile.events("envelope-refused")[0]["code"] == answer["code"]


@pytest.mark.parametrize(
    ("change", "pain"),
    [
        ({"appId": "0" * 32}, "app-id"),
        ({"version": "1.0.0"}, "version"),
        ({"signType": "PLAIN"}, "plain-type"),
        ({"signData": base64.b64encode(bytes(64)).decode()}, "signature-range"),
        ({"encData": "00" * 16}, "cipher-wrong"),
        ({"timestamp": "1602635400"}, "timestamp-form"),
    ],
)
def test_a_bad_envelope_is_refused_with_its_pain_and_does_nothing(
    mobile: MobileRig, change: dict[str, str], pain: str
) -> None:
    envelope = {**mobile.codec.seal(mobile.upload(P2), now_ns=mobile.clock.now_ns()), **change}
    answer = mobile.post(mobile.variant.paths["6201"], encode(envelope))
    assert answer["code"] != 0
    seen = [event["pain"] for event in mobile.events("envelope-refused")]
    assert seen == [pain]
    assert mobile.events("order-created") == []


def test_a_stale_envelope_is_refused(mobile: MobileRig) -> None:
    envelope = encode(mobile.codec.seal(mobile.upload(P2), now_ns=mobile.clock.now_ns()))
    mobile.step(301)
    mobile.post(mobile.variant.paths["6201"], envelope)
    assert [event["pain"] for event in mobile.events("envelope-refused")] == ["timestamp-away"]


def test_a_body_of_ten_mebibytes_is_not_looked_at(mobile: MobileRig) -> None:
    answer = mobile.post(mobile.variant.paths["6201"], b" " * (10 << 20))
    assert answer["code"] == 970001
    assert [event["pain"] for event in mobile.events("envelope-refused")] == ["no-envelope"]


def test_every_answer_is_signed_also_a_refusal(mobile: MobileRig) -> None:
    answer = mobile.call("6301", QUERY)
    assert (answer["code"], answer["message"], answer["success"]) == (982011, "未找到订单", False)
    assert answer["signData"]


def test_the_older_form_names_the_service_in_the_message(make_mobile: Callable[..., MobileRig]) -> None:
    mobile = make_mobile(variant="older")
    order = mobile.uploaded(P2)
    assert mobile.pay(order)["data"]["ordStas"] == "2"
    mobile.disturb("6301", Effect.EMPTY_BODY)
    now_ns = mobile.clock.now_ns()
    body = encode(mobile.codec.seal(mobile.about(order), now_ns=now_ns, service="6301"))
    assert mobile.http.post(mobile.at.at + "/mpc-local/pmc/api", content=body).content == b""
    unknown = encode(mobile.codec.seal(QUERY, now_ns=now_ns, service="9999"))
    assert mobile.post("/mpc-local/pmc/api", unknown)["code"] == 982001


def test_a_lost_answer_is_asked_for_again(mobile: MobileRig) -> None:
    order = mobile.uploaded(P2)
    mobile.disturb("6202", Effect.BAD_GATEWAY_AFTER)
    data = {"payOrdId": order["payOrdId"], "payToken": order["payToken"], "orgCodg": HOSPITAL.code, "orgBizSer": "B"}
    body = encode(mobile.codec.seal(data, now_ns=mobile.clock.now_ns()))
    assert mobile.http.post(mobile.at.at + mobile.variant.paths["6202"], content=body).status_code == 502
    assert mobile.call("6202", data)["data"]["ownPayAmt"] == "23.94"
    assert len(mobile.events("order-placed")) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"no", b"{}", b'{"payOrdId":"x","result":"MAYBE"}'])
def test_the_plain_doors_refuse_what_they_cannot_read(mobile: MobileRig, body: bytes) -> None:
    reply = mobile.http.post(mobile.at.at + "/pay/own", content=body)
    assert reply.json()["code"] == 982001


def test_a_security_front_of_the_same_seed_is_understood(mobile: MobileRig) -> None:
    name = "security-front"
    context = SimulatorContext(
        name=name, clock=mobile.clock, tape=mobile.tape, seed=SEED, faults=FaultSchedule(name, mobile.tape)
    )
    front, at = mobile.started(SECURITY_FRONT, SecurityFrontSettings(), context)
    try:
        order = mobile.uploaded(P2)
        sealed = mobile.http.post(f"{at.at}/seal", json={"service": "6301", "data": mobile.about(order)}).json()
        answer = mobile.post(sealed["path"], json.dumps(sealed["envelope"]).encode())
        opened = mobile.http.post(f"{at.at}/open-reply", json=answer).json()
        assert opened["data"] == {"payOrdId": order["payOrdId"], "ordStas": "0"}
    finally:
        mobile.loop.call(front.stop())


@pytest.mark.external
def test_curl_and_openssl_alone_get_an_answer(mobile: MobileRig, tmp_path: Path) -> None:
    """SM4 and SM2 by openssl, HTTP by curl; only the canonical string is spelt by hand, here."""
    if shutil.which("curl") is None or shutil.which("openssl") is None:
        pytest.skip("curl or openssl is not installed")
    application = Application(app_id=mobile.settings.app_id, secret=mobile.settings.secret)

    def run(*command: str, given: bytes = b"") -> bytes:
        done = subprocess.run(command, input=given, capture_output=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def encrypt(key: bytes, plain: bytes) -> str:
        return run("openssl", "enc", "-sm4-ecb", "-K", key.hex(), given=plain).hex().upper()

    order = mobile.uploaded(P2)
    data = dict(sorted(mobile.about(order).items()))
    plain = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    key = encrypt(application.app_id[:16].encode(), application.secret.encode())[:16].encode()
    assert key == sm4_key(application)
    stamp = str(mobile.clock.now_ns() // 1_000_000)
    signed = (
        f"appId={application.app_id}&data={plain}&encType=SM4&signType=SM2&timestamp={stamp}&version=2.0.1"
        f"&key={application.secret}"
    )
    private = seeded_key(SEED, Side.INSTITUTION)
    point = private.public.point.hex()
    # SEC 1 within DER: version 1, the key, the curve sm2p256v1, the public key.
    sec1 = bytes.fromhex(f"30770201010420{private.d:064x}a00a06082a811ccf5501822da14403420004{point[2:]}")
    (tmp_path / "key.der").write_bytes(sec1)
    (tmp_path / "text").write_bytes(signed.encode())
    der = run(
        "openssl",
        "dgst",
        "-sm3",
        "-sign",
        str(tmp_path / "key.der"),
        "-keyform",
        "DER",
        "-sigopt",
        "distid:1234567812345678",
        str(tmp_path / "text"),
    )
    r_end = 4 + der[3]
    r, s = int.from_bytes(der[4:r_end]), int.from_bytes(der[r_end + 2 :])
    assert 0 < r < CURVE.n
    envelope = {
        "appId": application.app_id,
        "encType": "SM4",
        "signType": "SM2",
        "timestamp": stamp,
        "version": "2.0.1",
        "encData": encrypt(key, plain.encode()),
        "signData": base64.b64encode(r.to_bytes(32) + s.to_bytes(32)).decode(),
    }
    answer = json.loads(
        run("curl", "-s", "--data-binary", "@-", mobile.at.at + mobile.variant.paths["6301"], given=encode(envelope))
    )
    assert answer["code"] == 0, answer["message"]
    (tmp_path / "sealed").write_bytes(bytes.fromhex(answer["encData"]))
    told = run("openssl", "enc", "-d", "-sm4-ecb", "-K", key.hex(), "-in", str(tmp_path / "sealed"))
    assert json.loads(told)["payOrdId"] == order["payOrdId"]
    assert sm4.ecb_decrypt(key, bytes.fromhex(answer["encData"])) == told
