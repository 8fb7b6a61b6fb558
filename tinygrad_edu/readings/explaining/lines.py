"""The lines of a derivation: one for each quantity, with its whole rule."""

from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from ... import ops
from ...graph import topological_order
from ...network.tensor import Tensor
from ...writing.algebra import sum_of
from ...writing.expression import Apply, Constant, Derivative, Expression, Name, with_args, within
from ..layers import Layer, find_layers
from .rows import Derivation, Row


class Line(NamedTuple):
    """One quantity of a derivation and its whole rule.

    Attributes:
        quantity: a Name, or a Derivative in the backward pass.
        rule: its formula, the sum of all contributions; None for what is given.
        phase: "forward", "backward" or "update".
        row: where it stands in the derivation.
        terms: in the backward pass the contributions, one for each use, of which the rule is the sum; else empty.
    """

    quantity: Name | Derivative
    rule: Expression | None
    phase: str
    row: Row
    terms: tuple[Expression, ...] = ()


class Lines(list[Line]):
    """The lines of a derivation, found by what they are."""

    @cached_property
    def of(self) -> dict[str, Line]:
        """The line of each quantity, by its name."""
        return {line.quantity.text: line for line in self}

    @cached_property
    def activated(self) -> dict[str, Any]:
        """The names that are the only input of an operation, such as z in tanh(z), and the operation."""
        alone = [line.rule for line in self if isinstance(line.rule, Apply) and len(line.rule.args) == 1]
        return {rule.args[0].text: rule.op for rule in alone if isinstance(rule.args[0], Name)}

    @cached_property
    def _layers(self) -> list[Layer]:
        return find_layers(topological_order(*[line.row.node for line in self if isinstance(line.row.node, Tensor)]))

    @cached_property
    def weights(self) -> dict[str, list[str]]:
        """The names of the given matrices that are weights of layers, in order, by their letter."""
        learned = {W for layer in self._layers for W in layer.weights}
        found: dict[str, list[str]] = {}
        for line in self:
            is_given = line.phase == "forward" and line.rule is None and len(line.quantity.shape) == 2
            if is_given and line.row.node in learned:
                found.setdefault(line.quantity.text[0], []).append(line.quantity.text)
        return found

    @cached_property
    def layer_inputs(self) -> dict[tuple[int, ...], list[str]]:
        """The names of what layers take in, such as x and the results of activations, in order, by shape."""
        taken = {x for layer in self._layers for x in layer.inputs}
        found: dict[tuple[int, ...], list[str]] = {}
        for line in self:
            if line.phase == "forward" and line.row.node in taken:
                found.setdefault(line.quantity.shape, []).append(line.quantity.text)
        return found


def number_of_slope(node: Any, k: int) -> Expression:
    """∂node/∂input for input k of a Value, as the number that was recorded."""
    return Constant(node.partials[k])


def lines_of(derivation: Derivation, slope: Callable[[Any, int], Expression] = number_of_slope) -> Lines:
    """A line for each quantity: the contributions to one gradient are one line, where the last arrives.

    `slope` writes a local derivative that is only named, such as ∂z/∂b; by default as the number on the edge.

    >>> from tinygrad_edu import Value, explain
    >>> x = Value(3.0, label="x")
    >>> [f"{line.quantity} = {line.rule}" for line in lines_of(explain(x * x))]
    ['x = None', 'f = x · x', '∂f/∂f = None', '∂f/∂x = ∂f/∂f · x + ∂f/∂f · x']
    """
    lines = Lines([Line(row.quantity, row.rule, "forward", row) for row in derivation.forward])
    arrived: dict[str, list[Expression]] = {}
    for step in derivation.backward:
        for row in step.rows:
            rule = row.rule
            if rule is None:
                lines.append(Line(row.quantity, None, "backward", row))
                continue
            if row.edge is not None:
                rule = with_slope(rule, slope(step.node, row.edge))
            terms = arrived.setdefault(row.quantity.text, [])
            terms.append(rule)
            if row.part is None or row.part[0] == row.part[1]:
                whole = sum_of(terms)
                found = terms if len(terms) > 1 else _terms(rule)
                lines.append(Line(row.quantity, whole, "backward", row, tuple(found)))
    return lines


def with_slope(rule: Expression, slope: Expression) -> Expression:
    """∂L/∂b · ∂b/∂a, as a line has it, with the slope in place of a local derivative that is only named."""
    *above, local = rule.args
    return with_args(rule, [*above, slope]) if isinstance(local, Derivative) else rule


def _terms(e: Expression) -> list[Expression]:
    """The terms of a sum that each have a gradient from above in them."""
    if isinstance(e, Apply) and e.op is ops.ADD and all(map(from_above, e.args)):
        return [term for a in e.args for term in _terms(a)]
    return [e]


def from_above(e: Expression) -> bool:
    """Whether a gradient from above is in the formula."""
    return any([isinstance(part, Derivative) for part in within(e)])
