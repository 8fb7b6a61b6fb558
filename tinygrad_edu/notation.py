"""How numbers and names are written, for every reader of a graph."""

from __future__ import annotations

from functools import lru_cache
from itertools import product

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


def number(x: float, digits: int = 4) -> str:
    """`x` with a fixed number of decimals, a true minus sign, and never −0.0000.

    From ten million on it is written with an exponent.

    >>> number(0.21652), number(-0.5), number(-1e-17), number(2e300, 1)
    ('0.2165', '−0.5000', '0.0000', '2.0e+300')
    """
    text = f"{x:.{digits}f}" if abs(x) < 1e7 else f"{x:.{digits}e}"
    if float(text) == 0:
        text = text.lstrip("-")
    return text.replace("-", "−")


def check_digits(reader: str, digits: object) -> None:
    """Raises ValueError, in the name of the reader, unless so many decimals can be shown.

    >>> check_digits("draw", -1)
    Traceback (most recent call last):
    ValueError: draw: digits is a whole number from 0 to 17, not -1
    """
    if type(digits) is not int or not 0 <= digits <= 17:
        raise ValueError(f"{reader}: digits is a whole number from 0 to 17, not {digits!r}")


@lru_cache(maxsize=64)
def of_layer(letter: str, layer: int) -> str:
    """A quantity of one layer: `W⁽²⁾`.

    >>> of_layer("W", 2)
    'W⁽²⁾'
    """
    return f"{letter}⁽{str(layer).translate(_SUPERSCRIPT)}⁾"


def element(name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """One element of a named array, counted from 1 as in the notes.

    A comma separates the indices where one of them may have two digits, or the name ends in one.

    >>> element("W⁽¹⁾", (0, 3), (4, 4)), element("x", (9,), (12,)), element("W", (0, 10), (4, 12))
    ('W⁽¹⁾₁₄', 'x₁₀', 'W₁,₁₁')
    >>> element("x₁", (1,), (3,))
    'x₁,₂'
    """
    separator = "," if len(shape) > 1 and max(shape) > 9 else ""
    if index and name[-1:] in [*"₀₁₂₃₄₅₆₇₈₉"]:
        name += ","
    return name + separator.join([str(i + 1).translate(_SUBSCRIPT) for i in index])


def short(x: float, digits: int = 4, beside: float = 0.0) -> str:
    """`x` as one writes it by hand: 0.3 rather than 0.3000, and small numbers as powers of ten.

    Not so if it stands `beside` a number large enough, in a matrix.

    >>> short(1.0), short(0.1 + 0.2), short(0.216523), short(-2.5e-7)
    ('1', '0.3', '0.2165', '−2.5·10⁻⁷')
    >>> short(-2.5e-4), short(-2.5e-4, beside=0.5)
    ('−2.5·10⁻⁴', '−0.0003')
    """
    if x == 0:
        return "0"
    if max(abs(x), beside) >= 10.0 ** (1 - digits) and abs(x) < 10.0 ** max(6, digits):
        if float(f"{x:.{digits}f}") == 0:
            return number(0.0, digits)
        return _stripped(f"{x:.{digits}f}", x).replace("-", "−")
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    mantissa = _stripped(mantissa, float(f"{x:.16e}".split("e")[0]))
    return f"{mantissa}·10".replace("-", "−") + str(int(exponent)).translate(_SUPERSCRIPT)


def _stripped(text: str, x: float) -> str:
    """Without the zeros at the end where the text is x exactly (up to rounding)."""
    exact = abs(float(text) - x) <= 1e-12 * abs(x)
    return text.rstrip("0").rstrip(".") if exact and "." in text else text


def as_fraction(x: float) -> tuple[int, int]:
    """(p, q) where x is p / q with a small q, else (0, 0).

    >>> as_fraction(2 / 3), as_fraction(-4.0), as_fraction(0.7071)
    ((2, 3), (-4, 1), (0, 0))
    """
    for q in range(1, 13):
        if abs(x) < 1000 and round(x * q) / q == x:
            return round(x * q), q
    return 0, 0


def superscript(n: float) -> str:
    """The exponent n: ² or ⁻¹ where it is a whole number, else ^0.5.

    >>> superscript(2.0), superscript(-1.0), superscript(0.5)
    ('²', '⁻¹', '^0.5')
    """
    if n == int(n) and abs(n) < 1000:
        return str(int(n)).translate(_SUPERSCRIPT)
    return f"^{n:.12g}" if n > 0 else f"^({n:.12g})".replace("-", "−")


@lru_cache(maxsize=64)  # "x" and "y" are named again in every step of a training
def elements(name: str, shape: tuple[int, ...]) -> tuple[str, ...]:
    """Every element of a named array, row by row.

    >>> elements("W", (2, 2))
    ('W₁₁', 'W₁₂', 'W₂₁', 'W₂₂')
    """
    return tuple([element(name, index, shape) for index in product(*map(range, shape))])


def array_name(name: str) -> str:
    """What an element is called after: `element` read backwards, and any other name as it is.

    >>> array_name("W⁽¹⁾₁₂"), array_name("x₁,₂"), array_name("b")
    ('W⁽¹⁾', 'x', 'b')
    """
    return name.rstrip("₀₁₂₃₄₅₆₇₈₉,")


_UPRIGHT = {code: chr(digit) for digit, code in _SUPERSCRIPT.items()} | {ord(c): "" for c in "⁽⁾"}
_LOWERED = {code: chr(digit) for digit, code in _SUBSCRIPT.items()}


def identifier(label: str) -> str:
    """A label as a name that Python accepts, read aloud the same way.

    >>> identifier("W⁽¹⁾₁₂"), identifier("∂b⁽²⁾₃"), identifier("W₁,₁₁"), identifier("2nd try")
    ('W1_12', 'db2_3', 'W_1_11', '_2nd_try')
    """
    from unicodedata import normalize  # only those who print programs need to wait for it

    name, before = "", 0
    for code in map(ord, label):
        if code in _LOWERED and before not in _LOWERED:
            name += "_"
        name += _LOWERED.get(code) or _UPRIGHT.get(code, "d" if chr(code) == "∂" else chr(code))
        before = code
    name = "".join([c if ("_" + c).isidentifier() else "_" for c in normalize("NFKC", name)])
    while "__" in name:
        name = name.replace("__", "_")
    return name if name.isidentifier() else "_" + name
