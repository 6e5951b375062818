"""Centres with one known defect each in what they answer: states, amounts, tokens."""

from harness.money import Fen, format_yuan
from harness.wire.institution import amount
from simulators.mobile_payment.centre import Centre
from simulators.mobile_payment.desk import Answer, Data
from simulators.mobile_payment.services import PAY, QUERY, UPLOAD

GIVEN_BACK = frozenset({"7", "8", "9", "10", "11"})
PAID = frozenset({"4", "5", "6"})


class _Answering(Centre):
    """Answers otherwise than it should."""

    async def handle(self, service: str, data: Data) -> Answer:
        """The answer, spoilt."""
        return self.spoilt(service, data, dict(await super().handle(service, data)))

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """What becomes of a good answer."""
        raise NotImplementedError


class PaidWhenPlaced(_Answering):
    """Says that an order is settled as soon as it is placed."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """State 6 for state 2."""
        return {**answer, "ordStas": "6"} if service == QUERY and answer["ordStas"] == "2" else answer


class RefundUnseen(_Answering):
    """Says that an order is settled when something of it was given back."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """State 6 for states 7 to 11."""
        return {**answer, "ordStas": "6"} if service == QUERY and answer["ordStas"] in GIVEN_BACK else answer


class GoesBack(_Answering):
    """Says of a paid order that is asked for again that it is still to be paid."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """The second time, and from then on."""
        asked = self._asked.get(str(data.get("payOrdId")), 0)
        back = service == QUERY and asked > 1 and answer["ordStas"] in PAID
        return {**answer, "ordStas": "2"} if back else answer


class OwnPartForgotten(_Answering):
    """Says of an order whose own part is paid, and the insurance's is not, that it is still to be paid."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """State 2 for state 3."""
        return {**answer, "ordStas": "2"} if service == QUERY and answer["ordStas"] == "3" else answer


class OwnPartSaidBack(_Answering):
    """Says that the own part was given back, which the payment channel has refused."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """State 15 for state 16."""
        return {**answer, "ordStas": "15"} if answer.get("ordStas") == "16" else answer


class LosesAFen(_Answering):
    """Says that the fund pays a fen more than adds up."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """In 6202."""
        if service != PAY:
            return answer
        return {**answer, "fundPay": format_yuan(Fen(amount(answer["fundPay"]) + 1))}


class OtherAmountsLater(_Answering):
    """Says later that a fen of the own part was paid by the fund."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """In 6301."""
        if service != QUERY or not answer.get("ownPayAmt") or answer["ownPayAmt"] == "0.00":
            return answer
        own, fund = amount(answer["ownPayAmt"]), amount(answer["fundPay"])
        return {**answer, "ownPayAmt": format_yuan(Fen(own - 1)), "fundPay": format_yuan(Fen(fund + 1))}


def _with_pre_settlement(answer: Answer, **changed: object) -> Answer:
    extended = answer["extData"]
    assert isinstance(extended, dict)
    return {**answer, "extData": {**extended, "preSetl": {**extended["preSetl"], **changed}}}


class PreSettlementOff(_Answering):
    """Gives a pre-settlement with another own part than it has placed."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """In 6202."""
        return _with_pre_settlement(answer, psn_cash_pay="0.01") if service == PAY else answer


class OtherBalance(_Answering):
    """Takes a yuan more from the account with each order than it says."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """As the balance tells."""
        if service != PAY:
            return answer
        extended = answer["extData"]
        assert isinstance(extended, dict)
        taken = 100 * sum(order.parts is not None for order in self._desk.orders.values())
        return _with_pre_settlement(answer, balc=format_yuan(Fen(amount(extended["preSetl"]["balc"]) - taken)))


class TokenAnew(_Answering):
    """Gives an upload that comes again another payToken."""

    def spoilt(self, service: str, data: Data, answer: Answer) -> Answer:
        """From the second time on."""
        if service != UPLOAD:
            return answer
        number = f"{data['orgCodg']}/{data['medOrgOrd']}"
        asked = self._asked[number] = self._asked.get(number, 0) + 1
        return answer if asked == 1 else {**answer, "payToken": str(answer["payToken"])[:-1] + "0"}
