"""The pictures of the two READMEs.

python examples/gallery.py pictures            # SVG, light or dark as the reader's system is set
python examples/gallery.py pictures --suffix .png
"""

import argparse
from pathlib import Path

import attention
import recurrent

from tinygrad_edu import MLP, Tensor, cross_entropy, draw, squared_error
from tinygrad_edu.writing.console import unicode_output


def exclusive_or() -> Tensor:
    """The loss of the network in README, before its training."""
    X = Tensor([[0, 0], [0, 1], [1, 0], [1, 1]], label="x")
    return cross_entropy(MLP([2, 3, 2], activation="tanh", seed=1)(X), [0, 1, 1, 0])


def regression() -> Tensor:
    """½ Σ (z − y)² of the output of a small network for one example, 4 inputs and 3 outputs."""
    x = Tensor([1.0, -0.5, 0.25, 2.0], label="x")
    return squared_error(MLP([4, 4, 3, 3], activation="tanh", seed=1)(x), [1.0, 0.0, -1.0])


PICTURES = {
    "network": exclusive_or,
    "regression-tensors": regression,
    "recurrent-tensors": recurrent.loss,
    "attention-tensors": attention.loss,
}


def main() -> None:
    unicode_output()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=Path, help="where the pictures go; it is made if it does not exist")
    parser.add_argument("--suffix", default=".svg", choices=[".svg", ".png", ".pdf", ".dot"], help="their format")
    arguments = parser.parse_args()
    arguments.directory.mkdir(parents=True, exist_ok=True)
    for name, loss in PICTURES.items():
        L = loss()
        L.backward()
        print(draw(L, "tensor").save(arguments.directory / f"{name}{arguments.suffix}"))


if __name__ == "__main__":
    main()
