"""What the nodes of a graph are called: their labels, or short names where they have none."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from ...writing.names import element, elements

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any


def names_of(nodes: Sequence[Any], first_choices: dict[Any, Sequence[str]]) -> dict[Any, str]:
    """A different name for each node: its label, the first free one of its choices, or v₁, v₂, …

    Of two nodes with the same label the second is called h′.
    """
    taken = {node.label for node in nodes if node.label}
    used: set[str] = set()
    numbered = count(1)
    names = {}
    for node in dict.fromkeys(nodes):
        if name := " ".join((node.label or "").split()):
            while name in used:
                name += "′"
        else:
            free = (choice for choice in first_choices.get(node, ()) if choice not in taken and choice not in used)
            name = next(free, "") or next(v for i in numbered if (v := element("v", (i - 1,), (1,))) not in taken)
        used.add(name)
        names[node] = name
    return names


def element_names(tensors: dict[Any, str]) -> dict[Any, Sequence[str]]:
    """For each Value in named Tensors, what it is called as an element: z⁽²⁾₁."""
    names: dict[Any, Sequence[str]] = {}
    for tensor, whole in tensors.items():
        for value, name in zip(tensor.values, elements(whole, tensor.shape)):
            names.setdefault(value, (name,))
    return names
