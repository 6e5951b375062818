"""How a scanner box's bytes look: prefix, suffix, ids and checksums as it was set; nothing beside scans and answers."""

from collections.abc import Iterator

from harness.judge.history import CaseHistory
from harness.judge.scanner_talk import Delivery, ScannerTalk, Stray, scanner_talk
from harness.rules.registry import Observation, rule
from harness.wire.scanner.symbologies import ids_of

CHECKSUM = "has a wrong"
"""How the codecs say that a checksum is not that of its bytes."""
FRAME = ("suffix", "prefix", "holds no data")
"""What the codecs say of a scan that does not stand as it has to."""


@rule("scanner-frames-as-set")
def scanner_frames_as_set(history: CaseHistory) -> Iterator[Observation]:
    """Every scan stands between the prefix and the suffix that the box was set to, or in a packet if it was set so."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for stray in _strays(talk):
        if any(word in stray.what for word in FRAME):
            yield Observation(seq=stray.seq, expected="a scan framed as the box is set", seen=stray.what)
    for delivery in _deliveries(talk):
        if delivery.form.packeted and not delivery.read.packet:
            yield Observation(seq=delivery.seq, expected="a packet", seen="a scan as on any line")
        elif delivery.read.packet and not delivery.form.packeted:
            yield Observation(seq=delivery.seq, expected="a scan as on any line", seen="a packet")


@rule("scanner-ids-as-set")
def scanner_ids_as_set(history: CaseHistory) -> Iterator[Observation]:
    """AIM id, one-letter id and a packet's type are those of the symbology shown, and stand where switched on."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for due in talk.dues:
        if due.disturbed:
            continue
        symbologies = dict(due.codes)
        for delivery in talk.within(due):
            symbology = symbologies.get(delivery.text)
            if symbology is not None:
                yield from _wrong_ids(delivery, symbology)


@rule("scanner-checksums-right")
def scanner_checksums_right(history: CaseHistory) -> Iterator[Observation]:
    """Every packet and answer that bears a checksum bears its own."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for stray in _strays(talk):
        if stray.what.startswith(CHECKSUM):
            yield Observation(seq=stray.seq, expected="the checksum of these bytes", seen=stray.raw[-2:].hex())


@rule("scanner-sends-nothing-else")
def scanner_sends_nothing_else(history: CaseHistory) -> Iterator[Observation]:
    """Nothing leaves the box but scans and answers to what it was told."""
    talk = scanner_talk(history)
    if talk is None:
        return
    for stray in _strays(talk):
        if not stray.what.startswith(CHECKSUM) and not any(word in stray.what for word in FRAME):
            yield Observation(seq=stray.seq, expected="scans and answers", seen=f"{len(stray.raw)} bytes: {stray.what}")


def _strays(talk: ScannerTalk) -> Iterator[Stray]:
    return (stray for stray in talk.strays if not talk.disturbed(stray.seq))


def _deliveries(talk: ScannerTalk) -> Iterator[Delivery]:
    return (delivery for delivery in talk.deliveries if not talk.disturbed(delivery.seq))


def _wrong_ids(delivery: Delivery, symbology: str) -> Iterator[Observation]:
    ids, read = ids_of(symbology), delivery.read
    head = delivery.form.head(symbology)
    if delivery.head != head:
        yield Observation(seq=delivery.seq, expected=f"{head!r} for {symbology}", seen=repr(delivery.head))
    if read.type_byte >= 0 and read.type_byte != ids.ssi:
        yield Observation(seq=delivery.seq, expected=f"type {ids.ssi:02X}", seen=f"type {read.type_byte:02X}")
    if read.letter and (read.letter.encode("latin-1"), read.aim.encode("latin-1")) != (ids.letter, ids.aim):
        expected = f"{ids.letter.decode()} and {ids.aim.decode()}"
        yield Observation(seq=delivery.seq, expected=expected, seen=f"{read.letter} and {read.aim}")
