"""Names, 3: a network by hand. New: three letters of context, a hidden layer, and its backward pass in NumPy.

    python examples/names_3_by_hand.py

Each letter becomes a row of E, three of them side by side are x, and then h = tanh(x W₁ᵀ + b₁), z = h W₂ᵀ + b₂. A row
is an example. The backward pass goes through the same lines in the opposite order. A row that was used several times
gets the sum of its gradients.
"""

import numpy as np
from names import pairs

LETTERS, EMBEDDING, HIDDEN = 27, 4, 16
tokens, ys = map(np.array, pairs(3))
rng = np.random.default_rng(1)
shapes = {"E": (LETTERS, EMBEDDING), "W1": (HIDDEN, 3 * EMBEDDING), "b1": (HIDDEN,)}
shapes |= {"W2": (LETTERS, HIDDEN), "b2": (LETTERS,)}
START = {name: rng.normal(0, 0.3, shape) * (len(shape) > 1) for name, shape in shapes.items()}


def loss_and_gradients(p: dict[str, np.ndarray]) -> tuple[float, dict[str, np.ndarray]]:
    n = len(ys)
    x = p["E"][tokens].reshape(n, -1)
    h = np.tanh(x @ p["W1"].T + p["b1"])
    z = h @ p["W2"].T + p["b2"]
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    P = powers / powers.sum(axis=1, keepdims=True)
    loss = -np.log(P[np.arange(n), ys]).mean()

    dz = (P - np.eye(LETTERS)[ys]) / n
    dh = dz @ p["W2"]
    dz1 = dh * (1 - h**2)
    dx = dz1 @ p["W1"]
    dE = np.zeros_like(p["E"])
    np.add.at(dE, tokens, dx.reshape(n, 3, -1))  # a letter that appears several times gets the sum
    return loss, {"E": dE, "W1": dz1.T @ x, "b1": dz1.sum(axis=0), "W2": dz.T @ h, "b2": dz.sum(axis=0)}


if __name__ == "__main__":
    parameters = dict(START)
    print("step       L")
    for step in range(401):
        loss, gradients = loss_and_gradients(parameters)
        if step % 100 == 0:
            print(f"{step:>4}  {loss:.4f}")
        parameters = {name: p - 1.0 * gradients[name] for name, p in parameters.items()}
