"""The hall terminal's program between fakes: sessions, prints, and changes of tier whose answers are lost."""

import io
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from simulators.his.behaviour import Behaviour
from simulators.his.centre import CentreRefusedError, Identity
from simulators.his.equipment import Equipment
from simulators.his.hall import Hall
from simulators.his.hello import read_hello
from simulators.his.journal import Journal
from simulators.his.log import Log
from simulators.his.mutants import behaviour_of, mutants_of
from simulators.his.outcome import OutcomeUnknownError, RefusedError
from simulators.his.platform import Kind, Platform, Result
from simulators.his.texts import Reason

CODE = "4241234567890123456701630000"
AT, LATER = "2020-10-14 08:30:00", "2020-10-14 08:31:00"
PEOPLE = {"甲": ("639999198503127031", "1001", "310"), "丁": ("639999199001011234", "1004", "390")}


class Place:
    """Scanner, centre, platform and whoever stands there, as far as a hall needs them."""

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.name = "甲"
        self.refuse: Reason | None = None
        self.lost: dict[str, list[str]] = defaultdict(list)
        self.sent: list[tuple[str, str]] = []
        self.repeated: list[int] = []
        self.changed: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        self.log = io.StringIO()
        self.folder = folder
        self.journal = Journal(folder)
        hello = read_hello(HELLO | {"hello": {**HELLO["hello"], "state_dir": str(folder)}})
        behaviour = behaviour_of(name)
        platform = Platform(hello, self.journal, behaviour, Log(self.log, behaviour.masked), lambda *_: None)
        platform._send = self._send  # type: ignore[method-assign,assignment]  # the wire is not what is tested here
        self.hall = Hall(
            Equipment(
                hello=hello,
                journal=self.journal,
                scanner=cast("Any", self),
                centre=cast("Any", self),
                terminal=cast("Any", self),
                platform=platform,
                behaviour=behaviour,
                log=Log(self.log, behaviour.masked),
                events=cast("Any", self),
            )
        )
        self._platform = platform

    # scanner, centre, events
    def ask(self) -> None: ...

    def scan_please(self) -> None: ...

    def read(self, _wait_s: float) -> str:
        return CODE

    def identify(self, _code: str, _business: str, *, device: str = "") -> Identity:
        assert device == "SelfService"
        if self.refuse is not None:
            raise CentreRefusedError(self.refuse, "980001", "")
        return Identity(id_no=PEOPLE[self.name][0], name=self.name, token=f"639900ec{PEOPLE[self.name][1]:0>30}")

    def released(self, order: str, what: str) -> None:
        self.told.append((order, what))

    # platform
    def _send(
        self, infno: str, msgid: str, body: str, _sender: object, parse: Any, *, content: Any, again: int = 0
    ) -> tuple[object, str]:
        self.repeated.append(again)
        self.sent.append((infno, msgid))
        how = self.lost[infno].pop(0) if self.lost[infno] else ""
        answer = self._answer(infno, msgid, body) if how != "request" else {}
        if how:
            return Result(kind=Kind.UNKNOWN, msgid=msgid), ""
        return self._platform._read(infno, msgid, content, answer, parse), ""

    def _answer(self, infno: str, msgid: str, body: str) -> Mapping[str, object]:
        _, psn_no, insutype = PEOPLE[self.name]
        match infno:
            case "9001":
                output: dict[str, Any] = {"signinoutb": {"sign_time": AT, "sign_no": "S1"}}
            case "1101":
                row = {"insutype": insutype, "psn_insu_stas": "1", "insuplc_admdvs": "639900", "balc": "20.50"}
                output = {"baseinfo": {"psn_no": psn_no, "psn_name": self.name}, "insuinfo": [row]}
            case "9801":
                proof = {"insutype": insutype, "from_month": "2010-01", "to_month": "2020-09", "months": "129"}
                output = {"proof": {"proof_no": "ZM1", "check_value": "89AB", **proof}}
            case _:
                if insutype != "390":
                    return {"infcode": -1, "err_msg": "仅城乡居民可变更缴费档次"}
                tier = body.partition('"tier":"')[2][:1]
                if self.changed.setdefault(msgid, tier) and len(self.changed) > 1:
                    return {"infcode": -1, "err_msg": "一年限变更一次"}
                output = {"change": {"from_tier": "1", "to_tier": tier, "year": "2020"}}
        return {"infcode": 0, "output": output}

    # the person
    def do(self, what: str, at: str = AT, **members: str) -> Mapping[str, Any]:
        return self.hall.commands[what]({"id": 1, "do": what, "at": at, **members})

    def screen(self, at: str = AT) -> Mapping[str, Any]:
        shown: Mapping[str, Any] = self.do("screen", at)["screen"]
        return shown


HELLO: dict[str, Any] = {
    "hello": {
        "institution": {"code": "H63999900001", "name": "大厅", "admdvs": "639900"},
        "operator": {"no": "C1", "name": "自助"},
        "endpoints": {"scanner": "serial:/dev/null", "voucher-centre": "http://x", "platform": "http://x"},
        "profile": {"name": "qinghai", "paths": {}},
        "timeouts": {},
        "scan": {},
        "state_dir": "",
    }
}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.do("sign-in")
    yield made
    made.journal.close()


def test_what_is_shown_stays_until_the_person_leaves_or_a_minute_has_passed(place: Place) -> None:
    shown = place.do("insurance")
    assert [(row["insutype"], row["balance"]) for row in shown["insurances"]] == [("310", "20.50")]
    assert place.screen() == {"what": "insurance", "insurances": shown["insurances"]}
    assert place.screen("2020-10-14 08:30:59")
    assert place.screen(LATER) == {}
    place.do("insurance")
    place.do("leave")
    assert place.screen() == {}


def test_whoever_cannot_identify_sees_nothing_of_the_one_before(place: Place) -> None:
    place.do("insurance")
    place.refuse = Reason.CODE_EXPIRED
    with pytest.raises(RefusedError):
        place.do("proof")
    assert place.screen() == {}
    assert [infno for infno, _ in place.sent] == ["9001", "1101"]


def test_a_proof_is_printed_once_it_is_issued(place: Place) -> None:
    assert place.do("proof")["proof"]["check"] == "89AB"
    assert place.told == [("ZM1", "proof")]
    place.lost["9801"] = ["reply"]
    with pytest.raises(RefusedError) as caught:
        place.do("proof")
    assert caught.value.reason is Reason.PLATFORM_UNAVAILABLE
    assert len(place.told) == 1


@pytest.mark.parametrize("how", ["request", "reply"])
def test_a_change_without_an_answer_is_sent_again_as_it_was(place: Place, how: str) -> None:
    place.name = "丁"
    place.lost["9802"] = [how]
    assert place.do("tier", tier="2") == {"outcome": "accepted", "from": "1", "to": "2", "year": "2020"}
    msgids = [msgid for infno, msgid in place.sent if infno == "9802"]
    assert len(msgids) == 2
    assert len(set(msgids)) == 1
    assert [number > 0 for number in place.repeated[-2:]] == [False, True], "a gateway must be able to tell them apart"


def test_a_change_in_doubt_is_resolved_also_by_a_terminal_that_was_started_anew(place: Place) -> None:
    place.name = "丁"
    place.lost["9802"] = ["reply"] * 2
    with pytest.raises(OutcomeUnknownError) as caught:
        place.do("tier", tier="2")
    place.journal.close()
    anew = Place(place.folder)
    anew.name = "丁"
    anew.lost["9802"] = ["request"]
    with pytest.raises(OutcomeUnknownError):
        anew.do("resolve")
    assert anew.do("resolve") == {"outcome": "accepted"}
    assert {msgid for infno, msgid in anew.sent if infno == "9802"} == {caught.value.msgid}
    sent = len(anew.sent)
    assert anew.do("resolve") == {"outcome": "accepted"}
    assert len(anew.sent) == sent, "what is known is not asked again"
    anew.journal.close()


def test_another_change_waits_while_one_is_in_doubt(place: Place) -> None:
    place.name = "丁"
    place.lost["9802"] = ["reply"] * 3
    with pytest.raises(OutcomeUnknownError):
        place.do("tier", tier="2")
    with pytest.raises(RefusedError) as caught:
        place.do("tier", tier="3")
    assert caught.value.reason is Reason.PLATFORM_UNAVAILABLE
    assert len(place.changed) == 1


def test_an_employee_is_refused_without_a_name(place: Place) -> None:
    with pytest.raises(RefusedError) as caught:
        place.do("tier", tier="2")
    assert "居民" in caught.value.message
    assert place.name not in caught.value.message


def test_no_social_card_and_no_service_before_the_sign_in(tmp_path: Path) -> None:
    place = Place(tmp_path)
    with pytest.raises(RefusedError) as caught:
        place.do("insurance")
    assert caught.value.reason is Reason.NOT_SIGNED_IN
    place.do("sign-in")
    with pytest.raises(ValueError, match="id-card, face"):
        place.do("insurance", by="card")
    with pytest.raises(ValueError, match="tier"):
        place.do("tier")
    place.journal.close()


@pytest.mark.parametrize(
    ("name", "at", "left"), [("hall-leave-keeps-screen", AT, True), ("hall-never-idle", LATER, True), (None, AT, False)]
)
def test_mutants_leave_something_on_the_screen(tmp_path: Path, name: str | None, at: str, left: bool) -> None:
    place = Place(tmp_path, name)
    place.do("sign-in")
    place.do("insurance")
    if at == AT:
        place.do("leave")
    assert bool(place.screen(at)) is left
    place.journal.close()


def test_every_mutant_of_the_hall_differs_from_the_right_one() -> None:
    assert len(mutants_of("hall")) >= 12
    assert all(behaviour_of(mutant.name) != Behaviour() for mutant in mutants_of("hall"))
