"""Adapters that take certificates lightly; what finds them is a bench that speaks TLS."""

from dataclasses import replace

from simulators.his.behaviour import Behaviour
from simulators.his.mutant import Mutant
from simulators.his.trust import Trust

RIGHT = Behaviour()
KINDS = ("pharmacy-tls",)


def _anybody(trust: Trust) -> Trust:
    return replace(trust, certificate=False)


def _any_name(trust: Trust) -> Trust:
    return replace(trust, name=False)


def _after_all(trust: Trust) -> Trust:
    return replace(trust, insists=False)


def _not_for_long(trust: Trust) -> Trust:
    return replace(trust, survives=False)


TLS_MUTANTS = (
    Mutant(
        name="trusts-any-certificate",
        english="the platform's and the voucher centre's certificates are not verified",
        chinese="不校验医保平台和电子凭证中心的证书",
        shown_by="a message goes to a party that shows an expired certificate, or one that nobody knows",
        behaviour=replace(RIGHT, trusts=_anybody),
        kinds=KINDS,
    ),
    Mutant(
        name="trusts-any-name",
        english="a certificate is taken that is for another host",
        chinese="不核对证书中的主机名",
        shown_by="a message goes to a party whose certificate is in order, and somebody else's",
        behaviour=replace(RIGHT, trusts=_any_name),
        kinds=KINDS,
    ),
    Mutant(
        name="tries-without-verifying",
        english="where verification fails, the connection is made once more without it",
        chinese="证书校验失败后改为不校验重连",
        shown_by="a second connection follows the one that was given up, and a message goes over it",
        behaviour=replace(RIGHT, trusts=_after_all),
        kinds=KINDS,
    ),
    Mutant(
        name="dies-of-certificate",
        english="the program ends where a certificate is not in order",
        chinese="证书校验失败时程序退出",
        shown_by="no answer to the command during which the other side showed a bad certificate",
        behaviour=replace(RIGHT, trusts=_not_for_long),
        kinds=KINDS,
    ),
)
