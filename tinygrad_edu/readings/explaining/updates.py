"""The step that a derivation leads to: W ← W − η ∂L/∂W, or the lines of an optimiser with the numbers of its state."""

from typing import Any

from ...errors import all_finite, in_short, real_number
from ...network.optim import SGD, Optimizer
from ...network.tensor import Tensor
from ...shapes import nested
from ...tree import values_in
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
        ValueError: nothing is to be updated, or the optimiser does not learn what is asked for.
        OverflowError: a new value is too large for a float.
    """
    chosen = {*read.asked, *values_in(read.asked)}
    known = {*by.values} if isinstance(by, Optimizer) else read.names.parameters
    slopes = {row.node: row for step in derivation.backward for row in step.rows}  # the last, which has the total
    leaves = [row for row in derivation.forward if row.rule is None and row.node in slopes]
    learned = [row for row in leaves if row.node in chosen or (not chosen and known.issuperset(values_in(row.node)))]
    if not learned:
        none = "y depends on no Parameter, or with wrt on none of its leaves"
        if isinstance(by, Optimizer):
            none = "the optimiser learns nothing that y was computed from, or only a part of a Tensor"
        raise ValueError(f"{reading}: an update is asked for, but there is nothing to learn: {none}")
    optimizer = by if isinstance(by, Optimizer) else SGD([row.node for row in learned], lr=by)
    taken = {*derivation.names.values()}
    used = {letter for line in optimizer.lines() for letter in line.uses}
    numbers = {letter: x for letter, x in optimizer.numbers().items() if letter in used}
    settings = {letter: Row(_named(letter, taken), None, None, x, None) for letter, x in numbers.items()}
    given, rows = [*settings.values()], list[Row]()
    for before in learned:
        start = {"θ": before, "g": slopes[before.node], **settings}
        for letter, x in _state(reading, optimizer, before).items():
            if letter in used:
                start[letter] = Row(_named(f"{letter}_{before.quantity}", taken, before), None, None, x, before.node)
                given.append(start[letter])
        rows += _step(reading, optimizer, start, taken, new)
    return given, rows


def _step(reading: str, optimizer: Optimizer, start: dict[str, Row], taken: set[str], new: str) -> list[Row]:
    """A row for each line of the step of one leaf. `start` are the rows that it begins with, by their letters."""
    before, rows = start["θ"], []
    symbols = {letter: row.quantity for letter, row in start.items()}
    known = {str(row.quantity): row.arrived for row in start.values()}
    for line in optimizer.lines():
        rule = in_symbols(line.value, *[symbols[letter] for letter in line.uses])
        replaces = line.quantity in ("θ", *optimizer.state)
        if replaces:
            quantity = E.Name(f"{new}{symbols[line.quantity]}", before.quantity.shape)
        else:
            quantity = _named(f"{line.quantity}_{before.quantity}", taken, before)
        after = evaluate(rule, known)
        if not all_finite(array(after).numbers):
            raise OverflowError(f"{reading}: {rule} is too large for a float; a smaller learning rate gives a number")
        result = after if isinstance(after, float) else Tensor(after.tolist())
        rows.append(Row(quantity, rule, put_in(rule, known), result, before.node, update=replaces))
        symbols[line.quantity], known[str(quantity)] = quantity, result
    return rows


def _named(name: str, taken: set[str], of: Row | None = None) -> E.Name:
    """A symbol with a name that is free, for one number or for as many as the leaf has."""
    while name in taken:
        name += "′"
    return E.Name(name, of.quantity.shape if of else ())


def _state(reading: str, optimizer: Optimizer, row: Row) -> dict[str, Any]:
    """What the optimiser remembers of a leaf, by its letter: a number, or a Tensor of the leaf's shape."""
    place = {value: k for k, value in enumerate(optimizer.values)}
    if not place.keys() >= {*values_in(row.node)}:
        raise ValueError(f"{reading}: the optimiser does not learn {row.quantity}")
    places, shape = [place[value] for value in values_in(row.node)], row.quantity.shape
    found = {letter: nested([column[k] for k in places], shape) for letter, column in optimizer.state.items()}
    return {letter: Tensor(numbers) if shape else numbers for letter, numbers in found.items()}
