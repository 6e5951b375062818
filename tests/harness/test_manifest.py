"""What of a bench's settings stands on a tape, and what never does."""

import json

from harness.bench.config import parse_bench
from harness.bench.registry import kinds, simulator_type
from harness.bench.settings import options_of
from harness.line.record import canonical
from harness.manifest import AS_SHIPPED, NOT_TOLD, SECRETS, settings_told

BENCH = """
[counter]
command = ["his"]
[machine]
pin = "11112222"
example_pair = "00ff"
key_type = "00A"
[device.platform]
ledger = "postgresql://his:hunter2@10.0.0.9/books"
mobile_key = "hunter2"
[device.security-front]
secret = "hunter2"
own_key = "hunter2"
[device.mobile-payment]
callback_url = "https://his:hunter2@10.0.0.9/notice?x=1"
[device.voucher-centre]
password = "terminal"
"""
SOUNDS_SECRET = ("key", "secret", "pin", "passw", "ledger", "dsn", "token")
NO_SECRETS = {"cipher_key_type"}
"""Names of texts that only sound so."""


def test_a_secret_is_never_told_and_what_is_none_is() -> None:
    told = settings_told(parse_bench(BENCH, source="b.toml"))
    spelled = canonical(told).decode()
    for secret in ("hunter2", "11112222", "00ff"):
        assert secret not in spelled
    assert json.loads(spelled) == told
    assert told["machine"]["pin"] == told["machine"]["example_pair"] == NOT_TOLD
    assert told["machine"]["key_type"] == "00A"
    assert told["bench"]["seed"] == 20201014
    assert told["device.platform"]["ledger"] == told["device.security-front"]["secret"] == NOT_TOLD
    assert told["device.mobile-payment"]["platform_key"] == AS_SHIPPED
    assert told["device.mobile-payment"]["callback_url"] == "https://…@10.0.0.9/notice?x=1"
    assert told["device.voucher-centre"]["password"] == "terminal"


def test_every_text_whose_name_sounds_like_a_secret_is_left_out() -> None:
    texts = {o.name for kind in kinds() for o in options_of(simulator_type(kind).settings) if o.type == "text"}
    sounding = {name for name in texts if any(word in name for word in SOUNDS_SECRET)}
    assert {name for name in sounding if name.rpartition("_")[2] not in SECRETS} == NO_SECRETS
