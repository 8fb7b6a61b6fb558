"""The lines of a worksheet as data: what is asked, its rule and key, and names that can be typed."""

from __future__ import annotations

import math
from itertools import product
from typing import TYPE_CHECKING
from unicodedata import name as unicode_name
from unicodedata import normalize

from ...graph import topological_order
from ...network.nn import Parameter
from ...network.tensor import Tensor
from ...value import Value
from ...writing.algebra import multiply, subtract
from ...writing.arrays import Array, array
from ...writing.code import identifier
from ...writing.evaluation import evaluate
from ...writing.expression import Derivative, Literal, Name, parts
from ...writing.numbers import short
from ..explaining import explain
from ..explaining.lines import Line, lines_of
from ..explaining.mistakes import CATALOGUE, mistakes_in
from ..explaining.updates import updated

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from ...writing.expression import Expression
    from ..explaining.mistakes import Mistake
    from ..explaining.rows import Row

_ACCENTS = {"\u0302": "_hat", "\u0303": "_tilde", "\u0304": "_bar", "′": "_prime"}


class Question:
    """One line of the sheet.

    Attributes:
        line: quantity, rule and contributions.
        name: of the quantity, as it is typed: dL_dW2.
        key: its numbers, an Array.
        asked: whether it is a blank.
        inputs: the names (as in formulas) of the quantities in its rule.
    """

    def __init__(self, line: Line, name: str, key: Array, asked: bool) -> None:
        self.line = line
        self.name = name
        self.key = key
        self.asked = asked
        self.inputs = list(dict.fromkeys(names_in(line.rule))) if line.rule is not None else []

    @property
    def text(self) -> str:
        """The quantity as in formulas."""
        return self.line.quantity.text

    @property
    def entries(self) -> list[str]:
        """The name of each of its numbers, row by row: dL_dW2[1,2], counted from 1."""
        places = product(*[range(1, n + 1) for n in self.key.shape])
        return [self.name + (f"[{','.join(map(str, place))}]" if place else "") for place in places]


def names_in(e: Expression) -> list[str]:
    return [part.text for part in parts(e) if isinstance(part, (Name, Derivative))]


def typable(label: str) -> str:
    """A label as a name of plain letters.

    >>> typable("W⁽²⁾"), typable("ŷ"), typable("η"), typable("∂L/∂z⁽³⁾")
    ('W2', 'y_hat', 'eta', 'dL_dz3')
    """
    text = ""
    for c in normalize("NFD", label):
        said = unicode_name(c, "")
        if c in _ACCENTS:
            c = _ACCENTS[c]
        elif said.startswith("GREEK") and "LETTER " in said:
            c = said.partition("LETTER ")[2].split()[0].lower()
        text += c
    return identifier(text)


def questions(y: Any, blanks: Any, level: str | None, eta: float | None, digits: int) -> list[Question]:
    """The lines of a sheet for y, the last of them asked for."""
    tensors = isinstance(y, Tensor) and level != "value"
    nodes = leaves(y)
    wrt = [p for p in nodes if isinstance(p, Parameter)] if tensors else []
    derivation = explain(y, wrt=wrt or None, level=level, digits=digits)
    lines = lines_of(derivation)
    slopes = {line.quantity.below: line.quantity for line in lines if isinstance(line.quantity, Derivative)}
    keys = [array(_result(line.row)) for line in lines if line.row is not None]
    if eta is not None:
        called = {q.text: q for line in lines if isinstance(q := line.quantity, Name) and line.rule is None}
        for name, q in called.items():
            if name in slopes and (not wrt or any([derivation.names.get(p) == name for p in wrt])):
                rule = subtract(q, multiply(Literal(eta), slopes[name]))
                environment = {line.quantity.text: key for line, key in zip(lines, keys)}
                lines.append(Line(Name(f"new {name}", q.shape), rule, "update"))
                keys.append(array(updated("worksheet", rule, environment)))
    used: set[str] = set()
    found = []
    for line, key in zip(lines, keys):
        name = first = typable(line.quantity.text)
        while name in used:
            name += "_"
        used |= {name, first}
        found.append(Question(line, name, key, False))
    _choose(found, blanks, derivation.names)
    last = max([k for k, q in enumerate(found) if q.asked], default=-1)
    return found[: last + 1]


def _result(row: Row) -> Any:
    """Of several contributions the last row holds their sum."""
    return row.result if row.total is None else row.total


def leaves(y: Any) -> list[Any]:
    return [node for node in topological_order(y) if not node.inputs]


def _choose(found: list[Question], blanks: Any, names: Mapping[Any, str]) -> None:
    """Mark what is asked for. Raises ValueError where there is nothing such, TypeError for other blanks."""
    computed = [q for q in found if q.line.rule is not None]
    if blanks == "all":
        wanted = computed
    elif blanks == "forward":
        wanted = [q for q in computed if q.line.part == "forward"]
    elif blanks == "backward":
        wanted = [q for q in computed if q.line.part != "forward"]
    elif isinstance(blanks, (list, tuple)):
        wanted = []
        for blank in blanks:
            if not isinstance(blank, (str, Value, Tensor)):
                raise TypeError(f"worksheet: a blank is a Value, a Tensor or a name, not {blank!r}")
            name = names.get(blank, "") if not isinstance(blank, str) else blank
            these = [q for q in computed if name in (q.name, q.text)]
            if not isinstance(blank, str):  # a Tensor or a Value: its number and its gradient
                quantities = [(q, q.line.quantity) for q in computed]
                these += [q for q, part in quantities if isinstance(part, Derivative) and part.below == name]
            if not these:
                raise ValueError(f"worksheet: nothing is computed for {blank!r}; there are " + _listed(computed))
            wanted += these
    else:
        raise ValueError(f'worksheet: blanks is "forward", "backward", "all" or a list of quantities, not {blanks!r}')
    if not wanted:
        raise ValueError("worksheet: there is nothing to compute in this graph")
    for q in wanted:
        q.asked = True


def _listed(found: Iterable[Question]) -> str:
    return ", ".join([q.name for q in found])


def environment(sheet: Sequence[Question], digits: int | None = None) -> dict[str, Any]:
    """The key under the names of formulas; with `digits`, as it is printed."""
    return {q.text: q.key if digits is None else printed(q.key, digits) for q in sheet}


def printed(key: Array, digits: int) -> Array:
    """The numbers of an array as a sheet prints them."""
    return Array(key.shape, [as_printed(x, digits) for x in key.numbers])


def as_printed(x: float, digits: int) -> float:
    mantissa, _, power = short(x, digits).replace("−", "-").partition("·10")
    return float(mantissa) * 10.0 ** int(normalize("NFKC", power).replace("−", "-") or 0)


def value_of(rule: Expression, env: Mapping[str, Any], like: Array) -> Array | None:
    """The numbers of a formula, in the shape of an array; None where it has none there."""
    try:
        given = array(evaluate(rule, env))
    except (ArithmeticError, ValueError, TypeError, KeyError, IndexError):
        return None
    if len(given.numbers) != len(like.numbers):
        try:
            given = given.broadcast_to(like.shape)
        except (IndexError, ValueError):
            return None
    if len(given.numbers) != len(like.numbers) or not all(map(math.isfinite, given.numbers)):
        return None
    return Array(like.shape, list(given.numbers))


def whole_pass(mistake: Mistake, sheet: Sequence[Question]) -> dict[str, Array]:
    """What is written down in each line by whoever makes a mistake of a whole pass."""
    lines = [q.line for q in sheet]
    passed = environment(sheet)
    written: dict[str, Array] = {}
    for q in sheet:
        if q.line.rule is None or q.line.part == "forward":
            continue
        right = value_of(q.line.rule, passed, q.key)
        wrongs = mistake.wrong(q.line, lines) if mistake.part == q.line.part else []
        wrong = value_of(wrongs[0], passed, q.key) if wrongs else right
        result = wrong if mistake.written else right
        if result is not None and wrong is not None:
            passed[q.text], written[q.text] = wrong, result
    return written


def differs(a: Array, b: Array, digits: int, units: float = 0.5) -> bool:
    """Whether some number differs by more than so many units of the last place."""
    return any([abs(x - y) > units * 10.0**-digits + 1e-9 for x, y in zip(a.numbers, b.numbers)])


def mistakes_shown(sheet: Sequence[Question], digits: int, units: float = 0.5) -> dict[str, bool]:
    """For each mistake that can be made on the sheet whether an asked number shows it.

    A mistake may be possible in several lines or ways: one of them that shows is enough.
    """
    lines, env = [q.line for q in sheet], environment(sheet)
    shown: dict[str, bool] = {}
    for q in sheet:
        for mistake, wrong in mistakes_in(q.line, lines) if q.asked else []:
            given = value_of(wrong, env, q.key)
            if given is not None:
                shown[mistake.id] = shown.get(mistake.id, False) or differs(given, q.key, digits, units)
    for mistake in [m for m in CATALOGUE if m.whole_pass]:
        made = [q.text for q in sheet if q.line.part == mistake.part and mistake.wrong(q.line, lines)]
        reached = set(made)  # and all that is computed from them
        for q in sheet:
            if not reached.isdisjoint(q.inputs):
                reached.add(q.text)
        asked = [q for q in sheet if q.asked and q.text in reached and (mistake.written or q.text not in made)]
        if asked:
            written = whole_pass(mistake, sheet)
            shown[mistake.id] = any(
                [q.text in written and differs(written[q.text], q.key, digits, units) for q in asked]
            )
    return shown


def values_of(leaf: Any) -> list[Value]:
    return list(leaf.values) if isinstance(leaf, Tensor) else [leaf]


def is_one_hot(leaf: Any) -> bool:
    """Whether each row is one 1 among zeros: a class."""
    if not isinstance(leaf, Tensor) or not leaf.shape or leaf.shape[-1] < 2 or isinstance(leaf, Parameter):
        return False
    n, numbers = leaf.shape[-1], [v.data for v in leaf.values]
    return all([sorted(numbers[k : k + n]) == [0.0] * (n - 1) + [1.0] for k in range(0, len(numbers), n)])
