"""`liantiao sign`, `check` and `sign-key`: who vouches for a run, and whether somebody else may rely on it.

    key = load_signer(path)                          # its pass phrase, if it has one, from LIANTIAO_SIGN_PASSPHRASE
    sign_run(folder, key)                            # refused unless the run judges to what it says
    checked = check_run(folder, trusted=[...])       # signature, digests, tape and trust, all of it again

`check` is not `judge`: to judge needs the tape alone and tells what it shows; to check asks the receiver whom to trust,
and says yes to nothing but a certificate that holds in every way.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from harness.clock import Clock, SystemClock, local_time
from harness.commands.judging import Judgement, judge_run
from harness.commands.output import say
from harness.errors import BenchError, ConfigError, ExitStatus, LiantiaoError
from harness.evidence import content_of, read_evidence
from harness.gm import InvalidKey, PrivateKey, PublicKey
from harness.gm.pem import (
    LONGEST_FILE,
    PassphraseNeeded,
    WrongPassphrase,
    private_key_from_pem,
    private_key_to_pem,
    public_key_from_pem,
    public_key_to_pem,
)
from harness.judge.differences import Difference
from harness.judge.signed import Signing, certificate_content
from harness.signature import (
    CERTIFICATE,
    SIGNATURE,
    Seal,
    SealState,
    already_signed,
    digests,
    read_signature,
    write_signature,
)

PASSPHRASE = "LIANTIAO_SIGN_PASSPHRASE"  # noqa: S105 - the variable's name
PRIVATE_FILE, PUBLIC_FILE = "sign-key.pem", "sign-key.pub.pem"
SHOWN = 3
"""So many differences are named in a refusal."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why a run's certificate is not to be relied upon."""

    en: str
    zh: str


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What checking a run's certificate gave."""

    faults: tuple[Fault, ...]
    """None when signature, files, tape and verdict agree, and the signer is trusted."""
    signing: Signing | None
    """Who signed, where the signature holds."""
    seal: Seal | None
    judgement: Judgement | None
    """None when the signature does not even hold, and when this version cannot judge the run."""
    notes: tuple[Fault, ...] = ()
    """What is odd, but no reason for doubt."""

    @property
    def genuine(self) -> bool:
        """Whether it may be relied upon, whatever it says."""
        return not self.faults

    @property
    def certified(self) -> bool:
        """Whether it is genuine, and a certificate at that, of whatever plan."""
        return self.genuine and self.judgement is not None and self.judgement.certified

    @property
    def strange(self) -> bool:
        """Whether it is of another plan or profile than those that ship with this version: older ones, or cut ones."""
        return self.judgement is not None and (self.judgement.plan_gap is not None or bool(self.judgement.notes))

    @property
    def status(self) -> ExitStatus:
        """0 for a certificate that holds; 1 for what is genuine and no certificate of the plan that ships here; else 3.

        Who signs may have cut the plan; how much that was is known here alone.
        """
        if not self.genuine:
            return ExitStatus.INCONCLUSIVE
        return ExitStatus.CERTIFIED if self.certified and not self.strange else ExitStatus.FINDINGS


def load_signer(path: Path) -> PrivateKey:
    """The private key of a PEM file. Raises ConfigError."""
    stored = _stored(path)
    passphrase = os.environ.get(PASSPHRASE)
    if path.is_file() and path.stat().st_mode & 0o077:
        say(f"! {path} can be read by others 私钥文件可被他人读取: chmod 600")
    try:
        return private_key_from_pem(stored, passphrase=None if passphrase is None else os.fsencode(passphrase))
    except PassphraseNeeded as error:
        raise ConfigError(
            f"The key {path} is encrypted, and there is no pass phrase.",
            cause=f"the environment variable {PASSPHRASE} is not set",
            remedy=f"set {PASSPHRASE} to the pass phrase of this key; it is never asked for and never stored",
        ) from error
    except WrongPassphrase as error:
        raise ConfigError(
            f"The key {path} does not open.",
            cause=f"the pass phrase in {PASSPHRASE} is wrong, or the file was damaged",
            remedy=f"try it with another tool: openssl pkey -in {path} -noout",
        ) from error
    except InvalidKey as error:
        raise _no_key(path, error, "a private SM2 key in PEM; `liantiao sign-key new FOLDER` makes one") from error


def load_trusted(paths: Sequence[Path]) -> dict[PublicKey, Path]:
    """The public keys of PEM files. Raises ConfigError."""
    found = {}
    for path in paths:
        try:
            found[public_key_from_pem(_stored(path))] = path
        except InvalidKey as error:
            raise _no_key(
                path, error, f"the public key of a signer, the {PUBLIC_FILE} that `sign-key new` made"
            ) from error
    return found


def any_public_key(path: Path) -> PublicKey:
    """The public key of a PEM file, or the one that belongs to the private key there. Raises ConfigError."""
    try:
        return public_key_from_pem(_stored(path))
    except InvalidKey:
        return load_signer(path).public


def new_key(folder: Path) -> tuple[Path, Path]:
    """Make a key pair in a folder, the private key readable by its owner alone; returns both paths.

    It is encrypted when there is a pass phrase in the environment. Never overwrites; raises ConfigError or BenchError.
    """
    passphrase = os.environ.get(PASSPHRASE)
    if passphrase == "":
        raise ConfigError(
            f"The pass phrase in {PASSPHRASE} is empty.",
            cause="the variable is set to nothing",
            remedy="set it to a pass phrase, or unset it for a key without one",
        )
    key = PrivateKey.generate()
    stored = private_key_to_pem(key, passphrase=None if passphrase is None else os.fsencode(passphrase))
    private, public = folder / PRIVATE_FILE, folder / PUBLIC_FILE
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with contextlib.ExitStack() as failed:
            _create(private, stored, 0o600, failed)
            _create(public, public_key_to_pem(key.public), 0o644, failed)
            failed.pop_all()
    except FileExistsError as error:
        raise ConfigError(
            f"{error.filename} is there already.",
            cause="a key was made in this folder before; who overwrites it can never sign with it again",
            remedy="name another folder",
        ) from error
    except OSError as error:
        raise BenchError(
            f"No key was made: {error.filename or folder}: {error.strerror}.",
            cause="no right to write there, or a full disk",
            remedy="name another folder, or free some space",
        ) from error
    return private, public


def sign_run(folder: Path, key: PrivateKey, *, clock: Clock | None = None) -> Signing:
    """Sign a run that judges to what it says, whatever that is; returns who signed and when. Raises BenchError.

    The certificate says plainly when it is none: of a run with findings, of a part of a plan, of own cases.
    """
    seal = read_signature(folder)
    if seal is not None and seal.state is not SealState.HALF:
        raise already_signed(folder)
    judgement = judge_run(folder)
    left = [found for found in judgement.differences if found.file not in {CERTIFICATE, SIGNATURE}]
    if judgement.broken is not None or left or judgement.unchecked:
        raise _refused(folder, judgement, left)
    evidence = read_evidence(folder)
    links = [name for name in digests(folder) if (folder / name).is_symlink()]
    if evidence.charter is None or evidence.reading is None or links:
        raise BenchError(
            f"{folder} cannot be signed: {', '.join(links) or 'its tape'} is elsewhere.",
            cause="a file of the run is a link to another place, which a copy of the folder would not hold",
            remedy="put the file itself in its place",
        )
    signing = Signing(key=key.public, at=local_time(clock or SystemClock()).isoformat(timespec="seconds"))
    content = content_of(evidence.charter, judgement.verdicts, evidence.reading)
    stated = certificate_content(evidence.charter, content, files=digests(folder), signing=signing)
    write_signature(folder, stated, key)
    return signing


def check_run(folder: Path, *, trusted: Sequence[PublicKey]) -> Checked:
    """Check a run's certificate in every way. Raises ConfigError when the folder holds no run."""
    seal = read_signature(folder)
    if seal is None:
        judge_run(folder)  # says it when this is no run at all
        return Checked(faults=(NOT_SIGNED,), signing=None, seal=None, judgement=None)
    if seal.state is not SealState.HOLDS or seal.signing is None:
        return Checked(faults=(_SEALS[seal.state],), signing=None, seal=seal, judgement=None)
    signing = seal.signing
    faults = [] if signing.key in trusted else [_unknown(signing)]
    judgement = None
    try:
        judgement = judge_run(folder)
        faults += _faults(judgement)
    except LiantiaoError as error:
        faults.append(
            Fault(en=f"the run cannot be judged: {error.problem}", zh=f"无法对该运行重新判定：{error.problem}")
        )
    notes = tuple(_oddities(seal))
    return Checked(faults=tuple(faults), signing=signing, seal=seal, judgement=judgement, notes=notes)


NOT_SIGNED = Fault(en="the run is not signed", zh="该运行未签名")
_SEALS = {
    SealState.HALF: Fault(
        en=f"the signature is not whole: {CERTIFICATE} or {SIGNATURE} is missing or cannot be read",
        zh=f"签名不完整：缺少 {CERTIFICATE} 或 {SIGNATURE}",
    ),
    SealState.DAMAGED: Fault(en=f"{CERTIFICATE} is cut short or damaged", zh=f"{CERTIFICATE} 不完整或已损坏"),
    SealState.STRANGE: Fault(
        en=f"{CERTIFICATE} is of a format that this version does not know; check it with the one that signed it",
        zh=f"{CERTIFICATE} 的格式本版本无法识别，请用签名时的版本核验",
    ),
    SealState.BROKEN: Fault(
        en="the signature is broken: certificate or signature was changed, or they do not belong together",
        zh="签名无效：证书或签名已被改动，或二者不属于同一份",
    ),
}


def _unknown(signing: Signing) -> Fault:
    return Fault(
        en=f"signed by an unknown key, {signing.fingerprint}: name its file with --trusted once you know whose it is",
        zh=f"由未知密钥签名（{signing.fingerprint}）：确认其归属后，以 --trusted 指定其公钥文件",
    )


def _faults(judgement: Judgement) -> Iterator[Fault]:
    if judgement.broken is not None:
        yield Fault(en=f"the content was changed: {judgement.broken}", zh="内容已被改动：录带校验链断裂或被截短")
    for found in judgement.differences:
        yield _fault(found)
    if judgement.unchecked:
        yield Fault(en=judgement.unchecked, zh="录带未载明运行的依据，无法核对")


def _fault(found: Difference) -> Fault:
    recomputed = found.file == CERTIFICATE
    what = ("the certificate is not what judging again gives", "证书与重新判定的结果不一致")
    head = what if recomputed else ("the content was changed", "内容已被改动")
    more = f" (expected {found.expected}, seen {found.seen})" if found.expected or found.seen else ""
    return Fault(en=f"{head[0]}: {found.en}{more}", zh=f"{head[1]}：{found.zh}")


def _oddities(seal: Seal) -> Iterator[Fault]:
    """Times that cannot be: whoever signs does so after the run, unless a clock was set."""
    try:
        began, signed = (datetime.fromisoformat(str(seal.content.get(name))) for name in ("started", "signed"))
        if signed < began:
            yield Fault(
                en=f"signed at {signed.isoformat()}, before the run began: the signer's clock or the bench's was wrong",
                zh=f"签名时间 {signed.isoformat()} 早于运行开始：签名方或测试台的时钟有误",
            )
    except (ValueError, TypeError):
        yield Fault(en="the times in the certificate are not times", zh="证书中的时间无法识别")


def _refused(folder: Path, judgement: Judgement, left: Sequence[Difference]) -> BenchError:
    reasons = [str(judgement.broken)] if judgement.broken is not None else []
    reasons += [found.en for found in left[:SHOWN]]
    reasons += [f"{len(left) - SHOWN} more differences"] if len(left) > SHOWN else []
    reasons += [judgement.unchecked] if judgement.unchecked else []
    return BenchError(
        f"{folder} is not signed, for it does not judge to what it says: {'; '.join(reasons)}.",
        cause="the run was ended early, or its folder was changed",
        remedy=f"`liantiao judge {folder}` tells all of it; sign the folder that the run left, or run again",
    )


def _stored(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_FILE + 1)
    except OSError as error:
        raise ConfigError(
            f"The key {path} cannot be read: {error.strerror}.",
            cause="a wrong path, or no right to read it",
            remedy="name the PEM file of a key",
        ) from error


def _no_key(path: Path, error: InvalidKey, due: str) -> ConfigError:
    return ConfigError(f"{path}: {error}.", cause="the wrong file", remedy=f"name {due}")


def _create(path: Path, data: bytes, mode: int, failed: contextlib.ExitStack) -> None:
    number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    failed.callback(path.unlink, missing_ok=True)
    with os.fdopen(number, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(number)
