"""How numbers and names are written, for every reader of a graph."""

from __future__ import annotations

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


def of_layer(letter: str, layer: int) -> str:
    """A quantity of one layer: `W⁽²⁾`.

    >>> of_layer("W", 2)
    'W⁽²⁾'
    """
    return f"{letter}⁽{str(layer).translate(_SUPERSCRIPT)}⁾"


def element(name: str, index: tuple[int, ...], shape: tuple[int, ...]) -> str:
    """One element of a named array, counted from 1 as in the notes.

    A comma separates the indices where one of them may have two digits.

    >>> element("W⁽¹⁾", (0, 3), (4, 4)), element("x", (9,), (12,)), element("W", (0, 10), (4, 12))
    ('W⁽¹⁾₁₄', 'x₁₀', 'W₁,₁₁')
    """
    separator = "," if len(shape) > 1 and max(shape) > 9 else ""
    return name + separator.join([str(i + 1).translate(_SUBSCRIPT) for i in index])


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


def coefficient(x: float, digits: int = 4) -> str:
    """`x` as short as it can be said: a whole number without decimals, others as `number` does.

    >>> coefficient(1.0), coefficient(-1.0), coefficient(0.48690001)
    ('1', '−1', '0.4869')
    """
    return number(x, 0) if x == int(x) and abs(x) < 10**digits else number(x, digits)


def constant_text(x: float) -> str:
    """A constant of a formula, as one would write it: `½`, `2`, `−0.1`.

    >>> constant_text(0.5), constant_text(2.0), constant_text(-0.1)
    ('½', '2', '−0.1')
    """
    return "½" if x == 0.5 else f"{x:.4g}".replace("-", "−")


def exponent(n: str) -> str:
    """The n of aⁿ, raised where Unicode can: `²`, but `^0.5`.

    >>> exponent("2"), exponent("-1"), exponent("0.5")
    ('²', '⁻¹', '^0.5')
    """
    return n.translate(_SUPERSCRIPT) if n.lstrip("-").isdigit() else f"^{n}".replace("-", "−")
