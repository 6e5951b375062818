"""Centres with one known defect each in how they answer, and centres that go by other settings than they say."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from fixtures.prompts import failure_prompts
from harness.wire.voucher_messages import return_code
from simulators.voucher_centre.centre import Centre
from simulators.voucher_centre.office import Answer, Body, done
from simulators.voucher_centre.settings import DataAs, VoucherCentreSettings

OWN_CODE = 999
"""A return code that no table has."""


class Otherwise(Centre):
    """Goes by other settings than those that it was told."""

    changed: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, settings: VoucherCentreSettings, **rest: Any) -> None:  # noqa: ANN401 - handed through
        super().__init__(replace(settings, **self.changed), **rest)


class ServesTwice(Otherwise):
    """Decodes a code as often as it comes."""

    changed: ClassVar[Mapping[str, Any]] = {"single_use": False}


class LivesOn(Otherwise):
    """Decodes a code that has expired."""

    changed: ClassVar[Mapping[str, Any]] = {"grace_s": 3600}


class TokensLiveOn(Otherwise):
    """Confirms a token after its time."""

    changed: ClassVar[Mapping[str, Any]] = {"token_s": 1_000_000}


class TokensDieEarly(Otherwise):
    """Ends a token after one minute."""

    changed: ClassVar[Mapping[str, Any]] = {"token_s": 60}


class NeverLocks(Otherwise):
    """Lets anybody try as many passwords as they like."""

    changed: ClassVar[Mapping[str, Any]] = {"password_lock_after": 1_000_000}


class LocksEarly(Otherwise):
    """Locks a password at the third wrong one."""

    changed: ClassVar[Mapping[str, Any]] = {"password_lock_after": 3}


class ChildByNumber(Otherwise):
    """Binds a child by ID number, without its face."""

    changed: ClassVar[Mapping[str, Any]] = {"family_face_below": 0}


class WaitsForEver(Otherwise):
    """Lets a begun activation go on after its time."""

    changed: ClassVar[Mapping[str, Any]] = {"activation_s": 10_000_000}


class DataAsString(Otherwise):
    """Writes data as a string where an object is set."""

    changed: ClassVar[Mapping[str, Any]] = {"data_as": DataAs.STRING}


class _Answering(Centre):
    """Answers otherwise than it should."""

    async def handle(self, name: str, body: Body) -> Answer:
        """The answer, spoilt."""
        return self._spoilt(name, body, await super().handle(name, body))

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        raise NotImplementedError


class AlwaysSuccess(_Answering):
    """Says success true in every answer, refused or not."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        return {**answer, "success": True}


class NoInstitution(_Answering):
    """Leaves the institution out of its answers."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        return {**answer, "orgId": ""}


class OwnCode(_Answering):
    """Refuses an unknown code with a return code that stands in no table."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        known = return_code(int(str(answer["code"])))
        return {**answer, "code": OWN_CODE} if known is not None and known.id == "unknown" else answer


class OnePrompt(_Answering):
    """Shows the same prompt for every failure of activation."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        known = return_code(int(str(answer["code"])))
        if known is None or known.id not in failure_prompts():
            return answer
        return {**answer, "message": "激活失败，请稍后再试"}


class NoRemedy(_Answering):
    """Shows a prompt without saying what helps."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        data = answer["data"]
        if isinstance(data, dict) and "remedy" in data:
            return {**answer, "data": {**data, "remedy": ""}}
        return answer


class AnyPerson(_Answering):
    """Confirms a token for whomever it is asked about."""

    async def handle(self, name: str, body: Body) -> Answer:
        """As if nobody had been named."""
        if name == "token-check":
            body = {key: value for key, value in body.items() if key not in {"idNo", "userName"}}
        return await super().handle(name, body)

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        return answer


class Lenient(_Answering):
    """Answers a request that breaks the interface with success."""

    def _spoilt(self, name: str, body: Body, answer: Answer) -> Answer:
        known = return_code(int(str(answer["code"])))
        return done(body, {}) if known is not None and known.id == "invalid-request" else answer


class NoAnswer(Centre):
    """Answers what is no JSON object with nothing."""

    def malformed(self, why: str) -> Answer:
        """Empty."""
        del why
        return {}
