"""Details of fees at the platform: uploaded (2204, 2301), and withdrawn (2205, 2302) when nothing settles them.

An upload books nothing, but one whose outcome is unknown is never sent again: its details are withdrawn first, which is
right whether they had arrived or not. What no settlement holds and no flow needs is withdrawn by `tidy`, also after a
crash.
"""

from dataclasses import replace

from simulators.his.behaviour import OnUnknownUpload
from simulators.his.booking import ATTEMPTS
from simulators.his.equipment import Equipment
from simulators.his.journal import HELD_STATES
from simulators.his.outcome import accepted
from simulators.his.platform import Kind, Result, Sender
from simulators.his.records import Patient, Records, Scope, Stay, Upload, UploadState
from simulators.his.sale import SaleLine, joined
from simulators.his.texts import NOTHING_TO_WITHDRAW_CODES, NOTHING_TO_WITHDRAW_WORDS
from simulators.his.till import Till
from simulators.his.visit_messages import Attending, all_withdrawn, details, read_scope, withdrawn


class Details:
    """All uploads of a counter."""

    def __init__(self, equipment: Equipment, records: Records, till: Till) -> None:
        self._platform = equipment.platform
        self._journal = equipment.journal
        self._behaviour = equipment.behaviour
        self._shelf = records.uploads
        self._till = till

    def upload(
        self,
        lines: tuple[SaleLine, ...],
        *,
        order: str,
        batch: str,
        mdtrt_id: str,
        patient: Patient,
        attending: Attending,
        sender: Sender,
        inpatient: bool = False,
        returned: dict[int, str] | None = None,
    ) -> Upload:
        """Upload the lines. Raises RefusedError: they are not there, or (see `of_order`) nobody knows."""
        number = self._journal.next_of(f"upload of {order}")
        sent = lines[: self._behaviour.uploaded(len(lines))]
        if self._behaviour.clinic.joins_lines:
            sent = joined(sent)
        upload = Upload(
            number=f"{order}/{number}",
            batch=batch or f"{order}-{number:03d}",
            order=order,
            mdtrt_id=mdtrt_id,
            patient=patient,
            inpatient=inpatient,
            lines=sent,
            details=tuple(self._behaviour.detail_number(order, number, line) for line in range(1, len(sent) + 1)),
        )
        result, upload = self._send(upload, attending, sender, returned or {})
        if result.kind is Kind.UNKNOWN:
            if self._behaviour.on_unknown_upload is OnUnknownUpload.UPLOAD_AGAIN:
                result, upload = self._send(upload, attending, sender, returned or {})
            else:
                self.withdraw(upload, sender.at)
        accepted(result)
        return upload

    def withdraw(self, upload: Upload, at: str) -> bool:
        """2205 or 2302; False when the platform does not say whether they are gone."""
        infno = "2302" if upload.inpatient else "2205"
        sender = self._till.sender(upload.order, at, insuplc=upload.patient.insuplc)
        for _ in range(ATTEMPTS):
            result = self._platform.call(infno, withdrawn(upload), sender=sender, parse=lambda _: True)
            if result.kind is Kind.ACCEPTED or _not_there(result):
                self._shelf.put(replace(upload, state=UploadState.GONE))
                return True
            if result.kind is Kind.REFUSED:
                return False
        return False

    def withdraw_all(self, stay: Stay, sender: Sender) -> None:
        """2302 of everything in a stay that is unsettled, at once. Raises RefusedError."""
        uploads = self.unsettled(stay.order)
        if not uploads:
            return

        def written(_: str) -> None:
            for upload in uploads:
                self._shelf.put(replace(upload, state=UploadState.SENT))

        def finished(result: Result[bool]) -> None:
            gone = result.kind is Kind.ACCEPTED or _not_there(result)
            for upload in uploads if result.kind is not Kind.UNKNOWN else ():
                self._shelf.put(replace(upload, state=UploadState.GONE if gone else UploadState.THERE))

        result = self._platform.call(
            "2302", all_withdrawn(stay), sender=sender, parse=lambda _: True, written=written, finished=finished
        )
        if not _not_there(result):
            accepted(result)

    def hold(self, uploads: list[Upload], msgid: str) -> None:
        """A settlement is about to be sent for these."""
        for upload in uploads:
            self._shelf.put(replace(upload, settled_by=msgid))

    def of_order(self, order: str) -> list[Upload]:
        """The uploads of an order that may be at the platform, the oldest first."""
        return [u for u in self._shelf.all() if u.order == order and u.state is not UploadState.GONE]

    def unsettled(self, order: str) -> list[Upload]:
        """Those of them that no settlement holds."""
        return [upload for upload in self.of_order(order) if not self._held(upload)]

    def tidy(self, at: str) -> str:
        """Withdraw what nothing needs; returns what could not be withdrawn, as the msgid of its upload."""
        for upload in self._shelf.all():
            doubtful = upload.state is UploadState.SENT
            unneeded = upload.state is UploadState.THERE and not upload.inpatient and not self._held(upload)
            if (doubtful or unneeded) and not self.withdraw(upload, at):
                return upload.msgid
        return ""

    def _held(self, upload: Upload) -> bool:
        settlement = self._journal.settlement(upload.settled_by) if upload.settled_by else None
        return settlement is not None and settlement.state in HELD_STATES

    def _send(
        self, upload: Upload, attending: Attending, sender: Sender, returned: dict[int, str]
    ) -> tuple[Result[Scope], Upload]:
        kept = upload

        def written(msgid: str) -> None:
            nonlocal kept
            kept = self._shelf.put(replace(kept, msgid=msgid))

        def finished(result: Result[Scope]) -> None:
            nonlocal kept
            if result.value is not None:
                kept = self._shelf.put(replace(kept, state=UploadState.THERE, scope=result.value))
            elif result.kind is Kind.REFUSED:
                kept = self._shelf.put(replace(kept, state=UploadState.GONE))

        content = details(upload, attending, sender.at, self._behaviour, returned)
        infno = "2301" if upload.inpatient else "2204"
        result = self._platform.call(
            infno, content, sender=sender, parse=read_scope, written=written, finished=finished
        )
        return result, kept


def _not_there(result: Result[bool]) -> bool:
    said = any(word in result.message for word in NOTHING_TO_WITHDRAW_WORDS)
    return result.kind is Kind.REFUSED and (result.code in NOTHING_TO_WITHDRAW_CODES or said)
