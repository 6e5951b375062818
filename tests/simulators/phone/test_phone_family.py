"""A bound member's code on somebody's phone: shown, rotated, paid with, and gone as soon as the binding is."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

import httpx
import pytest

from fixtures.population import Person, people
from harness.bench.bench import Bench
from harness.bench.config import parse_bench
from harness.bench.settings import read_settings
from harness.errors import ConfigError
from simulators.phone.settings import PhoneSettings

PEOPLE = {person.id: person for person in people()}
HOLDER, CHILD, PARENT = PEOPLE["P002"], PEOPLE["P011"], PEOPLE["P001"]
EC = "/ebus/channel/api/cfc/nationcfc/ec"
HSECFC = "/localcfc/api/hsecfc"
HOSPITAL = "H63999900001"
BENCH = """
[bench]
name = "phone and centre"
clock = "bench"
seed = 7
[device.phone]
kind = "phone"
{settings}
[device.voucher-centre]
kind = "voucher-centre"
[counter]
institution = "H63999900001"
"""


class Pair:
    """A phone and a real voucher centre on one bench; HTTP as from outside."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.phone, self.centre = bench.address("phone"), bench.address("voucher-centre")
        self.http = httpx.Client(trust_env=False, timeout=60)

    def get(self, path: str, **query: str) -> httpx.Response:
        """A GET at the phone."""
        return self.http.get(self.phone + path, params={"channel": "alipay", **query})

    def post(self, path: str, body: object) -> httpx.Response:
        """A POST at the phone."""
        return self.http.post(self.phone + path, json=body)

    def ask(self, path: str, body: object) -> dict[str, Any]:
        """A call of somebody else to the centre."""
        answer: dict[str, Any] = self.http.post(self.centre + path, json=body).json()
        return answer

    def family(self, action: str, member: Person) -> int:
        """Bind or unbind a member, as in the holder's app; the centre's code."""
        body = {
            "transType": "ec.family",
            "idNo": HOLDER.id_no,
            "userName": HOLDER.name,
            "chnlId": "alipay",
            "action": action,
            "agreed": True,
            "memberIdNo": member.id_no,
            "memberName": member.name,
            "faceOf": member.id_no,
        }
        return int(self.ask(f"{EC}/family", body)["code"])

    def decode(self, digits: str) -> dict[str, Any]:
        """What a counter that scans the code learns."""
        staff = {"businessType": "01301", "operatorId": "1", "operatorName": "收费员", "officeId": "1"}
        data = {"orgId": HOSPITAL, **staff, "officeName": "收费处", "ecQrCode": digits}
        return self.ask(f"{HSECFC}/localQrCodeQuery", {"orgId": HOSPITAL, "transType": "ec.query", "data": data})

    def events(self, name: str) -> list[dict[str, Any]]:
        """The events of a name."""
        return [dict(record.event) for record in self.bench.tape.recent() if record.name == name]

    @contextmanager
    def live(self, **query: str) -> Iterator[Iterator[dict[str, Any]]]:
        """What an open page hears."""
        params = {"channel": "alipay", **query}
        with self.http.stream("GET", f"{self.phone}/people/P002/live", params=params, timeout=60) as reply:
            yield (json.loads(line.removeprefix("data: ")) for line in reply.iter_lines() if line)


@contextmanager
def pair(settings: str = "") -> Iterator[Pair]:
    """A pair, up."""
    with Bench(parse_bench(BENCH.format(settings=settings), source="test")) as bench:
        found = Pair(bench)
        yield found
        found.http.close()


@pytest.fixture(scope="module")
def shared() -> Iterator[Pair]:
    with pair() as found:
        yield found


@pytest.fixture
def two(shared: Pair) -> Pair:
    shared.bench.reset("a case")
    return shared


def paying(two: Pair, digits: str) -> str:
    """A payment by a scanned code, which has reached a phone; its prompt's id."""
    token = two.decode(digits)["data"]["ecToken"]
    body = {
        "ecToken": token,
        "orgId": HOSPITAL,
        "amount": "12.50",
        "accountAmount": "2.50",
        "institutionName": "联调测试医院",
        "msgid": "M1",
    }

    def ask() -> None:
        with suppress(httpx.HTTPError):  # the case may end before anybody answers
            httpx.post(two.centre + f"{HSECFC}/payConfirm", json=body, timeout=60, trust_env=False)

    since = two.bench.tape.seq
    Thread(target=ask, daemon=True).start()
    found = two.bench.tape.wait_for(lambda record: record.name == "prompt-shown", since=since, timeout=60)
    assert found is not None
    return str(found.event["prompt"])


def code_in(page: str) -> str:
    """The digits of the code on a page."""
    found = re.search(r'<img id="code"[^>]* alt="(\d+)"', page)
    assert found is not None
    return found[1]


# --- showing ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("member", [CHILD, PARENT], ids=["child", "parent"])
def test_whoever_bound_somebody_can_switch_to_their_code(two: Pair, member: Person) -> None:
    assert two.family("bind", member) == 0
    own = two.get("/people/P002").text
    assert f'href="?channel=alipay&amp;member={member.id}"' in own
    page = two.get("/people/P002", member=member.id).text
    for text in (f"正在出示 {member.name} 的医保码", f"Showing the code of {member.name}", "Show my own code"):
        assert text in page
    assert member.id_no not in page, "masked"
    answer = two.decode(code_in(page))["data"]
    assert (answer["idNo"], answer["userName"]) == (member.id_no, member.name)
    shown = two.events("code-shown")[-1]
    assert (shown["person"], shown["id_no"], shown["holder"]) == (member.id, member.id_no, "P002")
    assert two.decode(code_in(own))["data"]["idNo"] == HOLDER.id_no


def test_who_has_bound_nobody_finds_nothing_to_switch(two: Pair) -> None:
    page = two.get("/people/P002").text
    assert 'id="family"' not in page
    assert two.get("/people/P002/family").json() == {"members": []}


def test_the_members_are_told_with_masked_numbers(two: Pair) -> None:
    two.family("bind", CHILD)
    two.family("bind", PARENT)
    members = two.get("/people/P002/family").json()["members"]
    assert [(row["id"], row["name"]) for row in members] == [("P011", CHILD.name), ("P001", PARENT.name)]
    assert members[1]["number"] == "6399**********7031"


def test_a_members_code_rotates_like_ones_own(two: Pair) -> None:
    two.family("bind", PARENT)
    first = two.get("/people/P002/code.txt", member="P001")
    assert int(first.headers["x-refresh-ns"]) - int(first.headers["x-issued-ns"]) == 60 * 10**9
    two.bench.step(seconds=59)
    assert two.get("/people/P002/code.txt", member="P001").text == first.text
    two.bench.step(seconds=1)
    second = two.get("/people/P002/code.txt", member="P001").text
    assert second != first.text
    assert two.decode(first.text.strip())["code"] == 980001, "expired"
    assert two.decode(second.strip())["data"]["idNo"] == PARENT.id_no
    assert two.get("/people/P002/code.txt", member="P001", fresh="1").text != second


def test_picture_and_digits_are_the_same_code_and_not_the_holders(two: Pair) -> None:
    two.family("bind", PARENT)
    picture = two.get("/people/P002/code.png", member="P001", format="both")
    digits = two.get("/people/P002/code.txt", member="P001").text.strip()
    own = two.get("/people/P002/code.txt").text.strip()
    theirs = two.get("/people/P001/code.txt").text.strip()
    assert picture.headers["x-code"] == digits
    assert len({digits, own, theirs}) == 3


# --- paying ------------------------------------------------------------------------------------------------


def test_prompt_and_notice_are_the_members_and_stand_on_both_phones(two: Pair) -> None:
    two.family("bind", PARENT)
    with two.live(member="P001") as news:
        assert next(news)["member"]["prompt"] == {}
        prompt = paying(two, two.get("/people/P002/code.txt", member="P001").text.strip())
        heard = next(told for told in news if told["member"]["prompt"])
        assert (heard["member"]["prompt"]["promptId"], heard["prompt"]) == (prompt, {})
        assert two.get("/people/P001/prompt").json()["promptId"] == prompt
        assert two.get("/people/P002/prompt").json() == {}
        wrong = two.post("/people/P002/confirm", {"password": HOLDER.password, "member": "P001"})
        assert wrong.json() == {"result": "wrong-password"}, "it is the member's password"
        paying(two, two.get("/people/P002/code.txt", member="P001", fresh="1").text.strip())
        done = two.post("/people/P002/confirm", {"password": PARENT.password, "member": "P001"})
        assert done.json() == {"result": "confirmed"}
        answered = two.events("prompt-answered")[-1]
        assert (answered["person"], answered["by"], answered["answer"]) == ("P001", "P002", "password")
        notice = {"amount": "2.50", "balance": "7.50", "setlId": "S1", "kind": "payment", "at": "2020-10-14 08:30:00"}
        two.post("/push/notice", {"idNo": PARENT.id_no, **notice})
        heard = next(told for told in news if told["member"].get("notices"))
        assert (heard["member"]["balance"], heard["notices"]) == ("7.50", [])
    page = two.get("/people/P002", member="P001").text
    assert f'个人账户 <span class="en">Personal account</span> · {PARENT.name}' in page
    assert '¥<span id="balance">7.50</span>' in page
    assert '¥<span id="balance">7.50</span>' not in two.get("/people/P002").text


def test_a_member_may_answer_on_their_own_phone(two: Pair) -> None:
    two.family("bind", PARENT)
    paying(two, two.get("/people/P002/code.txt", member="P001").text.strip())
    assert two.post("/people/P001/confirm", {"decline": True}).json() == {"result": "declined"}
    assert two.post("/people/P002/confirm", {"decline": True, "member": "P001"}).status_code == 409


def test_where_prompts_are_the_members_alone_the_holder_sees_none() -> None:
    with pair('family_prompts = "member"') as two:
        two.family("bind", PARENT)
        digits = two.get("/people/P002/code.txt", member="P001").text.strip()
        paying(two, digits)
        with two.live(member="P001") as news:
            told = next(news)["member"]
        assert (told["why"], {"prompt", "notices", "balance"} & told.keys()) == (None, set())
        refused = two.post("/people/P002/confirm", {"password": PARENT.password, "member": "P001"})
        assert refused.json()["prompt"]["id"] == "no-prompt"
        assert PARENT.name not in two.get("/people/P002", member="P001").text.partition("Personal account")[2]
        assert two.post("/people/P001/confirm", {"password": PARENT.password}).json() == {"result": "confirmed"}


# --- not shown -----------------------------------------------------------------------------------------------


def test_who_is_not_bound_is_not_shown(two: Pair) -> None:
    two.family("bind", CHILD)
    for path in ("/people/P002/code.png", "/people/P002/code.txt"):
        reply = two.get(path, member="P001")
        assert (reply.status_code, reply.json()["prompt"]["id"]) == (409, "member-not-bound")
        assert "x-code" not in reply.headers
    page = two.get("/people/P002", member="P001").text
    assert '<img id="code"' not in page
    for text in ('role="alert"', "未绑定您的医保亲情账户", "is not bound", "出示本人医保码", "Show my own code"):
        assert text in page
    refused = two.post("/people/P002/confirm", {"decline": True, "member": "P001"})
    assert refused.json()["prompt"]["id"] == "member-not-bound"
    assert [(e["why"], e["member"]) for e in two.events("code-not-shown")] == [("member-not-bound", "P001")] * 3
    assert not any(event.get("holder") for event in two.events("code-shown"))
    assert two.get("/people/P001/code.txt", member="P002").status_code == 409, "bound the other way round"


def test_a_binding_that_ends_takes_the_code_off_the_open_page(two: Pair) -> None:
    two.family("bind", PARENT)
    assert two.get("/people/P002", member="P001").status_code == 200
    with two.live(member="P001") as news:
        assert next(news)["member"]["why"] is None
        assert two.family("unbind", PARENT) == 0
        again = two.get("/people/P002/code.png", member="P001", fresh="0")
        assert (again.status_code, again.json()["prompt"]["id"]) == (409, "member-not-bound")
        told = next(heard for heard in news if heard["member"]["why"])["member"]
        assert "is not bound" in told["why"]["en"]
        assert not {"prompt", "notices", "balance"} & told.keys()
    page = two.get("/people/P002", member="P001").text
    assert '<img id="code"' not in page
    assert 'id="family"' not in page
    assert two.family("bind", PARENT) == 0
    assert two.get("/people/P002/code.txt", member="P001").status_code == 200, "bound again, shown again"


def test_an_ended_binding_answers_no_prompt_either(two: Pair) -> None:
    two.family("bind", PARENT)
    paying(two, two.get("/people/P002/code.txt", member="P001").text.strip())
    two.family("unbind", PARENT)
    two.get("/people/P002")
    refused = two.post("/people/P002/confirm", {"password": PARENT.password, "member": "P001"})
    assert refused.json()["prompt"]["id"] == "member-not-bound"
    assert two.post("/people/P001/confirm", {"password": PARENT.password}).json() == {"result": "confirmed"}


@pytest.mark.parametrize(
    ("query", "status"),
    [({"member": "P999"}, 404), ({"member": "P001", "kind": "pay"}, 400), ({"member": "P002"}, 409)],
)
def test_what_is_no_members_code_is_refused(two: Pair, query: dict[str, str], status: int) -> None:
    two.family("bind", PARENT)
    assert two.get("/people/P002/code.txt", **query).status_code == status


def test_a_member_without_insurance_is_not_shown_for_another_reason(two: Pair) -> None:
    assert two.family("bind", PEOPLE["P005"]) != 0
    assert two.get("/people/P002/code.txt", member="P005").json()["prompt"]["id"] == "member-not-bound"


def test_a_phone_without_a_centre_shows_nobodys_but_its_own() -> None:
    with Bench(parse_bench(BENCH.partition("[device.voucher")[0].format(settings=""), source="test")) as bench:
        reply = httpx.get(f"{bench.address('phone')}/people/P002/code.txt?member=P001", trust_env=False)
        assert (reply.status_code, reply.json()["prompt"]["id"]) == (503, "centre-unavailable")


def test_prompts_stand_on_both_phones_or_the_members() -> None:
    with pytest.raises(ConfigError):
        read_settings(PhoneSettings, {"family_prompts": "nobody"}, where="test")


# --- the page ------------------------------------------------------------------------------------------------


def test_the_switch_is_of_links_with_names_that_say_which_is_on(two: Pair) -> None:
    """Keyboards reach links; a screen reader says the list's title, each name, and which is current."""
    two.family("bind", CHILD)
    page = two.get("/people/P002", member="P011").text
    family = page.partition('<nav id="family" aria-labelledby="family-title">')[2].partition("</nav>")[0]
    assert 'id="family-title"' in family
    links = re.findall(r'<a href="([^"]+)"( aria-current="true")?>', family)
    assert links == [("?channel=alipay", ""), ("?channel=alipay&amp;member=P011", ' aria-current="true"')]
    assert 'aria-describedby="whose"' in page
    assert 'id="whose" role="status"' in page
    assert ":focus-visible" in page
    assert not re.search(r"https?://|<link|src=\"(?!data:)|@import|url\(", page)
