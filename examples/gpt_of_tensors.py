"""The GPT again. New: all tokens at once, as matrices; and training by the printed program of arrays.

    pip install -e ".[examples]"
    python examples/gpt_of_tensors.py [steps, by default 1000]
    python examples/gpt_of_tensors.py --explain                 its loss for a name of three letters, and every gradient

Each row of x is a token. For each head attention is A V with A = softmax(Q Kᵀ / √n), where a token sees itself and
those before it; the heads are the first of three axes. The engine records one name of each length. Training runs the
program that `compile_graph` makes of it, with the same gradients.
"""

import random
import sys

from names import LETTERS, NAMES

from tinygrad_edu import Linear, Module, Parameter, Tensor, compile_graph, cross_entropy, explain, grad, where
from tinygrad_edu.writing.console import unicode_output

try:
    import numpy as np
except ImportError:
    sys.exit('gpt_of_tensors.py needs NumPy: pip install -e ".[examples]"')

unicode_output()
MARK, TOKENS = 0, len(LETTERS)  # the mark begins and ends a name
N, HEADS, LONGEST = 16, 4, 16
ETA, BETAS = 0.01, (0.85, 0.99)


def normalized(x):
    return x / ((x * x).mean(axis=-1, keepdims=True) + 1e-5).sqrt()


class GPT(Module):
    def __init__(self, rng):
        self.token = Parameter(Tensor.randn(TOKENS, N, seed=rng) * 0.08)
        self.place = Parameter(Tensor.randn(LONGEST, N, seed=rng) * 0.08)
        for name, m, n in [("q", N, N), ("k", N, N), ("v", N, N), ("o", N, N), ("up", 4 * N, N), ("down", N, 4 * N)]:
            setattr(self, name, Linear(n, m, bias=False, seed=rng))
        self.out = Linear(N, TOKENS, bias=False, seed=rng)

    def forward(self, tokens):
        """The numbers z of the next token, for each of the tokens, which are rows with a single 1."""
        T = len(tokens)
        x = normalized(tokens @ self.token + self.place[:T])
        h = normalized(x)
        q, k, v = [f(h).reshape(T, HEADS, N // HEADS).permute(1, 0, 2) for f in (self.q, self.k, self.v)]
        before = Tensor([[float(s <= t) for s in range(T)] for t in range(T)], label="M")
        a = where(before, q @ k.mT / (N // HEADS) ** 0.5, -1e9).softmax()
        x = x + self.o((a @ v).permute(1, 0, 2).reshape(T, N))
        x = x + self.down(self.up(normalized(x)).relu())
        return self.out(x)


def rows(tokens):
    return np.eye(TOKENS)[tokens]


rng = random.Random(42)
gpt = GPT(rng)
parameters = gpt.parameters()
programs = {}


def program(T):
    """The loss of a name of T tokens, its gradient, and z: made when the length is first met."""
    if T not in programs:
        X, Y = Tensor(rows([0] * T), label="X"), Tensor(rows([0] * T), label="Y")
        z = gpt(X)
        L = cross_entropy(z, Y)
        outputs = {"L": L, "z": z, "gradient": grad(L, parameters)}
        programs[T] = compile_graph(outputs, {"X": X, "Y": Y, "theta": parameters}, level="tensor")
    return programs[T]


if __name__ == "__main__":
    if "--explain" in sys.argv:
        tokens = [MARK, *map(LETTERS.index, "eva"), MARK]
        print(explain(cross_entropy(gpt(Tensor(rows(tokens[:-1]), label="X")), Tensor(rows(tokens[1:]), label="Y"))))
        sys.exit()

    theta = [np.array(p.data) for p in parameters]
    m, v = [[np.zeros_like(p) for p in theta] for _ in range(2)]
    steps, losses = int(sys.argv[1]) if len(sys.argv) > 1 else 1000, []
    for step in range(1, steps + 1):
        tokens = [MARK, *map(LETTERS.index, rng.choice(NAMES)), MARK]
        result = program(len(tokens) - 1)(rows(tokens[:-1]), rows(tokens[1:]), theta)
        for p, g, mean, square in zip(theta, result["gradient"], m, v):  # Adam
            mean += (1 - BETAS[0]) * (g - mean)
            square += (1 - BETAS[1]) * (g * g - square)
            p -= ETA * mean / (1 - BETAS[0] ** step) / (np.sqrt(square / (1 - BETAS[1] ** step)) + 1e-8)
        losses.append(result["L"])
        if step % 50 == 0 or step == steps:
            print(f"\rstep {step}/{steps}  mean of the latest L {np.mean(losses[-50:]):.3f}", end="")

    print("\nIt writes:")
    for _ in range(12):
        tokens = [MARK]
        while len(tokens) == 1 or (tokens[-1] != MARK and len(tokens) < LONGEST):
            z = program(len(tokens))(rows(tokens), rows(tokens), theta)["z"][-1]
            y = np.exp(z - z.max())
            tokens += rng.choices(range(TOKENS), y)
        print("  " + "".join(LETTERS[token] for token in tokens if token != MARK))
