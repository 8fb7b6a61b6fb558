"""Small multiples of a training in SVG: what the network says of its data at some steps, one run below the other."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import repeat
from typing import TYPE_CHECKING

from ..drawing import look

if TYPE_CHECKING:
    from .film import Run

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
