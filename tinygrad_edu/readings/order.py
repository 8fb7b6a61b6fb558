"""A graph layer by layer, from its leaves or from its root."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..graph import N


def by_depth(order: Sequence[N]) -> list[N]:
    """The nodes of a topological order layer by layer.

    First the leaves, in the order in which they are needed; then what needs only leaves, …
    """
    depth: dict[N, int] = {}
    for node in order:
        depth[node] = 1 + max([depth.get(a, 0) for a in node.inputs], default=-1)
    layers = sorted(order, key=depth.__getitem__)
    needed = dict.fromkeys([a for node in layers for a in node.inputs if not a.inputs and a in depth])
    return [*needed, *[node for node in layers if node.inputs or node not in needed]]


def by_height(order: Sequence[N]) -> list[N]:
    """The nodes of a topological order layer by layer from the root: each after all its users."""
    height: dict[N, int] = dict.fromkeys(order, 0)
    for node in reversed(order):
        for a in node.inputs:
            if a in height:
                height[a] = max(height[a], height[node] + 1)
    return sorted(order, key=height.__getitem__)


def computed_from(inputs: Iterable[N], order: Sequence[N]) -> set[N]:
    """The nodes of a topological order that need one of the inputs, and the inputs among them."""
    found = set(inputs)
    for node in order:
        if not found.isdisjoint(node.inputs):
            found.add(node)
    return found.intersection(order)
