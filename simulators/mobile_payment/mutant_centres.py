"""Centres with one known defect each in what they do: with orders, authorisations, refunds, notices, the platform."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from fixtures.population import Person
from simulators.mobile_payment.auths import Authorisation, Authorisations
from simulators.mobile_payment.centre import Centre
from simulators.mobile_payment.desk import Answer, Batch, Data, Desk
from simulators.mobile_payment.insurance import Insurance
from simulators.mobile_payment.leg import Leg
from simulators.mobile_payment.orders import Numbers, Order
from simulators.mobile_payment.platform_line import Outcome, Result
from simulators.mobile_payment.services import PAY, QUERY, REFUND, REVOKE, UPLOAD, OrdStas, RefusedError
from simulators.mobile_payment.settings import MobilePaymentSettings


class Otherwise(Centre):
    """Goes by other settings than those that it was told."""

    changed: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, context: Any, settings: MobilePaymentSettings, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(context, replace(settings, **self.changed), **rest)


class SettlesAlone(Otherwise):
    """Settles an order without waiting for the hospital."""

    changed: ClassVar[Mapping[str, Any]] = {"hospital_settles": False}


class NeverEndsUnpaid(Otherwise):
    """Lets an order be paid for ever."""

    changed: ClassVar[Mapping[str, Any]] = {"unpaid_s": 0}


class EndsEarly(Otherwise):
    """Revokes an order that is not paid after ten minutes."""

    changed: ClassVar[Mapping[str, Any]] = {"unpaid_s": 600}


class AuthForEver(Otherwise):
    """Takes an authorisation number that has expired."""

    changed: ClassVar[Mapping[str, Any]] = {"pay_auth_s": 1_000_000}


class AuthDiesEarly(Otherwise):
    """Ends an authorisation number after one minute."""

    changed: ClassVar[Mapping[str, Any]] = {"pay_auth_s": 60}


class NoticeOff(Otherwise):
    """Tells the hospital another amount than was paid."""

    changed: ClassVar[Mapping[str, Any]] = {"callback_off_fen": 1}


class NoticeTwice(Otherwise):
    """Sends a notice again that was taken."""

    changed: ClassVar[Mapping[str, Any]] = {"callback_copies": 2}


class NoticeOnce(Otherwise):
    """Sends a notice once, taken or not."""

    changed: ClassVar[Mapping[str, Any]] = {"callback_retries": ""}


class NoticeTooSoon(Otherwise):
    """Sends a notice again after a second, and a second later, and so on."""

    changed: ClassVar[Mapping[str, Any]] = {"callback_retries": "1,1,1,1,1"}


class NoNotice(Centre):
    """Sends no notices."""

    def __init__(self, context: Any, settings: MobilePaymentSettings, **rest: Any) -> None:  # noqa: ANN401
        super().__init__(context, settings, **{**rest, "callback_url": lambda: ""})


class NoticeWhenPlaced(Centre):
    """Tells the hospital of a payment when the order is placed."""

    async def _handle(self, service: str, data: Data) -> Answer:
        answer = await super()._handle(service, data)
        order = self._desk.orders.get(str(data.get("payOrdId")))
        if service == PAY and order is not None and order.status is OrdStas.TO_PAY:
            self._desk.notify(self._desk.touch(order))
        return answer


# --- what is taken, and what is refused ---


class _Forgiving(Centre):
    """Does what it should refuse."""

    async def handle(self, service: str, data: Data) -> Answer:
        """The answer; a refusal may become one."""
        try:
            return await super().handle(service, self.meant(service, data))
        except RefusedError as error:
            return self.instead(service, data, error)

    def meant(self, service: str, data: Data) -> Data:
        """What it takes a message for."""
        del service
        return data

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """What it answers instead of refusing. Raises RefusedError where it does not."""
        del service, data
        raise error


class LenientFields(_Forgiving):
    """Takes what breaks the interface for done."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """Success with nothing in it."""
        if error.why != "field-problems":
            raise error
        return {}


class FieldUnnamed(_Forgiving):
    """Does not say which field is wrong."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """The bare refusal."""
        raise RefusedError(error.why) if error.why == "field-problems" else error


class AnotherReason(_Forgiving):
    """Says of an order that it does not know that the person is another."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """Another refusal."""
        raise RefusedError("person-mismatch") if error.why == "order-unknown" else error


class RevokesPaid(_Forgiving):
    """Says that what is paid was revoked."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """Success."""
        if service != REVOKE or error.why != "state":
            raise error
        return {"success": True, "message": "成功"}


class OrderOfAnybody(_Forgiving):
    """Tells of an order to every institution that knows its number."""

    def meant(self, service: str, data: Data) -> Data:
        """As if its owner had asked."""
        order = self._desk.orders.get(str(data.get("payOrdId")))
        if service not in {QUERY, REVOKE} or order is None:
            return data
        return {**data, "orgCodg": order.institution.code, "payToken": order.pay_token}


class AccountAnyway(_Forgiving):
    """Uses the account of who does not want that."""

    def meant(self, service: str, data: Data) -> Data:
        """As if they did."""
        return {**data, "acctUsedFlag": "1"} if data.get("acctUsedFlag") == "0" else data


class TwoAuthorisations(_Forgiving):
    """Takes a message with two authorisations."""

    def meant(self, service: str, data: Data) -> Data:
        """As if there were one."""
        return {**data, "ecToken": ""} if data.get("payAuthNo") else data


class RefundsUnpaid(_Forgiving):
    """Gives back what was not paid."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """Success."""
        return _refunded(service, data, error, why="state")


class RefundsTooMuch(_Forgiving):
    """Gives back more than was paid."""

    def instead(self, service: str, data: Data, error: RefusedError) -> Answer:
        """Success."""
        return _refunded(service, data, error, why="refund-parts")


def _refunded(service: str, data: Data, error: RefusedError, *, why: str) -> Answer:
    if service != REFUND or error.why != why:
        raise error
    return {"payOrdId": data["payOrdId"], "appRefdSn": data["appRefdSn"], "refStatus": "SUCC"}


class AnyContent(Centre):
    """Gives the first answer to whatever comes under a number again."""

    async def handle(self, service: str, data: Data) -> Answer:
        """As if its content were the same."""
        key = {
            UPLOAD: (UPLOAD, str(data.get("orgCodg")), str(data.get("medOrgOrd"))),
            PAY: (PAY, str(data.get("payOrdId"))),
        }.get(service, ())
        before = self._desk.answers.get(key)
        return await super().handle(service, data) if before is None else before[1]


# --- numbers, desk ---


class _Short(Numbers):
    def order(self, place: str, *, at_ns: int) -> str:
        """Without the last digits."""
        return re.sub(r"[0-9]{3}\Z", "", super().order(place, at_ns=at_ns))


class ShortNumbers(Centre):
    """Numbers its orders with three digits less."""

    numbers = _Short


class _Same(Numbers):
    def token(self, place: str) -> str:
        """The same for everybody."""
        return f"{place}ec{'0' * 30}"


class SameToken(Centre):
    """Gives every order the same payToken."""

    numbers = _Same


class _Uncounted(Desk):
    def not_charged(self, batch: Batch, but: Order | None = None) -> None:
        """Of everything."""


class ChargesTwice(Centre):
    """Lets a charge batch be charged by several orders."""

    desks = _Uncounted


class _Twice(Authorisations):
    def check(self, number: object, person: Person, app_id: str, *, use: str) -> Authorisation:
        """Whatever it has served."""
        found = self.given.get(str(number))
        return super().check(number, person, app_id, use=found.used_for if found else use)


class AuthServesTwice(Centre):
    """Takes an authorisation number for as many orders as it comes with."""

    auths = _Twice


class _Anybodys(Authorisations):
    def check(self, number: object, person: Person, app_id: str, *, use: str) -> Authorisation:
        """For whomever it was given to."""
        found = self.given.get(str(number))
        return super().check(number, found.person if found else person, app_id, use=use)


class AuthOfAnybody(Centre):
    """Takes an authorisation number of another person."""

    auths = _Anybodys


class _AnyApplications(Authorisations):
    def check(self, number: object, person: Person, app_id: str, *, use: str) -> Authorisation:
        """Whichever application it was given to."""
        found = self.given.get(str(number))
        return super().check(number, person, found.app_id if found else app_id, use=use)


class AuthOfAnyApplication(Centre):
    """Takes an authorisation number that was given to another application."""

    auths = _AnyApplications


# --- the platform ---


class NeverReverses(Insurance):
    """Calls a settlement in doubt failed without having it undone."""

    async def reverse(self, leg: Leg) -> Outcome:
        """As if the platform had."""
        leg.unknown = False
        return Outcome(result=Result.DONE)


class RefundNotBooked(Insurance):
    """Says that fund and account were given back, and tells the platform nothing."""

    async def refund(self, leg: Leg) -> Outcome:
        """As if it had been told."""
        del leg
        return Outcome(result=Result.DONE)
