"""The key store: one SQLite file, or memory, that all doors and all worker processes of a machine share.

An index holds a sign pair (签名密钥对) and an encrypt pair (加密密钥对), a label and a PIN with its lock-out. KEKs
and other symmetric keys have index spaces of their own; certificates go by id. Private and symmetric keys stand in the
file under the test LMK alone.

A change is on the disk (WAL, synchronous=FULL) when the call that makes it returns, so a killed machine has every key
that it acknowledged. Another process's change is seen at the next call: SQLite counts the file's changes, and the
loaded keys are dropped when the count has moved.
"""

import hmac
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

from harness.errors import BenchError
from harness.gm import DEFAULT_USER_ID, GmError, PrivateKey, PublicKey, Signer, sm3
from simulators.encryption_machine import lmk
from simulators.encryption_machine.lmk import TEST_LMK

VERSION = 1
PIN_ATTEMPTS = 5
"""Wrong PINs in a row until an index locks."""
BUSY_S = 10.0
"""How long a change waits for another process's change."""
SIGNERS_KEPT = 32
"""User ids whose ZA is remembered for a key."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS slots (idx INTEGER PRIMARY KEY, label BLOB NOT NULL, pin BLOB, wrong INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pairs (idx INTEGER NOT NULL, use TEXT NOT NULL, wrapped BLOB NOT NULL, point BLOB NOT NULL,
    PRIMARY KEY (idx, use)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS symmetric (space TEXT NOT NULL, idx INTEGER NOT NULL, type TEXT NOT NULL,
    wrapped BLOB NOT NULL, checked TEXT NOT NULL, PRIMARY KEY (space, idx)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS certificates (id TEXT PRIMARY KEY, serial TEXT NOT NULL, der BLOB NOT NULL,
    trusted INTEGER NOT NULL, revoked INTEGER NOT NULL) WITHOUT ROWID;
"""
STORE_FAILURES = (sqlite3.Error, BenchError)
"""What any call may raise when the disk fails, the file is locked for too long, or was damaged."""
_TABLES = ("about", "slots", "pairs", "symmetric", "certificates")


class Use(StrEnum):
    """What a key pair is for."""

    SIGN = "sign"
    ENCRYPT = "encrypt"


class Space(StrEnum):
    """The index spaces of symmetric keys."""

    KEK = "kek"
    KEY = "key"


class PinCheck(StrEnum):
    """What came of a PIN."""

    RIGHT = "right"
    WRONG = "wrong"
    LOCKED = "locked"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A loaded key pair; its signers remember ZA of the user ids that were used."""

    private: PrivateKey = field(repr=False)
    repeatable: bool = False
    _signers: dict[bytes, Signer] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def public(self) -> PublicKey:
        """The public key."""
        return self.private.public

    def signer(self, user_id: bytes = DEFAULT_USER_ID) -> Signer:
        """Signs r‖s as this user. Raises GmError for a user id that is too long."""
        signer = self._signers.get(user_id)
        if signer is None:
            if len(self._signers) >= SIGNERS_KEPT:
                self._signers.clear()
            signer = Signer(self.private, user_id=user_id, repeatable=self.repeatable)
            self._signers[user_id] = signer
        return signer


@dataclass(frozen=True, kw_only=True)
class SymmetricKey:
    """A loaded symmetric key; `type` is three hex digits."""

    type: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate in the store. `trusted`: it may vouch for others; `serial` in upper-case hex."""

    id: str
    serial: str
    der: bytes
    trusted: bool = False
    revoked: bool = False


class KeyStore:
    """One machine's keys. Raises BenchError when the file cannot be had or belongs to another LMK."""

    def __init__(self, path: Path | None = None, *, master: bytes = TEST_LMK, repeatable: bool = False) -> None:
        self._path = path
        self._master = master
        self.repeatable = repeatable
        self._pairs: dict[tuple[int, Use], Pair | None] = {}
        self._symmetric: dict[tuple[Space, int], SymmetricKey | None] = {}
        self._pins: dict[int, bytes] = {}
        self._certificates: list[Certificate] | None = None
        try:
            self._db = sqlite3.connect(
                path or ":memory:", isolation_level=None, timeout=BUSY_S, check_same_thread=False
            )
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            self._check_owner()
        except (sqlite3.Error, OSError) as error:
            raise BenchError(
                f"The key store {path} cannot be opened: {error}.",
                cause="the file is no key store, the folder is missing, or the disk is full",
                remedy="name another file with --keys; it is made when it does not exist",
            ) from error
        self._seen = self._version()

    @property
    def persistent(self) -> bool:
        """Whether it outlives the process."""
        return self._path is not None

    @property
    def changes(self) -> int:
        """How often keys have been changed since the store was made."""
        row = self._db.execute("SELECT value FROM about WHERE name = 'changes'").fetchone()
        return int(row[0]) if row else 0

    @property
    def lmk_check(self) -> str:
        """The LMK's check value, 16 hex digits."""
        return lmk.check_value(self._master)

    # Key pairs

    def pair(self, index: int, use: Use) -> Pair | None:
        """The pair at an index, loaded; None when there is none."""
        self._follow()
        try:
            return self._pairs[index, use]
        except KeyError:
            return self._load_pair(index, use)

    def put_pairs(
        self, index: int, pairs: dict[Use, PrivateKey], *, label: bytes = b"", pin: bytes | None = None
    ) -> None:
        """Store pairs at an index in one step; a PIN that is there stays unless a new one is given."""
        with self._change():
            self._db.execute(
                "INSERT INTO slots VALUES (?, ?, ?, 0) ON CONFLICT (idx) DO UPDATE SET label = excluded.label,"
                " pin = coalesce(excluded.pin, pin), wrong = iif(excluded.pin IS NULL, wrong, 0)",
                (index, label, None if pin is None else _pin_digest(index, pin)),
            )
            for use, private in pairs.items():
                wrapped = lmk.wrap_private(private, self._master)
                point = private.public.point
                self._db.execute("REPLACE INTO pairs VALUES (?, ?, ?, ?)", (index, use.value, wrapped, point))

    def destroy(self, index: int) -> bool:
        """Destroy both pairs, the label and the PIN of an index; False when there was nothing."""
        with self._change():
            gone = self._db.execute("DELETE FROM pairs WHERE idx = ?", (index,)).rowcount
            self._db.execute("DELETE FROM slots WHERE idx = ?", (index,))
        return gone > 0

    def indexes(self) -> list[int]:
        """The indexes that hold a pair."""
        return [row[0] for row in self._db.execute("SELECT DISTINCT idx FROM pairs ORDER BY idx")]

    def label(self, index: int) -> bytes:
        """The label of an index; empty when there is none."""
        row = self._db.execute("SELECT label FROM slots WHERE idx = ?", (index,)).fetchone()
        return bytes(row[0]) if row else b""

    # PINs

    def check_pin(self, index: int, pin: bytes) -> PinCheck:
        """Compare a PIN; the fifth wrong one in a row locks, and the count survives a restart.

        An index without a PIN takes any.
        """
        self._follow()
        digest = _pin_digest(index, pin)
        if self._pins.get(index) == digest:
            return PinCheck.RIGHT
        with self._change(counted=False):
            row = self._db.execute("SELECT pin, wrong FROM slots WHERE idx = ?", (index,)).fetchone()
            if row is None or row[0] is None:
                return PinCheck.RIGHT
            if row[1] >= PIN_ATTEMPTS:
                return PinCheck.LOCKED
            right = hmac.compare_digest(bytes(row[0]), digest)
            wrong = 0 if right else row[1] + 1
            if wrong != row[1]:
                self._db.execute("UPDATE slots SET wrong = ? WHERE idx = ?", (wrong, index))
        if right:
            self._pins[index] = digest
            return PinCheck.RIGHT
        return PinCheck.LOCKED if wrong >= PIN_ATTEMPTS else PinCheck.WRONG

    def set_pin(self, index: int, pin: bytes | None) -> None:
        """Give an index a PIN, or None for none, and unlock it; at the machine's console, so to say."""
        with self._change():
            digest = None if pin is None else _pin_digest(index, pin)
            self._db.execute("UPDATE slots SET pin = ?, wrong = 0 WHERE idx = ?", (digest, index))

    def unlock(self, index: int) -> None:
        """Forget the wrong PINs of an index."""
        with self._change(counted=False):
            self._db.execute("UPDATE slots SET wrong = 0 WHERE idx = ?", (index,))

    def lock(self, index: int) -> None:
        """Lock an index as wrong PINs would."""
        with self._change(counted=False):
            self._db.execute("UPDATE slots SET wrong = ? WHERE idx = ?", (PIN_ATTEMPTS, index))

    def locked(self, index: int) -> bool:
        """Whether too many wrong PINs were given."""
        row = self._db.execute("SELECT wrong FROM slots WHERE idx = ?", (index,)).fetchone()
        return row is not None and row[0] >= PIN_ATTEMPTS

    # Symmetric keys

    def symmetric(self, space: Space, index: int) -> SymmetricKey | None:
        """The symmetric key at an index; None when there is none."""
        self._follow()
        try:
            return self._symmetric[space, index]
        except KeyError:
            return self._load_symmetric(space, index)

    def put_symmetric(self, space: Space, index: int, key: SymmetricKey) -> None:
        """Store a symmetric key of 16 bytes."""
        wrapped = lmk.wrap_symmetric(key.value, key.type, self._master)
        with self._change():
            self._db.execute(
                "REPLACE INTO symmetric VALUES (?, ?, ?, ?, ?)",
                (space.value, index, key.type, wrapped, lmk.check_value(key.value)),
            )

    def destroy_symmetric(self, space: Space, index: int) -> bool:
        """Destroy a symmetric key; False when there was none."""
        with self._change():
            return self._db.execute(
                "DELETE FROM symmetric WHERE space = ? AND idx = ?", (space.value, index)
            ).rowcount > 0  # fmt: skip

    # Certificates

    def certificates(self) -> list[Certificate]:
        """All certificates, by id."""
        self._follow()
        if self._certificates is None:
            rows = self._db.execute("SELECT id, serial, der, trusted, revoked FROM certificates ORDER BY id")
            self._certificates = [
                Certificate(id=row[0], serial=row[1], der=bytes(row[2]), trusted=bool(row[3]), revoked=bool(row[4]))
                for row in rows
            ]
        return self._certificates

    def put_certificate(self, certificate: Certificate) -> None:
        """Store a certificate under its id."""
        with self._change():
            self._db.execute(
                "REPLACE INTO certificates VALUES (?, ?, ?, ?, ?)",
                (certificate.id, certificate.serial, certificate.der, certificate.trusted, certificate.revoked),
            )

    # The whole store

    def describe(self) -> dict[str, list[dict[str, int | str | bool]]]:
        """What the store holds, without any key material: public keys, check values, labels, states."""
        self._follow()
        slots: list[dict[str, int | str | bool]] = []
        rows = self._db.execute(
            "SELECT idx, use, point, label, pin IS NOT NULL, wrong FROM pairs LEFT JOIN slots USING (idx)"
            " ORDER BY idx, use DESC"
        )
        for index, use, point, label, has_pin, wrong in rows:
            public = PublicKey.from_point(bytes(point))
            slots.append(
                {
                    "index": index,
                    "use": use,
                    "public": bytes(point).hex().upper(),
                    "check": lmk.pair_check_value(public),
                    "label": bytes(label or b"").decode("latin-1"),
                    "pin": bool(has_pin),
                    "locked": (wrong or 0) >= PIN_ATTEMPTS,
                }
            )
        keys: list[dict[str, int | str | bool]] = [
            {"space": space, "index": index, "type": kind, "check": checked}
            for space, index, kind, checked in self._db.execute(
                "SELECT space, idx, type, checked FROM symmetric ORDER BY space, idx"
            )
        ]
        certificates: list[dict[str, int | str | bool]] = [
            {"id": c.id, "serial": c.serial, "trusted": c.trusted, "revoked": c.revoked} for c in self.certificates()
        ]
        return {"pairs": slots, "symmetric": keys, "certificates": certificates}

    @property
    def empty(self) -> bool:
        """Whether nothing was ever stored."""
        return self.changes == 0

    def erase(self) -> None:
        """Destroy everything, as a tamper does."""
        with self._change():
            for table in _TABLES[1:]:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - the names stand above

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several changes in one step: all of them are on the disk afterwards, or none."""
        with self._change(counted=False):
            yield

    def dump(self) -> list[tuple[str, list[tuple[object, ...]]]]:
        """Every row, for `restore`; private keys stay under the LMK."""
        return [(table, self._db.execute(f"SELECT * FROM {table}").fetchall()) for table in _TABLES]  # noqa: S608

    def restore(self, rows: list[tuple[str, list[tuple[object, ...]]]]) -> None:
        """Put back what `dump` took."""
        with self._change(counted=False):
            for table, found in rows:
                self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - as above
                if found:
                    marks = ", ".join("?" * len(found[0]))
                    self._db.executemany(f"INSERT INTO {table} VALUES ({marks})", found)  # noqa: S608 - as above

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()
        self._forget()

    # Inside

    def _load_pair(self, index: int, use: Use) -> Pair | None:
        row = self._db.execute("SELECT wrapped FROM pairs WHERE idx = ? AND use = ?", (index, use.value)).fetchone()
        pair = None
        if row is not None:
            try:
                private = lmk.unwrap_private(bytes(row[0]), self._master)
            except GmError as error:
                raise _damaged(self._path, f"the {use} key at index {index}") from error
            pair = Pair(private=private, repeatable=self.repeatable)
        self._pairs[index, use] = pair
        return pair

    def _load_symmetric(self, space: Space, index: int) -> SymmetricKey | None:
        row = self._db.execute(
            "SELECT type, wrapped, checked FROM symmetric WHERE space = ? AND idx = ?", (space.value, index)
        ).fetchone()
        key = None
        if row is not None:
            value = lmk.unwrap_symmetric(bytes(row[1]), row[0], self._master)
            if lmk.check_value(value) != row[2]:
                raise _damaged(self._path, f"the {space} at index {index}")
            key = SymmetricKey(type=row[0], value=value)
        self._symmetric[space, index] = key
        return key

    @contextmanager
    def _change(self, *, counted: bool = True) -> Iterator[None]:
        if self._db.in_transaction:
            yield
            self._count(counted)
            return
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._count(counted)
        except BaseException:
            self._db.execute("ROLLBACK")
            self._forget()
            raise
        self._db.execute("COMMIT")
        self._forget()

    def _count(self, counted: bool) -> None:
        if counted:
            self._db.execute(
                "INSERT INTO about VALUES ('changes', 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
            )

    def _follow(self) -> None:
        if self._path is None:
            return
        version = self._version()
        if version != self._seen:
            self._seen = version
            self._forget()

    def _forget(self) -> None:
        self._pairs.clear()
        self._symmetric.clear()
        self._pins.clear()
        self._certificates = None

    def _version(self) -> int:
        number: int = self._db.execute("PRAGMA data_version").fetchone()[0]
        return number

    def _check_owner(self) -> None:
        with self._change(counted=False):
            self._db.execute("INSERT OR IGNORE INTO about VALUES ('version', ?)", (str(VERSION),))
            self._db.execute("INSERT OR IGNORE INTO about VALUES ('lmk', ?)", (self.lmk_check,))
            about = dict(self._db.execute("SELECT name, value FROM about"))
        if (about["version"], about["lmk"]) != (str(VERSION), self.lmk_check):
            raise BenchError(
                f"The key store {self._path} is under another LMK, or from another version.",
                cause=f"its LMK's check value is {about['lmk']}, its version {about['version']}",
                remedy="name another file with --keys; it is made when it does not exist",
            )


def _pin_digest(index: int, pin: bytes) -> bytes:
    return sm3(b"liantiao pin" + index.to_bytes(4) + pin)


def _damaged(path: Path | None, what: str) -> BenchError:
    return BenchError(
        f"In the key store {path}, {what} is damaged.",
        cause="the file was changed by another program, or the disk is failing",
        remedy="destroy that key and make it anew, or name another file with --keys",
    )
