"""Which bytes of host commands are key material, under whatever key: the tape must not hold them."""

from harness.wire.encryption_machine import host_messages as wire

HIDDEN_COMMANDS = frozenset({"E1", "E4", "E5", "S3", "S4", "SW", "TT", "TX", "D306"})
"""Commands whose requests may carry a key; one of these that cannot be read is hidden after its command."""


def secrets_in(request: wire.Request) -> tuple[bytes, ...]:
    """The key material that a request carries."""
    match request:
        case wire.Sm2Sign(key=wire.KeyIndex()) | wire.Sm2Verify() | wire.Sm2Decrypt(key=wire.KeyIndex()):
            return ()
        case wire.Sm2Sign(key=wire.ExternalKeyPair(private=private) | wire.ExternalPrivateKey(private=private)):
            return (private,)
        case wire.Sm2Decrypt(key=wire.ExternalPrivateKey(private=private)):
            return (private,)
        case wire.LoadKeyPair(private=private):
            return (private,)
        case wire.Sm4Encrypt() | wire.Sm4Decrypt() | wire.SmBatch():
            wrapped = (request.key.wrapped,) if isinstance(request.key, wire.WrappedKey) else ()
            return (*wrapped, *request.derive, *((request.session_data,) if request.session_data else ()))
        case wire.MoveKeyPair(private=private):
            return (private,) if private else ()
        case wire.MoveKey(key=wire.WrappedKey(wrapped=wrapped)) | wire.MoveKey(key=None, wrapped=wrapped):
            return (wrapped,)
        case _:
            return ()


def secrets_in_reply(reply: wire.Reply) -> tuple[bytes, ...]:
    """The key material that a reply carries."""
    match reply:
        case wire.GenerateKeyPairReply(private=secret) | wire.MoveKeyPairReply(private=secret):
            return (secret,) if secret else ()
        case wire.MoveKeyReply(wrapped=secret):
            return (secret,)
        case _:
            return ()
