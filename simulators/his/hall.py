"""A self-service terminal in a government hall: insurance, proof of contributions, change of tier.

Everything personal needs an identification of its own. A session is what stands on the screen afterwards: it ends when
the person leaves, when nobody does anything for `IDLE_S`, and when somebody else begins. A change of tier without an
answer is sent again as it was, under the same msgid, until the platform tells what became of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from simulators.his.answers import time_of
from simulators.his.echo import require_person
from simulators.his.equipment import Command, Commands, Equipment, Members
from simulators.his.hall_behaviour import OnUnknownChange, Release
from simulators.his.identify import Business, By, Evidence, Way, Ways, read_ways
from simulators.his.money import to_fen, to_yuan
from simulators.his.outcome import OutcomeUnknownError, RefusedError, accepted
from simulators.his.platform import Kind, Result, Sender
from simulators.his.sale import text_of
from simulators.his.texts import Reason
from simulators.his.till import Till

IDLE_S = 60
"""Seconds without a touch that end a session, by the commands' time."""
CHANGE = "tier-change"
"""The kind of document that a change of tier is kept as."""
OPEN = ("sent", "unknown")
NAMES = {"310": "职工基本医疗保险", "390": "城乡居民基本医疗保险"}
UNKNOWN = (
    "办理结果未知，请勿重复办理；恢复后系统将自动核实 / "
    "the outcome is unknown: do not ask again; it is looked up as soon as the platform answers"
)


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Somebody who was identified, as 1101 tells."""

    name: str
    psn_no: str
    insutype: str
    insuplc: str
    rows: tuple[Members, ...]
    evidence: Evidence | None = None


@dataclass(frozen=True, kw_only=True)
class Session:
    """What stands on the screen, whose, and since when."""

    visitor: Visitor
    shown: Members
    at: str


class Hall:
    """The terminal's program."""

    can = ("sign-in", "resolve", "totals", "books", "id-card", "face", "self-service", "hall")

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._journal = equipment.journal
        self._platform = equipment.platform
        self._behaviour = equipment.behaviour.hall
        self._heeds_echo = equipment.behaviour.heeds_echo
        self._till = Till(equipment, lambda _: "")
        self._till.tidy = self._resolve_changes
        self._session: Session | None = None
        self._cached: tuple[Members, ...] = ()

    @property
    def commands(self) -> Commands:
        """The commands that it takes."""
        return {
            **self._till.commands,
            "insurance": self._insurance,
            "proof": self._proof,
            "tier": self._tier,
            "leave": self._leave,
            "screen": self._screen,
        }

    # --- what a person asks for ---

    def _insurance(self, command: Command) -> Members:
        def show(visitor: Visitor, _: str) -> Members:
            rows = visitor.rows if self._behaviour.asks_each_time else self._cached or visitor.rows
            self._cached = rows
            return {"insurances": list(rows)}

        return self._served(command, "insurance", show)

    def _proof(self, command: Command) -> Members:
        def prove(visitor: Visitor, at: str) -> Members:
            if self._behaviour.release is Release.ASKED:
                self._equipment.events.released("proof", "proof")
            content = {"data": {"psn_no": visitor.psn_no, **_certificate(visitor), "insutype": visitor.insutype}}
            proof = accepted(
                self._platform.call("9801", content, sender=self._sender(at, visitor.insuplc), parse=_read_proof)
            )
            proof = {**proof, "check": self._behaviour.check_value(str(proof["check"]))}
            if self._behaviour.release is not Release.ASKED:
                self._equipment.events.released(str(proof["no"]), "proof")
            if self._behaviour.release is Release.TWICE:
                self._equipment.events.released(str(proof["no"]), "proof")
            return {"proof": proof}

        return self._served(command, "proof", prove)

    def _tier(self, command: Command) -> Members:
        wanted = text_of(command, "tier")

        def change(visitor: Visitor, at: str) -> Members:
            content = {
                "data": {
                    "psn_no": visitor.psn_no,
                    **_certificate(visitor),
                    "insutype": visitor.insutype,
                    "tier": self._behaviour.tier(wanted),
                }
            }
            done = self._changed(content, self._sender(at, visitor.insuplc), wanted)
            return done if self._behaviour.tells_change else {**done, "to": str(int(wanted) + 1)}

        if self._resolve_changes(time_of(command)):
            raise RefusedError(Reason.PLATFORM_UNAVAILABLE)
        return self._served(command, "tier", change)

    def _leave(self, _: Command) -> Members:
        if self._behaviour.ends_on_leave:
            self._session = None
        return {"outcome": "accepted"}

    def _screen(self, command: Command) -> Members:
        session = self._session
        idle = session is not None and _seconds(session.at, time_of(command)) >= IDLE_S
        if idle and self._behaviour.ends_when_idle:
            session = self._session = None
        return {"outcome": "accepted", "screen": session.shown if session is not None else {}}

    # --- sessions ---

    def _served(self, command: Command, what: str, work: Callable[[Visitor, str], Members]) -> Members:
        at, by = time_of(command), read_ways(command).by
        if by is By.CARD:
            raise ValueError("by must be one of code, id-card, face: this terminal takes no social-insurance card")
        self._till.sign_no(at)
        known = self._session.visitor if self._session is not None else None
        if self._behaviour.clears_for_next:
            self._session = None
        visitor = known if known is not None and not self._behaviour.identifies_each_time else self._identified(by, at)
        try:
            told = work(visitor, at)
        except RefusedError as error:
            if not self._behaviour.survives_refusals:
                raise SystemExit(1) from error
            if self._behaviour.names_in_prompts:
                raise RefusedError(
                    error.reason, message=f"{visitor.name}：{error.message}", code=error.code, msgid=error.msgid
                ) from error
            raise
        self._session = Session(visitor=visitor, shown={"what": what, **told}, at=at)
        return {"outcome": "accepted", **told}

    def _identified(self, by: By, at: str) -> Visitor:
        way = Way.SELF_SERVICE if self._behaviour.says_self_service else Way.WINDOW
        evidence = self._till.identifier.identify(Ways(by=by, way=way), Business.IDENTIFY, at)
        content = {"data": {**evidence.certificate, "begntime": at}}

        def read(output: Mapping[str, object]) -> Visitor:
            if self._heeds_echo:
                require_person(evidence.id_no, output)
            return _read_visitor(output)

        visitor = accepted(self._platform.call("1101", content, sender=self._sender(at), parse=read))
        return replace(visitor, evidence=evidence)

    def _sender(self, at: str, insuplc: str = "") -> Sender:
        way = Way.SELF_SERVICE if self._behaviour.says_self_service else Way.WINDOW
        return self._till.sender("", at, insuplc=insuplc, way=way)

    # --- changes of tier ---

    def _changed(self, content: Mapping[str, object], sender: Sender, wanted: str) -> Members:
        result = self._sent(content, sender)
        if result.kind is Kind.UNKNOWN:
            match self._behaviour.on_unknown:
                case OnUnknownChange.REPEAT:
                    result = self._again(result.msgid, sender.at)
                case OnUnknownChange.ANEW:
                    result = self._sent(content, sender)
                case OnUnknownChange.AS_DONE:
                    return {"from": "1", "to": wanted, "year": sender.at[:4]}
                case OnUnknownChange.AS_REFUSED:
                    raise RefusedError(Reason.PLATFORM_UNAVAILABLE, msgid=result.msgid)
        if result.kind is Kind.UNKNOWN:
            raise OutcomeUnknownError(result.msgid, UNKNOWN)
        return accepted(result)

    def _sent(self, content: Mapping[str, object], sender: Sender) -> Result[Members]:
        def keep(msgid: str) -> None:
            if self._behaviour.writes_ahead:
                self._journal.keep(CHANGE, msgid, json.dumps({"msgid": msgid, "at": sender.at, "state": "sent"}))

        def finish(result: Result[Members]) -> None:
            self._note(result, sender.at)

        return self._platform.call("9802", content, sender=sender, parse=_read_change, written=keep, finished=finish)

    def _again(self, msgid: str, at: str) -> Result[Members]:
        """The same message once more: the platform does it now, or tells what it did."""
        return self._platform.again(msgid, at=at, parse=_read_change, finished=lambda result: self._note(result, ""))

    def _note(self, result: Result[Members], at: str) -> None:
        if not self._behaviour.writes_ahead:
            return
        self._journal.keep(
            CHANGE, result.msgid, json.dumps({"msgid": result.msgid, "at": at, "state": result.kind.value})
        )

    def _resolve_changes(self, at: str) -> str:
        """Find out what became of every change without an answer; the msgid of one that is still open, else empty."""
        left = ""
        for body in self._journal.documents(CHANGE):
            kept = json.loads(body)
            if kept["state"] in OPEN and self._behaviour.on_unknown is OnUnknownChange.REPEAT:
                result = self._again(kept["msgid"], at)
                left = left or (result.msgid if result.kind is Kind.UNKNOWN else "")
        return left


def _certificate(visitor: Visitor) -> dict[str, str]:
    assert visitor.evidence is not None
    return visitor.evidence.certificate


def _read_visitor(output: Mapping[str, object]) -> Visitor:
    base, rows = output.get("baseinfo"), output.get("insuinfo")
    found = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not isinstance(base, dict) or not found:
        raise ValueError("baseinfo and insuinfo are due")
    valid = next((row for row in found if str(row.get("psn_insu_stas")) == "1"), found[0])
    return Visitor(
        name=str(base.get("psn_name") or ""),
        psn_no=text_of(base, "psn_no"),
        insutype=text_of(valid, "insutype"),
        insuplc=text_of(valid, "insuplc_admdvs"),
        rows=tuple(
            {
                "insutype": text_of(row, "insutype"),
                "name": NAMES.get(text_of(row, "insutype"), text_of(row, "insutype")),
                "status": str(row.get("psn_insu_stas") or ""),
                "place": text_of(row, "insuplc_admdvs"),
                "since": str(row.get("psn_insu_date") or ""),
                "balance": to_yuan(to_fen(row.get("balc"))),
            }
            for row in found
        ),
    )


def _read_proof(output: Mapping[str, object]) -> Members:
    proof = output.get("proof")
    if not isinstance(proof, dict):
        raise ValueError("proof is due")
    return {
        "no": text_of(proof, "proof_no"),
        "insutype": text_of(proof, "insutype"),
        "from": text_of(proof, "from_month"),
        "to": text_of(proof, "to_month"),
        "months": int(str(proof.get("months"))),
        "check": text_of(proof, "check_value"),
    }


def _read_change(output: Mapping[str, object]) -> Members:
    change = output.get("change")
    if not isinstance(change, dict):
        raise ValueError("change is due")
    return {"from": text_of(change, "from_tier"), "to": text_of(change, "to_tier"), "year": text_of(change, "year")}


def _seconds(since: str, until: str) -> float:
    first, last = (datetime.fromisoformat(text) for text in (since, until))
    return (last - first).total_seconds()
