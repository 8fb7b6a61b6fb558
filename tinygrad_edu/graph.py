"""The order in which a graph can be read: every node after all of its inputs."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeVar


class HasInputs(Protocol):
    """All that this file knows of a node."""

    @property
    def inputs(self) -> Sequence[Any]: ...


Node = TypeVar("Node", bound=HasInputs)


def topological_order(*roots: Node) -> list[Node]:
    """Every node the roots depend on, each once, inputs before the nodes that use them.

    The order is that of a depth-first walk that takes inputs from left to right, so two runs give the same one. It
    is a loop, not a recursion: depth is limited by memory alone. Raises TypeError for a root that is not a node.

    >>> from tinygrad_edu import Value
    >>> a, b = Value(2.0, label="a"), Value(3.0, label="b")
    >>> [node.label or node.op.symbol for node in topological_order(a * b + a)]
    ['a', 'b', '×', '+']
    """
    for root in roots:
        if not hasattr(root, "inputs"):
            raise TypeError(f"a graph ends in Values or Tensors, each an argument of its own, not in {root!r}")
    order: dict[Any, None] = {}  # an ordered set
    stack: list[tuple[Any, Iterator[Any]]] = [(None, iter(roots))]  # a node, and its inputs still to visit
    while stack:
        node, inputs = stack[-1]
        for a in inputs:
            if a not in order:
                if a.inputs:
                    stack.append((a, iter(a.inputs)))
                    break  # the iterator below it remembers where to go on
                order[a] = None  # a leaf waits for nothing
        else:  # all inputs have their places
            stack.pop()
            order[node] = None
    return [*order][:-1]  # without the None that held the roots
