"""Codes that a province keeps otherwise than the nation: mdtrt_cert_type as 1, 2, 3. Both directions; no I/O.

A profile's `cert_type_codes` has the province's code for each national one. Platform and judge put a request into
national codes before they look at it, so that all rules know one code each; answers go out in the province's.
"""

from collections.abc import Mapping

from harness.wire.fields import is_object
from harness.wire.institution import content, encode

MEMBER = "mdtrt_cert_type"


def to_national(body: Mapping[str, object], codes: Mapping[str, str]) -> Mapping[str, object]:
    """A request with national codes; a national code where the province has another becomes what no table has."""
    own = {local: national for national, local in codes.items()}
    offered = " ".join(own)

    def meant(code: str) -> str:
        return own.get(code) or (f"{code}, not one of {offered}" if code in codes else code)

    data = content(body)
    changed = {name: _with(node, meant(code)) if (code := code_in(node)) else node for name, node in data.items()}
    if changed == data:
        return body
    return {**body, "input": encode(changed).decode() if isinstance(body["input"], str) else changed}


def to_local(output: Mapping[str, object], codes: Mapping[str, str]) -> Mapping[str, object]:
    """An answer's output with the province's codes."""
    return {
        name: _with(node, codes.get(code, code)) if (code := code_in(node)) else node for name, node in output.items()
    }


def answer_to_national(body: Mapping[str, object], codes: Mapping[str, str]) -> Mapping[str, object]:
    """An answer with national codes in its output."""
    own = {local: national for national, local in codes.items()}
    output = body.get("output")
    return {**body, "output": to_local(output, own)} if is_object(output) else body


def code_in(node: object) -> str:
    """The mdtrt_cert_type of a node of a message; empty where it has none that is a text."""
    code = node.get(MEMBER) if is_object(node) else None
    return code if isinstance(code, str) else ""


def _with(node: object, code: str) -> object:
    return {**node, MEMBER: code} if is_object(node) else node
