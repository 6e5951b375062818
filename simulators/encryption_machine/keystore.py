"""The key store, which all doors and all worker processes of a machine share.

An index holds a sign pair (签名密钥对) and an encrypt pair (加密密钥对), a label and a PIN with its lock-out (`pins`).
KEKs and other symmetric keys have index spaces of their own; certificates go by id. Private and symmetric keys stand in
the file (`key_file`) under the test LMK alone. Loaded keys are dropped when the file has changed.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.gm import GmError, PrivateKey, PublicKey
from simulators.encryption_machine import lmk
from simulators.encryption_machine.key_file import KeyFile, Rows
from simulators.encryption_machine.keys import Certificate, Pair, Space, SymmetricKey, Use
from simulators.encryption_machine.lmk import TEST_LMK
from simulators.encryption_machine.pins import PIN_ATTEMPTS, Pins, pin_digest


class KeyStore:
    """One machine's keys. Raises BenchError when the file cannot be had or belongs to another LMK."""

    def __init__(self, path: Path | None = None, *, master: bytes = TEST_LMK, repeatable: bool = False) -> None:
        self._master = master
        self.repeatable = repeatable
        self._pairs: dict[tuple[int, Use], Pair | None] = {}
        self._symmetric: dict[tuple[Space, int], SymmetricKey | None] = {}
        self._certificates: list[Certificate] | None = None
        self._file = KeyFile(path, owner=self.lmk_check)
        self._file.changed.append(self._forget)
        self.pins = Pins(self._file)

    @property
    def persistent(self) -> bool:
        """Whether it outlives the process."""
        return self._file.path is not None

    @property
    def changes(self) -> int:
        """How often keys have been changed since the store was made."""
        return self._file.changes

    @property
    def lmk_check(self) -> str:
        """The LMK's check value, 16 hex digits."""
        return lmk.check_value(self._master)

    # Key pairs

    def pair(self, index: int, use: Use) -> Pair | None:
        """The pair at an index, loaded; None when there is none."""
        self._file.follow()
        try:
            return self._pairs[index, use]
        except KeyError:
            return self._load_pair(index, use)

    def put_pairs(
        self, index: int, pairs: dict[Use, PrivateKey], *, label: bytes = b"", pin: bytes | None = None
    ) -> None:
        """Store pairs at an index in one step; a PIN that is there stays unless a new one is given."""
        with self._file.change():
            self._file.rows.execute(
                "INSERT INTO slots VALUES (?, ?, ?, 0) ON CONFLICT (idx) DO UPDATE SET label = excluded.label,"
                " pin = coalesce(excluded.pin, pin), wrong = iif(excluded.pin IS NULL, wrong, 0)",
                (index, label, None if pin is None else pin_digest(index, pin)),
            )
            for use, private in pairs.items():
                wrapped = lmk.wrap_private(private, self._master)
                point = private.public.point
                self._file.rows.execute("REPLACE INTO pairs VALUES (?, ?, ?, ?)", (index, use.value, wrapped, point))

    def destroy(self, index: int) -> bool:
        """Destroy both pairs, the label and the PIN of an index; False when there was nothing."""
        with self._file.change():
            gone = self._file.rows.execute("DELETE FROM pairs WHERE idx = ?", (index,)).rowcount
            self._file.rows.execute("DELETE FROM slots WHERE idx = ?", (index,))
        return gone > 0

    def indexes(self) -> list[int]:
        """The indexes that hold a pair."""
        return [row[0] for row in self._file.rows.execute("SELECT DISTINCT idx FROM pairs ORDER BY idx")]

    def label(self, index: int) -> bytes:
        """The label of an index; empty when there is none."""
        row = self._file.rows.execute("SELECT label FROM slots WHERE idx = ?", (index,)).fetchone()
        return bytes(row[0]) if row else b""

    # Symmetric keys

    def symmetric(self, space: Space, index: int) -> SymmetricKey | None:
        """The symmetric key at an index; None when there is none."""
        self._file.follow()
        try:
            return self._symmetric[space, index]
        except KeyError:
            return self._load_symmetric(space, index)

    def put_symmetric(self, space: Space, index: int, key: SymmetricKey) -> None:
        """Store a symmetric key of 16 bytes."""
        wrapped = lmk.wrap_symmetric(key.value, key.type, self._master)
        with self._file.change():
            self._file.rows.execute(
                "REPLACE INTO symmetric VALUES (?, ?, ?, ?, ?)",
                (space.value, index, key.type, wrapped, lmk.check_value(key.value)),
            )

    def destroy_symmetric(self, space: Space, index: int) -> bool:
        """Destroy a symmetric key; False when there was none."""
        with self._file.change():
            return self._file.rows.execute(
                "DELETE FROM symmetric WHERE space = ? AND idx = ?", (space.value, index)
            ).rowcount > 0  # fmt: skip

    # Certificates

    def certificates(self) -> list[Certificate]:
        """All certificates, by id."""
        self._file.follow()
        if self._certificates is None:
            rows = self._file.rows.execute("SELECT id, serial, der, trusted, revoked FROM certificates ORDER BY id")
            self._certificates = [
                Certificate(id=row[0], serial=row[1], der=bytes(row[2]), trusted=bool(row[3]), revoked=bool(row[4]))
                for row in rows
            ]
        return self._certificates

    def put_certificate(self, certificate: Certificate) -> None:
        """Store a certificate under its id."""
        with self._file.change():
            self._file.rows.execute(
                "REPLACE INTO certificates VALUES (?, ?, ?, ?, ?)",
                (certificate.id, certificate.serial, certificate.der, certificate.trusted, certificate.revoked),
            )

    # The whole store

    def describe(self) -> dict[str, list[dict[str, int | str | bool]]]:
        """What the store holds, without any key material: public keys, check values, labels, states."""
        self._file.follow()
        slots: list[dict[str, int | str | bool]] = []
        rows = self._file.rows.execute(
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
            for space, index, kind, checked in self._file.rows.execute(
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
        self._file.erase()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Make several changes in one step: all of them are on the disk afterwards, or none."""
        with self._file.change(counted=False):
            yield

    def dump(self) -> Rows:
        """Every row, for `restore`; private keys stay under the LMK."""
        return self._file.dump()

    def restore(self, rows: Rows) -> None:
        """Put back what `dump` took."""
        self._file.restore(rows)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._forget()

    # Inside

    def _load_pair(self, index: int, use: Use) -> Pair | None:
        row = self._file.rows.execute(
            "SELECT wrapped FROM pairs WHERE idx = ? AND use = ?", (index, use.value)
        ).fetchone()
        pair = None
        if row is not None:
            try:
                private = lmk.unwrap_private(bytes(row[0]), self._master)
            except GmError as error:
                raise self._file.damaged(f"the {use} key at index {index}") from error
            pair = Pair(private=private, repeatable=self.repeatable)
        self._pairs[index, use] = pair
        return pair

    def _load_symmetric(self, space: Space, index: int) -> SymmetricKey | None:
        row = self._file.rows.execute(
            "SELECT type, wrapped, checked FROM symmetric WHERE space = ? AND idx = ?", (space.value, index)
        ).fetchone()
        key = None
        if row is not None:
            value = lmk.unwrap_symmetric(bytes(row[1]), row[0], self._master)
            if lmk.check_value(value) != row[2]:
                raise self._file.damaged(f"the {space} at index {index}")
            key = SymmetricKey(type=row[0], value=value)
        self._symmetric[space, index] = key
        return key

    def _forget(self) -> None:
        self._pairs.clear()
        self._symmetric.clear()
        self._certificates = None
