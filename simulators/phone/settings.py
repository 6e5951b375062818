"""The settings of a phone: keys of the bench file and options of `liantiao simulate phone`."""

from dataclasses import dataclass
from enum import StrEnum

from simulators.phone.pictures import Scale


class Issuer(StrEnum):
    """Who makes the voucher code's digits; which of the two the real apps do is not public."""

    SERVER = "server"
    """The voucher centre, asked for each code."""
    PHONE = "phone"
    """The phone itself, as when it is offline; also when no centre is connected. The centre needs the same settings."""


class FamilyPrompts(StrEnum):
    """On whose phone the payment prompts and notices of a member stand, whose code another one shows."""

    BOTH = "both"
    """The member's, and that of whoever shows the code, as long as it is shown."""
    MEMBER = "member"
    """The member's alone."""


@dataclass(frozen=True, kw_only=True)
class PhoneSettings:
    """How the phone behaves; sizes are pixels, times seconds on the bench's clock."""

    issuer: Issuer = Issuer.SERVER
    """server: the voucher centre issues each code; phone: the phone computes it, also when no centre is connected."""
    refresh_s: int = 60
    """A code that the phone makes itself is replaced after this time; a centre says so with each of its codes."""
    validity_s: int = 60
    """A code that the phone makes itself is valid for this time; a centre says so with each of its codes."""
    family_prompts: FamilyPrompts = FamilyPrompts.BOTH
    """both: who shows a member's code also sees that member's prompts and notices meanwhile; member: they do not
    (assumed)."""
    module_px: int = 10
    """Pixels of one module of the QR code, 1 to 64."""
    bar_px: int = 2
    """Pixels of the narrowest bar of the barcode, 1 to 16."""

    def __post_init__(self) -> None:
        if not (1 <= self.refresh_s <= 86400 and 1 <= self.validity_s <= 86400):
            raise ValueError(
                f"codes live 1 to 86400 s, not {self.refresh_s} (refresh) and {self.validity_s} (validity)"
            )
        _ = self.scale

    @property
    def scale(self) -> Scale:
        """The sizes as pictures want them. Raises ValueError out of range."""
        return Scale(qr_module=self.module_px, bar=self.bar_px)
