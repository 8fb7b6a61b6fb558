"""Pictures of a graph at three levels: every number, every neuron, every Tensor.

scene.py     what is to be drawn: names, numbers, colours
values.py    one card for each node, or for each neuron
tensors.py   one card for each Tensor
look.py      colours, and cards, nodes and edges as DOT text
picture.py   Drawing: saved or shown, by Graphviz
"""

import warnings
from math import inf

from ...network.tensor import Tensor
from ...value import Value
from ..subject import Subject, subject
from .picture import Drawing
from .scene import LEVELS, Scene, chosen_level
from .tensors import TensorCards
from .values import ValueCards

__all__ = ["LEVELS", "Drawing", "draw"]

COMFORTABLE = {"value": 40, "neuron": 60, "tensor": inf}  # cards that are read with ease
MANY, TOO_MANY = 200, 2000


def draw(
    y: Value | Tensor,
    level: str | None = None,
    *,
    digits: int = 4,
    gradients: bool = True,
    numbers: bool = True,
    title: str | None = None,
    force: bool = False,
) -> Drawing:
    """Draw the graph that y was computed by.

    Gradients are blank until `y.backward()` has been called.

    Args:
        y: a Value or a Tensor; with a Tensor the names and layers of its network are known.
        level: "value", one card for each node with the local derivative on every edge; "neuron", one card for
            each neuron (the same as "value" where there is none); "tensor", one card for each Tensor; None takes
            the finest level that is easy to read.
        digits: decimals; matrices show one less.
        gradients: False leaves them out.
        numbers: False leaves out all numbers of the computation; names and operations stay, as for an exam.
        title: a line over the picture.
        force: draws more than 2,000 cards too.

    Raises:
        TypeError: y is neither a Value nor a Tensor.
        ValueError: an unknown level, a level that y does not have, or more than 2,000 cards without `force`. (More
            than 200 is a warning that names a coarser level.)
        RuntimeError: the data of a Value in the graph was changed after it was recorded.

    >>> from tinygrad_edu import Value, draw
    >>> x = Value(3.0, label="x")
    >>> draw(x * x).source.count("n1 -> n2")                       # both edges
    2
    """
    read = subject("draw", y, title=title, digits=digits, one_number=False)
    scene = Scene(read, digits, gradients, numbers)
    levels = ["value", "neuron"] if scene.neurons else ["value"]  # that there are, from fine to coarse
    cards: dict[str, ValueCards | TensorCards] = {level: ValueCards(scene, level) for level in levels}
    if isinstance(y, Tensor):  # whose numbers v₁, v₂, … are those of another document
        cards["tensor"] = TensorCards(Scene(Subject(y), digits, gradients, numbers))
    counts = {level: len(cards[level]) for level in cards}
    level = chosen_level("draw", level, cards, COMFORTABLE)
    _check_size(level, counts, force)
    spoken = title or f"{scene.name(scene.root) or 'a result'}: computation graph, {level} level"
    return Drawing(cards[level].graph(title).source, level, counts[level], spoken)


def _check_size(level: str, counts: dict[str, int], force: bool) -> None:
    """Warn, or raise ValueError, if there are too many cards; the message names a level that has fewer."""
    cards = counts[level]
    if cards <= MANY or force:
        return
    coarser = [other for other in counts if counts[other] < cards]
    best = next((l for l in coarser if counts[l] <= MANY), coarser[-1] if coarser else "")
    advice = 'draw a part of it, or compute with Tensors and draw their result with level="tensor"'
    if best:
        advice = f'level="{best}" has {counts[best]}'
    if cards > TOO_MANY:
        raise ValueError(
            f"draw: {cards:,} cards at the {level} level are too many to lay out or to read: {advice}; "
            "force=True draws them anyway"
        )
    warnings.warn(f"draw: {cards} cards at the {level} level are more than fit on a screen: {advice}", stacklevel=3)
