"""Layer norm. New: a result that every input reaches on three paths.

    python examples/layer_norm.py

y = γ ∘ (x − μ) / σ + β with μ = mean x and σ² = var x + ε. Each xᵢ reaches the loss directly, through μ, and through σ,
so its gradient has three terms.
"""

from tinygrad_edu import Module, Parameter, Tensor, explain, squared_error
from tinygrad_edu.writing.console import unicode_output


class LayerNorm(Module):
    def __init__(self, size: int, eps: float = 1e-5) -> None:
        self.gamma = Parameter([1.0] * size, label="γ")
        self.beta = Parameter([0.0] * size, label="β")
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        mu = x.mean()
        centred = x - mu
        sigma = ((centred**2).mean() + self.eps).sqrt()
        mu.label, centred.label, sigma.label = "μ", "x̃", "σ"
        return self.gamma * (centred / sigma) + self.beta


def loss() -> Tensor:
    x = Tensor([1.0, 2.0, 4.0], label="x")
    return squared_error(LayerNorm(3)(x), [0.0, 0.0, 1.0])


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
