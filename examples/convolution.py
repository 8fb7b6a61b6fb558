"""A convolution. New: one small kernel at every place of a signal, as slices.

    python examples/convolution.py

yᵢ = Σₖ wₖ xᵢ₊ₖ, which libraries call a convolution. Written with slices it has one term for each wₖ: the weight times
the signal shifted by k. So ∂L/∂wₖ = Σᵢ ∂L/∂yᵢ xᵢ₊ₖ, and ∂L/∂x is the convolution of ∂L/∂y with the flipped kernel.
"""

from tinygrad_edu import Module, Parameter, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output


class Convolution(Module):
    def __init__(self, kernel: list[float]) -> None:
        self.w = Parameter(kernel)

    def forward(self, x: Tensor) -> Tensor:
        n = len(x) - len(self.w) + 1
        first, *others = [self.w[k] * x[k : k + n] for k in range(len(self.w))]
        return sum(others, first)


def loss() -> Tensor:
    x = Tensor([0.0, 1.0, 2.0, -1.0, 0.5], label="x")
    return squared_error(Convolution([1.0, 0.5, -1.0])(x), [0.0, 1.0, 0.5])


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
