"""How names and numbers are written, in every reading of a graph: W⁽²⁾₁₃, −2.5·10⁻⁷."""

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import product
from math import isinf, isqrt
from typing import NamedTuple

SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


@lru_cache(maxsize=64)
def of_layer(letter: str, layer: int) -> str:
    """A quantity of one layer: `W⁽²⁾`.

    >>> of_layer("W", 2)
    'W⁽²⁾'
    """
    return f"{letter}⁽{str(layer).translate(SUPERSCRIPT)}⁾"


def of_member(letter: str, words: Sequence[str], positions: Sequence[int]) -> str:
    """A quantity that belongs to a part of a network: `W_query⁽²⁾`.

    >>> of_member("W", ["query"], [2]), of_member("b", [""], []), of_member("W", ["self", "key"], [1, 2])
    ('W_query⁽²⁾', 'b', 'W_self_key⁽¹⁾⁽²⁾')
    """
    name = "_".join([letter, *filter(None, words)])
    for n in positions:
        name = of_layer(name, n)
    return name


def without_time(name: str) -> tuple[str, str]:
    """A name and the time in it, where the weights of a layer are used again and again.

    >>> without_time("z⁽¹⁾[2]₃"), without_time("x[2]")
    (('z⁽¹⁾₃', '[2]'), ('x[2]', ''))
    """
    if not (found := re.search(r"(?<=⁾)\[\d+\]", name)):
        return name, ""
    return name[: found.start()] + name[found.end() :], found[0]


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
    return name + separator.join([str(i + 1).translate(SUBSCRIPT) for i in index])


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


# Numbers.

_TYPED = 8  # digits of a number that a person types


def number(x: float, digits: int = 4) -> str:
    """`x` with a fixed number of decimals, a true minus sign, and never −0.0000.

    From ten million on it is written with an exponent, and a slope too large for a float as ∞.

    >>> number(0.21652), number(-0.5), number(-1e-17), number(2e300, 1)
    ('0.2165', '−0.5000', '0.0000', '2.0e+300')
    """
    if isinf(x):
        return "∞" if x > 0 else "−∞"
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


class Shown(NamedTuple):
    """A number as it is printed: mantissa · 10^exponent, which is what a reader of the page computes with."""

    mantissa: str  # with a true minus sign
    exponent: int

    def __str__(self) -> str:
        return self.mantissa + (f"·10{str(self.exponent).translate(SUPERSCRIPT)}" if self.exponent else "")

    def __float__(self) -> float:
        text = {"∞": "inf", "−∞": "-inf"}.get(self.mantissa, self.mantissa.replace("−", "-"))
        return float(f"{text}e{self.exponent}" if self.exponent else text)


def shown(x: float, digits: int = 4, beside: float = 0.0) -> Shown:
    """What `short` prints, as data.

    >>> shown(-2.51e-7, 2), float(shown(-2.51e-7, 2)), float(shown(0.21652))
    (Shown(mantissa='−2.5', exponent=-7), -2.5e-07, 0.2165)
    """
    if x == 0 or isinf(x):
        return Shown(number(x, 0), 0)
    if max(abs(x), beside) >= 10.0 ** min(1 - digits, 0) and abs(x) < 10.0 ** max(6, digits):
        if float(f"{x:.{digits}f}") == 0:
            return Shown(number(0.0, digits), 0)
        return Shown(_stripped(f"{x:.{digits}f}", x).replace("-", "−"), 0)
    mantissa, exponent = f"{x:.{max(digits - 1, 0)}e}".split("e")
    mantissa = _stripped(mantissa, float(f"{x:.16e}".split("e")[0]))
    return Shown(mantissa.replace("-", "−"), int(exponent))


def short(x: float, digits: int = 4, beside: float = 0.0) -> str:
    """`x` as one writes it by hand: 0.3 rather than 0.3000, and small numbers as powers of ten.

    Not so if it stands `beside` a number large enough, in a matrix.

    >>> short(1.0), short(0.1 + 0.2), short(0.216523), short(-2.5e-7)
    ('1', '0.3', '0.2165', '−2.5·10⁻⁷')
    >>> short(-2.5e-4), short(-2.5e-4, beside=0.5)
    ('−2.5·10⁻⁴', '−0.0003')
    """
    return str(shown(x, digits, beside))


def _stripped(text: str, x: float) -> str:
    """Without the zeros at the end where the text is x exactly (up to rounding)."""
    exact = abs(float(text) - x) <= 1e-12 * abs(x)
    return text.rstrip("0").rstrip(".") if exact and "." in text else text


def constant(x: float, digits: int = 4) -> str:
    """A constant in a formula: with all its digits where one may have typed them, else rounded as numbers are.

    >>> constant(0.1 * 0.1), constant(-1234567891.0), constant(1e-9), constant(3**0.5 / 2, digits=2)
    ('0.01', '−1234567891', '1·10⁻⁹', '0.87')
    """
    mantissa, _, exponent = f"{x:.15g}".partition("e")  # the 16th digit is often rounding
    if len(mantissa.replace(".", "").lstrip("-0")) > _TYPED and not x.is_integer():
        return short(x, digits)
    return str(Shown(mantissa.replace("-", "−"), int(exponent or 0)))


def as_fraction(x: float) -> tuple[int, int]:
    """(p, q) where x is p / q with a small q, else (0, 0). Tenths are decimals: one writes 0.7.

    >>> as_fraction(5 / 12), as_fraction(-4.0), as_fraction(1 / 13), as_fraction(0.7)
    ((5, 12), (-4, 1), (0, 0), (0, 0))
    """
    for q in (*range(1, 10), 11, 12):
        if abs(x) < 1000 and round(x * q) / q == x:
            return round(x * q), q
    return 0, 0


def as_root(x: float) -> tuple[int, int]:
    """(n, 1) where |x| is √n, and (1, n) where it is 1/√n, of a small whole number n; else (0, 0).

    >>> as_root(2**0.5), as_root(1 / 8**0.5), as_root(1.5), as_root(-(3**0.5))
    ((2, 1), (1, 8), (0, 0), (3, 1))
    """
    size = abs(x)
    if 1 < size < 32 and abs(size * size - (n := round(size * size))) <= 4e-16 * n and isqrt(n) ** 2 != n:
        return n, 1
    if 0.03 < size < 1 and abs(1 / size**2 - (n := round(1 / size**2))) <= 8e-16 * n and isqrt(n) ** 2 != n:
        return 1, n
    return 0, 0


def superscript(n: float, digits: int = 4) -> str:
    """The exponent n: ² or ⁻¹ where it is a whole number, ^(1/3) for a fraction, else ^0.7 as a constant is written.

    >>> superscript(2.0), superscript(-1.0), superscript(0.5), superscript(1 / 3), superscript(1234567.0)
    ('²', '⁻¹', '^0.5', '^(1/3)', '^1234567')
    """
    if n == int(n) and abs(n) < 1000:
        return str(int(n)).translate(SUPERSCRIPT)
    p, q = as_fraction(n)
    text = constant(n, digits) if len(repr(n)) < 8 or q < 2 else f"{number(p, 0)}/{q}"
    return f"^{text}" if n > 0 and "/" not in text and "·" not in text else f"^({text})"
