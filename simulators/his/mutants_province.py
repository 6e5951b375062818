"""Known defects that show under one province's profile alone: what stands before its platform, and its own forms."""

from collections.abc import Mapping
from dataclasses import replace

from simulators.his.behaviour import Behaviour
from simulators.his.gateway import Sealing, csb_signature, envelope_signature, joined, sealed
from simulators.his.money import to_fen, to_yuan
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
SIGNATURE = "_api_signature"
OLD_FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
UNSORTED = ("_api_name", "_api_version", "_api_access_key", "_api_timestamp")


def _no_headers(_request: Sealing) -> dict[str, str]:
    return {}


def _body_signed(request: Sealing) -> dict[str, str]:
    return _signed_anew(request, sealed(request), request.body)


def _in_seconds(request: Sealing) -> dict[str, str]:
    headers = sealed(request) | {"_api_timestamp": str(request.seconds)}
    unsigned = {name: headers[name] for name in sorted(UNSORTED) if name in headers}
    return _signed_anew(request, headers, joined(unsigned).encode())


def _unsorted(request: Sealing) -> dict[str, str]:
    headers = sealed(request)
    return _signed_anew(request, headers, "&".join(f"{name}={headers.get(name)}" for name in UNSORTED).encode())


def _signed_anew(request: Sealing, headers: dict[str, str], text: bytes) -> dict[str, str]:
    """The headers with a CSB signature over another text; before any other gateway the right ones."""
    gateway = request.profile.gateway
    return headers | {SIGNATURE: csb_signature(gateway, text)} if gateway.get("kind") == "csb" else sealed(request)


def _one_nonce(request: Sealing) -> dict[str, str]:
    return sealed(replace(request, msgid="always"))


def _over_input(gateway: Mapping[str, str], envelope: Mapping[str, object]) -> str:
    return envelope_signature(gateway, envelope, unsigned=("cainfo",))


def _without_last_goods(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return [entry for entry in entries if entry["feedetl_sn"] != entries[-1]["feedetl_sn"]]


def _without_unit(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{name: value for name, value in entry.items() if name != "min_prcunt_type"} for entry in entries]


def _numbered(entries: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**entry, "drug_trac_codg": f"8{number:019d}"} for number, entry in enumerate(entries, start=1)]


def _without_cash(data: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in data.items() if name != "cash_payamt"}


def _old_funds_added(output: Mapping[str, object]) -> Mapping[str, object]:
    """The fund's part as the sum of the funds that there were before hifdm_pay."""
    info = output.get("setlinfo")
    if not isinstance(info, dict) or "hifdm_pay" not in info:
        return output
    added = sum(to_fen(info.get(name, "0.00")) for name in OLD_FUNDS)
    return {**output, "setlinfo": {**info, "fund_pay_sumamt": to_yuan(added)}}


PROVINCE_MUTANTS = (
    Mutant(
        name="gateway-headers-missing",
        english="requests go out without the headers that the province's gateway wants",
        chinese="请求未带省网关要求的请求头",
        shown_by="no apikey; the gateway turns everything away",
        behaviour=replace(RIGHT, sealed=_no_headers),
        profile="inner-mongolia",
    ),
    Mutant(
        name="csb-signature-body",
        english="the CSB signature is over the body instead of over the headers",
        chinese="CSB签名误对报文体计算",
        shown_by="_api_signature is not that of the four headers",
        behaviour=replace(RIGHT, sealed=_body_signed),
        profile="jiangsu",
    ),
    Mutant(
        name="csb-signature-unsorted",
        english="the headers are signed in another order than that of their names",
        chinese="CSB签名参数未按名称排序",
        shown_by="_api_signature is not that of the sorted headers",
        behaviour=replace(RIGHT, sealed=_unsorted),
        profile="jiangsu",
    ),
    Mutant(
        name="wrong-timestamp-unit",
        english="the gateway's timestamp is in seconds where milliseconds are due",
        chinese="网关时间戳用秒而非毫秒",
        shown_by="_api_timestamp of ten digits; the gateway says 9000",
        behaviour=replace(RIGHT, sealed=_in_seconds),
        profile="jiangsu",
    ),
    Mutant(
        name="province-members-missing",
        english="the members that the province adds to the envelope are left out",
        chinese="报文缺少本省附加字段",
        shown_by="no fixmedins_soft_fcty and no enc_type",
        behaviour=replace(RIGHT, members=lambda _: {}),
        profile="jiangsu",
    ),
    Mutant(
        name="nonce-reused",
        english="every request carries the same nonce",
        chinese="每次请求使用同一随机数",
        shown_by="the second request is turned away; x-tif-nonce is that of the first",
        behaviour=replace(RIGHT, sealed=_one_nonce),
        profile="unnamed-tif",
    ),
    Mutant(
        name="cainfo-signs-input",
        english="the envelope's signature is over the input as well",
        chinese="cainfo签名误将input计入",
        shown_by="cainfo is not the signature of the envelope without input",
        behaviour=replace(RIGHT, signed_envelope=_over_input),
        profile="unnamed-cainfo",
    ),
    Mutant(
        name="input-as-object",
        english="input is an object where a string of JSON is due",
        chinese="input应为JSON字符串却传对象",
        shown_by="input of the envelope is an object",
        behaviour=replace(RIGHT, input_as=lambda _: "object"),
        profile="unnamed-cainfo",
    ),
    Mutant(
        name="msgid-in-national-form",
        english="message ids have the national form in a province that has its own",
        chinese="报文号未按本省格式生成",
        shown_by="a msgid that does not begin with yyMMddHHmmss-",
        behaviour=replace(RIGHT, msgid_form=lambda _: "code-time"),
        profile="henan",
    ),
    Mutant(
        name="trace-code-left-out",
        english="the last goods of a settlement are sent without their trace codes",
        chinese="结算漏传最后一种药品的追溯码",
        shown_by="a line of goods without an entry in drug_trac_info; the platform refuses the settlement",
        behaviour=replace(RIGHT, traced=_without_last_goods),
        kinds=("pharmacy", "hospital"),
        profile="unnamed-newer",
    ),
    Mutant(
        name="trace-codes-made-up",
        english="trace codes are made up instead of scanned off the packs",
        chinese="追溯码未扫描，自行编造",
        shown_by="codes in drug_trac_info that no pack has",
        behaviour=replace(RIGHT, traced=_numbered),
        kinds=("pharmacy", "hospital"),
        profile="unnamed-newer",
    ),
    Mutant(
        name="trace-field-missing",
        english="trace codes are sent without the kind of their unit",
        chinese="追溯码缺少最小计价单位类型",
        shown_by="no min_prcunt_type in an entry of drug_trac_info",
        behaviour=replace(RIGHT, traced=_without_unit),
        profile="unnamed-newer",
    ),
    Mutant(
        name="one-flag-position",
        english="the refund flag of a reconciliation has one position instead of six",
        chinese="对账退费标志传1位而非6位",
        shown_by="refd_setl_flag 0 or 1 in 3201",
        behaviour=replace(RIGHT, refund_flag=lambda _, refund: str(int(refund))),
        profile="unnamed-newer",
    ),
    Mutant(
        name="statement-without-cash",
        english="a reconciliation is sent without what was paid in cash",
        chinese="对总账缺少现金支付金额",
        shown_by="no cash_payamt in 3201",
        behaviour=replace(RIGHT, stated=_without_cash),
        profile="unnamed-newer",
    ),
    Mutant(
        name="national-cert-type",
        english="what somebody identified by is said in the nation's code where the province has its own",
        chinese="就诊凭证类型未按本省代码填写",
        shown_by="mdtrt_cert_type 01 where 1 is due",
        behaviour=replace(RIGHT, own_codes=lambda _: {}),
        profile="unnamed-short-codes",
    ),
    Mutant(
        name="newer-fund-forgotten",
        english="the fund's part is added up from the funds of old, without hifdm_pay",
        chinese="统筹支付按旧基金项目合计，漏计伤残人员医疗保障基金",
        shown_by="the fund's part at the counter is less than fund_pay_sumamt",
        behaviour=replace(RIGHT, answered=_old_funds_added),
        kinds=("pharmacy", "hospital"),
        profile="unnamed-newer",
    ),
)
