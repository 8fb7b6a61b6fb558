"""Formulas, names and numbers for LaTeX's mathematics."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import combining, decomposition, name, normalize

from ..derivative_name import LOOSE, DerivativeName, repeated
from .expression import Expression, Name, Part, Precedence, Spelling, Transpose, infix, places, write
from .notation import without_time
from .paper import AXES, Text, with_precedence

SUM, SUMMATION, PRODUCT = Precedence.SUM, Precedence.SUMMATION, Precedence.PRODUCT
FRACTION, POWER, ATOM = Precedence.FRACTION, Precedence.POWER, Precedence.ATOM

LATEX = {
    "+": infix(" + ", SUM, open=True),
    "−": infix(" - ", SUM, open=True),
    "×": infix(r" \cdot ", PRODUCT, open=True),
    "∘": infix(r" \circ ", PRODUCT, open=True),
    "÷": Spelling(r"\frac{{{a}}}{{{b}}}", FRACTION, (SUM, SUM)),
    "neg": Spelling("-{a}", SUM, (SUMMATION,)),
    "abs": Spelling(r"\left|{a}\right|", ATOM, (SUM,)),
    "pow": Spelling(r"{{{a}}}^{{{b}}}", POWER, (ATOM, SUM)),
    "sqrt": Spelling(r"\sqrt{{{a}}}", ATOM, (SUM,)),
    "ᵀ": Spelling(r"{{{a}}}^\top", POWER, (POWER,)),
    "⟨⟩": Spelling(r"\langle {a}, {b} \rangle", ATOM, (SUM, SUM)),
}
_AXES = {"": "", "ₙ": "_n", "ₖ": "_k"}


@dataclass
class LaTeX(Text):
    """LaTeX, for between $ and $; its matrices may be small."""

    small: bool = False

    table = LATEX
    beside, arrow, dots, times = r" \, ", r" \to ", r"\dots", r" \times "

    def sign(self, relation: str) -> str:
        return {"+=": r" \mathrel{+}= ", "←": r" \leftarrow ", "·": r" \cdot "}.get(relation, f" {relation} ")

    def sentence(self, words: Sequence[str | Expression]) -> str:
        return "".join([w.replace("%", r"\%") if isinstance(w, str) else f"${write(w, self)[0]}$" for w in words])

    def name(self, text: str) -> str:
        return latex_name(text)

    def words(self, text: str) -> str:
        return rf"\text{{{{{text}}}}}"

    def tightness(self, name: str) -> Precedence:
        """Less than an atom for a name with something raised: (h^{(1)})²."""
        tightness = super().tightness(name)
        return min(tightness, POWER) if set(name) & set(_ABOVE) else tightness

    def spelled(self, e: Expression) -> tuple[Any, Precedence] | Spelling:
        match e:
            case Transpose(Name(name), None) if set(name) & set(_ABOVE) and self.tightness(name) is POWER:
                return latex_name(name, r"\top"), POWER
            case Part(Name(), index, shape=shape) if shape:
                return Spelling("{a}" + self.words(f"[{index}]"), ATOM, (POWER,))
        return super().spelled(e)

    def decimal(self, text: str) -> tuple[str, Precedence]:
        return latex_number(text), with_precedence(text)[1]

    def fraction(self, p: int, q: int) -> tuple[str, Precedence]:
        return ("-" if p < 0 else "") + rf"\frac{{{abs(p)}}}{{{q}}}", SUM if p < 0 else FRACTION

    def root(self, sign: str, p: int, q: int) -> tuple[str, Precedence]:
        text = rf"\sqrt{{{p}}}" if p > 1 else rf"\frac{{1}}{{\sqrt{{{q}}}}}"
        return ("-" if sign else "") + text, SUM if sign else ATOM if p > 1 else FRACTION

    def matrix(self, number: Any) -> tuple[str, Precedence]:
        rows = self.cells(number, (r"\cdots", r"\vdots"))
        inside = r" \\ ".join([" & ".join(row) for row in rows])
        if self.small:
            return rf"\left[\begin{{smallmatrix}}{inside}\end{{smallmatrix}}\right]", ATOM
        return rf"\begin{{bmatrix}}{inside}\end{{bmatrix}}", ATOM

    def power(self, n: float) -> Spelling:
        exponent = self.constant(n)[0].replace("{", "{{").replace("}", "}}")
        return Spelling(rf"{{{{{{a}}}}}}^{{{{{exponent}}}}}", POWER, (ATOM,))

    def summation(self, axis: str) -> Spelling:
        return Spelling(rf"\sum{_AXES[axis]} {{a}}", SUMMATION, (SUMMATION,))

    def call(self, name: str, arguments: int = 1, note: str = "") -> Spelling:
        base, axis = (name[:-1], name[-1]) if name[-1] in AXES else (name, "")
        inside = ", ".join([*places(arguments), *[note] * bool(note)])
        said = rf"\operatorname{{{{{base}}}}}{_AXES[axis]}\left({inside}\right)"
        return Spelling(said, ATOM, (SUM,) * arguments)

    def parentheses(self, text: str) -> str:
        return rf"\left({text}\right)"


def latex_number(text: str) -> str:
    """What `short` wrote, for LaTeX's mathematics.

    >>> print(latex_number("−2.5·10⁻⁷"))
    -2.5 \\cdot 10^{-7}
    """
    mantissa, _, power = text.replace("−", "-").replace("∞", r"\infty").partition("·10")
    return mantissa + (rf" \cdot 10^{{{power.translate(_FLAT)}}}" if power else "")


def latex_name(label: str, above: str = "") -> str:
    """A label for LaTeX's mathematics; characters LaTeX does not have are shown by their code.

    `above` is what else is raised.

    >>> print(latex_name("W⁽³⁾₁₂"), latex_name("ŷ"), latex_name("loss"), latex_name("50%"))
    W^{(3)}_{12} \\hat{y} \\mathrm{loss} \\mathrm{50\\%}
    >>> print(latex_name("W_query"), latex_name("x_1^2"), latex_name("W^(1)"))
    W_{\\mathrm{query}} x^{2}_{1} W^{(1)}
    >>> print(latex_name(DerivativeName("L", ["a", "b₁"])))
    \\frac{\\partial^{2} L}{\\partial a \\partial b_{1}}
    >>> print(latex_name(DerivativeName("L", ["x₁", "x₁", "h⁽²⁾", "h⁽²⁾"])))
    \\frac{\\partial^{4} L}{\\partial x_{1}^{2} \\partial \\left(h^{(2)}\\right)^{2}}
    """
    if isinstance(label, DerivativeName):
        y, order = _latex_factor(label.y), f"^{{{len(label.xs)}}}" if len(label.xs) > 1 else ""
        powers = [_latex_factor(x, n) + (f"^{{{n}}}" if n > 1 else "") for x, n in repeated(label.xs)]
        variables = " ".join([rf"\partial {power}" for power in powers])
        return rf"\frac{{\partial{order} {y}}}{{{variables}}}" if y or order else variables
    if label.startswith("∂"):
        return rf"\partial {latex_name(label[1:])}" if label[1:] else r"\partial"
    label, time = without_time(label)
    parts = {"base": "", "above": "", "below": ""}
    for c in normalize("NFC", label):
        separates = c == "," and parts["below"]  # v₁,₂
        part = "above" if c in _ABOVE else "below" if c in _BELOW or separates else "base"
        parts[part] += c.translate(_FLAT)
    typed = re.fullmatch(r"([^_^]+)((?:_+[^\W_]+)*)(?:\^(\(?)([^\W_]+)(\)?))?", parts["base"])  # W_query, x^2
    base, words, left, power, right = typed.groups("") if typed else (parts["base"], "", "", "", "")
    above = left + _latex_word(power) + right + parts["above"] + above
    below = ",".join(filter(None, [*map(_latex_word, words.split("_")), parts["below"]]))
    text = (_latex_word(base) or "{}") + (f"^{{{above}}}" if above else "")
    return text + (f"_{{{below}}}" if below else "") + time


def _latex_factor(name: str, power: int = 1) -> str:
    """A name behind ∂, in parentheses where ∂ or a power would take only a part of it."""
    loose = LOOSE & {*name} or (power > 1 and {*_ABOVE} & {*name})
    return rf"\left({latex_name(name)}\right)" if loose else latex_name(name) if name else ""


def document(body: str, options: str = "", setup: str = "") -> str:
    """A LaTeX document of its own, with the package amssymb where a letter needs it."""
    head = [rf"\documentclass{options}{{article}}", r"\usepackage[T1]{fontenc}", r"\usepackage{amsmath}"]
    head += [r"\usepackage{amssymb}"] if r"\mathbb" in body or r"\mathfrak" in body else []
    head += [r"\usepackage[margin=2cm]{geometry}", setup, r"\begin{document}"]
    return "\n".join([*head, body, r"\end{document}"])


def latex_words(text: str) -> str:
    """Words for LaTeX; what it has no letter for becomes mathematics, name by name.

    >>> print(latex_words("50 % of ∂L, Übung"))
    50 \\% of $\\partial$L, Übung
    """
    special = _SPECIAL | {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}", "…": r"\dots{}"}
    words = [
        special.get(c) or (c if c.isascii() or is_european(c) else f"${latex_name(c)}$") for c in normalize("NFC", text)
    ]
    return "".join(words)


def _latex_word(word: str) -> str:
    letters: list[str] = []
    for c in normalize("NFD", word):
        if combining(c) and letters:
            letters[-1] = rf"{_ACCENTS[c]}{{{letters[-1]}}}" if c in _ACCENTS else letters[-1]
        else:
            letters.append(_latex_letter(c))
    ends = [" " * (re.search(r"\\[A-Za-z]+$", letter) is not None) for letter in letters]  # of a command
    text = "".join([before + letter for before, letter in zip(["", *ends], letters)])
    one = len([letter for letter in letters if letter != "'"]) < 2
    return text if one or not word[0].isascii() else rf"\mathrm{{{text}}}"


def _latex_letter(c: str) -> str:
    """One letter or sign: its own command, its letter in a mathematical alphabet, or its code.

    >>> print(*map(_latex_letter, "αℝ𝑥𝐰ß"))
    \\alpha \\mathbb{R} x \\boldsymbol{w} \\text{ß}
    """
    if c in _COMMANDS:
        return _COMMANDS[c]
    words = name(c, "")
    if c in _GREEK:
        word = words.split()[-1].replace("LAMDA", "LAMBDA")  # Unicode's spelling
        return rf"\{word.lower() if c.islower() else word.capitalize()}"
    if decomposition(c).startswith("<font>"):
        letter = _latex_letter(chr(int(decomposition(c).split()[1], 16)))
        fonts = [f for word, f in _ALPHABETS.items() if word in words and (f not in _CAPITALS or letter.isupper())]
        return rf"\{fonts[0]}{{{letter}}}" if fonts else letter
    if is_european(c):
        return rf"\text{{{c}}}"
    if c in "<>`" or not (c.isascii() and c.isprintable()):  # no HTML in Markdown either
        return rf"\langle {ord(c):X}\rangle"
    return c


def is_european(c: str) -> bool:
    """Whether it is a letter outside ASCII that fonts of text have: those of European languages."""
    return "À" <= c <= "ž" and c not in "×÷ĸŉŧŦħĦĿŀ"


_GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΥΦΨΩ"
_ACCENTS = {
    "\u0300": r"\grave", "\u0301": r"\acute", "\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar",
    "\u0306": r"\breve", "\u0307": r"\dot", "\u0308": r"\ddot", "\u030a": r"\mathring", "\u030c": r"\check",
    "\u20d7": r"\vec",
}  # fmt: skip
_ALPHABETS = {
    "DOUBLE-STRUCK": "mathbb", "SCRIPT": "mathcal", "FRAKTUR": "mathfrak", "BLACK-LETTER": "mathfrak",
    "SANS-SERIF": "mathsf", "MONOSPACE": "mathtt", "BOLD": "boldsymbol",
}  # fmt: skip
_CAPITALS = ("mathbb", "mathcal")  # which have no small letters
_SPECIAL = {c: "\\" + c for c in "#$%&_{}"}
_COMMANDS = _SPECIAL | {
    "\\": r"\backslash", "^": r"\wedge", "~": r"\sim", " ": r"\ ", "′": "'", "−": "-", "·": r"\cdot",
    "∂": r"\partial", "∇": r"\nabla", "∞": r"\infty", "ℓ": r"\ell", "ħ": r"\hbar", "ℏ": r"\hbar",
    "ε": r"\varepsilon", "ϵ": r"\epsilon", "φ": r"\varphi", "ϕ": r"\phi", "ς": r"\varsigma",
    "ϑ": r"\vartheta", "ϱ": r"\varrho", "ϖ": r"\varpi", "×": r"\times", "∘": r"\circ",
}  # fmt: skip
_ABOVE = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺⁽⁾ᵀᵗⁿⁱ"
_BELOW = "₀₁₂₃₄₅₆₇₈₉₋₊₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"
_FLAT = str.maketrans(_ABOVE + _BELOW, "0123456789-+()Ttni0123456789-+()aehijklmnoprstuvx")
