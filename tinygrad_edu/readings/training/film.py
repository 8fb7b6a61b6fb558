"""The film of a training: one offline page on which time is a slider, small multiples on paper, and a table."""

from __future__ import annotations

import csv
import html
import io
import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from math import exp, isclose, prod
from pathlib import Path
from typing import Any
from zlib import compress

from ...autodiff import grad
from ...network.functions import binary_cross_entropy_with_logits
from ...network.optim import SGD
from ...network.tensor import Tensor
from ...shapes import flattened, is_integer
from ...value import numbers
from ...writing.files import save_as
from ...writing.notation import elements
from ..compiling import compile_graph
from ..drawing import look
from ..naming import Names
from ..stepping import Framed, Page, assembled, colours, step_through, text_of
from ..stepping.live import as_json
from . import Training, put

_LARGE = 3000  # parameters above which the program of the gradient would make the page too large
_SHOWN, _DIGITS = 4, 8  # decimals that are shown, and those of the parameters that the page computes with
_MOST = 1e6  # the largest size of parameters on the page, beyond which they have diverged


def film(*runs: Training, names: Sequence[str] = (), title: str = "Training", notes: Sequence[str] = ()) -> Film:
    """The training seen: loss, parameters, gradients, and what the network says of its data, at every kept moment.

    Of a network with one input its curve is drawn, with two its decisions, and of one with two parameters the way
    through their plane. The page computes all of it by the network's own printed program; where the examples differ
    in shape there is none, and the page has losses and parameters alone. Runs share the axis of time.

    Args:
        runs: trainings that have run, also if an error ended them.
        names: what the runs are called; by default their optimisers.
        title: the heading of the page.
        notes: what a reader should look for.

    Raises:
        TypeError: a run is not a Training.
        ValueError: no run, one that has taken no step, or another number of names than of runs.

    >>> from tinygrad_edu import MLP, SGD, Training, squared_error
    >>> net = MLP([1, 1], init=0.0)
    >>> training = Training(net, squared_error, [[1.0], [2.0]], [[1.0], [2.0]], SGD(net.parameters(), lr=0.1))
    >>> record = training.run(3, progress=False)
    >>> film(training)
    <Film of 1 run, 3 steps>
    """
    for run in runs:
        if not isinstance(run, Training):
            raise TypeError(f"film: a Training is needed, not {type(run).__name__}")
        if not run.record.steps:
            raise ValueError("film: a training has taken no step; run(…) it first")
    if not runs or len(names) not in (0, len(runs)):
        raise ValueError(f"film: there are {len(runs)} runs and {len(names)} names")
    called = names or [f"{type(run.optimizer).__name__}, η = {run.optimizer.lr:g}" for run in runs]
    return Film(list(map(Run, runs, called)), title, list(notes))


class Run:
    """One run, as the page and the pictures need it.

    Attributes:
        losses: of each step, and if it can be computed of the last moment.
        hidden: the hidden layers of numbers: h, its activation, and the weights before it.
        plain: whether the optimiser does no more than θ − η g.
        domain: the least and the largest of both axes of the plot: of an input and the target, or of two inputs.
        loss: that of the first example, of a network that is not too large; or None.
    """

    def __init__(self, training: Training, name: str) -> None:
        self.training, self.record, self.name = training, training.record, name
        self.plain = type(training.optimizer) is SGD and len(training.optimizer.lines()) == 1
        self.x = Tensor(training.X[0], label="x")
        with self._at(0):
            self.output = training.net(self.x)
            self.names = Names(self.output, training.net.parameters())
        found = [(layer.h, layer.weights[0]) for layer in self.names.layers if layer.h is not None]
        self.hidden = [(h, h.op, W) for h, W in found if h.op and h.ndim == 1]
        self.losses = list(training.record.losses)
        with suppress(ArithmeticError, ValueError), self._at(-1):
            self.losses += [] if self.record.ended else [training.loss_at(len(self.losses)).data]
        self.X, self.Y = self._flat(training.X, training.Y)
        self.held_out = self._flat(*training.held_out or ([], []))
        self.y = Tensor(self.Y[0], label="y")
        self.loss: Any = None
        with suppress(TypeError, ValueError, ArithmeticError), self._at(0):  # it may be one of whole batches
            if len(training.values) <= _LARGE:
                self.loss = training.loss(self.output, self.y if self.y.shape == self.output.shape else self.y[0])
        self.alike = all([flattened(x)[1] == self.x.shape for x in training.X])
        targets, size = {y for row in self.Y for y in row}, len(self.output.values)
        self.classes = size > 1 or (len(targets) == 2 and targets < {-1.0, 0.0, 1.0})
        is_logit = training.loss is binary_cross_entropy_with_logits
        self.threshold = 0.0 if is_logit else (min(targets) + max(targets)) / 2
        every = zip([*self.X, *self.held_out[0]], [*self.Y, *self.held_out[1]])
        points = [(*x, y[0]) if len(x) == size == 1 else x for x, y in every]
        is_plane = self.alike and len(points[0]) == 2 and len(points) > 1
        self.domain = [_around(axis) for axis in zip(*points)] if is_plane else None

    def _flat(self, X: list[Any], Y: list[Any]) -> tuple[list[list[float]], list[list[float]]]:
        """The numbers of examples and of targets; of a class 1 for it, and 0 for the others."""
        size = len(self.output.values)
        if size > 1 and all(map(is_integer, Y)):
            Y = [[float(k == y) for k in range(size)] for y in Y]
        return [list(map(float, flattened(x)[0])) for x in X], [list(map(float, flattened(y)[0])) for y in Y]

    @contextmanager
    def _at(self, k: int) -> Iterator[None]:
        """With the parameters that were kept as number k; at the first nothing has diverged yet."""
        values = self.training.values
        now = numbers(values)
        try:
            put(values, self.record.numbers[k])
            yield
        finally:
            put(values, now)

    @cached_property
    def program(self) -> Any:
        """Of an example: what the network says, its hidden layers, and if there is a loss that and its gradient."""
        outputs: dict[str, Any] = {"said": self.output, "hidden": [h for h, *_ in self.hidden]}
        with self._at(0):
            if self.loss is not None:
                outputs |= {"L": self.loss, "gradient": grad(self.loss, self.training.values)}
            inputs = {"y": self.y.values, "x": self.x.values, "parameters": self.training.values}
            return compile_graph(outputs, inputs)

    def kept(self, step: int) -> int:
        """Where in the record the latest moment stands that was kept up to this one."""
        return max([k for k, kept in enumerate(self.record.steps) if kept <= step])

    def outputs(self, step: int, X: list[list[float]]) -> list[list[float]]:
        """What the network says of examples after so many steps."""
        parameters = list(self.record.numbers[self.kept(step)])
        return [list(flattened(self.program.function(self.Y[0], x, parameters)["said"])[0]) for x in X]

    def class_of(self, y: Sequence[float]) -> int:
        """The class of an output or a target; of a number, on which side of the threshold it is."""
        return max(range(len(y)), key=y.__getitem__) if len(y) > 1 else int(y[0] <= self.threshold)

    def certainty(self, y: Sequence[float]) -> float:
        """How far an output is on its side, from 0 to 1."""
        if len(y) > 1:
            return (1 / sum([exp(z - max(y)) for z in y]) - 1 / len(y)) / (1 - 1 / len(y))
        return min(1.0, abs(y[0] - self.threshold) / (max([abs(t - self.threshold) for [t] in self.Y]) or 1.0))

    def data(self, programs: dict[str, int], pages: dict[str, Page]) -> dict[str, Any]:
        """The run as JSON; what it prints, and the page of one pass, join those of the film."""
        training, record = self.training, self.record
        parameters = training.net.parameters()
        shown = next((k for k, row in enumerate(record.numbers) if k and max(map(abs, row)) > _MOST), len(record.steps))
        is_whole = training.batch_size >= len(self.X)
        found = {name: getattr(self, name) for name in ("name", "losses", "plain", "domain", "classes", "threshold")}
        found |= {
            "kept": record.steps[:shown],
            "held": record.held_out[:shown],
            "ended": record.ended,
            "scale": 10**_DIGITS,
            "changes": [course[:shown] for course in record.changes(_DIGITS)],
            "cards": [[self.names(p), *((*p.shape, 1, 1)[:2])] for p in parameters],
            "names": [name for p in parameters for name in elements(self.names(p), p.shape)],
            "batch": None if is_whole else [training.batch(step) for step in record.steps[:shown]],
            "rate": training.optimizer.lr,
            "X": [],
            "hidden": [],
        }
        if not self.alike:
            return found
        found |= {"X": self.X, "Y": self.Y, "held_out": list(zip(*self.held_out))}
        with suppress(TypeError, ValueError, ArithmeticError):  # what cannot be printed is left out
            text = self.program.to("javascript")
            card: dict[Tensor, int] = {p: k for k, p in enumerate(parameters)}
            found["hidden"] = [[elements(self.names(h), h.shape), op.symbol, card.get(W)] for h, op, W in self.hidden]
            found["program"] = programs.setdefault(text, len(programs))
            if self.loss is not None:
                found |= self._page(text, pages) | {"mean": self._is_mean()}
        return found

    def _page(self, program: str, pages: dict[str, Page]) -> dict[str, Any]:
        """The page of one pass, which runs with the same program share, and the names of its example there."""
        title = "One example of one step" + ("" if self.plain else "; its update is that of plain descent")
        with suppress(ValueError, RuntimeError, TimeoutError), self._at(0):  # too large, or there is no Graphviz
            page = pages.get(title + program) or step_through(self.loss, title=title, eta=self.training.optimizer.lr)
            if page.html:
                pages[title + program] = page
                given = elements("x", self.x.shape) + elements("y", self.y.shape)
                return {"page": list(pages).index(title + program), "given": given}
        return {}

    def _is_mean(self) -> bool | None:
        """Whether the loss of a batch is the mean of those of its examples, or their sum; None if it is neither."""
        few = [*zip(self.record.steps[:-1], self.record.numbers)][:5]  # the last has no loss yet
        batches = [[(self.X[i], self.Y[i]) for i in self.training.batch(step)] for step, _ in few]
        found = [[self.program.function(y, x, p)["L"] for x, y in batch] for batch, (_, p) in zip(batches, few)]
        for is_mean in True, False:
            reduced = [sum(L) / (len(L) if is_mean else 1) for L in found]
            if all([isclose(L, self.losses[step], rel_tol=1e-9) for L, (step, _) in zip(reduced, few)]):
                return is_mean
        return None


@dataclass(repr=False, eq=False)
class Film(Framed):
    """What `film` makes. It is saved as a page, as small multiples, or as a table; a notebook shows the page."""

    runs: list[Run]
    title: str
    notes: list[str]

    @property
    def steps(self) -> int:
        """The number of steps of the longest run."""
        return max([run.record.steps[-1] for run in self.runs])

    @cached_property
    def html(self) -> str:
        """The text of the page."""
        programs: dict[str, int] = {}
        pages: dict[str, Page] = {}
        runs = [run.data(programs, pages) for run in self.runs]
        made = [page.html for page in pages.values()]
        data = {"steps": self.steps, "notes": self.notes, "runs": runs, "pages": made}
        printed = ",\n".join([f"(() => {{\n{text}return program;\n}})()" for text in programs])
        start = f'"use strict";\nconst digits = {_SHOWN}, programs = [{printed}];\n'
        script = start + text_of("numbers.js", "elements.js") + text_of("film.js", package=__package__)
        style = colours() + text_of("film.css", package=__package__)
        packed = b64encode(compress(as_json(data).encode(), 9)).decode()
        inside = [page._code for page in pages.values()]
        return assembled(text_of("film.html", package=__package__), self.title, packed, (style, script), inside)

    def save(self, path: str | os.PathLike[str], steps: Sequence[int] = ()) -> Path:
        """Write the page (.html), small multiples after so many steps (.svg), or a row for each kept moment (.csv).

        Raises ValueError for another suffix, OSError where the file cannot be written.
        """
        formats = {
            ".html": lambda: self.html,
            ".svg": lambda: small_multiples(self.runs, list(steps) or [0, self.steps]),
            ".csv": self._table,
        }
        return save_as(path, "a film is", formats, lambda suffix: formats[suffix]())

    def _table(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        for run in self.runs:
            record = run.record
            columns = [f"{path}[{k}]" for path, shape in record.parameters for k in range(prod(shape))]
            writer.writerow(["run", "step", "loss", "held_out", *columns])
            for k, (step, row) in enumerate(zip(record.steps, record.numbers)):
                loss = run.losses[step] if step < len(run.losses) else ""
                writer.writerow([run.name, step, loss, record.held_out[k] if record.held_out else "", *row])
        return text.getvalue()

    def _instead(self) -> str:
        return self._table()

    def __repr__(self) -> str:
        return f"<Film of {len(self.runs)} run{'s' * (len(self.runs) > 1)}, {self.steps} steps>"


def _around(axis: Sequence[float]) -> list[float]:
    """The range of a plot, a little larger than that of its numbers."""
    low, high = min(axis), max(axis)
    margin = 0.12 * (high - low) or 1.0
    return [low - margin, high + margin]


# On paper: what the network says of its data at some steps, one run below the other.

SIZE, GAP, TITLE, GRID = 200, 16, 22, 30  # of a plot, between plots, above a plot, and squares along one
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#9a4f96")  # of the classes, which also differ in shape
PATHS = ("m-3 0a3 3 0 1 0 6 0a3 3 0 1 0 -6 0", "m-3 -3h6v6h-6z", "m0 -4l4 7h-8z", "m0 -4l4 4l-4 4l-4 -4z")


def small_multiples(runs: Sequence[Run], steps: Sequence[int]) -> str:
    """Plots of all runs at these steps. Raises ValueError where a network has neither one input nor two."""
    if not all([run.domain for run in runs]):
        raise ValueError("film: only a network with one input and one output, or with two inputs, has plots to save")
    width, height = len(steps) * (SIZE + GAP) + GAP, len(runs) * (SIZE + TITLE + GAP) + GAP
    parts = []
    for row, run in enumerate(runs):
        for column, step in enumerate(steps):
            x, y = GAP + column * (SIZE + GAP), GAP + row * (SIZE + TITLE + GAP)
            moment = f"after {run.record.steps[run.kept(step)]} steps"
            title = f"{run.name}, {moment}" if len(runs) > 1 else moment
            inside = "".join(_plot(run, step))
            text = f'<text y="14" fill="{look.colour("ink")}">{html.escape(look.printable(title))}</text>'
            plot = f'<svg y="{TITLE}" width="{SIZE}" height="{SIZE}">{inside}</svg>'
            parts.append(f'<g transform="translate({x} {y})">{text}{plot}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tinygrad-edu" width="{width}" height="{height}" '
        f'font-family="{look.FONT}" font-size="{look.SIZE}"><style>{look.style_sheet()}</style>'
        f'<rect width="100%" height="100%" fill="{look.colour("paper")}"/>{"".join(parts)}</svg>\n'
    )


def _plot(run: Run, step: int) -> Iterator[str]:
    assert run.domain
    (x0, x1), (y0, y1) = run.domain

    def place(x: float, y: float) -> str:
        return f"{SIZE * (x - x0) / (x1 - x0):.1f} {SIZE * (y1 - y) / (y1 - y0):.1f}"

    side = SIZE / GRID
    middles = [(k + 0.5) / GRID for k in range(GRID)]
    if len(run.X[0]) == 2:
        cells = [[x0 + a * (x1 - x0), y1 - b * (y1 - y0)] for b in middles for a in middles]
        for k, y in enumerate(run.outputs(step, cells)):
            at = f"M{k % GRID * side:.1f} {k // GRID * side:.1f}h{side:.1f}v{side:.1f}h-{side:.1f}z"
            fill = f'fill="{COLOURS[run.class_of(y) % 4]}" fill-opacity="{0.55 * run.certainty(y):.2f}"'
            yield f'<path d="{at}" {fill} shape-rendering="crispEdges"/>'
    else:
        xs = [[x0 + a * (x1 - x0)] for a in middles]
        line = "L".join([place(x, y[0]) for [x], y in zip(xs, run.outputs(step, xs))])
        yield f'<path d="M{line}" fill="none" stroke="{look.colour("ink")}" stroke-width="2"/>'
    paper = look.colour("paper")
    for x, target, held_out in [*zip(run.X, run.Y, repeat(False)), *zip(*run.held_out, repeat(True))]:
        kind = run.class_of(target) % 4 if len(x) == 2 else 0
        at, colour = place(x[0], x[1] if len(x) == 2 else target[0]), COLOURS[kind]
        fill, stroke = ("none", colour) if held_out else (colour, paper)
        yield f'<path d="M{at}{PATHS[kind]}" fill="{fill}" stroke="{stroke}"/>'
    yield f'<rect width="{SIZE}" height="{SIZE}" fill="none" stroke="{look.colour("frame")}"/>'
