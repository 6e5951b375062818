"""How many clients the machine takes, and how long it keeps one that says nothing."""

from tests.simulators.encryption_machine_rig import Client, StartMachine, sign_request


def test_connections_beyond_the_maximum_are_hung_up_until_one_ends(start_machine: StartMachine) -> None:
    machine = start_machine(connections=3)
    clients = [Client(machine.ends.at) for _ in range(3)]
    for client in clients:
        assert client.ask(b"NC").startswith(b"00")
    assert Client(machine.ends.at).gone()
    assert "connection-refused" in machine.events()
    clients.pop().close()
    machine.loop.settle()
    fresh = Client(machine.ends.at)
    assert fresh.ask(b"NC").startswith(b"00")
    for client in (*clients, fresh):
        client.close()


def test_both_tcp_doors_share_the_maximum(start_machine: StartMachine) -> None:
    machine = start_machine(connections=1)
    client = Client(machine.ends.at)
    client.ask(b"NC")
    assert Client(machine.ends.also["svs-der"]).gone()
    client.close()


def test_sessions_beyond_the_maximum_hear_busy_until_one_ends(start_machine: StartMachine) -> None:
    machine = start_machine(sessions=2)
    clients = [Client(machine.ends.at) for _ in range(3)]
    assert [client.ask(b"B20002hi") for client in clients] == [b"00hi", b"00hi", b"41"]
    clients[0].close()
    machine.loop.settle()
    assert clients[2].ask(b"B20002hi") == b"00hi"
    for client in clients:
        client.close()


def test_a_silent_connection_is_closed_when_the_clock_says_so(start_machine: StartMachine) -> None:
    machine = start_machine(idle_s=60)
    silent, lively = Client(machine.ends.at), Client(machine.ends.at)
    silent.ask(b"NC")
    machine.step(40)
    assert lively.ask(b"NC").startswith(b"00")
    machine.step(40)
    assert silent.gone()
    assert lively.ask(b"NC").startswith(b"00")
    machine.step(61)
    assert lively.gone()
    assert machine.events().count("connection-expired") == 2


def test_without_an_idle_time_nobody_is_closed(start_machine: StartMachine) -> None:
    machine = start_machine(idle_s=0)
    client = Client(machine.ends.at)
    client.ask(b"NC")
    machine.step(10_000_000)
    assert client.ask(sign_request(b"m")).startswith(b"00")
    client.close()
