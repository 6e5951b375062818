"""Profiles of host commands: those that ship, one made of a capture, and mistakes in them."""

import tomllib

import pytest

from harness.errors import ConfigError
from harness.wire.encryption_machine.host import HostAnswer, HostClientCodec, HostServerCodec
from harness.wire.encryption_machine.host_messages import Echo, KeyIndex, Sm2Sign, Sm2SignReply
from harness.wire.encryption_machine.profile import (
    HostProfile,
    host_profile,
    laid_over_base,
    load_host_profile,
    offered_host_profiles,
)
from harness.wire.encryption_machine.reasons import Blame, Reason

REFERENCE_CODES = {
    *("00", "01", "02", "04", "10", "11", "12", "13", "15", "17", "21", "26", "41", "47", "51", "67", "68"),
    *("74", "76", "77", "78", "79", "80", "90", "D2"),
}
CAPTURED = """
title = "as one bank's machine was seen to speak"

[commands]
E5 = "absent"

[commands.EZ]
message = "Sm2Sign"
reply_code = "EA"
request = [
    { kind = "constant", text = "S" },
    { kind = "key", name = "key", digits = 3, external = [] },
    { kind = "bytes", name = "data", length = "3H" },
]
reply = [{ kind = "hex", name = "signature", size = 128 }]
"""


def made_of(text: str, base: str = "tass-sjj1310") -> HostProfile:
    return host_profile("made-up", laid_over_base({"base": base, **tomllib.loads(text)}))


def test_the_profiles_that_ship() -> None:
    assert offered_host_profiles() == ("payshield-like", "sjl05-like", "tass-sjj1310")
    tass, payshield = load_host_profile("tass-sjj1310"), load_host_profile("payshield-like")
    assert (tass.header_length, tass.port) == (0, 8018)
    assert (payshield.header_length, payshield.port) == (4, 1500)
    assert tass.limits["data"] == 1984
    assert tass.limits["symmetric"] == 1968
    keys = {"E7", "E1", "E2", "TT", "TX", "TQ"}
    assert set(tass.commands) == {"NC", "B2", "N0", "J2", *keys, "E3", "E4", "E5", "E6", "S3", "S4", "SW"}
    assert set(payshield.commands) == {*tass.commands, "NO", "NI", "J4", "J8", "JK"}


@pytest.mark.parametrize("name", offered_host_profiles())
def test_every_error_of_the_reference_has_names_and_a_blame(name: str) -> None:
    profile = load_host_profile(name)
    assert set(profile.errors) >= REFERENCE_CODES
    for entry in profile.errors.values():
        assert entry.name
        assert entry.english.isascii()
        assert entry.chinese
        assert not entry.chinese.isascii()
        assert (entry.blame is Blame.NOBODY) == (entry.code == profile.ok)
    assert set(profile.answers) == set(Reason)
    assert profile.ok not in profile.answers.values()


def test_an_unknown_code_still_has_an_entry() -> None:
    entry = load_host_profile("tass-sjj1310").error("ZZ")
    assert (entry.code, entry.name, entry.assumed) == ("ZZ", "unknown", True)


def test_one_capture_is_a_profile_without_code() -> None:
    profile = made_of(CAPTURED, base="payshield-like")
    assert "E5" not in profile.commands
    client, server = HostClientCodec(profile), HostServerCodec(profile)
    asked = client.send(Sm2Sign(data=b"abc", key=KeyIndex(index=7)), header=b"HEAD")
    assert asked == b"\x00\x11HEADEZSK007003abc"
    (call,) = server.feed(asked)
    answered = server.answer(call, Sm2SignReply(signature=bytes(64)))
    assert answered == b"\x00\x88HEADEA00" + b"0" * 128
    (answer,) = client.feed(answered)
    assert isinstance(answer, HostAnswer)
    assert answer.reply == Sm2SignReply(signature=bytes(64))


def test_a_profile_keeps_what_it_does_not_change() -> None:
    profile = made_of('title = "other"\n[limits]\necho = 3\n')
    assert profile.title == "other"
    assert profile.limits["data"] == 1984
    HostClientCodec(profile).send(Echo(data=b"abc"))
    with pytest.raises(ValueError, match="within 0 to 3"):
        HostClientCodec(profile).send(Echo(data=b"abcd"))


COMMAND = '[commands.E6]\nmessage = "Sm2Verify"\nrequest = [\n{}\n]\n'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("header_length = -1", "header_length"),
        ('ciphertext = "guess"', "ciphertext"),
        ("[limits]\nmessage = 70000", "limits.message"),
        ('[answers]\nbad-input = "ZZ"', "answers.bad-input"),
        ('[answers]\nbad-luck = "15"', "bad-luck"),
        ('[errors]\n"1" = { name = "x" }', "errors.1"),
        ('binary = true\n[commands]\nE9 = { message = "Echo" }', "bytes in hex"),
        (COMMAND.format('{ kind = "constant", hex = "0" }'), "pairs"),
        ('[commands.E9X]\nmessage = "Echo"', "two characters"),
        ('[commands.E9]\nmessage = "Dance"', "message is one of"),
        ('[commands.E9]\nmessage = "Echo"\nrequest = "ZZ"', "list of fields"),
        ('[commands.E9]\nmessage = "Echo"\nreply = [{ kind = "bytes", name = "data" }]', "data of Echo is missing"),
        (COMMAND.format('{ kind = "blob", name = "data" }'), "no kind of field"),
        (COMMAND.format('{ kind = "bytes", name = "data", girth = 3 }'), "girth"),
        (COMMAND.format('{ kind = "bytes", name = "datum" }'), "datum"),
        (COMMAND.format('{ kind = "number", name = "data", digits = 3 }'), "cannot be of kind number"),
        (COMMAND.format('{ kind = "bytes", name = "data", length = "4Q" }'), "4N"),
        (COMMAND.format('{ kind = "bytes", name = "data", maximum = "heaven" }'), "limits"),
        (COMMAND.format('{ kind = "bytes", name = "data", length = "4N", size = 2 }'), "not both"),
        (COMMAND.format('{ kind = "hex", name = "data", size = 3 }'), "pairs"),
        (COMMAND.format('{ kind = "constant", text = ";", reason = "whim" }'), "whim"),
        (COMMAND.format('{ kind = "key", name = "key", external = [{ kind = "der", name = "it" }] }'), "public"),
        (COMMAND.format('{ kind = "when", name = "mode", is_not = 0, fields = [] }'), "read before"),
        (COMMAND.format('{ kind = "bytes", name = "data", size = 1 }, { kind = "bytes", name = "data" }'), "twice"),
    ],
)
def test_a_mistake_in_a_profile_says_where_it_is(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made_of(text)
    assert says in str(caught.value)


def test_a_profile_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(ConfigError, match="no machine profile") as caught:
        load_host_profile("enigma")
    assert "tass-sjj1310" in str(caught.value)
