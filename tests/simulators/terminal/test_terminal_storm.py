"""A storm of people, callers that hang up, clock steps and restarts at once: no defect, and the next one is served."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import httpx
import pytest

from tests.simulators.terminal.conftest import HOSPITAL, LIBRARY, LIMIT_S, PEOPLE, STAFF, Running

STEPS = (-3600, -1, 1, 30, 61)
PATIENCE_S = (0.005, 0.03, 15.0)
OWNER = PEOPLE["P001"]


def _storm(terminal: Running, dice: random.Random, pool: ThreadPoolExecutor, count: int) -> list[Any]:
    bench = terminal.bench
    here, centre, back = bench.address("terminal"), bench.address("voucher-centre"), bench.back_door("terminal")
    begun: list[Any] = []

    def send(address: str, body: object) -> None:
        patience_s = dice.choice(PATIENCE_S)

        def call() -> int:
            try:
                return httpx.post(address, json=body, timeout=patience_s, trust_env=False).status_code
            except httpx.HTTPError:
                return 0

        begun.append(pool.submit(call))

    def present(_: int) -> None:
        what, person = dice.choice(("card", "id-card", "face", "code")), dice.choice(("P001", "P002", "P006", "P999"))
        send(f"{here}/present", {"what": what, "person": person, "text": f"424{'0' * 25}"})

    def press(_: int) -> None:
        keys = dice.choice((OWNER.card_pin, OWNER.password, "000000", "1", "x" * 1000))
        send(f"{here}/{dice.choice(('keypad', 'keypad', 'pull', 'cancel'))}", {"text": keys})

    def read(_: int) -> None:
        call, card = dice.choice(("ReadCardBas", "ReadSFZ", "VerifyPIN", "VerifyPIN")), dice.choice(("P001", "P002"))
        send(f"{here}/HeaSecReadInfo/{call}", {"orgId": HOSPITAL, "cardNo": PEOPLE[card].card_no})

    def ask(number: int) -> None:
        call = dice.choice(("cn.nhsa.cert.get", "cn.nhsa.qrcode.get", "iot.gain.ec.qrcode"))
        data = {**STAFF, "gainWay": "ALL", "outBizNo": str(number)}
        send(centre + LIBRARY, {"orgId": HOSPITAL, "transType": call, "data": data})

    def pay(number: int) -> None:
        body = {"idNo": OWNER.id_no, "userName": OWNER.name, "orgId": HOSPITAL, "msgid": f"M{number}"}
        body |= {"amount": "1.00", "accountAmount": "0.00", "institutionName": "医院"}
        send(f"{centre}/localcfc/api/hsecfc/payConfirm", body)

    def disturb(_: int) -> None:
        if dice.random() < 0.5:
            bench.step(seconds=dice.choice(STEPS))
        else:
            terminal.http.post(back + dice.choice(("/restart", "/cards/unlock")), json={"person": "P001"})

    deeds: tuple[Callable[[int], None], ...] = (present, present, press, press, read, read, ask, pay, disturb)
    for number in range(count):
        dice.choice(deeds)(number)
    return begun


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_storm_leaves_a_terminal_that_works(terminal: Running, seed: int) -> None:
    with ThreadPoolExecutor(32) as pool:
        begun = _storm(terminal, random.Random(seed), pool, 150)
        while wait(begun, timeout=0.3).not_done:
            terminal.bench.step(seconds=61)
        said = {future.result() for future in begun}
    for _ in range(5):  # what was still under way for those who hung up
        terminal.bench.loop.settle()
        terminal.bench.step(seconds=61)
    assert said <= {0, 200, 400, 404, 409}, "0: hung up, by them or by us"
    assert terminal.events("problem") == []
    terminal.until_quiet()
    terminal.http.post(terminal.bench.back_door("terminal") + "/cards/unlock", json={"person": "P001"})
    terminal.present("card", "P001")
    assert terminal.library("ReadCardBas").result(LIMIT_S)["code"] == 0
    asking = terminal.library("VerifyPIN", cardNo=OWNER.card_no)
    terminal.post("/keypad", {"text": OWNER.card_pin})
    assert asking.result(LIMIT_S)["code"] == 0
