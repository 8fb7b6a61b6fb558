"""The order in which a graph can be read: every node after all of its inputs."""

from __future__ import annotations

TYPE_CHECKING = False  # at run time, `import typing` would take longer than all the rest
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any, Protocol, TypeVar

    class Node(Protocol):
        """All that this file knows of a node."""

        @property
        def inputs(self) -> Sequence[Any]: ...

    N = TypeVar("N", bound=Node)


def topological_order(*roots: N) -> list[N]:
    """Every node the roots depend on, each once, inputs before the nodes that use them.

    The order is that of a depth-first walk that takes inputs from left to right, so two
    runs give the same one. It is a loop, not a recursion: depth is limited by memory alone.

    >>> from tinygrad_edu import Value
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> [node.label or node.op.symbol for node in topological_order(a * b + a)]
    ['a', 'b', '×', '+']
    """
    for root in roots:
        if not hasattr(root, "inputs"):
            raise TypeError(f"a graph ends in Values or Tensors, each an argument of its own, not in {root!r}")
    # A list that knows at once what is in it. Nodes on the path are not: without cycles, none of them is met again.
    order: dict[N, None] = {}
    path: list[Any] = []  # the nodes from a root to this one, which wait for their inputs,
    rests: list[Iterator[N]] = []  # and what they have not yet looked at (pairs of both would be more to collect)
    node: Any = None
    inputs = iter(roots)
    while True:
        for a in inputs:
            if a not in order:
                if a.inputs:  # they come first
                    path.append(node)
                    rests.append(inputs)
                    node, inputs = a, iter(a.inputs)
                    break
                order[a] = None
        else:  # all inputs of the node have their places
            if not path:
                return list(order)
            order[node] = None
            node, inputs = path.pop(), rests.pop()


def by_depth(order: Sequence[N]) -> list[N]:
    """The nodes of a topological order layer by layer.

    First the leaves, in the order in which they are needed; then what needs only leaves, …
    """
    depth: dict[N, int] = {}
    for node in order:
        depth[node] = 1 + max([depth.get(a, 0) for a in node.inputs], default=-1)
    layers = sorted(order, key=depth.__getitem__)
    needed = list(dict.fromkeys([a for node in layers for a in node.inputs if not a.inputs and a in depth]))
    return needed + [node for node in layers if node.inputs or node not in needed]


def by_height(order: Sequence[N]) -> list[N]:
    """The nodes of a topological order layer by layer from the root: each after all its users."""
    height: dict[N, int] = dict.fromkeys(order, 0)
    for node in reversed(order):
        for a in node.inputs:
            if a in height:
                height[a] = max(height[a], height[node] + 1)
    return sorted(order, key=height.__getitem__)
