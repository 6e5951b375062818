"""The public keys of an encryption machine, as a case's tape tells them: given out, made, loaded, moved."""

from harness.gm import GmError, PublicKey
from harness.judge.machine_talk import HostExchange, MachineTalk
from harness.wire.encryption_machine import host_messages as wire


class PublicKeys:
    """The public keys that the machine has given out, by index, as they are at a moment of the case."""

    def __init__(self, talk: MachineTalk) -> None:
        self._talk = talk
        self._by_index: dict[int, PublicKey] = {}
        for exchange in talk.exchanges:
            match exchange.request, exchange.reply:
                case wire.GetPublicKey(index=index), wire.GetPublicKeyReply(public=spki):
                    self._put(index, spki, first=True)
                case _:
                    pass

    def learn(self, exchange: HostExchange) -> None:
        """Take what this exchange says of a key."""
        match exchange.request, exchange.reply:
            case wire.GetPublicKey(index=index), wire.GetPublicKeyReply(public=spki):
                self._put(index, spki)
            case wire.GenerateKeyPair(index=int(index)), wire.GenerateKeyPairReply(public=spki):
                self._put(index, spki)
            case wire.LoadKeyPair(index=index, public=spki), wire.LoadKeyPairReply():
                self._put(index, spki)
            case wire.MoveKeyPair(way=wire.Way.IMPORT, index=index, public=spki), wire.MoveKeyPairReply():
                self._put(index, spki)
            case _:
                pass

    def of(self, key: object) -> PublicKey | None:
        """The key that a request means; None when nothing is known of it."""
        match key:
            case wire.KeyIndex(index=index):
                return self._by_index.get(index)
            case wire.ExternalPublicKey(public=spki) | wire.ExternalKeyPair(public=spki):
                return read_public(spki)
            case _:
                return None

    def all(self) -> list[PublicKey]:
        """Every key of the case, also those that came with a new, loaded or moved pair."""
        found = list(self._by_index.values())
        for exchange in self._talk.exchanges:
            match exchange.request, exchange.reply:
                case wire.GenerateKeyPair(), wire.GenerateKeyPairReply(public=spki):
                    pass
                case wire.MoveKeyPair(way=wire.Way.EXPORT), wire.MoveKeyPairReply(public=spki):
                    pass
                case wire.LoadKeyPair(public=spki) | wire.MoveKeyPair(public=spki), _:
                    pass
                case _:
                    continue
            found += [key] if (key := read_public(spki)) else []
        return found

    def _put(self, index: int, spki: bytes, *, first: bool = False) -> None:
        key = read_public(spki)
        if key is not None and not (first and index in self._by_index):
            self._by_index[index] = key


def read_public(spki: bytes) -> PublicKey | None:
    """The key of a DER SubjectPublicKeyInfo; None for bytes that are none."""
    try:
        return PublicKey.from_spki(spki)
    except GmError:
        return None
