"""Formulas as code: Python over `math`, Python over an array library, C, and JavaScript.

A language is a table from rows to how they are written. A row whose value is a function of
Python's `math` needs no entry: the other languages call it by the same name. Any other row that no
table knows is written from simpler rows (`readings/compiling/terms.py`).
"""

import math
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from .. import ops
from ..ops import Op
from .expression import Language, Precedence, Spelling, call, infix
from .notation import SUBSCRIPT, SUPERSCRIPT

CONDITION, COMPARISON, SUM, PRODUCT = Precedence.CONDITION, Precedence.COMPARISON, Precedence.SUM, Precedence.PRODUCT
SIGN, POWER, ATOM = Precedence.SIGN, Precedence.POWER, Precedence.ATOM

#: step(a) · b as one writes it by hand: b where a > 0, else 0. It is never recorded.
GATE = ops.Op("gate", lambda a, b: b if a > 0 else 0.0, lambda y, a, b: ())


class NotWritten(TypeError):
    """A formula that a programming language has no words for."""


@dataclass(frozen=True, eq=False)
class Code(Language):
    """A programming language, for `write`.

    Attributes:
        rows: how each row is written.
        mathematics: what stands before the name of a mathematical function.
        functions: those of `math` that the language has; None for all.
        has_power: whether there is an infix a ** n that binds as in Python.
        words: names that the language has taken, besides those of Python.
        definition: how a name is given a value, as in "{} = {}".
        comment: what begins a comment.
        includes: the lines with which a file begins.
        head: the first line of a function, from its name and its parameters.
        source, target: parameters: numbers, and numbers to be written.
        local: what stands before a function that nobody else calls.
        unused: what is said of a parameter that is not needed.
    """

    rows: Mapping[Op, Spelling]
    mathematics: str = ""
    functions: Collection[str] | None = None
    has_power: bool = True
    words: Collection[str] = ()
    definition: str = "{} = {}"
    comment: str = "#"
    includes: Sequence[str] = ()
    head: str = "def {}({}):"
    source: str = "{}"
    target: str = "{}"
    local: str = ""
    unused: str = ""

    def number(self, number: float) -> tuple[str, Precedence]:
        text = repr(float(number))
        return text, SIGN if text.startswith("-") else ATOM

    def knows(self, op: Op) -> bool:
        """Whether the row can be written as it is."""
        return op in self.rows or op.exponent is not None or _name_in_math(op) is not None

    def spelling(self, op: Op | Spelling, args: Sequence[Any]) -> Spelling:
        """How the row is written. Raises NotWritten where the language has no way to write it."""
        if isinstance(op, Spelling):
            return op
        if op in self.rows:
            return self.rows[op]
        if op.exponent is not None:
            return self.power(op.exponent)
        name = _name_in_math(op)
        if name is None or (self.functions is not None and name not in self.functions):
            said = f"has no function {name}" if name else "has neither arithmetic nor a function for it"
            raise NotWritten(f"{op.symbol} cannot be written in this language, which {said}")
        return call(self.mathematics + name, len(args))

    def power(self, n: float) -> Spelling:
        """aⁿ for a constant n."""
        if n == 2:
            return Spelling("{a} * {a}", PRODUCT, (ATOM,))
        whole = n.is_integer() and abs(n) < 1e15
        if whole and self.has_power:
            return Spelling(f"{{a}} ** {n:.0f}", POWER, (ATOM,))
        return Spelling(f"{self.mathematics}pow({{a}}, {f'{n:.0f}' if whole else repr(n)})", ATOM, (CONDITION,))


_ARITHMETIC = {
    ops.ADD: infix(" + ", SUM),
    ops.SUB: infix(" - ", SUM),
    ops.MUL: infix(" * ", PRODUCT),
    ops.DIV: infix(" / ", PRODUCT),
}
_SIGN = Spelling("-{a}", PRODUCT, (PRODUCT,))  # −a · b is read as (−a) · b, which is the same number

#: Python with the functions of `math`: `from math import exp`.
PYTHON = Code(
    {
        **_ARITHMETIC,
        ops.NEG: _SIGN,
        ops.ABS: call("abs"),
        ops.SIGMOID: Spelling("exp({a} if {a} < 0 else 0.0) / (1.0 + exp(-abs({a})))", PRODUCT, (SUM,)),
        ops.STEP: Spelling("1.0 if {a} > 0 else 0.0", CONDITION, (SUM,)),
        ops.RELU: Spelling("{a} if {a} > 0 else 0.0", CONDITION, (SUM,)),
        ops.MAXIMUM: Spelling("{a} if {a} > {b} else {b}", CONDITION, (SUM, SUM)),
        ops.MINIMUM: Spelling("{a} if {a} < {b} else {b}", CONDITION, (SUM, SUM)),
        GATE: Spelling("{b} if {a} > 0 else 0.0", CONDITION, (SUM, COMPARISON)),
    }
)

_words = str.split

# Functions that Python's `math` takes from C. Others, such as Γ and hypot, it computes itself.
_SHARED = _words(
    """
acos acosh asin asinh atan atan2 atanh cbrt copysign cos cosh erf erfc exp exp2 expm1 fabs fmod log log10 log1p log2
pow remainder sin sinh sqrt tan tanh
"""
)
_WORDS_OF_JAVASCRIPT = _words(
    """
arguments await break case catch class const continue debugger default delete do else enum eval export extends false
finally for function if implements import in instanceof interface let new null package private protected public return
static super switch this throw true try typeof var void while with yield Infinity Math NaN undefined
"""
)
_KEYWORDS_OF_C = _words(
    """
alignas alignof asm auto bool break case char const constexpr continue default do double else enum extern false far
float for goto if inline int long near nullptr register restrict return short signed sizeof static static_assert
struct switch thread_local true typedef typeof typeof_unqual union unsigned void volatile while
i386 linux size_t unix _Alignas _Alignof _Atomic _BitInt _Bool _Complex _Generic _Imaginary _Noreturn _Pragma
_Static_assert _Thread_local
"""
)
# Names that math.h gives to numbers, and a compiler puts in wherever they stand. A function of its own may be hidden
# by a variable, unless the program calls it.
_MACROS_OF_C = _words(
    """
DOMAIN FP_FAST_FMA FP_FAST_FMAF FP_FAST_FMAL FP_ILOGB0 FP_ILOGBNAN FP_INFINITE FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO
HUGE HUGE_VAL HUGE_VALF HUGE_VALL INFINITY MATH_ERREXCEPT MATH_ERRNO MAXFLOAT M_1_PI M_2_PI M_2_SQRTPI M_E M_LN10 M_LN2
M_LOG10E M_LOG2E M_PI M_PI_2 M_PI_4 M_SQRT1_2 M_SQRT2 NAN OVERFLOW PLOSS SING SNAN SNANF SNANL TLOSS UNDERFLOW X_TLOSS
math_errhandling signgam
"""
)


def _with_braces(mathematics: str, absolute: str) -> dict[Op, Spelling]:
    """The rows of a language with C's syntax: what stands before the name of a function, and the name of |a|."""
    exp = mathematics + "exp"
    return {
        **_ARITHMETIC,
        ops.NEG: Spelling("-{a}", SIGN, (POWER,)),  # --a would change a
        ops.ABS: call(absolute),
        ops.SIGMOID: Spelling(f"{exp}({{a}} < 0 ? {{a}} : 0.0) / (1.0 + {exp}(-{absolute}({{a}})))", PRODUCT, (SUM,)),
        ops.STEP: Spelling("{a} > 0 ? 1.0 : 0.0", CONDITION, (SUM,)),
        ops.RELU: Spelling("{a} > 0 ? {a} : 0.0", CONDITION, (SUM,)),
        ops.MAXIMUM: Spelling("{a} > {b} ? {a} : {b}", CONDITION, (SUM, SUM)),
        ops.MINIMUM: Spelling("{a} < {b} ? {a} : {b}", CONDITION, (SUM, SUM)),
        GATE: Spelling("{a} > 0 ? {b} : 0.0", CONDITION, (SUM, COMPARISON)),
    }


#: C, for one function of flat arrays. Its identifiers may have letters beyond ASCII, as those of Python.
C = Code(
    _with_braces("", "fabs"),
    functions=_SHARED,
    has_power=False,
    words={*_KEYWORDS_OF_C, *_SHARED, *_MACROS_OF_C},
    definition="const double {} = {};",
    comment="//",
    includes=["#include <math.h>", ""],
    head="void {}({}) {{",
    source="const double *restrict {}",
    target="double *restrict {}",
    local="static ",
    unused="(void){};",
)


class Numpy(Code):
    """Python in which a formula is one of whole arrays."""

    def number(self, number: float) -> tuple[str, Precedence]:
        text = repr(int(number) if number == int(number) and abs(number) < 1e15 else number)
        return text, SIGN if number < 0 else ATOM

    def power(self, n: float) -> Spelling:
        return Spelling(f"{{a}} ** {self.number(n)[0]}", POWER, (ATOM,))


#: Python whose names are arrays of NumPy, JAX or PyTorch. What is not a function of theirs has a definition in HELPERS.
NUMPY = Numpy(
    {
        **_ARITHMETIC,
        ops.NEG: _SIGN,
        ops.ABS: call("abs"),
        ops.POW: Spelling("{a} ** {b}", POWER, (ATOM, SIGN)),
        ops.RELU: Spelling("maximum({a}, 0)", ATOM, (CONDITION,)),
        ops.STEP: call("step"),
        ops.SIGMOID: call("sigmoid"),
        ops.MAXIMUM: call("maximum", 2),
        ops.MINIMUM: call("minimum", 2),
        ops.STOP: Spelling("{a}", ATOM, (ATOM,)),
    }
)

_HELPERS = """
def sigmoid(z):
    return 0.5 * (1 + tanh(0.5 * z))
def step(z):
    return where(z > 0, ones_like(z), zeros_like(z))
def softmax(z, axis=-1):
    e = exp(z - amax(z, axis=axis, keepdims=True))
    return e / sum(e, axis=axis, keepdims=True)
def log_softmax(z, axis=-1):
    z = z - amax(z, axis=axis, keepdims=True)
    return z - log(sum(exp(z), axis=axis, keepdims=True))
def logsumexp(z, axis=None, keepdims=False):
    m = amax(z, axis=axis, keepdims=True)
    return sum(m + log(sum(exp(z - m), axis=axis, keepdims=True)), axis=axis, keepdims=keepdims)
def place(part, index, shape):
    whole = zeros(shape, dtype=part.dtype)
    add.at(whole, index, part)
    return whole
"""
#: Functions that a program of arrays is printed with, where it calls them: their source, by name.
HELPERS = {text.partition("(")[0]: f"def {text.rstrip()}" for text in _HELPERS.split("\ndef ")[1:]}

#: JavaScript, in which -a ** 2 is a syntax error.
JAVASCRIPT = Code(
    _with_braces("Math.", "Math.abs"),
    mathematics="Math.",
    functions=set(_SHARED) - {"copysign", "erf", "erfc", "exp2", "fabs", "fmod", "remainder"},
    has_power=False,
    words=_WORDS_OF_JAVASCRIPT,
    definition="const {} = {};",
    comment="//",
    head="function {}({}) {{",
)


@cache
def _name_in_math(op: Op) -> str | None:
    name = getattr(op.value, "__name__", "")
    return name if getattr(math, name, None) is op.value else None


def called_in(text: str) -> list[str]:
    """The functions that a piece of Python calls, or takes something from, as from `add` in `add.at(a, k, b)`.

    >>> called_in("place({a}, s_[::2], (3,)) + exp({b} if {b} < 0 else 0.0).T")
    ['place', 's_', 'exp']
    """
    return re.findall(r"(?<![\w.{])([a-z_]\w*)(?=[(\[.])", text)


_SUBSCRIPTS = "".join(map(chr, SUBSCRIPT.values()))
_PLAIN = {code: chr(digit) for table in (SUBSCRIPT, SUPERSCRIPT) for digit, code in table.items()}
_PLAIN |= {ord("⁽"): "", ord("⁾"): "", ord("∂"): "d"}


def identifier(label: str) -> str:
    """A label as a name that Python accepts, read aloud the same way.

    >>> identifier("W⁽¹⁾₁₂"), identifier("∂b⁽²⁾₃"), identifier("W₁,₁₁"), identifier("2nd try")
    ('W1_12', 'db2_3', 'W_1_11', '_2nd_try')
    >>> identifier("∂L/∂a"), identifier("∂²L/∂a∂b")
    ('dL_da', 'd2L_da_db')
    """
    from unicodedata import normalize  # only those who print programs need to wait for it

    name = re.sub(f"[{_SUBSCRIPTS}]+|(?<!^)∂", r"_\g<0>", label).translate(_PLAIN)
    name = "".join([c if ("_" + c).isidentifier() else "_" for c in normalize("NFKC", name)])
    while "__" in name:
        name = name.replace("__", "_")
    return name if name.isidentifier() else "_" + name
