"""The tables of a bench file beside its devices: the bench itself, and what is under test on it."""

from dataclasses import dataclass
from enum import StrEnum

from harness.counter.greeting import AdapterClock


class ClockKind(StrEnum):
    """Which clock a bench runs on."""

    BENCH = "bench"
    SYSTEM = "system"


class Restart(StrEnum):
    """When the adapter under test is started anew."""

    CASE = "case"
    RUN = "run"


class TlsUse(StrEnum):
    """Whether the virtual parties of a bench speak HTTPS."""

    OFF = "off"
    ON = "on"
    MUTUAL = "mutual"
    """They let in only who shows a certificate of the bench's authority (双向认证)."""


class SecretOnTape(StrEnum):
    """Whose application's secret is on the tape."""

    VIRTUAL = "virtual"
    ALWAYS = "always"
    NEVER = "never"


@dataclass(frozen=True, kw_only=True)
class BenchTable:
    """The table `[bench]`."""

    name: str = "unnamed"
    """What reports call this bench."""
    clock: ClockKind = ClockKind.BENCH
    """bench: stands still and is stepped by cases; system: the machine's, for real devices."""
    seed: int = 20201014
    """Everything that is drawn at random is drawn from this."""
    profile: str = "qinghai"
    """The province's profile."""
    tls: TlsUse = TlsUse.OFF
    """on: virtual HTTP parties show certificates of a throw-away authority; mutual: they ask for them, too."""
    tls_folder: str = ""
    """Folder in which that authority is kept, so that an adapter is told of it once; empty: new for each run."""


@dataclass(frozen=True, kw_only=True)
class CounterTable:
    """The table `[counter]`: the HIS adapter under test and how it is reached."""

    port: str = "process"
    """The kind of counter port."""
    institution: str = "P63999900001"
    """Code of the institution whose counter this is."""
    connect_s: float = 2.0
    """How long the adapter may take to reach a system, in real seconds; handed to it."""
    reply_s: float = 1.0
    """How long the adapter waits for a system's reply before its outcome is unknown; handed to it."""
    patience_s: float = 20.0
    """How long the bench waits for a line from the adapter before it counts as hung, in real seconds."""
    restart: Restart = Restart.CASE
    """case: a fresh adapter for every case; run: one adapter for the whole run, each case a working day of its own."""
    iot_box: bool = True
    """Whether Alipay's IoT box (支付宝IoT设备) stands at the counter; without it cases by it are left out."""
    tills: int = 1
    """How many tills the institution has: 2 where the adapter can be started twice, side by side; with 1 cases of two
    tills are left out."""
    clock: AdapterClock = AdapterClock.BENCH
    """bench: the adapter takes the time from the commands; own: it takes its machine's, as its `ready` says too, and
    cases in which time passes at the counter are left out."""

    def __post_init__(self) -> None:
        for name in ("connect_s", "reply_s", "patience_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0 seconds, not {getattr(self, name):g}")
        if self.tills not in {1, 2}:
            raise ValueError(f"tills must be 1 or 2, not {self.tills}")


@dataclass(frozen=True, kw_only=True)
class MachineTable:
    """The table `[machine]`: the encryption machine under test, and which of its keys a case may use.

    What its dialects are is said by the settings of its device, for a real machine as for a virtual one.
    """

    timeout_s: float = 2.0
    """How long a request may take, in real seconds."""
    connections: int = 4
    """How many connections the driver opens at most."""
    svs_http: str = ""
    """Address of a real machine's signature server over HTTP; a virtual one says it itself."""
    svs_der: str = ""
    """Address of a real machine's signature server over TCP (DER); a virtual one says it itself."""
    index: int = 1
    """A key index with a pair that signs and decrypts; it is not changed."""
    sign_index: int = 11
    """A key index whose sign pair and encrypt pair differ; it is not changed."""
    spare_index: int = 30
    """A key index whose pair cases may overwrite."""
    absent_index: int = 9000
    """A key index at which there is no pair."""
    certificate: str = "liantiao-11"
    """Name of the certificate of the sign pair at `sign_index`."""
    pin: str = "73951846"
    """PIN of the pairs at `index` and `sign_index`; the virtual machine's by default."""
    key_index: int = 1
    """Index of a symmetric key of type `key_type`."""
    key_type: str = "109"
    """Type of that key, 3 hex digits."""
    example_pair: str = ""
    """The private key of GB/T 32918.5's examples under this machine's LMK, in hex."""
    example_key: str = ""
    """The key of GB/T 32907's example under this machine's LMK, of type `key_type`, in hex."""

    def __post_init__(self) -> None:
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s must be more than 0 seconds, not {self.timeout_s:g}")
        if self.connections < 1:
            raise ValueError(f"connections must be at least 1, not {self.connections}")
        for name in ("example_pair", "example_key"):
            try:
                bytes.fromhex(getattr(self, name))
            except ValueError as error:
                raise ValueError(f"{name} must be hex digits") from error


@dataclass(frozen=True, kw_only=True)
class ScannerTable:
    """The table `[scanner]`: the scanner box under test.

    Its family and how it is set are said by the settings of its device, for a real box as for a virtual one.
    """

    read_s: float = 2.0
    """How long a code before the box may take to arrive, in real seconds."""
    quiet_s: float = 0.05
    """How long the line must be silent until it counts that nothing comes, real seconds; 1 or more for a real box."""
    screen: str = "127.0.0.1:8077"
    """Where the page with the codes is served, to be opened on a screen before a real box; a virtual one needs none."""

    def __post_init__(self) -> None:
        for name in ("read_s", "quiet_s"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} must be more than 0 seconds, not {getattr(self, name):g}")


@dataclass(frozen=True, kw_only=True)
class CentreTable:
    """The table `[centre]`: the voucher centre under test, and who asks it.

    How long its codes and tokens live and how it writes is said by the settings of its device, for a real centre as for
    a virtual one.
    """

    timeout_s: float = 5.0
    """How long a call may take, in real seconds."""
    institution: str = "P63999900001"
    """Code of the institution whose terminal library asks."""
    other_institution: str = "P63999900002"
    """Code of another institution, for what belongs to one of them only."""
    own_codes: bool = False
    """Whether a refusal may have any code where ours is an invented one, as a real centre has codes of its own."""

    def __post_init__(self) -> None:
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s must be more than 0 seconds, not {self.timeout_s:g}")
        if self.institution == self.other_institution:
            raise ValueError("other_institution must be another one than institution")


@dataclass(frozen=True, kw_only=True)
class MobileTable:
    """The table `[mobile]`: the mobile-payment centre under test, and who asks it.

    Its form of the envelope, application and times are said by the settings of its device, for a real centre as for a
    virtual one.
    """

    timeout_s: float = 5.0
    """How long an answer may take, in real seconds."""
    institution: str = "H63999900001"
    """Code of the hospital that asks."""
    other_institution: str = "P63999900001"
    """Code of another institution, to which the hospital's orders are nothing."""
    own_codes: bool = False
    """Whether a refusal may have any code and words where ours are invented, as a real centre has its own."""
    own_doors: bool = True
    """Whether the centre has the doors of our own design: an authorisation number, the own part paid; a real one may be
    reached there through an adapter of yours."""
    partner: str = "bench"
    """The last part of the path at which a payment App asks for an authorisation number."""
    private_key: str = ""
    """The institution's private key, Base64 of 32 bytes; empty: the seed's, as a virtual centre of that seed has it."""
    centre_key: str = ""
    """The centre's public key, Base64 of 65 bytes; empty: the seed's."""
    secret_on_tape: SecretOnTape = SecretOnTape.VIRTUAL
    """Whether the application's secret is on the tape, so that whoever judges opens every envelope again: virtual (a
    virtual centre's, which is made up), always or never. Without it the tape has what the bench has opened, beside the
    sealed bytes."""
    listen: str = "127.0.0.1:0"
    """Where the hospital takes notices (6302), HOST:PORT; a real centre must be told, a virtual one is."""
    notices: bool = True
    """Whether the centre can reach the hospital there."""

    def __post_init__(self) -> None:
        if self.timeout_s <= 0:
            raise ValueError(f"timeout_s must be more than 0 seconds, not {self.timeout_s:g}")
        if self.institution == self.other_institution:
            raise ValueError("other_institution must be another one than institution")
        host, separator, port = self.listen.rpartition(":")
        if not (separator and host and port.isdigit() and int(port) < 1 << 16):
            raise ValueError("listen is HOST:PORT, port 0 for any free one")
