"""Known defects that show under one province's profile alone: what stands before its platform, and its own forms."""

from collections.abc import Mapping
from dataclasses import replace

from simulators.his.behaviour import Behaviour
from simulators.his.gateway import Sealing, csb_signature, envelope_signature, joined, sealed
from simulators.his.mutant import Mutant

RIGHT = Behaviour()
SIGNATURE = "_api_signature"
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
)
