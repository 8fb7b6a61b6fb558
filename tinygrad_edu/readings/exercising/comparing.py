"""compare_gradients: one's own backward pass, as arrays, beside the derivation; the marker at full precision."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from math import inf, isfinite
from typing import Any

from ...shapes import flattened
from ...writing.evaluation import Array
from ...writing.expression import Derivative
from ..explaining.mistakes import Mistake, mistakes_in
from .rules import exact, key_of, result_of, result_of_mistake
from .sheet import Question, lines_in, questions

_ROUNDING = 1e-5  # relative to the largest number; arrays of 32 bits are off by less


@dataclass(eq=False)
class Compared:
    """One gradient.

    Attributes:
        name: as on a sheet, dL_dW2.
        verdict: "equal", "rounding" (off by rounding), "follows" (wrong, but right from your own earlier gradients)
            or "wrong".
        place: of the number that is off most, counted from 0 as NumPy does.
        given, expected: the two numbers there.
        note: of the shape, or "".
        mistakes: those of the catalogue that give the whole array.
    """

    name: str
    verdict: str
    place: tuple[int, ...]
    given: float
    expected: float
    note: str
    mistakes: list[Mistake] = field(default_factory=list)

    def __str__(self) -> str:
        at = f" at {list(self.place)}" if self.place else ""
        said = {
            "equal": "equal",
            "rounding": f"off by rounding, {abs(self.given - self.expected):.1e}{at}",
            "follows": "wrong, but follows from your own gradients above",
            "wrong": f"wrong:{at} {self.given:.6g}, and {self.expected:.6g} is right",
        }[self.verdict]
        notes = [m.sentence for m in self.mistakes] + [self.note] * bool(self.note)
        return "\n    ".join([f"{self.name:10} {said}", *notes])


@dataclass(eq=False, repr=False)
class Comparison:
    """What `compare_gradients` returns: a Compared for each array, in the order of the backward pass.

    >>> from tinygrad_edu import Tensor, compare_gradients
    >>> w = Tensor([1.0, 2.0], label="w")
    >>> compare_gradients((w * w).sum(), {"dw": [2.0, 4.0]}).first_wrong is None
    True
    """

    rows: list[Compared]

    @property
    def first_wrong(self) -> Compared | None:
        """Where the backward pass goes wrong first.

        >>> from tinygrad_edu import Tensor, compare_gradients
        >>> w = Tensor([1.0, 2.0], label="w")
        >>> compare_gradients((w * w).sum(), {"dw": [2.0, 5.0]}).first_wrong.place
        (1,)
        """
        return next((row for row in self.rows if row.verdict == "wrong"), None)

    def __str__(self) -> str:
        first = f"\nThe first that is wrong is {self.first_wrong.name}." if self.first_wrong else ""
        return "\n".join(map(str, self.rows)) + first

    __repr__ = __str__


def compare_gradients(y: Any, gradients: Mapping[str, Any], level: str | None = None) -> Comparison:
    """One's own gradients of y, from a backward pass written by hand in NumPy or PyTorch, beside the right ones.

    Each is equal, off by rounding, or wrong. Of the first wrong one it says where it is off most, and which mistake
    gives it; those that follow from it rightly are said to.

    Args:
        y: a Value, or a Tensor of one element.
        gradients: arrays, nested lists or numbers by name: "dL_dW2" as on a sheet, "dW2", or the label "W2".
        level: "tensor" or "value", as in `explain`.

    Raises:
        TypeError, RuntimeError: as `explain`.
        ValueError: as `explain`, and for a name that the backward pass does not have, or an array whose shape is
            neither that of its quantity nor of its transpose.

    >>> from tinygrad_edu import Tensor
    >>> W, x = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W"), Tensor([0.5, -1.0], label="x")
    >>> z = W @ x
    >>> z.label = "z"
    >>> print(compare_gradients(z.tanh().sum(), {"dz": [1.0, 1.0], "dW": [[0.5, -1.0], [0.5, -1.0]]}))
    dL_dz      wrong: at [1] 1, and 0.0265922 is right
        The local derivative is left out, as the 1 − h² of tanh.
    dL_dW      wrong, but follows from your own gradients above
    The first that is wrong is dL_dz.
    """
    sheet = questions("compare_gradients", y, "all", [], level, None, 17, None, parameters_only=False)
    given = _by_line(sheet, gradients)
    own, lines = key_of(sheet), lines_in(sheet)
    rows = []
    for q in [q for q in sheet if q.line.phase == "backward"]:
        follows = result_of(q.line.rule, own, q.key) or own[q.text]
        del own[q.text]  # no mistake is made of the gradient itself
        numbers, note = given.get(q.name, (follows.numbers, ""))
        if q.name in given:
            row = _compared(q, numbers, follows.numbers, note)
            rows.append(row)
            if row.verdict == "wrong":
                made = [(m.mistake, result_of_mistake(m, q.line, own, follows)) for m in mistakes_in(q.line, lines)]
                named = [mistake for mistake, result in made if result and _near(numbers, result.numbers)]
                row.mistakes = list(dict.fromkeys(named))
        own[q.text] = exact(numbers)
    return Comparison(rows)


def _compared(q: Question, given: Array, follows: Array, note: str) -> Compared:
    off = [abs(a - b) if isfinite(a) else inf for a, b in zip(given.numbers, q.key.numbers)]
    worst = off.index(max(off))
    place = list(product(*map(range, q.key.shape)))[worst]
    near = "rounding" if _near(given, q.key) else "follows" if _near(given, follows) else "wrong"
    verdict = near if any(off) else "equal"
    return Compared(q.name, verdict, place, given.numbers[worst], q.key.numbers[worst], note)


def _near(a: Array, b: Array) -> bool:
    size = max(map(abs, b.numbers))
    return all([abs(x - y) <= _ROUNDING * size for x, y in zip(a.numbers, b.numbers)])


def _by_line(sheet: Sequence[Question], gradients: Mapping[str, Any]) -> dict[str, tuple[Array, str]]:
    """The arrays by the names of the sheet, each with what is to be said of its shape."""
    named: dict[str, Question] = {}
    typed = {q.text: q.name for q in sheet}
    for q in sheet:
        if isinstance(q.line.quantity, Derivative) and q.line.rule is not None:
            label = q.line.quantity.below
            name = typed.get(label, label)
            named |= dict.fromkeys([label, name, f"d{name}", q.name, q.text], q)
    if unknown := [name for name in gradients if name not in named]:
        known = ", ".join([q.name for q in dict.fromkeys(named.values())])
        raise ValueError(f"compare_gradients: the backward pass has no {unknown[0]!r}; it has {known}")
    return {named[name].name: _shaped(named[name], array) for name, array in gradients.items()}


def _shaped(q: Question, array: Any) -> tuple[Array, str]:
    """The array in the shape of its quantity, and a note where it had another."""
    flat, shape = flattened(array)
    given, right = Array(shape, [float(x) for x in flat]), q.key.shape
    note = f"its shape is {shape}, that of {q.name} is {right}"
    if shape == right:
        return given, ""
    if [n for n in shape if n > 1] == [n for n in right if n > 1]:
        return given.reshaped(right), f"{note}: taken as it is meant"
    if shape == right[::-1]:
        return given.transposed(), f"{note}: it was compared as its transpose"
    raise ValueError(f"compare_gradients: {q.name} has shape {right}, and the array {shape}")
