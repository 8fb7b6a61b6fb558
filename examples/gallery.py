"""The pictures of the README, and the models of the ladder at each level of detail.

python examples/gallery.py pictures            # SVG, light or dark as the reader's system is set
python examples/gallery.py pictures --suffix .png
"""

import argparse
from pathlib import Path

import attention
import convolution
import embedding
import layer_norm
import logistic
import recurrent
import residual

from tinygrad_edu import MLP, Tensor, Value, cross_entropy, draw, squared_error
from tinygrad_edu.readings.drawing import LEVELS
from tinygrad_edu.writing.console import unicode_output


def one_neuron() -> Value:
    """½ (tanh(w₁x₁ + w₂x₂ + b) − y)², with a card for every number."""
    w1, w2, b = Value(0.6, label="w₁"), Value(-0.4, label="w₂"), Value(0.1, label="b")
    x1, x2, y = Value(1.0, label="x₁"), Value(-0.5, label="x₂"), Value(1.0, label="y")
    z = w1 * x1 + w2 * x2 + b
    h = z.tanh()
    e = h - y
    L = e**2 * 0.5
    for node, name in ((z, "z"), (h, "h"), (e, "e"), (L, "L")):
        node.label = name
    return L


def shared_node() -> Value:
    """y = c·c + a with c = a + b: two paths lead back to c, and three to a, so gradients add up."""
    a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    c = a + b
    y = c * c + a
    c.label, y.label = "c", "y"
    return y


def exclusive_or() -> Tensor:
    """The loss of the network in README, before its training."""
    X = Tensor([[0, 0], [0, 1], [1, 0], [1, 1]], label="x")
    return cross_entropy(MLP([2, 3, 2], activation="tanh", seed=1)(X), [0, 1, 1, 0])


def network() -> Tensor:
    """The output of a small network for one example, 4 inputs and 3 outputs."""
    return MLP([4, 4, 3, 3], activation="tanh", seed=1)(Tensor([1.0, -0.5, 0.25, 2.0], label="x"))


def regression() -> Tensor:
    """½ Σ (z − y)² of the network's output."""
    return squared_error(network(), [1.0, 0.0, -1.0])


def classification() -> Tensor:
    """The cross-entropy of the network's output; the right class is number 1."""
    return cross_entropy(network(), 1)


PICTURES = {
    "one-neuron": (one_neuron, "value"),
    "shared-node": (shared_node, "value"),
    "network": (exclusive_or, "tensor"),
    "regression-neurons": (regression, "neuron"),
    "regression-tensors": (regression, "tensor"),
    "classification-neurons": (classification, "neuron"),
    "classification-tensors": (classification, "tensor"),
}
for model in (recurrent, attention, layer_norm, residual, convolution, embedding, logistic):
    PICTURES |= {f"{model.__name__}-{level}s": (model.loss, level) for level in LEVELS}


def main() -> None:
    unicode_output()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="where the pictures go; it is made if it does not exist")
    parser.add_argument("--suffix", default=".svg", choices=[".svg", ".png", ".pdf", ".dot"], help="their format")
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    for name, (computation, level) in PICTURES.items():
        y = computation()
        y.backward()
        print(draw(y, level).save(arguments.directory / f"{name}{arguments.suffix}"))


if __name__ == "__main__":
    main()
