"""SM2 once more, in plain Python over any curve: slow, with the nonce in the caller's hand.

It is what `harness.gm.sm2` is checked against, it makes the standard's examples with their fixed nonce, and signatures
that are wrong on purpose. Nothing here is in constant time: a secret that matters does not belong here.
"""

from dataclasses import dataclass
from functools import cache
from typing import TypeAlias

from harness.gm.sm3 import sm3

Point: TypeAlias = tuple[int, int] | None
"""Affine coordinates; None is the point at infinity."""
Jacobian: TypeAlias = tuple[int, int, int]
_WINDOW = 4
_DIGIT = (1 << _WINDOW) - 1


@dataclass(frozen=True, kw_only=True)
class Curve:
    """y² = x³ + ax + b over the field of p elements, with a base point (gx, gy) of prime order n."""

    p: int
    a: int
    b: int
    n: int
    gx: int
    gy: int

    @property
    def base(self) -> tuple[int, int]:
        """The base point G."""
        return self.gx, self.gy

    def holds(self, x: int, y: int) -> bool:
        """Whether (x, y) are coordinates below p of a point on the curve."""
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def multiply(self, k: int, point: Point) -> Point:
        """[k]point for k ≥ 0."""
        total: Jacobian = (1, 1, 0)
        if point is not None:
            for bit in bin(k)[2:]:
                total = self._double(total)
                if bit == "1":
                    total = self._add(total, (*point, 1))
        return self._affine(total)

    def multiply_base(self, k: int) -> Point:
        """[k]G for 0 ≤ k < n, the same as `multiply`: a quarter of the time once G's multiples have been laid out."""
        total: Jacobian = (1, 1, 0)
        for row in _multiples(self):
            if digit := k & _DIGIT:
                total = self._add(total, row[digit - 1])
            k >>= _WINDOW
        return self._affine(total)

    def add(self, one: Point, other: Point) -> Point:
        """The sum of two points."""
        if one is None or other is None:
            return other if one is None else one
        return self._affine(self._add((*one, 1), (*other, 1)))

    def multiples(self) -> tuple[tuple[Jacobian, ...], ...]:
        """For every four bits of a number below n, the multiples of G that they stand for, all with z = 1."""
        found: list[Jacobian] = []
        first: Jacobian = (*self.base, 1)
        for _ in range(0, self.n.bit_length(), _WINDOW):
            total = first
            for _ in range(_DIGIT):
                found.append(total)
                total = self._add(total, first)
            first = total
        flat = self._flat(found)
        return tuple(tuple(flat[at : at + _DIGIT]) for at in range(0, len(flat), _DIGIT))

    def _flat(self, points: list[Jacobian]) -> list[Jacobian]:
        """The same points with z = 1, none of them at infinity; one inversion for all."""
        products = [1]
        for _, _, z in points:
            products.append(products[-1] * z % self.p)
        inverse = pow(products.pop(), -1, self.p)
        flat: list[Jacobian] = []
        for (x, y, z), before in zip(reversed(points), reversed(products), strict=True):
            one_over = inverse * before % self.p
            inverse = inverse * z % self.p
            square = one_over * one_over % self.p
            flat.append((x * square % self.p, y * square * one_over % self.p, 1))
        return flat[::-1]

    def _double(self, point: Jacobian) -> Jacobian:
        x, y, z = point
        yy = y * y % self.p
        s = 4 * x * yy % self.p
        m = (3 * x * x + self.a * pow(z, 4, self.p)) % self.p
        x3 = (m * m - 2 * s) % self.p
        return x3, (m * (s - x3) - 8 * yy * yy) % self.p, 2 * y * z % self.p

    def _add(self, one: Jacobian, other: Jacobian) -> Jacobian:
        (x1, y1, z1), (x2, y2, z2) = one, other
        if z1 == 0 or z2 == 0:
            return other if z1 == 0 else one
        zz1, zz2 = z1 * z1 % self.p, z2 * z2 % self.p
        u1, u2 = x1 * zz2 % self.p, x2 * zz1 % self.p
        s1, s2 = y1 * zz2 * z2 % self.p, y2 * zz1 * z1 % self.p
        if u1 == u2:
            return self._double(one) if s1 == s2 else (1, 1, 0)
        h, r = u2 - u1, s2 - s1
        hh = h * h % self.p
        hhh, v = h * hh % self.p, u1 * hh % self.p
        x3 = (r * r - hhh - 2 * v) % self.p
        return x3, (r * (v - x3) - s1 * hhh) % self.p, z1 * z2 * h % self.p

    def _affine(self, point: Jacobian) -> Point:
        x, y, z = point
        if z == 0:
            return None
        inverse = pow(z, -1, self.p)
        return x * inverse * inverse % self.p, y * pow(inverse, 3, self.p) % self.p


@cache
def _multiples(curve: Curve) -> tuple[tuple[Jacobian, ...], ...]:
    return curve.multiples()


SM2P256V1 = Curve(
    p=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF,
    a=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC,
    b=0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93,
    n=0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123,
    gx=0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    gy=0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
"""The standard curve (GB/T 32918.5), object identifier 1.2.156.10197.1.301."""


def identity_digest(curve: Curve, public: tuple[int, int], user_id: bytes) -> bytes:
    """ZA: who signs, on which curve (GB/T 32918.2, 5.5)."""
    numbers = (curve.a, curve.b, curve.gx, curve.gy, *public)
    return sm3((len(user_id) * 8).to_bytes(2) + user_id + b"".join(number.to_bytes(32) for number in numbers))


def sign(curve: Curve, d: int, e: int, k: int) -> tuple[int, int]:
    """(r, s) over digest e with nonce k; raises ValueError for a nonce that the standard says to replace."""
    point = curve.multiply_base(k % curve.n)
    if point is None:
        raise ValueError("the nonce must not be a multiple of n")
    r = (e + point[0]) % curve.n
    s = pow(1 + d, -1, curve.n) * (k - r * d) % curve.n
    if r == 0 or r + k == curve.n or s == 0:
        raise ValueError("this nonce gives no signature; take another")
    return r, s


def verify(curve: Curve, public: tuple[int, int], e: int, r: int, s: int) -> bool:
    """Whether (r, s) signs digest e."""
    t = (r + s) % curve.n
    if not (0 < r < curve.n and 0 < s < curve.n and t and curve.holds(*public)):
        return False
    point = curve.add(curve.multiply(s, curve.base), curve.multiply(t, public))
    return point is not None and (e + point[0]) % curve.n == r


def derive(shared: bytes, size: int) -> bytes:
    """The standard's key derivation: `size` bytes of SM3(shared ‖ counter), from counter 1 on."""
    blocks = (sm3(shared + counter.to_bytes(4)) for counter in range(1, (size + 31) // 32 + 1))
    return b"".join(blocks)[:size]


def encrypt(curve: Curve, public: tuple[int, int], message: bytes, k: int) -> bytes:
    """04‖x‖y‖C3‖C2 with nonce k; raises ValueError for an empty message or a nonce to be replaced."""
    c1, shared = curve.multiply(k, curve.base), curve.multiply(k, public)
    if c1 is None or shared is None:
        raise ValueError("the nonce must not be a multiple of n")
    x2, y2 = (number.to_bytes(32) for number in shared)
    mask = derive(x2 + y2, len(message))
    if not any(mask):
        raise ValueError("this message and nonce give no ciphertext")
    c2 = bytes(a ^ b for a, b in zip(message, mask, strict=True))
    return b"\x04" + c1[0].to_bytes(32) + c1[1].to_bytes(32) + sm3(x2 + message + y2) + c2


def decrypt(curve: Curve, d: int, c1c3c2: bytes) -> bytes | None:
    """The message; None unless C1 is a point of the curve and C3 fits."""
    x, y = int.from_bytes(c1c3c2[1:33]), int.from_bytes(c1c3c2[33:65])
    c3, c2 = c1c3c2[65:97], c1c3c2[97:]
    shared = curve.multiply(d, (x, y)) if c1c3c2[:1] == b"\x04" and curve.holds(x, y) else None
    if shared is None:
        return None
    x2, y2 = (number.to_bytes(32) for number in shared)
    message = bytes(a ^ b for a, b in zip(c2, derive(x2 + y2, len(c2)), strict=True))
    return message if message and sm3(x2 + message + y2) == c3 else None
