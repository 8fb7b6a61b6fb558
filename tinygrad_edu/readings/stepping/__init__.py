"""The page that steps through a computation: forward, then backward, a line of the chain rule at a time.

stage.py     the picture, and where in it each number stands
script.py    the steps: what each one says and shows
page.py      Page: the one HTML file, saved or shown; page.html, page.css and page.js are its parts
forms.py     the lines of the steps as forms, for other numbers
live.py      the graph as JavaScript, for the laboratory: engine.js computes, laboratory.html and the other .js show it
questions.py what a step asks, and what wrong rules give
"""

from __future__ import annotations

from contextlib import suppress

from ...network.tensor import Tensor
from ...value import Value
from ...writing.code import NotWritten
from ..drawing.scene import Scene
from ..drawing.values import NeuronCards
from ..explaining.values import derive_values
from ..subject import subject
from .forms import Forms
from .live import graph_as_script
from .page import Page
from .questions import questions_as_script
from .script import Script
from .stage import Stage

__all__ = ["Page", "step_through"]

COMFORTABLE = 60  # cards, as in a drawing
MOST_STEPS = MOST_CARDS = 1000
MOST_NUMBERS = 3000  # on all cards together


def step_through(
    y: Value | Tensor, level: str | None = None, title: str | None = None, digits: int = 4, live: bool = True
) -> Page:
    """A page that goes through the forward and the backward pass of y step by step.

    It is one HTML file that needs no network. Values appear as they are computed and gradients as
    the chain rule reaches them, each step beside its lines of `explain`. It differentiates on its
    own: `y.backward()` need not have been called, and no `.grad` is touched.

    Args:
        y: a Value, or a Tensor of one element.
        level: "value", a card and a step a node; "neuron", a card and a step a neuron (where
            there is none, as "value"); None takes "value" up to 60 cards, then "neuron".
        title: the heading of the page.
        digits: how many decimals are shown.
        live: with a laboratory. The leaves can be changed, and every step follows; one sees the
            slope of y, makes y smaller by gradient descent, predicts the next number, and puts an
            engine with a mistake beside the right one. There is none where a row that was added to
            the table cannot be written in JavaScript.

    Raises:
        TypeError: y is neither a Value nor a Tensor.
        ValueError: a Tensor of several elements, an unknown level, or more than 1,000 steps; the
            message names a coarser level.
        RuntimeError: the data of a Value in the graph was changed after it was recorded.

    >>> from tinygrad_edu import Value, step_through
    >>> x = Value(3.0, label="x")
    >>> step_through(x * x)                  # x is given; f = x · x; ∂f/∂f = 1; backward through f
    <Page: value level, 4 steps>
    """
    read = subject("step_through", y, title=title, digits=digits)
    if level not in (None, "value", "neuron"):
        raise ValueError(f'step_through: the level is "value" or "neuron", or None, not {level!r}')
    scene = Scene(read)
    level = _level(scene, level)
    live = live and any([not v.op for v in scene.values])  # a sum of nothing has no leaf to change
    derivation = derive_values(read, digits, MOST_NUMBERS)
    stage = Stage(read, derivation, level, live)
    script = Script(derivation, stage, Forms(stage.number_of, derivation.names) if live else None)
    laboratory = ""
    with suppress(NotWritten):
        laboratory = graph_as_script(stage, derivation) + questions_as_script(script) if live else ""
    return Page(stage, script.steps, title or f"{stage.names(y)}, step by step", laboratory)


def _level(scene: Scene, level: str | None) -> str:
    """The level to use. Raises ValueError if it has too many steps; the message names a coarser one."""
    cards = {"value": scene.values}
    if scene.neurons:
        cards["neuron"] = [v for v, _ in NeuronCards(scene).heads]
    if level is None:
        level = "value" if len(scene.values) <= COMFORTABLE else "neuron"
    if level not in cards:
        level = "value"  # the graph holds no network
    steps = {name: 2 + 2 * len([v for v in heads if v.op]) for name, heads in cards.items()}
    few = len(scene.values) <= MOST_NUMBERS
    fit = [name for name in cards if few and steps[name] <= MOST_STEPS and len(cards[name]) <= MOST_CARDS]
    if level in fit:
        return level
    if "neuron" in fit:
        advice = f'level="neuron" has {steps["neuron"]} steps'
    else:
        advice = 'step through a part of it, or see whole matrices: draw and explain a Tensor with level="tensor"'
    raise ValueError(
        f"step_through: {steps[level]:,} steps through {len(cards[level]):,} cards at the {level} level are too many: "
        f"{advice}"
    )
