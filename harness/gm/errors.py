"""What can go wrong in cryptography; a wrong signature is no error: verification answers False."""


class GmError(ValueError):
    """Base of all errors of this package; the input was not usable, and nothing was computed from it."""


class InvalidKey(GmError):
    """A key that must not be used: out of range, off the curve, or not spelled as its format demands."""


class InvalidEncoding(GmError):
    """Bytes that are not the strict form they should be."""


class DecryptionFailed(GmError):
    """A ciphertext that is not genuine under this key; no plaintext leaves, and the message tells no more."""
