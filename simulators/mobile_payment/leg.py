"""What stands at the settlement platform for an order: its visit, details and settlement. No I/O."""

from dataclasses import dataclass, field

from fixtures.population import Institution
from harness.line.record import JsonValue
from harness.money import Fen, format_yuan

ID_CARD = "02"
"""mdtrt_cert_type: the App has identified the person, and their ID number says who that is."""


@dataclass(frozen=True, kw_only=True)
class Sender:
    """For whom a message is sent."""

    institution: Institution
    insured_place: str


@dataclass(kw_only=True)
class Leg:
    """What stands at the platform for an order."""

    sender: Sender
    psn_no: str
    id_no: str
    insutype: str
    pay_ord_id: str
    mdtrt_id: str
    med_type: str
    psn_setlway: str
    batch: str
    total: Fen
    use_account: bool
    scope: dict[str, object] = field(default_factory=dict)
    traced: list[dict[str, str]] = field(default_factory=list)
    """Trace codes of the packs as the 2207 lists them (drug_trac_info); empty where the upload named none."""
    uploaded: bool = False
    """Whether unsettled details of ours may stand in the visit."""
    msgid: str = ""
    """Of the 2207, once it was sent."""
    setl_id: str = ""
    unknown: bool = False
    """Whether the outcome of the 2207 is not known; so it is, too, while that is under way."""
    undoing: bool = False
    """Whether what the 2207 has booked is to be undone, since it is another split than the person was promised."""
    reversed: bool = False
    """Whether what the 2207 had booked was undone by 2601."""

    def state(self) -> dict[str, JsonValue]:
        """Its keys, for the back door."""
        return {"mdtrt_id": self.mdtrt_id, "setl_id": self.setl_id, "msgid": self.msgid, "unknown": self.unknown}

    def bill(self) -> dict[str, object]:
        """What 2206 and 2207 share."""
        return {
            "psn_no": self.psn_no,
            "mdtrt_cert_type": ID_CARD,
            "mdtrt_cert_no": self.id_no,
            "med_type": self.med_type,
            "medfee_sumamt": format_yuan(self.total),
            "psn_setlway": self.psn_setlway,
            "mdtrt_id": self.mdtrt_id,
            "chrg_bchno": self.batch,
            "acct_used_flag": "1" if self.use_account else "0",
            "insutype": self.insutype,
        }
