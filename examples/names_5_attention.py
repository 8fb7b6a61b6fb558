"""Names, 5: attention. New: a letter looks at all letters before it, and takes what it needs.

    python examples/names_5_attention.py

Three letters side by side need three sets of weights, and the fourth is forgotten. Attention has one set: each letter
asks with a query and answers with a key, and A = softmax(Q Kᵀ / √n) says how much of each value is taken. A letter must
not look ahead at the letters to be predicted, so −10⁹ is added to their scores. One name is one example.
"""

import random
from math import sqrt

from names import LETTERS, NAMES

from tinygrad_edu import Adam, Linear, Module, Parameter, Tensor, cross_entropy
from tinygrad_edu.writing.console import unicode_output

LONGEST = 10


class Attention(Module):
    def __init__(self, size: int, rng: random.Random) -> None:
        self.letter = Parameter.randn(len(LETTERS), size, seed=rng)
        self.place = Parameter.randn(LONGEST, size, seed=rng)
        self.query, self.key, self.value = [Linear(size, size, bias=False, seed=rng) for _ in range(3)]
        self.hidden, self.out = Linear(size, 2 * size, seed=rng), Linear(2 * size, len(LETTERS), seed=rng)

    def forward(self, tokens: list[int]) -> Tensor:
        n = len(tokens)
        X = self.letter[tokens] + self.place[:n]
        ahead = [[-1e9 * (k > t) for k in range(n)] for t in range(n)]
        A = (self.query(X) @ self.key(X).T / sqrt(X.shape[1]) + ahead).softmax()
        return self.out(self.hidden(X + A @ self.value(X)).relu())


def main() -> None:
    rng = random.Random(1)
    net = Attention(8, rng)
    adam = Adam(net.parameters(), lr=0.02)
    losses = []
    for step in range(401):
        tokens = [0, *map(LETTERS.index, rng.choice(NAMES)), 0]
        L = cross_entropy(net.forward(tokens[:-1]), tokens[1:])
        adam.zero_grad()
        L.backward()
        adam.step()
        losses.append(L.item())
        if step % 100 == 0:
            print(f"step {step:>3}   mean of the latest L {sum(losses[-50:]) / len(losses[-50:]):.3f}")
    for _ in range(5):
        tokens = [0]
        while len(tokens) == 1 or (tokens[-1] and len(tokens) <= LONGEST):
            tokens += rng.choices(range(27), net.forward(tokens)[-1].softmax().data)
        print("  " + "".join([LETTERS[token] for token in tokens]).strip("."))


if __name__ == "__main__":
    unicode_output()
    main()
