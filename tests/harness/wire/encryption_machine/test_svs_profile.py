"""Profiles of signature servers: those that ship, their response codes, and mistakes in them."""

import tomllib

import pytest

from harness.errors import ConfigError
from harness.wire.encryption_machine.profile import laid_over_base
from harness.wire.encryption_machine.reasons import Blame, Reason
from harness.wire.encryption_machine.svs import CODE_BASE, WIRE_NAMES, RequestType
from harness.wire.encryption_machine.svs_profile import (
    SvsProfile,
    load_svs_profile,
    offered_svs_profiles,
    svs_profile,
)

SOF = {RequestType.SIGN_DATA, RequestType.VERIFY_SIGNED_DATA, RequestType.PARSE_CERT}
STANDARD = {type_ for type_ in RequestType if type_ is not RequestType.GEN_RANDOM}


def made_of(text: str, base: str = "bank-demo") -> SvsProfile:
    return svs_profile("made-up", laid_over_base({"base": base, **tomllib.loads(text)}))


def test_the_profiles_that_ship() -> None:
    assert offered_svs_profiles("http") == ("bank-demo", "fisherman-json", "form-flat", "sof")
    assert offered_svs_profiles("der") == ("der-go",)


def test_the_request_types_are_numbered_and_named_as_the_standard_does() -> None:
    assert [WIRE_NAMES[RequestType(number)] for number in range(19)] == [
        "exportCert",
        "parseCert",
        "validateCert",
        "signData",
        "verifySignedData",
        "signDataInit",
        "signDataUpdate",
        "signDataFinal",
        "verifySignedDataInit",
        "verifySignedDataUpdate",
        "verifySignedDataFinal",
        "signMessage",
        "verifySignedMessage",
        "signMessageInit",
        "signMessageUpdate",
        "signMessageFinal",
        "verifySignedMessageInit",
        "verifySignedMessageUpdate",
        "verifySignedMessageFinal",
    ]


@pytest.mark.parametrize("name", offered_svs_profiles())
def test_every_request_and_every_code_of_the_standard(name: str) -> None:
    profile = load_svs_profile(name)
    assert set(profile.messages) >= (SOF if name == "sof" else STANDARD)
    assert {0, *range(CODE_BASE + 1, CODE_BASE + 0x0F)} <= set(profile.codes)
    assert set(profile.answers) == set(Reason)
    assert 0 not in profile.answers.values()
    for value, entry in profile.codes.items():
        assert entry.code == f"{value:08X}"
        assert entry.english.isascii()
        assert not entry.chinese.isascii()
        assert (entry.blame is Blame.NOBODY) == (value == 0)


def test_what_the_codes_say() -> None:
    profile = load_svs_profile("bank-demo")
    assert profile.answers[Reason.VERIFY_FAILED] == 67108876
    assert profile.answers[Reason.KEY_MISSING] == 0x04000005
    assert profile.answers[Reason.CERTIFICATE_EXPIRED] == 0x04000009
    assert profile.answers[Reason.REVOCATION_UNREACHABLE] == 0x04000003
    assert profile.code(0x0400000C).name == "signature-invalid"
    assert profile.code(0x040000FE).assumed
    assert profile.code(-1).code == "FFFFFFFF"


def test_vendors_fill_the_reserved_range() -> None:
    assert load_svs_profile("fisherman-json").code(0x0400000F).name == "parameter"
    assert load_svs_profile("form-flat").code(0x04000010).name == "parameter"
    assert load_svs_profile("fisherman-json").code(0x04000010).name == "sign"


FIELDS = "[requests.exportCert]\nrequest = [{}]\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('dialect = "svs-pigeon"', "dialect"),
        ("[limits]\nbody = 0", "limits.body"),
        ('[http]\nrespond_as = "poem"', "respond_as"),
        ('[http]\nbodies = ["xml"]', "bodies"),
        ('[answers]\nbad-input = "00"', "answers.bad-input"),
        ('[answers]\nbad-input = "7F"', "answers.bad-input"),
        ('[answers]\nbad-input = "XY"', "last byte"),
        ('[answers]\nbad-luck = "0D"', "bad-luck"),
        ('[codes]\n"123" = { name = "x" }', "codes.123"),
        ("[requests.sing]\nrequest = []", "requests.sing"),
        ('[requests.exportCert]\nrequest = "sing"', "list of fields"),
        (FIELDS.format('{ name = "id", wire = "id", form = "text" }'), "'id'"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "poem" }'), "form is one of"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "bytes" }'), "cannot be of form bytes"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "text", tag = 31 }'), "tag"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "text", colour = 1 }'), "colour"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "text", maximum = "x" }'), "maximum"),
        (FIELDS.format('{ name = "identification", wire = "id", form = "text", optional = true }'), "be optional"),
        (FIELDS.format(""), "identification of ExportCert is missing"),
        (
            FIELDS.format(
                '{ name = "identification", wire = "id", form = "text" }, { wire = "n", form = "length", of = "x" }'
            ),
            "speaks of 'x'",
        ),
        (FIELDS.format('{ wire = "n", form = "choice" }'), "options"),
    ],
)
def test_a_mistake_in_a_profile_says_where_it_is(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        made_of(text)
    assert says in str(caught.value)


def test_a_server_may_lack_a_request() -> None:
    profile = made_of('[requests]\nparseCert = "absent"')
    assert RequestType.PARSE_CERT not in profile.messages
    with pytest.raises(ValueError, match="parseCert"):
        profile.messages_for(RequestType.PARSE_CERT)


def test_the_base_alone_is_no_server() -> None:
    with pytest.raises(ConfigError, match="dialect"):
        load_svs_profile("gmt0029")
