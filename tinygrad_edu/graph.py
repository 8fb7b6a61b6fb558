"""The order in which a graph can be read: every node after all of its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
