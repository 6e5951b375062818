"""Every host command, asked over a socket by a client that is written from the reference alone."""

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from harness.gm import PublicKey
from harness.line.record import Direction
from tests.simulators.encryption_machine_rig import Client, RunningMachine, StartMachine, n4, sign_request

USER = b"1234567812345678"
SPKI_SIZE = 91


@pytest.fixture
def client(shared_machine: RunningMachine) -> Iterator[Client]:
    """A client of the shared machine."""
    found = Client(shared_machine.ends.at)
    yield found
    found.close()


def ok(reply: bytes) -> bytes:
    """The fields of a reply whose error code is 00."""
    assert reply[:2] == b"00", reply
    return reply[2:]


def verify_request(data: bytes, signature: bytes, key: bytes, user_id: bytes = USER) -> bytes:
    return b"E62007" + n4(user_id) + b";0" + n4(signature) + b";" + n4(data) + b";" + key


def test_nc_tells_lmk_check_and_firmware(client: Client) -> None:
    fields = ok(client.ask(b"NC"))
    assert len(fields) == 25
    assert fields[:16].decode().isalnum()
    assert fields[16:] == b"1500-0023"


def test_b2_sends_the_data_back(client: Client) -> None:
    assert ok(client.ask(b"B2000Ahello-hsm!")) == b"hello-hsm!"


def test_n0_gives_so_many_random_bytes(client: Client) -> None:
    one, other = ok(client.ask(b"N0032")), ok(client.ask(b"N0032"))
    assert len(one) == len(other) == 32
    assert one != other


def test_j2_tells_the_load(client: Client) -> None:
    fields = ok(client.ask(b"J2"))
    assert fields[:12].isalnum()
    assert fields[12:24] == b"201014083000"


def test_e2_gives_the_public_key(client: Client) -> None:
    assert len(PublicKey.from_spki(ok(client.ask(b"E2K0001"))).point) == 65


def test_e5_and_e6_with_a_key_of_the_machine(client: Client) -> None:
    fields = ok(client.ask(sign_request(b"a message")))
    assert fields[:4] == b"0064"
    public = PublicKey.from_spki(ok(client.ask(b"E2K0001")))
    assert public.verify(b"a message", fields[4:])
    assert client.ask(verify_request(b"a message", fields[4:], b"K0001")) == b"00"
    assert client.ask(verify_request(b"A message", fields[4:], b"K0001")) == b"01"
    assert client.ask(verify_request(b"a message", fields[4:], b"K0002")) == b"01"
    assert client.ask(verify_request(b"a message", fields[4:], b"K0001", b"another")) == b"01"


def test_e5_with_another_user_id(client: Client) -> None:
    raw = ok(client.ask(sign_request(b"m", user_id=b"ALICE123@YAHOO.COM")))[4:]
    public = PublicKey.from_spki(ok(client.ask(b"E2K0001")))
    assert public.verify(b"m", raw, user_id=b"ALICE123@YAHOO.COM")
    assert not public.verify(b"m", raw)


def test_e7_makes_a_pair_that_works_inside_and_in_the_message(client: Client) -> None:
    fields = ok(client.ask(b"E707K020005label"))
    spki, wrapped = fields[:SPKI_SIZE], fields[SPKI_SIZE + 4 :]
    assert int(fields[SPKI_SIZE : SPKI_SIZE + 4]) == len(wrapped)
    assert ok(client.ask(b"E2K0200")) == spki
    inside = ok(client.ask(sign_request(b"m", index=200)))[4:]
    outside = ok(client.ask(b"E52007" + n4(USER) + b";" + n4(b"m") + b";K9999" + spki + n4(wrapped) + b"0"))[4:]
    for raw in (inside, outside):
        assert PublicKey.from_spki(spki).verify(b"m", raw)
        assert client.ask(verify_request(b"m", raw, b"K9999" + spki)) == b"00"


def test_e7_without_an_index_stores_nothing_and_e1_does(client: Client) -> None:
    fields = ok(client.ask(b"E707"))
    spki, wrapped = fields[:SPKI_SIZE], fields[SPKI_SIZE + 4 :]
    assert client.ask(b"E2K0300") == b"21"
    assert client.ask(b"E107" + spki + n4(wrapped) + b"0300" + b"00") == b"00"
    assert ok(client.ask(b"E2K0300")) == spki
    broken = bytes([wrapped[0] ^ 1]) + wrapped[1:]
    assert client.ask(b"E107" + spki + n4(broken) + b"0301" + b"00") == b"10"
    assert client.ask(b"E2K0301") == b"21"


def test_e3_and_e4_with_a_key_of_the_machine_and_one_in_the_message(client: Client) -> None:
    cipher = ok(client.ask(b"E307" + n4(b"secret") + b";K00010"))
    assert client.ask(b"E4070" + cipher + b";K0001") == b"00" + n4(b"secret")
    fields = ok(client.ask(b"E707"))
    spki, wrapped = fields[:SPKI_SIZE], fields[SPKI_SIZE + 4 :]
    cipher = ok(client.ask(b"E307" + n4(b"secret") + b";K9999" + spki + b"0"))
    assert client.ask(b"E4070" + cipher + b";K9999" + n4(wrapped)) == b"00" + n4(b"secret")


def test_e4_opens_what_was_encrypted_outside_for_the_key_that_e2_gives(client: Client) -> None:
    public = PublicKey.from_spki(ok(client.ask(b"E2K0003")))
    assert client.ask(b"E4070" + n4(public.encrypt(b"from outside")) + b";K0003") == b"00" + n4(b"from outside")


@pytest.mark.parametrize("at", [0, 1, 40, 70, 96, 97, 102])
def test_e4_never_gives_a_plaintext_for_an_altered_ciphertext(client: Client, at: int) -> None:
    cipher = bytearray(ok(client.ask(b"E307" + n4(b"secret") + b";K00010"))[4:])
    cipher[at] ^= 1
    reply = client.ask(b"E4070" + n4(bytes(cipher)) + b";K0001")
    assert reply != b"00"
    assert len(reply) == 2


def test_s3_and_s4_agree_with_another_sm4(client: Client) -> None:
    # The key is put in by its wrapped form, which this test makes under the published LMK by itself.
    lmk = bytes.fromhex("4C69616E7469616F2074657374204C4D")
    variant = lmk[:-2] + (int.from_bytes(lmk[-2:], "big") ^ 0x109).to_bytes(2, "big")
    key = bytes(range(16))
    wrapped = Cipher(algorithms.SM4(variant), modes.ECB()).encryptor().update(key).hex().upper().encode()
    data = b"0123456789abcdef" * 3
    expected = Cipher(algorithms.SM4(key), modes.ECB()).encryptor().update(data)
    reply = ok(client.ask(b"S300109R" + wrapped + b"000000" + b"0030" + data))
    assert reply == b"0030" + expected
    assert ok(client.ask(b"S400109R" + wrapped + b"000000" + reply)) == b"0030" + data
    iv = bytes(range(16, 32))
    expected = Cipher(algorithms.SM4(key), modes.CBC(iv)).encryptor().update(data)
    reply = ok(client.ask(b"S301109R" + wrapped + b"000000" + b"0030" + data + iv.hex().upper().encode()))
    assert reply == b"0030" + expected


def test_s3_spreads_a_key_over_factors(client: Client) -> None:
    factor = b"A" * 16
    data = b"x" * 16
    plain = ok(client.ask(b"S300109K0001000000" + b"0010" + data))
    spread = ok(client.ask(b"S300109K000101" + factor.hex().upper().encode() + b"0000" + b"0010" + data))
    session = ok(client.ask(b"S300109K00010001" + factor.hex().upper().encode() + b"00" + b"0010" + data))
    assert plain != spread
    assert spread == session
    derived = ok(client.ask(b"S300109K0001000000" + b"0010" + factor))[4:]
    assert Cipher(algorithms.SM4(derived), modes.ECB()).encryptor().update(data) == spread[4:]


@pytest.mark.parametrize(("padding", "size"), [(b"01", 32), (b"02", 32), (b"03", 16)])
def test_padding_comes_off_as_it_went_on(client: Client, padding: bytes, size: int) -> None:
    data = b"sixteen bytes..."
    encrypted = ok(client.ask(b"S300109K00010000" + padding + b"0010" + data))
    assert len(encrypted) == 4 + size
    assert ok(client.ask(b"S400109K00010000" + padding + encrypted)) == b"0010" + data


def test_wrong_padding_gives_no_plaintext(client: Client) -> None:
    encrypted = ok(client.ask(b"S300109K000100000000" + b"10" + b"\0" * 16))
    reply = client.ask(b"S400109K00010000010010" + encrypted[4:])
    assert len(reply) == 2
    assert reply != b"00"


def test_sw_does_many_blocks(client: Client) -> None:
    blocks = [b"a" * 16, b"b" * 32]
    coded = b"".join(f"{len(block):04X}".encode() + block for block in blocks)
    reply = ok(client.ask(b"SW000109K000100000002" + coded))
    one = ok(client.ask(b"S300109K0001000000" + b"0010" + blocks[0]))
    assert reply.startswith(one)
    assert ok(client.ask(b"SW100109K000100000002" + reply)) == coded


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (b"ZZ", b"68"),
        (b"E2K0999", b"21"),
        (b"E2K00", b"15"),
        (b"E2K000A", b"15"),
        (b"N0000", b"01"),
        (b"B2FFFFabc", b"80"),
        (b"E708", b"D2"),
        (b"E52107", b"79"),
        (b"E520070016", b"80"),
        (b"S300109Q0001", b"26"),
        (b"S30000AK0001000000" + b"0010" + b"x" * 16, b"04"),
        (b"S300109K0099000000" + b"0010" + b"x" * 16, b"21"),
        (b"S300109K0001000000" + b"000F" + b"x" * 15, b"80"),
        (b"S307109K0001000000" + b"0010" + b"x" * 16, b"15"),
        (b"S301109K0001000000" + b"0010" + b"x" * 16, b"15"),
        (b"E307" + n4(b"m") + b";K9999" + bytes.fromhex("3059301306072A8648CE3D020106082A811CCF5501822D03420004")
         + bytes(64) + b"0", b"76"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_answered_with_the_codes_of_the_profile(client: Client, message: bytes, error: bytes) -> None:
    client.send(message)
    assert client.receive()[2:] == error
    assert ok(client.ask(b"NC"))


def test_the_longest_data_is_taken_and_one_byte_more_is_not(client: Client) -> None:
    assert ok(client.ask(sign_request(b"x" * 1984)))
    assert client.ask(sign_request(b"x" * 1985)) == b"80"


def test_a_header_is_echoed(start_machine: StartMachine) -> None:
    machine = start_machine(profile="payshield-like")
    client = Client(machine.ends.at, header=b"HEAD")
    assert ok(client.ask(b"NC"))
    client.header = b"\0\1\2\3"
    assert ok(client.ask(b"E2K0001"))
    assert client.ask(b"ZZ") == b"68"
    client.header = b"NOxx"
    assert len(ok(client.ask(b"NO00"))) == 1 + 1 + 2 + 9 + 5
    assert ok(client.ask(b"J8"))
    client.close()


def test_the_published_trace_of_a_diagnosis_is_reproduced(start_machine: StartMachine) -> None:
    machine = start_machine(profile="payshield-like")
    client = Client(machine.ends.at)
    client.socket.sendall(bytes.fromhex("0006484541444E43"))
    expected = bytes.fromhex("0021484541444E443030" + "35443637323730303030303030303030313530302D30303233")
    assert client.exactly(len(expected)) == expected
    client.close()


def test_many_requests_in_one_segment_are_answered_in_order(client: Client) -> None:
    texts = [f"{number:04X}" for number in range(200)]
    client.socket.sendall(b"".join(b"\0\x0aB20004" + text.encode() for text in texts))
    assert [client.receive()[4:].decode() for _ in texts] == texts


def test_a_request_may_come_byte_by_byte_while_others_are_served(shared_machine: RunningMachine) -> None:
    slow, quick = Client(shared_machine.ends.at), Client(shared_machine.ends.at)
    for byte in b"\0\x0aB20004slow"[:-1]:
        slow.socket.sendall(bytes([byte]))
        assert ok(quick.ask(b"B20005quick")) == b"quick"
    slow.socket.sendall(b"w")
    assert slow.receive() == b"B300slow"
    slow.close()
    quick.close()


def test_a_client_that_sends_much_does_not_hold_up_another(shared_machine: RunningMachine) -> None:
    many = 1000  # over 100 ms of signing
    greedy, other = Client(shared_machine.ends.at), Client(shared_machine.ends.at)
    request = sign_request(b"m")
    greedy.socket.sendall((len(request).to_bytes(2, "big") + request) * many)
    assert ok(other.ask(b"NC"))
    greedy.socket.setblocking(False)
    received = b""
    try:
        while True:
            received += greedy.socket.recv(65536)
    except BlockingIOError:
        pass
    assert len(received) < many * 74
    greedy.socket.setblocking(True)
    greedy.exactly(100 * 74 - len(received))
    greedy.close()
    other.close()


def test_a_client_that_closes_its_half_still_gets_its_reply(shared_machine: RunningMachine) -> None:
    client = Client(shared_machine.ends.at)
    client.send(b"NC")
    client.socket.shutdown(1)
    assert client.receive()[2:4] == b"00"
    assert client.gone()
    client.close()


def test_every_frame_is_on_the_tape_in_order(start_machine: StartMachine) -> None:
    machine = start_machine()
    client = Client(machine.ends.at)
    client.ask(b"NC")
    client.ask(b"B20002hi")
    client.close()
    seen = [(frame.channel, frame.direction, frame.data) for frame in machine.frames()]
    channel = "encryption-machine.host#1"
    assert seen == [
        (channel, Direction.RECEIVED, b"\0\2NC"),
        (channel, Direction.SENT, b"\0\x1dND005D672700000000001500-0023"),
        (channel, Direction.RECEIVED, b"\0\x08B20002hi"),
        (channel, Direction.SENT, b"\0\6B300hi"),
    ]


def test_equal_runs_leave_equal_tapes(start_machine: StartMachine) -> None:
    tapes = []
    for _ in range(2):
        machine = start_machine()
        client = Client(machine.ends.at)
        client.ask(sign_request(b"m"))
        client.ask(b"E307" + n4(b"secret") + b";K00010")
        client.ask(b"N0016")
        client.ask(b"E707K0100" + b"00")
        client.close()
        tapes.append([frame.data for frame in machine.frames()])
    assert tapes[0] == tapes[1]


def test_a_reset_brings_back_keys_and_randomness(start_machine: StartMachine) -> None:
    machine = start_machine()
    client = Client(machine.ends.at)
    machine.reset()
    first = client.ask(b"N0016"), client.ask(b"E2K0001")
    client.ask(b"E707K0001" + b"00")
    assert client.ask(b"E2K0001") != first[1]
    machine.reset()
    assert (client.ask(b"N0016"), client.ask(b"E2K0001")) == first
    client.close()


def test_keys_in_a_file_are_there_after_a_restart(start_machine: StartMachine, tmp_path: object) -> None:
    keys = f"{tmp_path}/keys.db"
    machine = start_machine(keys=keys)
    client = Client(machine.ends.at)
    spki = ok(client.ask(b"E707K0700" + b"00"))[:SPKI_SIZE]
    client.close()
    machine.stop()
    client = Client(start_machine(keys=keys).ends.at)
    assert ok(client.ask(b"E2K0700")) == spki
    client.close()
