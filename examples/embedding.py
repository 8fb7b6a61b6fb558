"""An embedding. New: rows of a table picked by numbers, and a row that is picked twice.

    python examples/embedding.py

E holds one row for each token, and tokens are integers: the layer is E[tokens]. A row that is not picked gets no
gradient, and the row of a token that appears twice gets the sum of both.
"""

from tinygrad_edu import Linear, Module, Parameter, Tensor, cross_entropy, explain
from tinygrad_edu.writing.console import unicode_output


class NextToken(Module):
    def __init__(self, tokens: int, size: int, seed: int) -> None:
        self.E = Parameter.uniform((tokens, size), -1, 1, seed=seed)
        self.out = Linear(size, tokens, seed=seed + 1)

    def forward(self, tokens: list[int]) -> Tensor:
        return self.out(self.E[tokens].mean(axis=0))


def loss() -> Tensor:
    return cross_entropy(NextToken(4, 2, seed=1).forward([2, 0, 2]), 3)


if __name__ == "__main__":
    unicode_output()
    print(explain(loss()))
