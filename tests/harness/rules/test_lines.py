"""The same lines in another order, or with less than may be said of them, are the same lines."""

import pytest

from harness.rules.lines import wrong_lines

TOLD = (
    {"code": "XP000001", "price": "12.50", "quantity": "2", "amount": "25.00", "level": "01"},
    {"code": "XP000003", "price": "0.99", "quantity": "7", "amount": "6.93", "level": "03"},
)


def sent(**changes: str) -> list[dict[str, str]]:
    """The lines as they should be sent, with members of the last one changed; an empty one is left out."""
    rows = [
        {
            "med_list_codg": row["code"],
            "medins_list_codg": row["code"],
            "pric": row["price"],
            "cnt": row["quantity"],
            "det_item_fee_sumamt": row["amount"],
            "chrgitm_lv": row["level"],
        }
        for row in TOLD
    ]
    rows[-1] = {name: value for name, value in (rows[-1] | changes).items() if value}
    return rows


def found(told: tuple[dict[str, str], ...], rows: list[dict[str, str]]) -> list[tuple[str, str]]:
    """What is wrong."""
    return list(wrong_lines(told, rows, how="rung up"))


def test_order_and_spelling_of_numbers_do_not_matter() -> None:
    assert found(TOLD, sent(cnt="7.00", pric="0.990")[::-1]) == []


def test_a_line_without_a_level_has_the_catalogues() -> None:
    assert found(TOLD, sent(chrgitm_lv="")) == []


def test_what_was_told_without_code_and_level_may_have_any() -> None:
    fee = ({"price": "12.00", "quantity": "1", "amount": "12.00"},)
    row = {"med_list_codg": "XS1", "medins_list_codg": "A7", "pric": "12", "cnt": "1", "det_item_fee_sumamt": "12.00"}
    assert found(fee, [row]) == []


@pytest.mark.parametrize(
    ("name", "value", "due", "seen"),
    [
        ("med_list_codg", "XP000001", "XP000003", "XP000001"),
        ("medins_list_codg", "XP000001", "XP000003", "XP000001"),
        ("med_list_codg", "", "XP000003", '""'),
        ("chrgitm_lv", "01", '"03"', '"01"'),
        ("cnt", "8", '"7"', '"8"'),
    ],
)
def test_another_code_level_or_count_is_said_with_what_was_due(name: str, value: str, due: str, seen: str) -> None:
    ((expected, instead),) = found(TOLD, sent(**{name: value}))
    assert due in expected
    assert seen in instead


def test_two_lines_whose_codes_are_exchanged_are_not_the_same() -> None:
    rows = sent(med_list_codg="XP000001")
    rows[0]["med_list_codg"] = "XP000003"
    ((expected, _),) = found(TOLD, rows)
    assert expected.startswith("med_list_codg")
