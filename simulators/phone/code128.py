"""Code 128, code set C (ISO/IEC 15417): pairs of digits as bars, the barcode above a phone's QR code.

The voucher's 28 digits become start C, 14 symbols, a check symbol and the stop: 189 modules, 209 with quiet zones.
Only what a phone shows lives here: an even number of digits, no other code set.
"""

QUIET_MODULES = 10
"""The clear space that the standard asks for on either side, in modules."""
START_C = 105
STOP = 106
_MODULUS = 103

_TABLE = """
212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222
123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321
232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121
313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224
111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111
111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113
114311 411113 411311 113141 114131 311141 411131 211412 211214 211232 2331112
"""
"""Bar and space widths by symbol value, bar first (the standard's table 1)."""
_WIDTHS = tuple(_TABLE.split())


def symbol_values(digits: str) -> tuple[int, ...]:
    """Start C, a value for each pair of digits, the check symbol and the stop.

    Raises ValueError unless `digits` is an even, positive number of ASCII digits.
    """
    if not digits or len(digits) % 2 or not (digits.isascii() and digits.isdigit()):
        raise ValueError(f"code set C takes pairs of digits, not {len(digits)} characters such as these: {digits!r}")
    pairs = [int(digits[at : at + 2]) for at in range(0, len(digits), 2)]
    check = (START_C + sum(place * value for place, value in enumerate(pairs, start=1))) % _MODULUS
    return (START_C, *pairs, check, STOP)


def modules(digits: str) -> tuple[bool, ...]:
    """One entry a module from the first bar to the last, True for a bar; quiet zones not included."""
    line: list[bool] = []
    for value in symbol_values(digits):
        for place, width in enumerate(_WIDTHS[value]):
            line.extend([place % 2 == 0] * int(width))
    return tuple(line)
