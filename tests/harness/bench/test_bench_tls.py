"""TLS on a bench: who shows what, whom everybody trusts, and what people are told when the bench file will not do."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.bench.bench import Bench
from harness.bench.config import BenchFile, parse_bench
from harness.bench.tls import TlsSettings, alone_tls
from harness.devices.phone import PhoneDriver
from harness.errors import BenchError, ConfigError
from harness.line.authority import EXPIRED, Authority
from harness.line.tls import ClientTls

DEVICES = """
[device.phone]
[device.scanner]
[device.voucher-centre]
[device.platform]
"""


def bench_file(bench: str = "", devices: str = DEVICES) -> BenchFile:
    return parse_bench(f"[bench]\n{bench}\n{devices}", source="bench.toml")


@contextmanager
def up(file: BenchFile, folder: Path | None = None) -> Iterator[Bench]:
    with Bench(file, tape_path=None if folder is None else folder / "tape.bin") as bench:
        yield bench


def warned(bench: Bench) -> list[str]:
    return [str(record.event["warning"]) for record in bench.tape.recent() if record.name == "tls-warning"]


def test_all_parties_with_an_http_door_speak_https_and_understand_one_another(tmp_path: Path) -> None:
    with up(bench_file('tls = "on"'), tmp_path) as bench:
        secured = {kind for kind in ("phone", "voucher-centre", "platform") if bench.address(kind).startswith("https:")}
        assert secured == {"phone", "voucher-centre", "platform"}
        assert bench.address("scanner").startswith("serial:")
        assert bench.back_door("phone").startswith("http:")
        assert bench.tls_told == {"ca": str(tmp_path / "ca.pem")}
        assert bench.addresses()["platform"]["ca"] == str(tmp_path / "ca.pem")
        assert "ca" not in bench.addresses()["scanner"]
        with PhoneDriver(bench.address("phone"), tls=bench.towards("phone")) as phone:
            assert phone.show("P001").digits.startswith("42")  # it has asked the voucher centre
        with PhoneDriver(bench.address("phone")) as stranger, pytest.raises(BenchError, match="no safe connection"):
            stranger.show("P001")
        assert warned(bench) == []
    assert b"PRIVATE" not in (tmp_path / "ca.pem").read_bytes()


def test_a_plain_bench_has_nothing_to_tell() -> None:
    with up(bench_file()) as bench:
        assert bench.tls_told == {}
        assert all("ca" not in said for said in bench.addresses().values())
        assert bench.address("platform").startswith("http:")


def test_nobody_is_let_in_without_a_certificate_where_both_sides_show_one(tmp_path: Path) -> None:
    with up(bench_file('tls = "mutual"'), tmp_path) as bench:
        told = bench.tls_told
        assert set(told) == {"ca", "client_cert", "client_key"}
        with PhoneDriver(bench.address("phone"), tls=bench.towards("phone")) as phone:
            assert phone.show("P001").digits
        nobody = ClientTls(ca=told["ca"])
        with PhoneDriver(bench.address("phone"), tls=nobody) as phone, pytest.raises(BenchError):
            phone.show("P001")
    assert not Path(told["client_key"]).exists()


def test_an_authority_in_a_folder_of_its_own_outlives_the_bench(tmp_path: Path) -> None:
    file = bench_file(f'tls = "on"\ntls_folder = "{tmp_path / "kept"}"')
    found = []
    for run in ("one", "two"):
        (tmp_path / run).mkdir()
        with up(file, tmp_path / run) as bench:
            found.append(Path(bench.tls_told["ca"]).read_bytes())
    assert found[0] == found[1]


def test_a_device_may_have_its_own_certificate_and_others_trust_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ours")
    files = authority.server("voucher-centre").shown
    centre = f'tls_cert = "{files.certificate}"\ntls_key = "{files.key}"\nca = "{authority.ca}"'
    with up(bench_file(devices=f"[device.phone]\n[device.voucher-centre]\n{centre}"), tmp_path) as bench:
        assert (bench.address("phone")[:6], bench.address("voucher-centre")[:6]) == ("http:/", "https:")
        with PhoneDriver(bench.address("phone"), tls=bench.towards("phone")) as phone:
            assert phone.show("P001").digits
        assert Path(bench.tls_told["ca"]).read_bytes() == authority.ca.read_bytes()


def test_what_is_not_in_order_is_on_the_tape(tmp_path: Path) -> None:
    files = Authority(tmp_path / "ours").server("platform").spoilt[EXPIRED]
    platform = f'[device.platform]\ntls_cert = "{files.certificate}"\ntls_key = "{files.key}"\nverify = false'
    with up(bench_file(devices=platform)) as bench:
        over, unchecked = warned(bench)
        assert bench.towards("platform").verify is False
    assert "valid from 2018-01-01 to 2019-12-31, not now" in over
    assert "not checked" in unchecked


@pytest.mark.parametrize(
    ("device", "says", "remedy"),
    [
        ('[device.scanner]\ntls_cert = "a"', "no setting 'tls_cert'", ""),
        ('[device.platform]\ntls_cert = "a.pem"', "tls_cert and tls_key go together", ""),
        ('[device.platform]\ntls_client_ca = "a.pem"', "needs tls_cert and tls_key", ""),
        ('[device.platform]\ntls_crt = "a"', "no setting 'tls_crt'", ""),
        (
            '[device.platform]\nat = "https://platform.example"\ntls_cert = "a"\ntls_key = "b"',
            "line 5, .*is a real device and shows its own certificate",
            "`ca` says",
        ),
    ],
)
def test_settings_that_make_no_sense_are_refused(device: str, says: str, remedy: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        bench_file(devices=device)
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("key", ["tls_cert", "ca"])
def test_a_file_that_is_absent_keeps_the_bench_down(tmp_path: Path, key: str) -> None:
    absent = tmp_path / "absent.pem"
    more = f'\ntls_key = "{absent}"' if key == "tls_cert" else ""
    with (
        pytest.raises(ConfigError, match=r"absent\.pem cannot be read"),
        up(bench_file(devices=f'[device.platform]\n{key} = "{absent}"{more}')),
    ):
        pass


def test_a_real_device_is_called_by_the_authorities_that_it_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    client = authority.client("bench")
    spec = bench_file(
        devices=f'[device.platform]\nat = "https://platform.example:8443"\nca = "{authority.ca}"\n'
        f'client_cert = "{client.certificate}"\nclient_key = "{client.key}"'
    ).device("platform")
    assert spec.tls.client == ClientTls(ca=str(authority.ca), shown=client)


def test_alone_a_party_trusts_the_authority_that_it_shares(tmp_path: Path) -> None:
    server, trust, warnings = alone_tls("platform", "127.0.0.1", TlsSettings(), str(tmp_path))
    assert server is not None
    assert (set(server.spoilt), trust.ca) == (
        {"tls-expired", "tls-wrong-name", "tls-unknown-ca"},
        str(tmp_path / "authority" / "ca.pem"),
    )
    assert warnings == []
    assert alone_tls("platform", "127.0.0.1", TlsSettings(), "") == (None, ClientTls(), [])
