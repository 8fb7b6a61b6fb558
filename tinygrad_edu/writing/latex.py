"""Names and numbers for LaTeX's mathematics."""


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
        kind, _, greek = name(letter, "").replace("LAMDA", "LAMBDA").partition(" LETTER ")  # Unicode's spelling
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
    "ALPHA", "BETA", "GAMMA", "DELTA", "EPSILON", "ZETA", "ETA", "THETA", "IOTA", "KAPPA", "LAMBDA", "MU",
    "NU", "XI", "PI", "RHO", "SIGMA", "TAU", "UPSILON", "PHI", "CHI", "PSI", "OMEGA",
}  # fmt: skip
_GREEK_CAPITALS = {"GAMMA", "DELTA", "THETA", "LAMBDA", "XI", "PI", "SIGMA", "UPSILON", "PHI", "PSI", "OMEGA"}
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
