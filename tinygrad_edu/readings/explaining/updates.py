"""The step that a derivation leads to: W ← W − η ∂L/∂W, or the lines of an optimiser with the numbers of its state."""

from typing import Any

from ...errors import all_finite, in_short, real_number
from ...network.nn import Parameter
from ...network.optim import SGD, Optimizer
from ...network.tensor import Tensor
from ...shapes import nested
from ...tree import values_in
from ...value import Value
from ...writing import expression as E
from ...writing.algebra import in_symbols
from ...writing.evaluation import array, evaluate, put_in
from ..subject import Subject
from .rows import Derivation, Row


def step_by(reading: str, eta: Any, optimizer: Any) -> Optimizer | float | None:
    """What takes the step: an optimiser, η alone, or None. Raises TypeError or ValueError for anything else."""
    if optimizer is None:
        return None if eta is None else real_number(eta, f"{reading}: eta: ")
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{reading}: the optimizer is an SGD or an Adam, not {in_short(optimizer)}")
    if eta is not None:
        raise ValueError(f"{reading}: an optimizer has its own learning rate; eta is for a step without one")
    return optimizer


def updates(
    reading: str, derivation: Derivation, read: Subject, by: Optimizer | float, new: str = ""
) -> tuple[list[Row], list[Row]]:
    """The rows of a step for each leaf that is asked for, or if none is for each parameter that y was computed from.

    `by` is the optimiser that takes the step, or η alone. The letters of an optimiser have the name of the leaf as
    subscript: m_W. What gets a new value is called as before, with `new` in front. A name that is taken gets a prime.
    Nothing is changed.

    Returns:
        What is given, a row for each setting and each number of the state, and the rows of the step.

    Raises:
        ValueError: nothing is to be updated, or without `wrt` y is a Value, which does not know its Parameters; or the
            optimiser does not learn what is asked for.
        OverflowError: a new value is too large for a float.
    """
    of, known = "eta", {*values_in(read.asked)}
    if isinstance(by, Optimizer):
        of, known = "the optimiser", {*by.values}
    elif not read.asked:
        if isinstance(read.result, Value):
            raise ValueError(
                f"{reading}: eta asks for an update, but a Value does not record its Parameters; pass the Tensor, "
                "or give wrt"
            )
        known = {v for t in read.tensors if isinstance(t, Parameter) for v in t.values}
    slopes = {row.node: row for step in derivation.backward for row in step.rows}  # the last, which has the total
    leaves = [row for row in derivation.forward if row.rule is None and row.node in slopes]
    chosen = {*read.asked, *values_in(read.asked)}
    learned = [row for row in leaves if row.node in chosen or (not chosen and known.issuperset(values_in(row.node)))]
    for row in learned:
        if not known.issuperset(values_in(row.node)):
            raise ValueError(f"{reading}: the optimiser does not learn {row.quantity}")
    if not learned:
        raise ValueError(
            f"{reading}: {of} asks for an update, but there is nothing to learn: y depends on no Parameter, or with "
            "wrt on none of its leaves"
        )
    optimizer = by if isinstance(by, Optimizer) else SGD([row.node for row in learned], lr=by)
    taken = {*derivation.names.values()}
    steps = [_step(reading, before, slopes[before.node], optimizer, taken, new) for before in learned]
    used = {letter for line in optimizer.lines() for letter in line.uses}
    settings = [(_free(letter, taken), x) for letter, x in optimizer.numbers().items() if letter in used]
    given = [Row(E.Name(name), None, None, x, None) for name, x in settings]
    return [*given, *[row for state, _ in steps for row in state]], [row for _, rows in steps for row in rows]


def _step(
    reading: str, before: Row, slope: Row, optimizer: Optimizer, taken: set[str], new: str
) -> tuple[list[Row], list[Row]]:
    """For one leaf a row for each number of the state, and a row for each line of the step."""
    numbers, lines = optimizer.numbers(), optimizer.lines()
    used = {letter for line in lines for letter in line.uses}
    state = {letter: x for letter, x in _state(optimizer, before).items() if letter in used}

    def named(letter: str, new: str = "") -> E.Expression:
        if letter == "θ":
            return E.Name(f"{new}{before.quantity}", before.quantity.shape) if new else before.quantity
        return E.Name(new + _free(f"{letter}_{before.quantity}", taken), before.quantity.shape)

    symbols: dict[str, E.Expression] = {"θ": before.quantity, "g": slope.quantity}
    symbols |= {letter: E.Name(_free(letter, taken)) for letter in numbers} | {
        letter: named(letter) for letter in state
    }
    known: dict[str, Any] = {str(before.quantity): before.result, str(slope.quantity): slope.arrived}
    known |= {str(symbols[letter]): x for letter, x in [*numbers.items(), *state.items()]}
    given = [Row(symbols[letter], None, None, x, before.node) for letter, x in state.items()]
    rows = []
    for line in lines:
        replaces = line.quantity in ("θ", *state)
        rule = in_symbols(line.value, *[symbols[letter] for letter in line.uses])
        quantity = symbols[line.quantity] = named(line.quantity, new if replaces else "")
        after = evaluate(rule, known)
        if not all_finite(array(after).numbers):
            raise OverflowError(f"{reading}: {rule} is too large for a float; a smaller learning rate gives a number")
        result = after if isinstance(after, float) else Tensor(after.tolist())
        rows.append(Row(quantity, rule, put_in(rule, known), result, before.node, update=replaces))
        known[str(quantity)] = result
    return given, rows


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "′"
    return name


def _state(optimizer: Optimizer, row: Row) -> dict[str, Any]:
    """What the optimiser remembers of a leaf, by its letter: a number, or a Tensor of the leaf's shape."""
    place = {value: k for k, value in enumerate(optimizer.values)}
    places = [place[value] for value in values_in(row.node)]
    shape = row.quantity.shape
    found = {letter: nested([column[k] for k in places], shape) for letter, column in optimizer.state.items()}
    return {letter: Tensor(numbers) if shape else numbers for letter, numbers in found.items()}
