"""How numbers and names are written, for every reader of a graph."""

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


# LaTeX.


def latex_number(text: str) -> str:
    """What `short` wrote, for LaTeX's mathematics.

    >>> print(latex_number("−2.5·10⁻⁷"))
    -2.5 \\cdot 10^{-7}
    """
    mantissa, _, power = text.replace("−", "-").partition("·10")
    return mantissa + (rf" \cdot 10^{{{power.translate(_FLAT)}}}" if power else "")


def latex_name(label: str) -> str:
    """A label for LaTeX's mathematics; characters LaTeX does not have are shown by their code.

    >>> print(latex_name("W⁽³⁾₁₂"), latex_name("ŷ"), latex_name("loss"), latex_name("50%"))
    W^{(3)}_{12} \\hat{y} \\mathrm{loss} \\mathrm{50\\%}
    """
    from unicodedata import normalize  # a tenth of a millisecond that only LaTeX needs

    parts = {"base": "", "above": "", "below": ""}
    for c in normalize("NFC", label):
        part = "above" if c in _ABOVE else "below" if c in _BELOW else "base"
        parts[part] += c.translate(_FLAT)
    base, _, below = parts["base"].partition("_")
    if not (base and below.isalnum()):
        base, below = parts["base"], ""
    text = _latex_word(base) or "{}"
    text += f"^{{{parts['above']}}}" if parts["above"] else ""
    below = (_latex_word(below) if below else "") + parts["below"]
    return text + (f"_{{{below}}}" if below else "")


def _latex_word(word: str) -> str:
    from unicodedata import name, normalize

    letters = []
    for c in normalize("NFC", word):
        letter, *accents = list(normalize("NFD", c))
        kind, _, greek = name(letter, "").partition(" LETTER ")
        if letter in _LATEX_ESCAPES:
            letter = _LATEX_ESCAPES[letter]
        elif kind == "GREEK SMALL" and greek in _GREEK:
            letter = rf"\{greek.lower()} "
        elif kind == "GREEK CAPITAL" and greek in _GREEK_CAPITALS:
            letter = rf"\{greek.capitalize()} "
        elif letter in "<>`" or not (letter.isascii() and letter.isprintable()):  # no HTML in Markdown either
            letter = rf"\langle {ord(letter):X}\rangle "
        for accent in accents:
            letter = rf"{_ACCENTS[accent]}{{{letter.strip()}}}" if accent in _ACCENTS else letter
        letters.append(letter)
    text = "".join(letters).strip()
    return text if len(letters) < 2 or not word[0].isascii() else rf"\mathrm{{{text}}}"


_GREEK = {
    "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA", "MU", "NU",
    "XI", "PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI", "OMEGA",
}  # fmt: skip
_GREEK_CAPITALS = {"GAMMA", "DELTA", "THETA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA"}
_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot", "\u0308": r"\ddot"}
_LATEX_ESCAPES = {c: "\\" + c for c in "#$%&_{}"} | {
    "\\": r"\backslash ",
    "^": r"\wedge ",
    "~": r"\sim ",
    " ": r"\ ",
    "′": "'",
    "−": "-",
    "·": r"\cdot ",
}
_ABOVE = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁽⁾ᵀ"
_BELOW = "₀₁₂₃₄₅₆₇₈₉₋₍₎"
_FLAT = str.maketrans(_ABOVE + _BELOW, "0123456789-()T0123456789-()")


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
