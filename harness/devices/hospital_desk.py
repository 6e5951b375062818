"""The hospital's own line to the settlement platform: signs its cashier in and has the totals of a day compared.

with HospitalDesk("http://127.0.0.1:8002", institution, load_profile("qinghai"), clock=clock) as desk:
    desk.totals({"insutype": "310", …})       # 3201: the answer's stmtinfo
    desk.details({"clr_type": "11", …}, lines)   # 9101, 3202, 9102: the lines of the result
"""

import base64
from collections.abc import Mapping, Sequence
from typing import Self

from fixtures.population import Institution
from harness.clock import Clock, local_time
from harness.devices.http import HttpClient
from harness.errors import PeerViolation
from harness.line.tls import NOTHING_SAID, ClientTls
from harness.wire import institution as wire
from harness.wire.fields import bytes_of
from harness.wire.institution_statement import ResultLine, StatementLine, read_result, write_upload
from harness.wire.msgid import make_msgid
from harness.wire.profile import Profile

OPERATOR, OPERATOR_NAME = "001", "收银员"
NAME = "statement.zip"
"""Of the files with which details are compared."""


class HospitalDesk:
    """One cashier of an institution, at a platform whose profile is plain; signs in at the first message."""

    def __init__(
        self,
        address: str,
        institution: Institution,
        profile: Profile,
        *,
        clock: Clock,
        tls: ClientTls = NOTHING_SAID,
    ) -> None:
        self._http = HttpClient(address, party="the settlement platform", tls=tls)
        self._institution = institution
        self._profile = profile
        self._clock = clock
        self._numbers = 0
        self._sign_no = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._http.close()

    def as_new(self) -> None:
        """For the next case: the cashier is not signed in."""
        self._numbers, self._sign_no = 0, ""

    def totals(self, stated: Mapping[str, object]) -> Mapping[str, object]:
        """What the platform says to totals of some days (stmtinfo of 3201).

        Raises PeerViolation for a refusal, and what the HTTP client raises.
        """
        self._sign_in()
        return _member(self._ask("3201", {"data": dict(stated)}), "stmtinfo")

    def details(self, stated: Mapping[str, object], lines: Sequence[StatementLine]) -> tuple[ResultLine, ...]:
        """What the platform says to each line of a statement, and of what it has besides (3202).

        Raises PeerViolation for a refusal or a result that is none, and what the HTTP client raises.
        """
        self._sign_in()
        code = self._institution.code
        file = {"in": base64.b64encode(write_upload(lines)).decode(), "filename": NAME, "fixmedins_code": code}
        number = _member(self._ask("9101", {"fsUploadIn": file}), "fsUploadOut").get("file_qury_no")
        found = _member(self._ask("3202", {"data": {**stated, "file_qury_no": number}}), "fileinfo")
        wanted = {"file_qury_no": found.get("file_qury_no"), "filename": NAME, "fixmedins_code": code}
        result = _member(self._ask("9102", {"fsDownloadIn": wanted}), "fsDownloadOut")
        try:
            return read_result(bytes_of(result.get("out")))
        except (TypeError, ValueError) as error:
            raise PeerViolation(
                f"The settlement platform's result of 3202 cannot be read: {error}.",
                cause="its files have another form than the interface's",
                remedy="leave the platform out of the bench",
            ) from error

    def _sign_in(self) -> None:
        if not self._sign_no:
            data = {"signIn": {"opter_no": OPERATOR, "mac": "00-00-00-00-00-00", "ip": "127.0.0.1"}}
            self._sign_no = str(_member(self._ask("9001", data), "signinoutb").get("sign_no") or "")

    def _ask(self, infno: str, data: Mapping[str, object]) -> Mapping[str, object]:
        profile, at, institution = self._profile, local_time(self._clock), self._institution
        self._numbers += 1
        msgid = make_msgid(institution.code, at=at, seq=self._numbers, form=profile.msgid_form)
        envelope = wire.Envelope(
            infno=infno,
            msgid=msgid,
            at=at,
            institution=institution.code,
            institution_name=institution.name,
            area=institution.admdvs,
            insured_place=institution.admdvs,
            operator=OPERATOR,
            operator_name=OPERATOR_NAME,
            sign_no=self._sign_no,
            recer_sys_code=profile.recer_sys_code,
            infver=profile.infver,
            signtype=profile.signtype,
        )
        body = wire.request(envelope, data, input_as=profile.input_as, members=profile.envelope)
        reply = wire.parse_reply(self._http.post_json(profile.path_of(infno), body))
        if not reply.accepted:
            raise PeerViolation(
                f"The settlement platform refused {infno} of the hospital: {reply.err_msg}.",
                cause="the hospital is not known there, or the platform follows another profile",
                remedy="certify with the platform's profile, or leave the platform out of the bench",
            )
        return reply.output


def _member(output: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = output.get(name)
    return found if isinstance(found, Mapping) else {}
