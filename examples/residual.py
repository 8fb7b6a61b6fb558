"""A residual block. New: a path past the layer, on which the gradient arrives unchanged.

    python examples/residual.py

y = x + W₂ relu(W₁ x + b₁) + b₂. Two paths lead from y back to x: one through the layers, and a direct one with slope 1.
However small the weights are, ∂L/∂x contains ∂L/∂y itself.
"""

from tinygrad_edu import Linear, Module, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output


class Residual(Module):
    def __init__(self, size: int, seed: int) -> None:
        self.up, self.down = Linear(size, size, seed=seed), Linear(size, size, seed=seed + 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.down(self.up(x).relu())


def loss() -> Tensor:
    return squared_error(Residual(2, seed=1)(Tensor([1.0, -0.5], label="x")), [0.0, 1.0])


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
