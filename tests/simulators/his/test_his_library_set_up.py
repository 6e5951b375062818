"""A settlement library that wants Init before anything else: the reference adapter sets it up, once, and goes on."""

from pathlib import Path

from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from tests.simulators.his.clinic_rig import HOSPITAL, Clinic, bench_text

STRICT = 'kind = "terminal"\ninit_first = true\n'


def test_a_library_that_wants_to_be_set_up_is_and_the_card_is_read(tmp_path: Path, reply_s: float) -> None:
    text = bench_text().replace('kind = "terminal"\n', STRICT)
    assert STRICT in text
    with Bench(parse_bench(text, source="test")) as bench:
        clinic = Clinic(bench, tmp_path, reply_s=reply_s)
        try:
            assert clinic.do("sign-in")["outcome"] == "accepted"
            done = clinic.registered(by="card")
            assert done["outcome"] == "accepted", done
            (said,) = clinic.events("terminal", "library-set-up")
            assert said["ec_url"] == bench.address("voucher-centre") + "/localcfc/api/hsecfc/localQrCodeQuery"
            assert (said["timeout_s"], said["pass_type"], said["area"]) == (60, "card", HOSPITAL["admdvs"])
            assert [event["reason"] for event in clinic.events("terminal", "library-refused")] == ["not-set-up"]
            clinic.agree()
        finally:
            clinic.close()


def test_a_library_that_cannot_be_set_up_reads_no_card(tmp_path: Path, reply_s: float) -> None:
    text = bench_text().replace('kind = "terminal"\n', f'{STRICT}init_needs = "LOG_PATH"\n')
    with Bench(parse_bench(text, source="test")) as bench:
        clinic = Clinic(bench, tmp_path, reply_s=reply_s)
        try:
            assert clinic.do("sign-in")["outcome"] == "accepted"
            refused = clinic.registered(by="card")
            assert (refused["outcome"], refused["reason"]) == ("refused", "card-unreadable")
            assert "LOG_PATH" in refused["prompt"]
        finally:
            clinic.close()
