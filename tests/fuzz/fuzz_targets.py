"""Hands one codec to atheris, whose mutations follow what the code does with them.

    python -m tests.fuzz.fuzz_targets host-server CORPUS -max_total_time=60 -seed=20201014

Messages of the codec's own are put into the folder CORPUS, and the rest of the line is libFuzzer's. An input that the
codec does not survive is left in a file whose name begins with libFuzzer's -artifact_prefix.
"""

import contextlib
import importlib
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

LONGEST = 4096
TARGETS = ("host-server", "host-client", "svs-der", "svs-http", "scanner-box", "scanner-host", "institution")
"""Those up to `svs-http` are the encryption machine's, and pytest feeds them without atheris, too."""
Target = Callable[[bytes], None]


def target_and_seeds(name: str) -> tuple[Target, list[bytes]]:
    """What takes an input, and good inputs; imported late, so that atheris can watch the modules."""
    match name:
        case "scanner-box" | "scanner-host":
            return _scanner(name == "scanner-box")
        case "institution":
            return _institution()
        case _:
            codecs = importlib.import_module("tests.fuzz.test_encryption_machine_codecs")
            return codecs.TARGETS[name], codecs._seeds(name)


def _scanner(box: bool) -> tuple[Target, list[bytes]]:
    from harness.wire.scanner import newland
    from harness.wire.scanner.framing import ScanFraming

    command = newland.encode_command([("SCNMOD", "0"), ("QRCENA", "*")])

    def fuzz(data: bytes) -> None:
        side = newland.BoxSide() if box else newland.HostSide(ScanFraming())
        for piece in (data[:9], data[9:]):
            for event in side.feed(piece):
                if isinstance(event, newland.Command) and event.items:
                    outcomes = [newland.Outcome(status=newland.Status.DONE)] * len(event.items)
                    newland.encode_answer(event, outcomes)
        side.idle()
        assert not side.pending

    (parsed,) = newland.BoxSide().feed(command)
    assert isinstance(parsed, newland.Command)
    answer = newland.encode_answer(parsed, [newland.Outcome(status=newland.Status.DONE)] * 2)
    scan = b"28036800012345678901234567\r"
    return fuzz, [command, newland.LEGACY_START, command + command] if box else [answer, scan, scan + answer + scan]


def _institution() -> tuple[Target, list[bytes]]:
    from harness.wire import institution as wire
    from harness.wire.msgid import make_msgid

    known = sorted(wire.TRANSACTIONS)
    envelope = wire.Envelope(
        infno="2101",
        msgid=make_msgid("P63999900001", at=datetime(2020, 10, 14, tzinfo=UTC), seq=1),
        at=datetime(2020, 10, 14, tzinfo=UTC),
        institution="P63999900001",
        institution_name="测试药店",
        area="639900",
        operator="001",
        operator_name="测试员",
    )

    def fuzz(data: bytes) -> None:
        body: Mapping[str, object] = {}
        with contextlib.suppress(ValueError):
            body = wire.decode(data)
        wire.content(body)
        for infno in known:
            wire.check(infno, body)
            wire.check_reply(infno, body)
        with contextlib.suppress(ValueError):
            wire.parse_reply(body)
        for value in body.values():
            with contextlib.suppress(ValueError):
                wire.amount(value)

    requests: list[object] = [
        wire.request(envelope, {"data": {"psn_no": "1", "medfee_sumamt": "12.50"}}, input_as=spelled)
        for spelled in ("object", "string")
    ]
    replies: list[object] = [{"infcode": 0, "output": {"setlinfo": {"setl_id": "1"}}}, {"infcode": -1, "err_msg": "x"}]
    return fuzz, [wire.encode(message) for message in requests + replies]


def main() -> None:
    """Run one target."""
    atheris: ModuleType = importlib.import_module("atheris")
    name, corpus = sys.argv[1], Path(sys.argv[2])
    with atheris.instrument_imports(include=["harness.wire", "harness.gm"]):
        target, seeds = target_and_seeds(name)
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([sys.argv[0], *sys.argv[3:], f"-max_len={LONGEST}", str(corpus)], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
