"""Which fields of the mobile services are mandatory, how long they may be, and what else they must not hold.

Names are the interface's (mobile payment centre, fields); lengths of an upload are those of the same fields of
transaction 2204. A place is a field of the message, or `feedetailList.NAME` for one of its first line.
"""

from collections.abc import Mapping

from harness.wire.mobile_payment.answers import PAY, QUERY, REFUND, REVOKE, UPLOAD

Wrong = tuple[object, ...]
"""Values that a field must not have; None leaves it out."""

_LINE = "feedetailList."
_ABOUT = ("payOrdId", "orgCodg", "payToken", "idNo", "userName", "idType")
_DUE: Mapping[str, tuple[str, ...]] = {
    UPLOAD: (
        *("orgCodg", "insutype", "medOrgOrd", "begntime", "idNo", "userName", "idType", "iptOtpNo", "medType"),
        *("feeType", "medfeeSumamt", "acctUsedFlag", "psnSetlway", "chrgBchno"),
        *(_LINE + name for name in ("feedetlSn", "feeOcurTime", "medListCodg", "medinsListCodg")),
        *(_LINE + name for name in ("detItemFeeSumamt", "cnt", "pric")),
    ),
    PAY: ("payOrdId", "payToken", "orgCodg", "orgBizSer"),
    REFUND: (
        *("payOrdId", "appRefdSn", "appRefdTime", "totlRefdAmt", "psnAcctRefdAmt", "fundRefdAmt", "cashRefdAmt"),
        "refdType",
    ),
    QUERY: _ABOUT,
    REVOKE: _ABOUT,
}
MANDATORY = {service: dict.fromkeys(names, (None,)) for service, names in _DUE.items()}

_LONGEST: Mapping[str, Mapping[str, int]] = {
    UPLOAD: {
        "orgCodg": 30,
        "medOrgOrd": 64,
        "userName": 64,
        "iptOtpNo": 30,
        "chrgBchno": 30,
        "drName": 50,
        _LINE + "feedetlSn": 30,
        _LINE + "medListCodg": 50,
        _LINE + "medinsListCodg": 150,
    },
    PAY: {"payOrdId": 64, "payToken": 64, "orgBizSer": 64},
    REFUND: {"payOrdId": 64, "appRefdSn": 64},
    QUERY: {"payOrdId": 64, "payToken": 64, "userName": 64},
    REVOKE: {"payOrdId": 64, "payToken": 64, "userName": 64},
}
LONG = {service: {name: ("X" * (length + 1),) for name, length in names.items()} for service, names in _LONGEST.items()}

_OBJECT = ({"value": "1"},)
TYPED: Mapping[str, Mapping[str, Wrong]] = {
    UPLOAD: {"medOrgOrd": _OBJECT, "medfeeSumamt": _OBJECT, _LINE + "cnt": _OBJECT},
    PAY: {"payOrdId": _OBJECT, "orgBizSer": (("1",),)},
    REFUND: {"appRefdSn": _OBJECT, "totlRefdAmt": _OBJECT},
    QUERY: {"payOrdId": _OBJECT, "idNo": _OBJECT},
    REVOKE: {"payOrdId": _OBJECT, "idNo": _OBJECT},
}
CODED: Mapping[str, Mapping[str, Wrong]] = {
    UPLOAD: {"insutype": ("999",), "idType": ("77",), "medType": ("000000",)},
    REFUND: {"refdType": ("SOME", "all")},
    QUERY: {"idType": ("77",)},
    REVOKE: {"idType": ("77",)},
}
_AMOUNTS: Wrong = ("44.981", "4.498e1", "NaN", "1" + "0" * 18, "forty")
FORMED: Mapping[str, Mapping[str, Wrong]] = {
    UPLOAD: {
        "medfeeSumamt": _AMOUNTS,
        "begntime": ("2020-02-30 08:30:00", "20201014083000"),
        _LINE + "feeOcurTime": ("yesterday",),
        _LINE + "pric": ("1.2345678",),
    },
    REFUND: {"totlRefdAmt": _AMOUNTS, "appRefdTime": ("2020-10-14 08", "2020101408300")},
}
