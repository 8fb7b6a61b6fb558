"""A recurrent cell. New: the same weights at every time step, whose gradients are sums over time.

    python examples/recurrent.py

hₜ = tanh(W_xh xₜ + W_hh hₜ₋₁ + b) for four steps, and the loss of the last h. The weights are shared between the
steps, so ∂L/∂W_hh = Σₜ ∂L/∂zₜ hₜ₋₁ᵀ: one term for each time, each reached through all later ones.
"""

from tinygrad_edu import Module, Parameter, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output


class Cell(Module):
    def __init__(self, inputs: int, size: int, seed: int) -> None:
        self.W_xh = Parameter.uniform((size, inputs), -1, 1, seed=seed)
        self.W_hh = Parameter.uniform((size, size), -1, 1, seed=seed + 1)
        self.b = Parameter.zeros(size)

    def forward(self, xs: Tensor) -> Tensor:
        h = Tensor.zeros(len(self.b), label="h₀")
        for x in xs:
            h = (self.W_xh @ x + self.W_hh @ h + self.b).tanh()
        return h


def loss() -> Tensor:
    xs = Tensor([[1.0], [0.0], [-1.0], [0.5]], label="x")
    return squared_error(Cell(1, 2, seed=1)(xs), [0.5, -0.5])


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
