"""The operator's side of the machine, as routes of the back door: repair, keys, PIN locks, certificates."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from harness.gm import PrivateKey
from simulators.encryption_machine.certificates import UnreadableCertificate, read_certificate
from simulators.encryption_machine.keys import Certificate, Use
from simulators.encryption_machine.plant import Plant
from simulators.kit.back_door import json_object


class Console:
    """What an operator can do."""

    def __init__(self, plant: Plant) -> None:
        self._plant = plant

    def routes(self) -> list[Route]:
        """For the back door."""
        return [
            Route("/repair", self._repair, methods=["POST"]),
            Route("/keys", self._make, methods=["POST"]),
            Route("/keys", self._destroy, methods=["DELETE"]),
            Route("/keys/lock", self._lock, methods=["POST"]),
            Route("/keys/unlock", self._unlock, methods=["POST"]),
            Route("/certificates", self._certify, methods=["POST"]),
        ]

    async def _repair(self, _: Request) -> Response:
        self._plant.repair()
        self._say("repaired")
        return self._state()

    async def _make(self, request: Request) -> Response:
        body = await json_object(request)
        index = self._index(body)
        label, pin, separate = body.get("label", ""), body.get("pin"), body.get("separate", False)
        if not isinstance(label, str) or not (pin is None or isinstance(pin, str)) or not isinstance(separate, bool):
            raise HTTPException(400, "label and pin are texts, separate is true or false")
        sign = PrivateKey(d=self._plant.machine.number())
        encrypt = PrivateKey(d=self._plant.machine.number()) if separate else sign
        self._plant.store.put_pairs(
            index,
            {Use.SIGN: sign, Use.ENCRYPT: encrypt},
            label=label.encode(),
            pin=None if pin is None else pin.encode(),
        )
        self._say("key-made", index=index)
        return self._state()

    async def _destroy(self, request: Request) -> Response:
        index = self._index(await json_object(request))
        if not self._plant.store.destroy(index):
            raise HTTPException(404, f"there is no key at index {index}")
        self._say("key-destroyed", index=index)
        return self._state()

    async def _lock(self, request: Request) -> Response:
        index = self._index(await json_object(request))
        self._plant.store.pins.lock(index)
        self._say("key-locked", index=index)
        return self._state()

    async def _unlock(self, request: Request) -> Response:
        index = self._index(await json_object(request))
        self._plant.store.pins.unlock(index)
        self._say("key-unlocked", index=index)
        return self._state()

    async def _certify(self, request: Request) -> Response:
        body = await json_object(request)
        name, stored = body.get("id"), body.get("der")
        trusted, revoked = body.get("trusted", False), body.get("revoked", False)
        if not isinstance(name, str) or not isinstance(stored, str):
            raise HTTPException(400, "id is a text, der a certificate in hex")
        if not isinstance(trusted, bool) or not isinstance(revoked, bool):
            raise HTTPException(400, "trusted and revoked are true or false")
        try:
            raw = bytes.fromhex(stored)
            serial = read_certificate(raw).serial
        except (ValueError, UnreadableCertificate) as error:
            raise HTTPException(400, f"der is no certificate of an SM2 key: {error}") from error
        self._plant.store.put_certificate(
            Certificate(id=name, serial=serial, der=raw, trusted=trusted, revoked=revoked)
        )
        self._say("certificate-stored", id=name)
        return self._state()

    def _index(self, body: dict[str, object]) -> int:
        index = body.get("index")
        settings = self._plant.settings
        if not isinstance(index, int) or isinstance(index, bool):
            raise HTTPException(400, "index must be a whole number")
        if not settings.first_index <= index <= settings.last_index:
            raise HTTPException(400, f"index is {settings.first_index} to {settings.last_index}")
        return index

    def _say(self, name: str, **fields: int | str) -> None:
        self._plant.context.tape.event(self._plant.context.name, name, **fields)

    def _state(self) -> Response:
        return JSONResponse(dict(self._plant.state()))
