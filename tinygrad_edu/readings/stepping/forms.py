"""The lines of the derivation as forms: text with a place for each number, for the laboratory to fill in.

A form is read off the row of the derivation that it stands for. Whether a number needs parentheses depends
on how it is written, −2 or 2·10⁻⁷, so each place says where a sign and where a power of ten would need them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ... import ops
from ...writing.algebra import product_of
from ...writing.evaluation import with_args
from ...writing.expression import Derivative, Expression, Literal, Name, Number, Precedence, parts
from ...writing.paper import Text
from ..explaining.gradients import meets_zero
from ..explaining.rows import Row
from ..explaining.values import zero_note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any, TypeAlias, TypedDict

    from ...value import Value

    #: Text, and places [kind, node, input, whether a sign and whether a power of ten needs parentheses].
    Pieces: TypeAlias = list[str | tuple[str, int, int, bool, bool]]

    class Form(TypedDict, total=False):
        """A line, as engine.js fills it in."""

        quantity: str
        relation: str
        sides: list[Pieces]
        node: int
        edge: tuple[int, int]  # in the backward pass: from which node, by which of its inputs
        part: tuple[int, int]
        total: Pieces  # the sentence of the running total
        zero: tuple[str, str]  # why it is 0: the gradient from above is, or the local derivative


class Place(NamedTuple):
    """Where a number stands.

    `kind` is "value" or "gradient" of the node; "partial" of its input, "exact" if with all digits, or "product",
    which is its gradient times that partial; or "total", the running total of the line.
    """

    kind: str
    node: int
    input: int = 0


class Forms:
    """Makes the form of a row. `number_of` tells the number of each node on the page, `names` what it is called."""

    def __init__(self, number_of: Mapping[Value, int], names: Mapping[Value, str]) -> None:
        self.number_of = number_of
        self.place_of = {name: Place("value", number_of[v]) for v, name in names.items() if v in number_of}

    def form(self, row: Row, user: Value | None) -> Form:
        """The form of a row of the forward pass, or of the backward pass where it came from `user`."""
        node = self.number_of[row.node]
        rule, numbers, result = row.rule, None, Place("value", node)
        form: Form = {"quantity": str(row.quantity), "relation": row.relation, "node": node}
        if user is not None and row.edge is not None and rule is not None:
            form["edge"] = edge = self.number_of[user], row.edge
            if user.op is ops.MAX and isinstance(rule.args[-1], Literal):  # there a number stands for the slope
                rule = with_args(rule, [*rule.args[:-1], Number(Place("exact", *edge))])
            numbers = product_of([Number(Place("gradient", edge[0])), Number(Place("partial", *edge))])
            result = Place("product", *edge)
        elif rule is not None:
            numbers = self._numbers_in(rule)
        elif isinstance(row.quantity, Derivative):
            result = Place("gradient", node)  # ∂L/∂L = 1
        outline = Row(row.quantity, rule, numbers, result, row.node, row.edge, Place("total", node), row.part)  # type: ignore[arg-type]
        form["sides"] = _written(outline.sides)
        if row.part:
            form["part"] = row.part
            form["total"] = _written(outline.sentences)[0]
        elif user is not None and rule is not None:
            incoming, local = rule.args
            is_named = any([isinstance(p, _NAMED) for p in parts(local)])
            form["zero"] = _zero(incoming), _zero(local) if is_named else _zero()
        return form

    def _numbers_in(self, e: Expression) -> Expression:
        """As `put_in` does, with places for the numbers of names."""
        if isinstance(e, Name):
            return Number(self.place_of[e.text])
        if isinstance(e, Literal):
            return Number(e.number)
        return with_args(e, [self._numbers_in(a) for a in e.args])


_NAMED = Name, Derivative


def _zero(*factors: Expression) -> str:
    """The note of a line that is 0 since a factor is, which is named where it has a name."""
    return Text().sentence(zero_note(meets_zero(factors)))


_FIRST, _LAST = 0xF0000, 0xFFFFD  # private characters of Unicode: each stands for a place, the last two for parentheses
_OPEN, _CLOSE = chr(_LAST - 1), chr(_LAST)
_MARK = re.compile(f"({_OPEN}?[{chr(_FIRST)}-{chr(_LAST - 2)}]{_CLOSE}?)")


class _Outline(Text):
    """Text in which a private character stands for each place, as tight as a number that is written in one way."""

    def __init__(self, assumed: Precedence) -> None:
        super().__init__()
        self.assumed = assumed
        self.places: list[Place] = []

    def name(self, text: str) -> str:
        return "".join([c if not _FIRST <= ord(c) <= _LAST else "\ufffd" for c in text])

    def number(self, number: Any) -> tuple[str, Precedence]:
        if not isinstance(number, Place):
            return super().number(number)
        self.places.append(number)
        return chr(_FIRST + len(self.places) - 1), self.assumed

    def parentheses(self, text: str) -> str:
        return _OPEN + text + _CLOSE if _MARK.fullmatch(text) else super().parentheses(text)


def _written(write: Callable[[Text], list[str]]) -> list[Pieces]:
    """The texts that a row writes, in pieces."""
    signed, raised = _Outline(Precedence.SUM), _Outline(Precedence.PRODUCT)  # as −2 and as 2·10⁻⁷
    pairs = zip(write(signed), write(raised))
    return [_pieces(_MARK.split(a), _MARK.split(b), signed.places) for a, b in pairs]


def _pieces(signed: list[str], raised: list[str], places: list[Place]) -> Pieces:
    pieces: Pieces = []
    for k, (a, b) in enumerate(zip(signed, raised)):
        if k % 2 == 0:
            pieces += [a] if a else []
        else:
            place = places[ord(a.strip(_OPEN + _CLOSE)) - _FIRST]
            pieces.append((*place, a.startswith(_OPEN), b.startswith(_OPEN)))
    return pieces
