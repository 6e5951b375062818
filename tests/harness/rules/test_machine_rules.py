"""Every rule about an encryption machine is shown to fail, and none objects to a machine that does everything right."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from harness.gm import Signature, sm2_reference
from harness.gm.sm2 import CURVE
from harness.judge.history import CASE
from harness.rules.registry import all_rules
from harness.wire.encryption_machine import host_messages as wire
from harness.wire.encryption_machine.reasons import Reason
from tests.harness.rules.machine_tape import (
    BLOB,
    BLOCK,
    IV,
    KEY,
    MESSAGE,
    OTHER,
    SM4_KEY,
    MachineTape,
    begun,
    good_story,
    sign,
    signed,
    sm4_seal,
    sm4_sealed,
    verify,
)


@dataclass(frozen=True)
class Broken:
    """What a machine does wrong, and what the rule must say of it."""

    rule: str
    what: str
    does: Callable[[MachineTape], object]
    seen: str


def _wrong_header(tape: MachineTape) -> None:
    call = tape.ask(sign())
    tape.answer(replace(call, header=b"9999"), signed())


def _same_nonce(tape: MachineTape) -> None:
    for message in (MESSAGE, b"another"):
        e = int.from_bytes(KEY.public.digest(message))
        r, s = sm2_reference.sign(CURVE, KEY.d, e, 0xABCDEF)
        tape.talk(sign(message), wire.Sm2SignReply(signature=r.to_bytes(32) + s.to_bytes(32)))


def _sealed_otherwise(tape: MachineTape) -> None:
    ciphertext = KEY.public.encrypt(MESSAGE)
    tape.talk(wire.Sm2Encrypt(data=MESSAGE, key=wire.KeyIndex(index=1)), wire.Sm2EncryptReply(ciphertext=ciphertext))
    decrypt = wire.Sm2Decrypt(ciphertext=ciphertext, key=wire.KeyIndex(index=1))
    tape.talk(decrypt, wire.Sm2DecryptReply(data=b"something else"))


def _chained_otherwise(tape: MachineTape) -> None:
    tape.talk(sm4_seal(BLOCK, IV), sm4_sealed(BLOCK, bytes(16)))
    mixed = bytes(a ^ b for a, b in zip(BLOCK, IV, strict=True))
    tape.talk(sm4_seal(mixed), sm4_sealed(mixed))


def _unknown_code(tape: MachineTape) -> None:
    tape.talk(sign(), wire.Refusal(code="ZZ"))


def _malformed_served(tape: MachineTape) -> None:
    tape.frame(b"\0\x0a0001B20004", sent=False)
    tape.frame(b"\0\x080001B300", sent=True)


def _stored_other(tape: MachineTape) -> None:
    made = wire.GenerateKeyPairReply(public=OTHER.public.spki, private=BLOB)
    tape.talk(wire.GenerateKeyPair(index=30), made)
    tape.refuse(wire.GetPublicKey(index=30), Reason.KEY_MISSING)


def _given_in_clear(tape: MachineTape) -> None:
    clear = b"\0" + OTHER.d.to_bytes(32) + b"\0"
    made = wire.GenerateKeyPairReply(public=OTHER.public.spki, private=clear)
    tape.talk(wire.GenerateKeyPair(), made)


def _pair_given_in_clear(tape: MachineTape) -> None:
    moved = wire.MoveKeyPairReply(public=OTHER.public.spki, private=OTHER.d.to_bytes(32))
    tape.talk(wire.MoveKeyPair(way=wire.Way.EXPORT, kek=1, index=2), moved)


def _key_given_in_clear(tape: MachineTape) -> None:
    check = sm4_sealed(bytes(16)).data[:8]
    export = wire.MoveKey(way=0, under=0, protector=1, key_type="109", key=wire.KeyIndex(index=1))
    tape.talk(export, wire.MoveKeyReply(wrapped=bytes(20) + SM4_KEY, check=check))


def _imported_other(tape: MachineTape) -> None:
    pair = wire.MoveKeyPair(way=wire.Way.IMPORT, kek=1, index=30, public=OTHER.public.spki, private=bytes(32))
    tape.talk(pair, wire.MoveKeyPairReply())
    tape.talk(wire.GetPublicKey(index=30), wire.GetPublicKeyReply(public=KEY.public.spki))


def _batch_opened_otherwise(tape: MachineTape) -> None:
    def batch(direction: int, block: bytes) -> wire.SmBatch:
        return wire.SmBatch(direction=direction, key_type="109", key=wire.KeyIndex(index=1), blocks=(BLOCK[:8], block))

    sealed = sm4_sealed(BLOCK).data
    tape.talk(batch(wire.ENCRYPT, BLOCK), wire.SmBatchReply(blocks=(b"x", sealed)))
    tape.talk(batch(wire.DECRYPT, sealed), wire.SmBatchReply(blocks=(b"y", bytes(16))))


def _expected_otherwise(tape: MachineTape) -> None:
    tape.talk(sign(), signed())
    tape.event(CASE, "expect-code", codes=["21"], reasons=["key-missing"])


def _same_random(tape: MachineTape) -> None:
    for _ in range(2):
        tape.talk(wire.Random(size=16), wire.RandomReply(data=bytes(range(16))))


def _server(
    tape: MachineTape, request: str, code: str, signature: bytes, codes: tuple[str, ...] = ("00000000",)
) -> None:
    said = {"message": MESSAGE.hex(), "signature": signature.hex(), "public": KEY.public.point.hex()}
    tape.event(
        CASE,
        "server-answered",
        door="svs-http",
        request=request,
        code=code,
        codes=list(codes),
        reasons=[],
        verify_failed="0400000C",
        **said,
    )


GOOD_DER = KEY.sign(MESSAGE, form=Signature.DER)
BROKEN = (
    Broken(
        "server-codes-as-expected",
        "another code",
        lambda tape: _server(tape, "SignData", "0400000E", b"", ("04000005",)),
        "04000005",
    ),
    Broken(
        "server-signatures-verify",
        "r‖s where DER is due",
        lambda tape: _server(tape, "SignData", "00000000", KEY.sign(MESSAGE)),
        "verifies",
    ),
    Broken(
        "server-tells-good-from-bad",
        "verifies a forgery",
        lambda tape: _server(tape, "VerifySignedData", "00000000", OTHER.sign(MESSAGE, form=Signature.DER)),
        "not valid",
    ),
    Broken(
        "server-tells-good-from-bad",
        "refuses a good one",
        lambda tape: _server(tape, "VerifySignedData", "0400000C", GOOD_DER, ("0400000C",)),
        "is valid",
    ),
    Broken("machine-answers-every-request", "silence", lambda tape: tape.ask(sign()), "none"),
    Broken("machine-replies-in-order", "another header", _wrong_header, "header"),
    Broken("machine-replies-in-order", "unasked bytes", lambda tape: tape.frame(b"\0\x01a", sent=True), "nothing"),
    Broken("machine-replies-in-order", "half a reply", lambda tape: tape.frame(b"\0\x05a", sent=True), "never ended"),
    Broken("machine-codes-as-expected", "served what had to be refused", _expected_otherwise, "key-missing"),
    Broken("machine-error-codes-known", "a code of its own", _unknown_code, "ZZ"),
    Broken(
        "machine-refusal-carries-nothing",
        "plaintext after the code",
        lambda tape: tape.refuse(sign(), Reason.DECRYPT_FAILED, b"secret"),
        "6 bytes",
    ),
    Broken("machine-refuses-what-is-malformed", "served", _malformed_served, "00"),
    Broken(
        "machine-signatures-verify",
        "another key's signature",
        lambda tape: tape.talk(sign(), signed(key=OTHER)),
        "verifies",
    ),
    Broken(
        "machine-signatures-verify",
        "a short signature",
        lambda tape: tape.talk(sign(), wire.Sm2SignReply(signature=bytes(63))),
        "63 bytes",
    ),
    Broken("machine-nonce-never-repeats", "one nonce twice", _same_nonce, "nonce"),
    Broken(
        "machine-tells-good-from-bad",
        "verifies a forgery",
        lambda tape: tape.talk(verify(bytes(64)), wire.Sm2VerifyReply()),
        "not valid",
    ),
    Broken(
        "machine-tells-good-from-bad",
        "refuses a good one",
        lambda tape: tape.refuse(verify(KEY.sign(MESSAGE)), Reason.VERIFY_FAILED),
        "is valid",
    ),
    Broken("machine-opens-what-it-sealed", "another plaintext", _sealed_otherwise, "encrypted before"),
    Broken("machine-chains-blocks", "another IV", _chained_otherwise, "block 0"),
    Broken("machine-random-is-random", "the same twice", _same_random, "same as before"),
    Broken(
        "machine-random-is-random",
        "constant",
        lambda tape: tape.talk(wire.Random(size=16), wire.RandomReply(data=bytes(16))),
        "constant",
    ),
    Broken(
        "machine-random-is-random",
        "too few",
        lambda tape: tape.talk(wire.Random(size=16), wire.RandomReply(data=b"ab")),
        "16 bytes",
    ),
    Broken("machine-keeps-what-it-acknowledged", "forgotten", _stored_other, "index 30"),
    Broken("machine-no-clear-private-key", "in clear", _given_in_clear, "in clear"),
    Broken("machine-no-clear-private-key", "moved in clear", _pair_given_in_clear, "in clear"),
    Broken("machine-no-clear-symmetric-key", "moved in clear", _key_given_in_clear, "key in clear"),
    Broken("machine-keeps-what-it-acknowledged", "another than was imported", _imported_other, "index 30"),
    Broken("machine-opens-what-it-sealed", "another block of a batch", _batch_opened_otherwise, "encrypted before"),
)
MACHINE_RULES = {name for name in all_rules() if name.startswith(("machine-", "server-"))}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.rule}: {broken.what}")
def test_a_machine_that_does_this_is_found(broken: Broken) -> None:
    check = all_rules()[broken.rule].check
    tape = begun()
    assert list(check(tape.history())) == []
    broken.does(tape)
    found = list(check(tape.history()))
    assert any(re.search(broken.seen, said) for one in found for said in (one.expected, one.seen)), found
    assert all(0 <= one.seq < len(tape.entries) for one in found)


@pytest.mark.parametrize(("opened", "findings"), [(b"abc" + bytes(13), 0), (b"abc" + bytes(12) + b"d", 1)])
def test_zeros_of_a_padding_may_stay(opened: bytes, findings: int) -> None:
    tape = begun()
    ask = sm4_seal(b"abc")
    tape.talk(replace(ask, padding=3), sm4_sealed(b"abc" + bytes(13)))
    sealed = sm4_sealed(b"abc" + bytes(13)).data
    asked = wire.Sm4Decrypt(key_type="109", key=wire.KeyIndex(index=1), padding=3, data=sealed)
    tape.talk(asked, wire.Sm4DecryptReply(data=opened))
    assert len(list(all_rules()["machine-opens-what-it-sealed"].check(tape.history()))) == findings


def test_every_rule_about_machines_has_a_way_to_fail() -> None:
    assert {broken.rule for broken in BROKEN} == MACHINE_RULES


def test_a_good_machine_has_no_finding_whatever_faults_were_asked_of_it() -> None:
    history = good_story().history()
    assert [(name, seen) for name, rule in all_rules().items() for seen in rule.check(history)] == []


def test_a_machine_whose_profile_is_not_known_here_is_not_judged() -> None:
    tape = MachineTape()
    tape.event(CASE, "case-start", case="x", title="x", requirements=[])
    tape.event("bench", "machine", profile="nobody-has-this")
    tape.frame(b"\0\x01a", sent=True)
    history = tape.history()
    assert [seen for name in MACHINE_RULES for seen in all_rules()[name].check(history)] == []
