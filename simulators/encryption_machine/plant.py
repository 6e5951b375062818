"""The machine with its doors, as one process has them; a worker process has them without listening itself."""

import asyncio
import contextlib
import socket
from collections.abc import Mapping

from harness.bench.plugin import Endpoints, SimulatorContext
from harness.errors import ConfigError
from harness.faults.catalogue import Effect
from harness.line.address import tcp_address
from harness.line.http import bind
from harness.line.record import JsonValue
from harness.wire.encryption_machine.host import HostCall, Malformed
from harness.wire.encryption_machine.profile import HostProfile, load_host_profile
from harness.wire.encryption_machine.svs import SvsCall, SvsMalformed
from harness.wire.encryption_machine.svs_profile import SvsProfile, load_svs_profile
from simulators.encryption_machine.capacity import Capacity, Room
from simulators.encryption_machine.device_facts import Condition, Identity, Limits
from simulators.encryption_machine.keystore import KeyStore
from simulators.encryption_machine.mutants import dialect_for, machine_for, service_for
from simulators.encryption_machine.settings import EncryptionMachineSettings
from simulators.encryption_machine.svs_der_door import SvsDerDialect
from simulators.encryption_machine.svs_http_door import SvsHttpDoor
from simulators.encryption_machine.tcp_door import Door

OTHER_FIRMWARE = "9999-9999"
"""What a machine shows whose firmware has been changed."""
BACKLOG = 1024


class Plant:
    """Everything behind the back door. Raises ConfigError for a profile that is absent or of another dialect."""

    def __init__(
        self, context: SimulatorContext, settings: EncryptionMachineSettings, *, store: KeyStore, part: str = ""
    ) -> None:
        self.context = context
        self._part = part
        self.settings = settings
        self.store = store
        self.host_profile: HostProfile = load_host_profile(settings.profile)
        der_profile = load_svs_profile(settings.der_profile)
        http_profiles = [load_svs_profile(name.strip()) for name in settings.svs_profile.split(",")]
        _demand_dialect(der_profile, "der")
        for profile in http_profiles:
            _demand_dialect(profile, "http")
        self._kept = None if store.persistent else store.dump()
        self._identity = Identity(
            firmware=self.host_profile.firmware,
            serial=self.host_profile.serial,
            lmk_check=self.host_profile.lmk_check,
        )
        self.machine = machine_for(settings.mutant)(
            store,
            clock=context.clock,
            seed=f"{context.seed}/{context.name}{part}",
            identity=self._identity,
            limits=Limits(first_index=settings.first_index, last_index=settings.last_index),
            repeatable=store.repeatable,
        )
        self.capacity = Capacity(
            Room(connections=settings.connections, sessions=settings.sessions, idle_s=settings.idle_s), context.clock
        )
        service = service_for(settings.mutant)(self.machine, user_id=der_profile.user_id)
        self._host = host = dialect_for(settings.mutant)(
            self.machine, self.host_profile, fell_into=self.fall_into, faults=context.faults
        )
        der = SvsDerDialect(self.machine, service, der_profile, fell_into=self.fall_into, faults=context.faults)
        self.host_door: Door[HostCall | Malformed] = Door(context, host, self.capacity, rebooted=self.reboot)
        self.der_door: Door[SvsCall | SvsMalformed] = Door(context, der, self.capacity, rebooted=self.reboot)
        self.http_door = SvsHttpDoor(
            context,
            self.machine,
            service,
            http_profiles,
            self.capacity,
            port=settings.svs_port,
            fell_into=self.fall_into,
            rebooted=self.reboot,
        )
        self._servers: list[asyncio.Server] = []

    async def start(self) -> Endpoints:
        """Listen at all doors. Raises BenchError when a port cannot be had."""
        loop = asyncio.get_running_loop()
        host = self.context.host
        addresses = []
        for door, port in (
            (self.host_door, self.settings.host_port or self.context.port),
            (self.der_door, self.settings.der_port),
        ):
            listening = listen(host, port, self.context.name)
            server = await loop.create_server(door.protocol, sock=listening, backlog=BACKLOG)
            self._servers.append(server)
            addresses.append(str(tcp_address(host, listening.getsockname()[1])))
        await self.http_door.server.start()
        self.capacity.start()
        return Endpoints(at=addresses[0], also={"svs-http": self.http_door.address, "svs-der": addresses[1]})

    async def start_handed(self) -> None:
        """Serve connections that another process accepts; the HTTP server's own port is known to nobody."""
        await self.http_door.server.start()
        self.capacity.start()

    async def stop(self) -> None:
        """Stop listening and hang up; may be called twice and after a failed start."""
        servers, self._servers = self._servers, []
        for server in servers:
            server.close()
        self.host_door.abort_all()
        self.der_door.abort_all()
        await self.capacity.stop()
        await self.http_door.server.stop()
        for server in servers:
            with contextlib.suppress(asyncio.CancelledError):
                await server.wait_closed()
        self.store.close()

    def reset(self, *, seed: int) -> None:
        """The next case begins."""
        if self._kept is not None:
            self.store.restore(self._kept)
        self.repair()
        self.machine.start_again(f"{seed}/{self.context.name}{self._part}")
        self._host.forget()
        for door in (self.host_door, self.der_door, self.http_door):
            door.renumber()

    def fall_into(self, effect: Effect) -> None:
        """A fault changes the machine until it is repaired."""
        match effect:
            case Effect.ALARM:
                self.machine.condition = Condition.ALARM
            case Effect.KEYS_LOST:
                self.machine.condition = Condition.KEYS_LOST
            case Effect.FIRMWARE_CHANGED:
                self.machine.identity = Identity(
                    firmware=OTHER_FIRMWARE, serial=self._identity.serial, lmk_check=self._identity.lmk_check
                )

    def repair(self) -> None:
        """End an alarm, bring the keys back, show the true firmware."""
        self.machine.condition = Condition.WELL
        self.machine.identity = self._identity

    def reboot(self) -> None:
        """Restart: all connections are cut, counters begin anew; keys and wrong PINs are as they were."""
        self.context.tape.event(self.context.name, "rebooted")
        for door in (self.host_door, self.der_door, self.http_door):
            door.abort_all()
        self.machine.switched_on()
        self._host.forget()

    def state(self) -> Mapping[str, JsonValue]:
        """For the back door: what the machine is and holds, without key material."""
        found = self.machine.health()
        diagnosis = self.machine.diagnose()
        return {
            "firmware": diagnosis.firmware,
            "serial": diagnosis.serial,
            "lmk_check": diagnosis.lmk_check,
            "condition": found.condition.value,
            "served": found.served,
            "refused": found.refused,
            "connections": self.capacity.connections,
            "sessions": self.capacity.sessions,
            "profiles": {
                "host": self.settings.profile,
                "svs-http": self.settings.svs_profile,
                "svs-der": self.settings.der_profile,
            },
            "keys": self.store.describe(),
        }


def listen(host: str, port: int, name: str) -> socket.socket:
    """A listening TCP socket whose connections send at once. Raises BenchError."""
    listening = bind(host, port, name)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def _demand_dialect(profile: SvsProfile, dialect: str) -> None:
    if profile.dialect != dialect:
        raise ConfigError(
            f"The profile {profile.name!r} is of the dialect svs-{profile.dialect}, not svs-{dialect}.",
            cause="svs_profile and der_profile have been swapped, or a name is misspelt",
            remedy="svs_profile takes dialects over HTTP, der_profile one over TCP",
        )
