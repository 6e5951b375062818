"""A basket as the cashier hands it over, and the same as transactions 2101, 2102 and 2103 spell it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from simulators.his.behaviour import Behaviour
from simulators.his.journal import Amounts
from simulators.his.money import to_fen, to_yuan

PHARMACY_PURCHASE = "41"
INVONO_LENGTH = 20


@dataclass(frozen=True, kw_only=True)
class SaleLine:
    """One line; price and quantity as texts, the amount in fen."""

    code: str
    name: str
    price: str
    quantity: str
    amount: int
    level: str
    returns: str = ""
    """What a return takes back: batch, colon, number of the line from 1."""
    trace_codes: tuple[str, ...] = ()
    """What was scanned off the packs (追溯码)."""


@dataclass(frozen=True, kw_only=True)
class Sale:
    """What a customer buys under one order number; total in fen."""

    order: str
    lines: tuple[SaleLine, ...]
    total: int
    use_account: bool


@dataclass(frozen=True, kw_only=True)
class Insured:
    """An insured person as 1101 tells."""

    psn_no: str
    insutype: str
    insuplc: str
    """Insured place (insuplc_admdvs)."""


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What 2102 tells of a settlement."""

    setl_id: str
    mdtrt_id: str
    amounts: Amounts


def read_sale(command: Mapping[str, object]) -> Sale:
    """The basket of a purchase command. Raises ValueError that names the field."""
    return Sale(
        order=order_of(command),
        lines=lines_of(command),
        total=to_fen(text_of(command, "total")),
        use_account=flag_of(command, "use_account", default=True),
    )


def lines_of(command: Mapping[str, object]) -> tuple[SaleLine, ...]:
    """The lines of a command, at least one. Raises ValueError that names the field."""
    lines = command.get("lines")
    if not isinstance(lines, list) or not lines:
        raise ValueError("lines must be a list with at least one line")
    return tuple(_line(line) for line in lines)


def order_of(command: Mapping[str, object], name: str = "order") -> str:
    """An order number. Raises ValueError that names the field."""
    order = text_of(command, name)
    if len(order) > INVONO_LENGTH:
        raise ValueError(f"{name} must have at most {INVONO_LENGTH} characters")
    return order


def flag_of(command: Mapping[str, object], name: str, *, default: bool) -> bool:
    """A member that is true or false. Raises ValueError that names it."""
    flag = command.get(name, default)
    if not isinstance(flag, bool):
        raise ValueError(f"{name} must be true or false")
    return flag


def check_lines(lines: tuple[SaleLine, ...], total: int, behaviour: Behaviour) -> bool:
    """Whether each line is price times quantity, and all are the total."""
    adds_up, line_fen = behaviour.adds_up, behaviour.line_fen
    lines_right = all(adds_up(line.amount, line_fen(line.price, line.quantity)) for line in lines)
    return lines_right and adds_up(total, sum(line.amount for line in lines))


def text_of(raw: Mapping[str, object], name: str) -> str:
    """A member that must be a text with something in it. Raises ValueError that names it."""
    value = raw.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value


def detail_number(sale: Sale, line: int) -> str:
    """feedetl_sn of a line, counted from 1."""
    return f"{sale.order}{line:03d}"


def druginfo(
    sale: Sale, certificate: Mapping[str, str], insured: Insured, at: str, behaviour: Behaviour, *, more: str
) -> dict[str, object]:
    """The input of 2101 and 2102; `certificate` holds mdtrt_cert_type and mdtrt_cert_no, `more` is expContent."""
    amounts = [behaviour.wire_amount(line.price, line.quantity, line.amount) for line in sale.lines]
    details = [
        {
            "feedetl_sn": detail_number(sale, number),
            "rxno": "",
            "rx_circ_flag": "0",
            "fee_ocur_time": behaviour.arose_at(at),
            "med_list_codg": behaviour.coded(line.code),
            "medins_list_codg": behaviour.coded(line.code),
            "det_item_fee_sumamt": to_yuan(amount),
            "cnt": line.quantity,
            "pric": line.price,
            "sin_dos_dscr": "",
            "used_frqu_dscr": "",
            "medc_way_dscr": "",
            "bilg_dr_codg": "",
            "bilg_dr_name": "",
            "chrgitm_lv": behaviour.levelled(line.level),
        }
        for number, (line, amount) in enumerate(zip(sale.lines, amounts, strict=True), start=1)
    ]
    info = {
        "psn_no": insured.psn_no,
        **certificate,
        "begntime": behaviour.began_at(at),
        "medfee_sumamt": to_yuan(sum(amounts)),
        "invono": behaviour.invoiced(sale.order),
        "insutype": insured.insutype,
        "dise_codg": behaviour.disease[0],
        "dise_name": behaviour.disease[1],
        "acct_used_flag": behaviour.account_flag(sale.use_account),
        "med_type": PHARMACY_PURCHASE,
        "expContent": more,
    }
    return {"druginfo": info, "drugdetail": details}


def read_sign_no(output: Mapping[str, object]) -> str:
    """The sign-in number of 9001. Raises ValueError when it is missing."""
    return text_of(_node(output, "signinoutb"), "sign_no")


def joined(lines: tuple[SaleLine, ...]) -> tuple[SaleLine, ...]:
    """For the defect `lines-joined`: two lines of the same goods, price and whole quantities become one."""
    found: dict[tuple[str, str, str], SaleLine] = {}
    for line in lines:
        key = (line.code, line.price, line.returns)
        before = found.get(key)
        if before is None:
            found[key] = line
        else:
            quantity = str(int(before.quantity) + int(line.quantity))
            found[key] = replace(before, quantity=quantity, amount=before.amount + line.amount)
    return tuple(found.values())


def read_person(output: Mapping[str, object], *, heeds_status: bool = True) -> Insured:
    """Who 1101 says it is: under the first insurance that is in force. Raises ValueError when something is missing."""
    insurances = output.get("insuinfo")
    rows = [row for row in insurances if isinstance(row, dict)] if isinstance(insurances, list) else []
    if not rows:
        raise ValueError("insuinfo must be a list with at least one insurance")
    row = next((row for row in rows if row.get("psn_insu_stas") == "1" or not heeds_status), rows[0])
    return Insured(
        psn_no=text_of(_node(output, "baseinfo"), "psn_no"),
        insutype=text_of(row, "insutype"),
        insuplc=text_of(row, "insuplc_admdvs"),
    )


def read_amounts(output: Mapping[str, object]) -> Amounts:
    """How 2101 or 2102 split the total. Raises ValueError when an amount is missing or none."""
    info = _node(output, "setlinfo")
    return Amounts(
        total=to_fen(info.get("medfee_sumamt")),
        fund=to_fen(info.get("fund_pay_sumamt")),
        account=to_fen(info.get("acct_pay")),
        cash=to_fen(info.get("psn_cash_pay")),
    )


def read_settled(output: Mapping[str, object]) -> Settled:
    """What 2102 booked. Raises ValueError when an id or amount is missing."""
    info = _node(output, "setlinfo")
    return Settled(setl_id=text_of(info, "setl_id"), mdtrt_id=text_of(info, "mdtrt_id"), amounts=read_amounts(output))


def read_refund(output: Mapping[str, object]) -> str:
    """The setl_id of the refund that 2103 booked. Raises ValueError when it is missing."""
    return text_of(_node(output, "setlinfo"), "setl_id")


def _line(raw: object) -> SaleLine:
    if not isinstance(raw, dict):
        raise ValueError("a line must be an object")
    return SaleLine(
        code=text_of(raw, "code"),
        name=text_of(raw, "name"),
        price=text_of(raw, "price"),
        quantity=text_of(raw, "quantity"),
        amount=to_fen(text_of(raw, "amount")),
        level=text_of(raw, "level"),
        returns=str(raw.get("returns") or ""),
        trace_codes=_codes(raw),
    )


def _codes(raw: Mapping[str, object]) -> tuple[str, ...]:
    codes = raw.get("trace_codes", [])
    if not isinstance(codes, list) or not all(isinstance(code, str) and code for code in codes):
        raise ValueError("trace_codes must be a list of texts")
    return tuple(codes)


def _node(output: Mapping[str, object], name: str) -> Mapping[str, object]:
    node = output.get(name)
    if not isinstance(node, dict):
        raise ValueError(f"the answer has no {name}")
    return node
