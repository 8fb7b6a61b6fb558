"""What neurons have in common, where that explains a zero or an equality among their gradients.

One sentence a kind, three at most: a neuron that is dead for all examples of a batch passes nothing on, a
saturated one next to nothing, and neurons that are alike and have the same gradients stay alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from ... import ops
from ...network.tensor import Tensor
from ...value import Value
from ...writing.expression import Name
from ..layers import Neuron
from ..naming import Names
from .gradients import Gradients, Words, vanishes

#: A neuron: what it computes in each example.
Examples: TypeAlias = list[Neuron]
#: A layer: its number, and its weights where they are a Tensor. Networks side by side have several of one number.
Place: TypeAlias = tuple[int, Tensor | None]

_SATURATED = 1e-3  # the slope of tanh beyond ±4.1, of sigmoid beyond ±6.9


def remarks(names: Names, gradients: Gradients, shown: set[Value]) -> list[Words]:
    """Sentences about the neurons with a gradient in the derivation.

    Args:
        names: of the graph, with its neurons; of a batch each neuron once for each example.
        gradients: of every Value.
        shown: the Values whose gradients have a line.
    """
    weights_of = {z: layer.weights[0] for layer in names.layers for z in layer.z.values}
    layers: dict[Place, dict[tuple[Value, ...], Examples]] = {}
    for neuron in names.neurons:
        place = neuron.layer, weights_of.get(neuron.z)
        layers.setdefault(place, {}).setdefault(neuron.parameters, []).append(neuron)
    side_by_side = len({depth for depth, _ in layers}) < len(layers)

    def called(place: Place) -> Words:
        depth, W = place
        return ["the layer with ", Name(names(W))] if side_by_side and W is not None else [f"layer {depth}"]

    def is_shown(examples: Examples) -> bool:
        return any([not shown.isdisjoint((*n.parameters, n.z)) for n in examples])

    def those(is_so: Callable[[Examples], bool]) -> list[tuple[Words, list[int]]]:
        found = [
            (called(place), [j for j, n in enumerate(layer.values(), 1) if is_shown(n) and is_so(n)])
            for place, layer in layers.items()
        ]
        return [(layer, numbers) for layer, numbers in found if numbers]

    alike = [
        (called(place), group)
        for place, layer in layers.items()
        for group in _alike(layer, gradients)
        if all([is_shown([*layer.values()][j - 1]) for j in group])
    ]
    return [
        *_sentence(those(_is_dead), "dead for all examples: z is never above 0, so no gradient passes"),
        *_sentence(those(_is_saturated), f"saturated: the slope of the activation is below {_SATURATED:g}"),
        *_sentence(alike, "identical and stay so: the same weights, and the same gradients"),
    ]


def _is_dead(neuron: Examples) -> bool:
    """Of one example, that z is not above 0 is on its line."""
    return len(neuron) > 1 and all([n.h is not None and n.h.op is ops.RELU and n.z.data <= 0 for n in neuron])


def _is_saturated(neuron: Examples) -> bool:
    return all([n.h is not None and n.h.op in (ops.TANH, ops.SIGMOID) and n.h.partials[0] < _SATURATED for n in neuron])


def _alike(layer: Mapping[tuple[Value, ...], Examples], gradients: Gradients) -> list[list[int]]:
    """The numbers of neurons with equal parameters whose gradients are equal but for rounding."""

    def equal(a: Value, b: Value) -> bool:
        of, size = gradients.of, gradients.size
        same = of[a] == of[b] or vanishes(of[a] - of[b], size[a] + size[b])
        return a.data == b.data and same

    def onward(examples: Examples) -> list[float]:
        """The weights that its outputs are used with: were they others, equal gradients would not stay equal."""
        return [b.partials[k] for n in examples for b, k in gradients.users.get(n.output, [])]

    groups: list[list[int]] = []
    neurons = [*layer.items()]
    for j, (parameters, examples) in enumerate(neurons):
        for group in groups:
            first, others = neurons[group[0] - 1]
            same = len(first) == len(parameters) and all(map(equal, first, parameters))
            if same and onward(others) == onward(examples):
                group.append(j + 1)
                break
        else:
            groups.append([j + 1])
    return [group for group in groups if len(group) > 1]


def _sentence(found: Sequence[tuple[Words, list[int]]], words: str) -> list[Words]:
    """Neurons 1 to 4 of layer 1 and neuron 2 of layer 3 are …"""
    if not found:
        return []
    several = sum([len(numbers) for _, numbers in found]) > 1
    sentence: Words = []
    for k, (layer, numbers) in enumerate(found):
        if k > 0:
            sentence.append(" and " if k == len(found) - 1 else ", ")
        sentence += [f"neuron{'s' if len(numbers) > 1 else ''} {_listed(numbers)} of ", *layer]
    return [[*sentence, f" {'are' if several else 'is'} {words}"]]


def _listed(numbers: list[int]) -> str:
    """1 to 4; 1, 3 and 4."""
    if len(numbers) > 2 and numbers == [*range(numbers[0], numbers[-1] + 1)]:
        return f"{numbers[0]} to {numbers[-1]}"
    *before, last = [str(number) for number in numbers]
    return f"{', '.join(before)} and {last}" if before else last
