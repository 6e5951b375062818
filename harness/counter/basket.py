"""What a customer buys or a doctor orders: the lines, and what they add up to."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from harness.line.record import JsonValue
from harness.money import Fen, format_yuan


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a basket; price in yuan with up to 6 decimals and quantity with up to 4, as their wire texts."""

    code: str
    name: str
    price: str
    quantity: str
    amount: Fen
    level: str = "01"
    """Level of the charge item (chrgitm_lv): 01 class A, 02 class B, 03 paid by the person."""
    returns: str = ""
    """Of a return at a ward, with quantity and amount below zero: what it takes back, as `batch:line`, from 1."""

    def as_json(self) -> dict[str, JsonValue]:
        """The line as commands have it."""
        members: dict[str, JsonValue] = {
            "code": self.code,
            "name": self.name,
            "price": self.price,
            "quantity": self.quantity,
            "amount": format_yuan(self.amount),
            "level": self.level,
        }
        return {**members, "returns": self.returns} if self.returns else members

    @classmethod
    def priced(cls, code: str, name: str, *, price: str, quantity: str, level: str = "01") -> "Line":
        """A line whose amount is price times quantity, rounded half up to the fen. Raises ValueError for no numbers."""
        try:
            exact = Decimal(price) * Decimal(quantity) * 100
            amount = Fen(int(exact.to_integral_value(rounding=ROUND_HALF_UP)))
        except InvalidOperation as error:
            raise ValueError(f"price {price!r} and quantity {quantity!r} must be decimal numbers") from error
        return cls(code=code, name=name, price=price, quantity=quantity, amount=amount, level=level)


@dataclass(frozen=True, kw_only=True)
class Basket:
    """What a customer buys under one order number (invono); total and lines may disagree on purpose."""

    order: str
    lines: tuple[Line, ...]
    total: Fen
    use_account: bool = True

    @classmethod
    def of(cls, order: str, *lines: Line, use_account: bool = True) -> "Basket":
        """A basket that adds up."""
        total = Fen(sum(line.amount for line in lines))
        return cls(order=order, lines=lines, total=total, use_account=use_account)

    def as_json(self) -> dict[str, JsonValue]:
        """The members of a purchase command."""
        return {**self.fees_as_json(), "use_account": self.use_account}

    def fees_as_json(self) -> dict[str, JsonValue]:
        """Order, lines and total alone: what a doctor orders says nothing of how it is paid."""
        lines: list[JsonValue] = [line.as_json() for line in self.lines]
        return {"order": self.order, "lines": lines, "total": format_yuan(self.total)}
