"""The field tables of all transactions: they are whole, and every violation of every one of their fields is named."""

from typing import Any

import pytest

from fixtures import fixture
from harness.clock import BENCH_ORIGIN
from harness.wire import institution as wire
from harness.wire.fields import FieldSpec, Rule, bytes_of, code_table, load_toml
from tests.simulators.hospital_rig import sample

KINDS = set("CNDOAB")


def good(infno: str) -> dict[str, Any]:
    """A request with the required fields only."""
    envelope = wire.Envelope(
        infno=infno,
        msgid="H63999900001202010140830000001",
        at=BENCH_ORIGIN,
        institution="H63999900001",
        institution_name="联调测试医院",
        area="639900",
        insured_place="639900",
        operator="001",
        operator_name="收银员",
    )
    return wire.request(envelope, sample(infno))


def every_field(infno: str) -> list[tuple[str, FieldSpec, bool]]:
    return [(node.name, spec, node.many) for node in wire.input_nodes(infno) for spec in node.fields]


def entry_of(body: dict[str, Any], node: str, *, many: bool) -> dict[str, Any]:
    if many:
        body["input"].setdefault(node, [{}])
        found: dict[str, Any] = body["input"][node][0]
        return found
    entry: dict[str, Any] = body["input"].setdefault(node, {})
    return entry


def test_every_transaction_has_a_table_a_name_and_a_place_in_the_code_table() -> None:
    assert set(code_table("infno")) == set(wire.TRANSACTIONS)
    for infno in wire.TRANSACTIONS:
        table = load_toml(f"institution/{infno}.toml")
        assert table["name"], infno
        assert table["english"], infno
        assert fixture(f"institution/{infno}.toml").is_file()


@pytest.mark.parametrize("infno", wire.TRANSACTIONS)
def test_tables_name_types_lengths_and_code_tables_that_exist(infno: str) -> None:
    for nodes in (wire.input_nodes(infno), wire.output_nodes(infno)):
        for node in nodes:
            names = [spec.name for spec in node.fields]
            assert len(names) == len(set(names)), node.name
            for spec in node.fields:
                assert spec.type in KINDS
                assert spec.length > 0 or spec.type not in {"C", "N"}, spec.name
                if spec.table:
                    assert any(len(code) <= spec.length for code in code_table(spec.table)), spec.name
                for other in spec.required_when or {}:
                    assert other in names


@pytest.mark.parametrize("infno", [infno for infno in wire.TRANSACTIONS if infno != "9001"])
def test_every_violation_of_every_field_is_found_where_it_is(infno: str) -> None:
    assert wire.check(infno, good(infno)) == ()
    for node, spec, many in every_field(infno):
        wrong: list[tuple[object, Rule]] = []
        match spec.type:
            case "C":
                wrong = [(5, Rule.TYPE), ("长" * (spec.length + 1), Rule.LENGTH)]
                if spec.table:
                    wrong.append(("?", Rule.CODE))
            case "N":
                wrong = [("x", Rule.FORMAT), ([], Rule.TYPE), ("9" * (spec.length + 1), Rule.LENGTH)]
                wrong.append(("0." + "1" * (spec.decimals + 1), Rule.LENGTH))
            case "D":
                wrong = [(5, Rule.TYPE), ("2020/10/14", Rule.FORMAT), ("2020-02-30", Rule.FORMAT)]
            case "B":
                wrong = [(5, Rule.TYPE), ("?", Rule.FORMAT), ([256], Rule.FORMAT)]
        if spec.required:
            wrong += [(None, Rule.REQUIRED), ("", Rule.REQUIRED)]
        where = f"input.{node}[0].{spec.name}" if many else f"input.{node}.{spec.name}"
        for value, rule in wrong:
            body = good(infno)
            entry_of(body, node, many=many)[spec.name] = value
            assert (where, rule) in {(p.path, p.rule) for p in wire.check(infno, body)}, (spec.name, value)


@pytest.mark.parametrize("infno", ["2204", "2401", "3201"])
def test_all_wrong_fields_are_named_at_once(infno: str) -> None:
    body = good(infno)
    names = set()
    for node, spec, many in every_field(infno):
        if spec.required:
            entry_of(body, node, many=many)[spec.name] = ""
            names.add(f"input.{node}[0].{spec.name}" if many else f"input.{node}.{spec.name}")
    assert {problem.path for problem in wire.check(infno, body)} >= names


def test_the_common_lengths_of_the_interface_hold_in_every_table() -> None:
    lengths = {"psn_no": 30, "mdtrt_id": 30, "setl_id": 30, "chrg_bchno": 30, "feedetl_sn": 30, "psn_name": 50}
    lengths |= {"insutype": 6, "med_type": 6, "mdtrt_cert_type": 3, "mdtrt_cert_no": 50, "expContent": 4000}
    amounts = {"medfee_sumamt", "fund_pay_sumamt", "acct_pay", "det_item_fee_sumamt", "inscp_scp_amt"}
    for infno in wire.TRANSACTIONS:
        for node in (*wire.input_nodes(infno), *wire.output_nodes(infno)):
            for spec in node.fields:
                if spec.name in lengths:
                    assert (spec.type, spec.length) == ("C", lengths[spec.name]), (infno, spec.name)
                if spec.name in amounts:
                    assert (spec.type, spec.length, spec.decimals) == ("N", 16, 2), (infno, spec.name)


def test_tables_that_are_like_others_are_written_out() -> None:
    stay = {spec.name: spec for spec in wire.input_nodes("2304")[0].fields}
    assert "chrg_bchno" not in stay
    assert "med_type" not in stay
    assert stay["mid_setl_flag"].required
    assert stay["preselfpay_amt"].required
    assert [node.name for node in wire.input_nodes("2207")] == ["data", "drug_trac_info"]
    assert wire.output_nodes("2205") == ()


# --- what must not bring the check down -------------------------------------------------------------------


@pytest.mark.parametrize("infno", [{}, [], {"a": 1}, [1], 5, True, None])
def test_an_infno_that_is_no_text_is_a_problem_and_no_crash(infno: object) -> None:
    body = {**good("2102"), "infno": infno}
    assert "infno" in {problem.path for problem in wire.check("2102", body)}


@pytest.mark.parametrize("text", [b"1e2", b"1E+400", b"1e999999999", b"1e-999999999", b"-1e999999999"])
def test_exponents_are_no_amounts_and_cost_nothing(text: bytes) -> None:
    body = good("2206")
    body["input"]["data"]["medfee_sumamt"] = wire.decode(b'{"a":' + text + b"}")["a"]
    (problem,) = wire.check("2206", body)
    assert (problem.path, problem.rule) == ("input.data.medfee_sumamt", Rule.FORMAT)


def test_input_as_a_string_within_a_string_and_nested_too_deep_is_refused() -> None:
    body = good("2206")
    for value in (wire.encode(wire.encode(body["input"]).decode()).decode(), "[" * 100_000):
        assert [p.path for p in wire.check("2206", {**body, "input": value})] == ["input"]


@pytest.mark.parametrize(
    ("value", "expected"), [("AAE=", b"\x00\x01"), ([80, 75], b"PK"), ([-1, 0], b"\xff\x00"), ([], b"")]
)
def test_bytes_are_base64_or_numbers(value: object, expected: bytes) -> None:
    assert bytes_of(value) == expected
