"""What can be set about a virtual power supply, in the bench file and on the command line."""

from dataclasses import dataclass

from harness.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class PowerSupplySettings:
    """The supply, and the box that hangs on it."""

    identity: str = "Liantiao,Virtual Supply,0,1.0"
    """What it answers to *IDN?: maker, model, serial number, firmware, parted by commas."""
    most_mv: int = 32_000
    """The highest voltage that can be set, in millivolts."""
    most_ma: int = 3_000
    """The highest current limit that can be set, in milliamperes."""
    on: bool = True
    """Whether the output is on from the start and after *RST; real supplies start off."""
    start_mv: int = 5_000
    """The voltage from the start and after *RST, in millivolts."""
    start_ma: int = 500
    """The current limit from the start and after *RST, in milliamperes."""
    feeds: str | None = None
    """Back door of the virtual scanner box on the output, http://HOST:PORT; without power it is unplugged."""
    least_mv: int = 4_200
    """Below this voltage the box on the output is without power, in millivolts."""
    idle_ma: int = 120
    """What the box draws when it waits, in milliamperes (assumed)."""
    decoding_ma: int = 320
    """What the box draws when it illuminates and decodes, in milliamperes (assumed)."""

    def __post_init__(self) -> None:
        _demand("most_mv", self.most_mv, 1, 1_000_000)
        _demand("most_ma", self.most_ma, 1, 1_000_000)
        _demand("start_mv", self.start_mv, 0, self.most_mv)
        _demand("start_ma", self.start_ma, 0, self.most_ma)
        _demand("least_mv", self.least_mv, 0, 1_000_000)
        _demand("idle_ma", self.idle_ma, 0, 1_000_000)
        _demand("decoding_ma", self.decoding_ma, 0, 1_000_000)
        if not self.identity.isascii() or not self.identity.isprintable() or self.identity.count(",") != 3:
            raise ConfigError(
                f"The power supply's identity cannot be {self.identity!r}.",
                cause="a slip in the bench file or in an option of `simulate power-supply`",
                remedy="identity is maker,model,serial number,firmware in ASCII",
            )


def _demand(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise ConfigError(
            f"The power supply's {name} cannot be {value}.",
            cause="a slip in the bench file or in an option of `simulate power-supply`",
            remedy=f"{name} is {least} to {most}",
        )
