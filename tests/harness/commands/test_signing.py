"""Signing a run and checking it: good only when signature, files, tape, recomputed verdict and trust all agree."""

import json
import os
import random
import shutil
import stat
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from harness.clock import BenchClock
from harness.commands import signing
from harness.commands.judging import judge_run
from harness.commands.signing import (
    PASSPHRASE,
    PRIVATE_FILE,
    PUBLIC_FILE,
    Checked,
    check_run,
    load_signer,
    load_trusted,
    new_key,
    sign_run,
)
from harness.errors import BenchError, ConfigError, ExitStatus
from harness.evidence import content_of, read_evidence
from harness.gm import PrivateKey, pem
from harness.gm.pem import private_key_to_pem, public_key_to_pem
from harness.judge.charter import Charter
from harness.judge.plan import load_plan
from harness.judge.signed import Signing, certificate_content
from harness.judge.verdict import Finding, Verdict, judge_case
from harness.line.folder import ADAPTER_LOG, CASES, MANIFEST, TAPE, VERDICT
from harness.line.record import Kind
from harness.line.tape import Tape, read_tape
from harness.signature import CERTIFICATE, EVIDENCE, SIGNATURE, digests, spelled, write_signature
from reports.signer import OPENSSL, check_json, check_lines

KEY, OTHER = PrivateKey(d=0x1234567), PrivateKey(d=0x7654321)
FILES = (*EVIDENCE, CERTIFICATE, SIGNATURE)
TOOL = shutil.which("openssl")


@pytest.fixture
def signed(folder: Path) -> Path:
    """A run that is signed."""
    sign_run(folder, KEY, clock=BenchClock())
    return folder


def checked(folder: Path, *keys: PrivateKey) -> Checked:
    return check_run(folder, trusted=[key.public for key in keys or (KEY,)])


def told(found: Checked) -> str:
    return "\n".join(check_lines(found, {}))


def never_good(folder: Path) -> Checked:
    found = checked(folder)
    assert (found.genuine, found.certified, found.status) == (False, False, ExitStatus.INCONCLUSIVE)
    assert told(found).startswith("NOT TO BE RELIED ON")
    return found


def test_what_was_signed_is_genuine_and_says_plainly_that_it_is_no_certificate(signed: Path) -> None:
    found = checked(signed)
    assert (found.faults, found.genuine, found.certified) == ((), True, False)
    assert found.status is ExitStatus.FINDINGS, "own cases yield no certificate"
    assert found.signing is not None
    assert found.signing.key == KEY.public
    content = json.loads((signed / CERTIFICATE).read_bytes())
    assert content["says"]["en"] == "no certificate: passed, but own cases are not the plan's"
    assert content["certified"] is False
    assert (content["institution"], content["profile"]["name"]) == ("P63999900001", "qinghai")
    assert (content["plan"]["id"], content["subject"]["name"]) == ("pharmacy", "liantiao-reference-pharmacy")
    assert set(content["files"]) == set(EVIDENCE)
    assert told(found).startswith("GENUINE, BUT NO CERTIFICATE")
    assert json.loads(check_json(found))["signed_by"] == found.signing.fingerprint
    assert judge_run(signed).signing == found.signing
    assert judge_run(signed).status is ExitStatus.CERTIFIED, "to judge is another question"


def test_elsewhere_it_is_still_genuine(signed: Path, tmp_path: Path) -> None:
    assert checked(Path(shutil.copytree(signed, tmp_path / "another machine"))).genuine
    assert checked(Path(shutil.move(signed, tmp_path / "another name"))).genuine


@pytest.mark.parametrize("as_plan", [True, False])
def test_a_certificate_is_one_and_a_restricted_one_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, as_plan: bool
) -> None:
    charter = read_evidence(folder).charter
    assert charter is not None
    left_out = {} if as_plan else {"pharmacy/face": ["terminal"]}
    ships(monkeypatch, (*charter.demanded, *left_out))
    remade(folder, cases=list(charter.demanded), left_out=left_out)
    sign_run(folder, KEY)
    found = checked(folder)
    assert (found.faults, found.certified, found.status) == ((), True, ExitStatus.CERTIFIED)
    said = json.loads((folder / CERTIFICATE).read_bytes())
    assert said["certified"] is True
    monkeypatch.undo()
    cut = checked(folder)
    assert (cut.genuine, cut.certified, cut.strange, cut.status) == (True, True, True, ExitStatus.FINDINGS)
    assert "BUT OF ANOTHER PLAN" in told(cut)
    assert "differs from the shipped plan: " in told(cut)
    assert said["restricted"] is not as_plan
    assert said["says"]["en"].startswith("certificate" if as_plan else "restricted certificate")
    assert told(found).startswith("GENUINE CERTIFICATE")
    monkeypatch.setattr("harness.commands.judging.all_rules", dict)
    assert "cannot be judged" in never_good(folder).faults[0].en, "by a version that lacks its rules"


def ships(monkeypatch: pytest.MonkeyPatch, cases: Sequence[str]) -> None:
    """Let the plan that ships have these cases, of which a bench may leave one out."""
    shipped = replace(load_plan("pharmacy"), cases=tuple(cases), needs={"pharmacy/face": ("terminal",)})
    monkeypatch.setattr("harness.judge.shipped.load_plan", lambda _: shipped)


def rewritten(folder: Path, **changes: Any) -> None:
    """A tape of its own, sound in itself, with members of its charter changed; the files beside it are as they were."""
    with Tape(BenchClock(), folder / "new.bin") as tape:
        for record in read_tape(folder / TAPE).records:
            if record.kind is Kind.FRAME:
                tape.frame(record.channel, record.direction, record.data)
            else:
                fields = {name: value for name, value in record.event.items() if name != "event"}
                tape.event(record.channel, record.name, **{**fields, **(changes if record.name == "run" else {})})
    (folder / "new.bin").replace(folder / TAPE)


def remade(folder: Path, **changes: Any) -> None:
    """The run once more, as if its charter had been another one."""
    rewritten(folder, **changes)
    again = judge_run(folder)
    evidence = read_evidence(folder)
    assert evidence.charter is not None
    assert evidence.reading is not None
    (folder / MANIFEST).write_text(json.dumps(evidence.charter.manifest))
    (folder / CASES).write_text(again.text)
    (folder / VERDICT).write_text(json.dumps(content_of(evidence.charter, again.verdicts, evidence.reading)))
    assert judge_run(folder).differences == ()


def test_a_run_is_not_signed_until_it_is(folder: Path) -> None:
    assert "✗ the run is not signed" in told(never_good(folder))
    with pytest.raises(ConfigError, match="not the folder of a run"):
        checked(folder.parent)


def test_nobody_is_trusted_unasked(signed: Path) -> None:
    for keys in ([], [OTHER.public]):
        found = check_run(signed, trusted=keys)
        assert [fault.en.split(",")[0] for fault in found.faults] == ["signed by an unknown key"]
        assert found.status is ExitStatus.INCONCLUSIVE
    assert checked(signed, OTHER, KEY).genuine, "one of some"


@pytest.mark.parametrize("name", FILES)
def test_a_byte_changed_anywhere_is_never_good(signed: Path, name: str) -> None:
    whole = (signed / name).read_bytes()
    rng = random.Random(name)
    for place in {0, len(whole) - 1, *rng.sample(range(len(whole)), min(len(whole), 12))}:
        changed = bytearray(whole)
        changed[place] ^= 1 << rng.randrange(8)
        (signed / name).write_bytes(changed)
        never_good(signed)
    for other in (b"", whole[:-1], whole + b" ", whole + b"\n", b"\n" + whole):
        (signed / name).write_bytes(other)
        never_good(signed)
    (signed / name).write_bytes(whole)
    assert checked(signed).genuine


@pytest.mark.parametrize("name", FILES)
def test_a_file_taken_away_or_replaced_by_something_else_is_never_good(signed: Path, name: str) -> None:
    (signed / name).unlink()
    never_good(signed)
    for put in (os.mkfifo, Path.mkdir, lambda path: path.symlink_to("/dev/zero"), lambda path: path.symlink_to(path)):
        put(signed / name)
        try:
            found = checked(signed)
        except BenchError as error:
            assert "no plain file" in error.problem  # noqa: PT017 - either way
        else:
            assert not found.genuine
        if (signed / name).is_symlink() or not (signed / name).is_dir():
            (signed / name).unlink()
        else:
            (signed / name).rmdir()


def test_a_file_that_was_not_there_when_it_was_signed_is_never_good(folder: Path) -> None:
    (folder / ADAPTER_LOG).unlink()
    sign_run(folder, KEY)
    assert checked(folder).genuine
    (folder / ADAPTER_LOG).write_text("all went well")
    assert "adapter.log is not the file that was signed" in told(never_good(folder))


def test_the_certificate_of_another_run_is_none_of_this_one(signed: Path, finished: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(finished, tmp_path / "other"))
    remade(other, seed=8)
    sign_run(other, KEY)
    assert checked(other).genuine
    for names, why in (
        ((CERTIFICATE, SIGNATURE), "the certificate is not what judging again gives"),
        ((CERTIFICATE,), "the signature is broken"),
        ((SIGNATURE,), "the signature is broken"),
    ):
        mixed = Path(shutil.copytree(signed, tmp_path / "-".join(names)))
        for name in names:
            shutil.copy(other / name, mixed / name)
        assert why in told(never_good(mixed))
    for name in EVIDENCE:
        shutil.copy(other / name, signed / name)
    never_good(signed)


def test_two_signers_are_not_one(signed: Path, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match="is signed already"):
        sign_run(signed, OTHER)
    second = Path(shutil.copytree(signed, tmp_path / "second"))
    for name in (CERTIFICATE, SIGNATURE):
        (second / name).unlink()
    sign_run(second, OTHER)
    assert not checked(second).genuine
    assert checked(second, OTHER).genuine
    shutil.copy(second / SIGNATURE, signed / SIGNATURE)
    assert "broken" in told(never_good(signed))
    assert not checked(signed, OTHER, KEY).genuine


def signed_by_hand(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Sign a certificate that was changed before: a signer who lies, or whose harness does."""
    evidence = read_evidence(folder)
    assert evidence.charter is not None
    assert evidence.reading is not None
    content = certificate_content(
        evidence.charter,
        content_of(evidence.charter, judge_run(folder).verdicts, evidence.reading),
        files=digests(folder),
        signing=Signing(key=KEY.public, at="2026-01-02T03:04:05+08:00"),
    )
    change(content)
    write_signature(folder, content, KEY)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.update(certified=True, scope="whole-plan"),
        lambda c: c["says"].update(en="certificate: every case that the plan demands passed"),
        lambda c: c["plan"].update(cases_sm3="00" * 32),
        lambda c: c["cases"].update(passed=135),
        lambda c: c.update(institution="P63999900002"),
        lambda c: c["subject"].update(version="2.0"),
        lambda c: c.update(tape_head="00" * 32),
        lambda c: c["devices"][0].update(virtual=False),
        lambda c: c.update(more="and more"),
        lambda c: c.pop("files"),
        lambda c: c["files"].clear(),
        lambda c: c["files"].pop(ADAPTER_LOG),
        lambda c: c["files"].update({"report.html": {"bytes": 1, "sm3": ""}}),
        lambda c: c.update(files=[]),
        lambda c: c["signer"].update(algorithm="RSA"),
    ],
)
def test_even_a_trusted_signer_cannot_say_what_the_tape_does_not(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    signed_by_hand(folder, change)
    found = never_good(folder)
    assert found.signing is not None, "the signature itself holds"


def test_a_verdict_that_judging_again_does_not_give_is_not_good(signed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    finding = Finding(rule="r", sentence="s", severity="major", clause="c", seq=1, expected="e", seen="s")

    def stricter(*words: Any) -> Any:
        return replace(judge_case(*words), verdict=Verdict.FAILED, findings=(finding,))

    monkeypatch.setattr("harness.commands.judging.judge_case", stricter)
    said = told(never_good(signed))
    assert (
        "the certificate is not what judging again gives: certificate.json, verdict is not what the tape says" in said
    )


def test_a_run_that_does_not_judge_to_what_it_says_is_not_signed(folder: Path) -> None:
    for damage in (
        lambda: (folder / VERDICT).write_text("{}"),
        (folder / CASES).unlink,
        lambda: (folder / TAPE).write_bytes((folder / TAPE).read_bytes()[:-1]),
    ):
        damage()
        with pytest.raises(BenchError, match="is not signed, for it does not judge to what it says"):
            sign_run(folder, KEY)
        assert not (folder / CERTIFICATE).exists()
        assert not (folder / SIGNATURE).exists()


def test_a_run_whose_files_are_elsewhere_is_not_signed(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / CASES, tmp_path / "cases")
    (folder / CASES).symlink_to(tmp_path / "cases")
    with pytest.raises(BenchError, match=r"cases\.jsonl is elsewhere"):
        sign_run(folder, KEY)


@pytest.mark.parametrize("left", range(len(FILES)))
def test_what_a_power_cut_leaves_while_a_run_ends_is_never_good(signed: Path, left: int) -> None:
    for name in [TAPE, MANIFEST, CASES, ADAPTER_LOG, VERDICT, CERTIFICATE, SIGNATURE][left:]:
        (signed / name).unlink()
    if left:
        never_good(signed)
    else:
        with pytest.raises(ConfigError):
            checked(signed)


def test_after_a_power_cut_between_the_two_files_it_can_be_signed_anew(signed: Path) -> None:
    (signed / SIGNATURE).unlink()
    assert "is missing" in told(never_good(signed))
    assert any("certificate.sig is missing" in found.en for found in judge_run(signed).differences)
    sign_run(signed, KEY)
    assert checked(signed).genuine


def test_a_signer_whose_clock_ran_backwards_is_noted(folder: Path) -> None:
    sign_run(folder, KEY, clock=BenchClock())  # 2020, and the run is of now
    found = checked(folder)
    assert found.genuine
    assert "before the run began" in found.notes[0].en


def test_a_tape_that_somebody_made_up_is_not_our_defect(signed: Path) -> None:
    rewritten(signed, rules={"log-name": {}})
    found = never_good(signed)
    assert "cannot be judged" in told(found)
    assert any("rules" in difference.en for difference in read_evidence(signed).differences)


class TestKeys:
    """The files of keys."""

    def test_a_new_pair_is_for_its_owner_alone_and_nothing_is_overwritten(self, tmp_path: Path) -> None:
        private, public = new_key(tmp_path / "deep" / "keys")
        assert (private.name, public.name) == (PRIVATE_FILE, PUBLIC_FILE)
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
        key = load_signer(private)
        assert list(load_trusted([public])) == [key.public]
        before = private.read_bytes(), public.read_bytes()
        with pytest.raises(ConfigError, match="there already"):
            new_key(private.parent)
        private.unlink()
        with pytest.raises(ConfigError, match="there already"):
            new_key(private.parent)
        assert not private.exists(), "a pair or nothing"
        assert public.read_bytes() == before[1]

    def test_it_is_not_written_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / PRIVATE_FILE).symlink_to(tmp_path / "elsewhere")
        with pytest.raises(ConfigError, match="there already"):
            new_key(tmp_path)
        assert not (tmp_path / "elsewhere").exists()

    def test_a_full_disk_leaves_no_key(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = iter([None, OSError(28, "No space left on device")])

        def fsync(_: int) -> None:
            error = next(calls)
            if error is not None:
                raise error

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(BenchError, match="No key was made"):
            new_key(tmp_path)
        assert list(tmp_path.iterdir()) == []

    def test_a_pass_phrase_comes_from_the_environment_alone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pem, "ITERATIONS", 10)
        monkeypatch.setenv(PASSPHRASE, "口令 one")
        private, public = new_key(tmp_path)
        assert b"ENCRYPTED" in private.read_bytes()
        assert load_signer(private).public in load_trusted([public])
        monkeypatch.setenv(PASSPHRASE, "another")
        with pytest.raises(ConfigError, match="does not open"):
            load_signer(private)
        monkeypatch.delenv(PASSPHRASE)
        with pytest.raises(ConfigError, match="no pass phrase") as caught:
            load_signer(private)
        assert PASSPHRASE in caught.value.cause
        monkeypatch.setenv(PASSPHRASE, "")
        with pytest.raises(ConfigError, match="is empty"):
            new_key(tmp_path / "other")

    @pytest.mark.parametrize("read", [load_signer, lambda path: load_trusted([path])])
    @pytest.mark.parametrize(
        "stored", [b"", b"x", b"-----BEGIN PUBLIC KEY-----\n", b"-----BEGIN PRIVATE KEY-----\nMA=="]
    )
    def test_what_is_no_key_is_the_users_affair(
        self, tmp_path: Path, read: Callable[[Path], object], stored: bytes
    ) -> None:
        (tmp_path / "key").write_bytes(stored)
        with pytest.raises(ConfigError):
            read(tmp_path / "key")
        with pytest.raises(ConfigError, match="cannot be read"):
            read(tmp_path / "nowhere")
        with pytest.raises(ConfigError, match="cannot be read"):
            read(tmp_path)

    def test_a_key_that_others_can_read_is_named(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        private, _ = new_key(tmp_path)
        load_signer(private)
        assert capsys.readouterr().err == ""
        private.chmod(0o640)
        load_signer(private)
        assert f"{private} can be read by others" in capsys.readouterr().err

    def test_the_two_are_not_mistaken_for_each_other(self, tmp_path: Path) -> None:
        private, public = new_key(tmp_path)
        with pytest.raises(ConfigError, match="a public key, where the private one is due"):
            load_signer(public)
        with pytest.raises(ConfigError, match="a private key, where the public one is due"):
            load_trusted([private])
        assert signing.any_public_key(private) == signing.any_public_key(public)


@pytest.mark.external
@pytest.mark.skipif(TOOL is None, reason="needs the openssl command line tool")
class TestWithoutUs:
    """What a receiver does who has openssl and nothing of ours; the command is the one in the documentation."""

    @staticmethod
    def verify(folder: Path, words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run([str(TOOL), *words], cwd=folder, capture_output=True, check=False, timeout=60)

    def test_openssl_verifies_the_signature_and_the_digests(self, signed: Path, tmp_path: Path) -> None:
        public = tmp_path / "signer.pem"
        public.write_bytes(public_key_to_pem(KEY.public))
        command = OPENSSL.format(public=public).split()[1:]
        done = self.verify(signed, command)
        assert (done.returncode, done.stdout) == (0, b"Signature Verified Successfully\n"), done.stderr
        content = json.loads((signed / CERTIFICATE).read_bytes())
        for name, said in content["files"].items():
            spoken = self.verify(signed, ["dgst", "-sm3", name]).stdout.decode().split()[-1]
            assert (spoken, (signed / name).stat().st_size) == (said["sm3"], said["bytes"])
        (signed / CERTIFICATE).write_bytes((signed / CERTIFICATE).read_bytes().replace(b"false", b"true ", 1))
        assert self.verify(signed, command).returncode == 1

    def test_a_signature_that_openssl_made_is_as_good_as_ours(self, signed: Path, tmp_path: Path) -> None:
        key = tmp_path / "key.pem"
        key.write_bytes(private_key_to_pem(KEY))
        options = ("-rawin", "-digest", "sm3", "-pkeyopt", "distid:1234567812345678")
        made = self.verify(signed, ["pkeyutl", "-sign", "-inkey", str(key), *options, "-in", CERTIFICATE])
        (signed / SIGNATURE).write_bytes(made.stdout)
        assert checked(signed).genuine

    def test_the_command_is_in_the_documentation(self) -> None:
        page = (Path(__file__).parents[3] / "docs" / "signed-evidence.md").read_text(encoding="utf-8")
        assert OPENSSL.format(public="PUB.pem") in " ".join(page.replace("\\\n", "").split())


def test_a_charter_without_settings_can_be_signed_too() -> None:
    """As on the tapes of before."""
    charter = Charter(told={"plan": "p", "subject": "adapter", "rules": {}}, devices=(), said={})
    content = {
        "verdict": "inconclusive",
        "certified": False,
        "restricted": False,
        "scope": "whole-plan",
        "cases": {},
        "left_out": {},
        "plan_differs": "",
        "tape_head": "",
    }
    told = certificate_content(charter, content, files={}, signing=Signing(key=KEY.public, at=""))
    assert told["institution"] == ""
    assert told["says"]["en"].startswith("no certificate")
    assert spelled(told)
