"""A run's certificate and its signature: two files beside the tape, written both or not at all, read with suspicion.

    write_signature(folder, content, key)           # certificate.json and certificate.sig
    seal = read_signature(folder)                   # None when the run is not signed
    seal.state, seal.signing, seal.content

`certificate.sig` is an SM2 signature (SM3, user id 1234567812345678, DER) over the exact bytes of `certificate.json`.
Here is nothing of whether the certificate is true, or its signer to be trusted: `harness.evidence` compares it with the
tape, `harness.commands.signing` asks for trust.
"""

import fcntl
import json
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import BenchError
from harness.gm import InvalidKey, PrivateKey, Signature, sm3_digest
from harness.gm.pem import fingerprint, public_key_from_pem, public_key_to_pem
from harness.judge.signed import FORMAT, Signing
from harness.line.folder import ADAPTER_LOG, CASES, MANIFEST, TAPE, VERDICT

CERTIFICATE, SIGNATURE = "certificate.json", "certificate.sig"
EVIDENCE = (TAPE, MANIFEST, CASES, VERDICT, ADAPTER_LOG)
"""The files that a certificate vouches for; `report.html` and `junit.xml` are rendered from them, by anybody, again."""
LONGEST = {CERTIFICATE: 1 << 24, SIGNATURE: 1 << 10}
"""Bytes; what is longer is neither."""
CHUNK = 1 << 20


class SealState(StrEnum):
    """How a certificate and its signature stand to each other."""

    HOLDS = "holds"
    """The signature is one over this certificate, by the key that it names."""
    HALF = "half"
    """One of the two files is missing."""
    DAMAGED = "damaged"
    """The certificate cannot be read."""
    STRANGE = "strange"
    """The certificate has a format that this version does not know."""
    BROKEN = "broken"
    """The signature is none over this certificate by the key that it names."""


@dataclass(frozen=True, kw_only=True)
class Seal:
    """What a folder holds of a certificate and its signature."""

    stored: bytes | None
    """The exact bytes of the certificate; None without."""
    signature: bytes | None

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The certificate; empty when it cannot be read."""
        try:
            found = parse(self.stored or b"")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def signing(self) -> Signing | None:
        """Who signed and when, as the certificate says; None when it does not say so as it must."""
        signer, at = self.content.get("signer"), self.content.get("signed")
        if not isinstance(signer, Mapping) or not isinstance(at, str):
            return None
        spelled = signer.get("public_key")
        try:
            key = public_key_from_pem(str(spelled).encode())
            dated = datetime.fromisoformat(at).tzinfo is not None
        except (InvalidKey, ValueError):
            return None
        exact = spelled == public_key_to_pem(key).decode() and signer.get("fingerprint") == fingerprint(key)
        return Signing(key=key, at=at) if exact and dated else None

    @cached_property
    def state(self) -> SealState:
        """Whether the signature holds."""
        if self.stored is None or self.signature is None:
            return SealState.HALF
        if not self.content:
            return SealState.DAMAGED
        if type(self.content.get("liantiao-certificate")) is not int:
            return SealState.DAMAGED
        if self.content["liantiao-certificate"] != FORMAT:
            return SealState.STRANGE
        if self.signing is None:
            return SealState.DAMAGED
        holds = self.signing.key.verify(self.stored, self.signature, form=Signature.DER)
        return SealState.HOLDS if holds else SealState.BROKEN


def parse(text: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    """A JSON value; raises ValueError also for a member that is there twice, of which readers see one or the other."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a member is there twice")
    return found


def read_signature(folder: Path) -> Seal | None:
    """The certificate and signature of a run's folder; None when there is neither."""
    stored, signature = (_read(folder / name) for name in (CERTIFICATE, SIGNATURE))
    return None if stored is None and signature is None else Seal(stored=stored, signature=signature)


def digests(folder: Path) -> dict[str, dict[str, Any]]:
    """SM3 and size of each file that a certificate vouches for and that is there; none of what is no plain file."""
    found: dict[str, dict[str, Any]] = {}
    for name in EVIDENCE:
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                digest = sm3_digest()
                size = 0
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
            found[name] = {"bytes": size, "sm3": digest.digest().hex()}
        elif os.path.lexists(path):
            found[name] = {"bytes": -1, "sm3": ""}
    return found


def write_signature(folder: Path, content: Mapping[str, Any], key: PrivateKey) -> Path:
    """Write a certificate and its signature, both or neither, and never over others; returns the certificate's path.

    One of the two alone, as a machine leaves it that lost its power in between, is replaced. Raises BenchError.
    """
    stored = spelled(content)
    certificate, beside = folder / CERTIFICATE, folder / SIGNATURE
    try:
        with _alone(folder), ExitStack() as drafts, ExitStack() as failed:
            first = _draft(folder, stored, drafts)
            second = _draft(folder, key.sign(stored, form=Signature.DER), drafts)
            there = [path for path in (certificate, beside) if os.path.lexists(path)]
            if len(there) == 1:
                there[0].unlink()
            _publish(first, certificate)
            failed.callback(certificate.unlink, missing_ok=True)
            _publish(second, beside)
            failed.pop_all()
    except FileExistsError as error:
        raise already_signed(folder) from error
    except BlockingIOError as error:
        raise BenchError(
            f"{folder} is being signed by somebody else at this moment.",
            cause="`liantiao sign` was called twice at once",
            remedy="wait until the other one is done",
        ) from error
    except OSError as error:
        raise BenchError(
            f"{certificate} cannot be written: {error.strerror}. The run is not signed.",
            cause="the disk is full or went away, or the folder is not yours",
            remedy=f"free some space, then `liantiao sign {folder} --key KEY`",
        ) from error
    return certificate


def spelled(content: Mapping[str, Any]) -> bytes:
    """The bytes of a certificate."""
    return (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode()


def already_signed(folder: Path) -> BenchError:
    """The refusal of a second signature."""
    return BenchError(
        f"{folder} is signed already.",
        cause="a run bears one signature; a second one would take the place of the first",
        remedy=f"`liantiao check {folder}` says by whom; take {CERTIFICATE} and {SIGNATURE} away to sign it anew",
    )


def _draft(folder: Path, data: bytes, drafts: ExitStack) -> Path:
    """A file of another name, wholly on the disk; removed at the end."""
    number, name = tempfile.mkstemp(dir=folder, prefix=".certificate-")
    path = Path(name)
    drafts.callback(path.unlink, missing_ok=True)
    with os.fdopen(number, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.fchmod(file.fileno(), 0o644)
    return path


def _publish(draft: Path, path: Path) -> None:
    """Give a draft its name, unless somebody has taken it; FileExistsError then."""
    try:
        os.link(draft, path, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        if os.path.lexists(path):
            raise FileExistsError(path) from None
        draft.rename(path)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep other signers of this folder out; at the end have the disk know the new names. Raises BlockingIOError."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            pass  # a file system that cannot lock
        yield
        with suppress(OSError):
            os.fsync(number)
    finally:
        os.close(number)


def _read(path: Path) -> bytes | None:
    """A small plain file; empty for what is something else or cannot be read, None for nothing."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return b"" if os.path.lexists(path) else None
    except OSError:
        return b""
    try:
        about = os.fstat(number)
        if not stat.S_ISREG(about.st_mode) or about.st_size > LONGEST[path.name]:
            return b""
        with os.fdopen(number, "rb", closefd=False) as file:
            return file.read()
    except OSError:
        return b""
    finally:
        os.close(number)
