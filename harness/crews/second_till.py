"""A second till of the institution: another adapter under the same command, for a case that needs two at once.

It has an operator and a state folder of its own, is told which till it is, and gets its codes over a line of ours
(`handed_codes`). It asks the bench's parties by another name of their host, so that the judge can tell its requests
from the first till's without believing what they say.
"""

from dataclasses import replace

from harness.counter import create_port
from harness.counter.greeting import Ability, Hello, Ready
from harness.counter.handed_codes import HandedCodes
from harness.counter.kinds import PortContext
from harness.counter.port import CounterPort
from harness.errors import NotOffered
from harness.judge.counter_talk import SECOND_COUNTER, SECOND_SCANNER
from harness.line.record import JsonValue

OPERATOR: dict[str, JsonValue] = {
    "no": "C0002",
    "name": "联调收银员二",
    "mac": "00-00-5E-00-53-02",
    "ip": "127.0.0.2",
}
"""The cashier of the second till; the address ranges are those reserved for documentation."""
LOOPBACK, BY_NAME = "://127.0.0.1:", "://localhost:"
"""How the bench's parties are told to the first till, and to the second."""


def require_tills(ready: Ready) -> None:
    """Raises NotOffered for an adapter that does not say that two of it may run side by side."""
    if Ability.TILLS not in ready.can:
        raise NotOffered(
            f"The adapter {ready.adapter} does not offer {Ability.TILLS.value!r}: two of it side by side.",
            cause="its `ready.can` does not list it",
            remedy="say tills = 1 in [counter] of the bench file for a certificate without such cases, or number "
            "messages by `hello.till` and list it",
        )


class SecondTill:
    """The other adapter and what reads codes to it; `context` is the first till's, `kind` that of its port."""

    name = SECOND_COUNTER

    def __init__(self, context: PortContext, *, kind: str) -> None:
        self._context = context
        self._kind = kind
        self.scanner = HandedCodes(SECOND_SCANNER, tape=context.tape, loop=context.loop)
        self._counter: CounterPort | None = None

    @property
    def counter(self) -> CounterPort:
        """Its port, once it is started."""
        assert self._counter is not None, "a call before start()"
        return self._counter

    def start(self) -> None:
        """Start it and wait until it is ready. Raises what the start of an adapter raises."""
        tape = self._context.tape
        self.scanner.start()
        hello = _told(self._context.hello, self.scanner.address)
        for party, address in hello.endpoints.items():
            tape.volatile(f"{self.name}.{party}", address.partition(":")[2].removeprefix("//"))
        self._counter = create_port(self._kind, replace(self._context, name=self.name, hello=hello))
        self._counter.start()

    def close(self) -> None:
        """End it and whatever it started; may be called twice."""
        try:
            if self._counter is not None:
                self._counter.close()
        finally:
            self.scanner.close()


def _told(first: Hello, scanner: str) -> Hello:
    """What the second till is told where it differs from the first."""
    endpoints = {party: address.replace(LOOPBACK, BY_NAME) for party, address in first.endpoints.items()}
    folder = first.state_dir
    return replace(
        first,
        operator=OPERATOR,
        endpoints={**endpoints, "scanner": scanner},
        state_dir=folder.with_name(f"{folder.name}-2"),
        till={"number": 2, "of": 2},
    )
