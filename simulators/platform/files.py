"""Files (文件) that institutions upload and download: documents of the ledger with an owner and a last moment."""

from collections.abc import Mapping
from datetime import timedelta

import msgspec

from simulators.platform.call import Call, spell
from simulators.platform.choices import choices_of
from simulators.platform.desk import Desk
from simulators.platform.refusals import RefusedError

FILE, COUNTER = "file", "counter"


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file; `until` is spelt yyyy-MM-dd HH:mm:ss in Beijing."""

    number: str
    institution: str
    name: str
    until: str
    content: bytes

    def as_output(self) -> Mapping[str, object]:
        """What answers say of it."""
        return {"file_qury_no": self.number, "filename": self.name, "dld_endtime": self.until}


_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(StoredFile)


def store(desk: Desk, call: Call, *, name: str, content: bytes) -> StoredFile:
    """Keep a file under a new number; only inside `ledger.writing`."""
    n = int(desk.ledger.kept(COUNTER, FILE) or b"0") + 1
    desk.ledger.keep(COUNTER, FILE, str(n).encode())
    days = choices_of(desk.profile.name).file_days
    file = StoredFile(
        number=f"F{call.institution.admdvs}{call.at:%Y%m%d}{n:010d}",
        institution=call.institution.code,
        name=name,
        until=spell(call.at + timedelta(days=days)),
        content=content,
    )
    desk.ledger.keep(FILE, file.number, _ENCODER.encode(file))
    return file


def fetch(desk: Desk, call: Call, number: object) -> StoredFile:
    """A file of this institution. Raises RefusedError: there is none of that number, or its time is over."""
    kept = desk.ledger.kept(FILE, str(number))
    file = None if kept is None else _DECODER.decode(kept)
    if file is None or file.institution != call.institution.code:
        raise RefusedError("file-unknown", number=number)
    if spell(call.at) > file.until:
        raise RefusedError("file-expired", number=number, until=file.until)
    return file
