"""How numbers and names are written, for every reader of a graph."""

_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_SUBSCRIPT = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


def number(x: float, digits: int = 4) -> str:
    """`x` with a fixed number of decimals, a true minus sign, and never −0.0000.

    >>> number(0.21652), number(-0.5), number(-1e-17)
    ('0.2165', '−0.5000', '0.0000')
    """
    text = f"{x:.{digits}f}"
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
