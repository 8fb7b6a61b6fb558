"""Handwritten digits. New: 1,797 pictures, batches, and a network too large for graphs of single numbers.

    pip install -e ".[examples,digits]"
    python examples/digits.py                                 train, and count what is right
    python examples/digits.py --picture confusion.png         and draw what is taken for what

A 64-32-10 network takes a picture of 8 × 8 shades and returns a number z for each digit. It is recorded with two
examples. The program that `compile_graph` prints takes any number: 64 in each step of training, and at the end all
360 that the network has not seen.
"""

import argparse
import sys
import time

from tinygrad_edu import MLP, Tensor, compile_graph, cross_entropy, grad
from tinygrad_edu.writing.console import unicode_output

try:
    import numpy as np
    from sklearn.datasets import load_digits
    from tqdm import tqdm
except ImportError:
    sys.exit('digits.py needs scikit-learn, NumPy and tqdm: pip install -e ".[examples,digits]"')

unicode_output()
ETA, MOMENTUM, BATCH, HELD_OUT = 0.1, 0.9, 64, 360

parser = argparse.ArgumentParser(description="Handwritten digits with a compiled program of arrays.")
parser.add_argument("--epochs", type=int, default=60)
parser.add_argument("--picture", metavar="FILE", help="draw the digits that are taken for others")
options = parser.parse_args()

digits = load_digits()
rng = np.random.default_rng(0)
order = rng.permutation(len(digits.data))
inputs, targets = digits.data[order] / 16, digits.target[order]
new, seen = slice(0, HELD_OUT), slice(HELD_OUT, None)
one_hot = np.eye(10)[targets]

net = MLP([64, 32, 10], activation="relu", seed=0)
parameters = net.parameters()
X, Y = Tensor(inputs[:2], label="X"), Tensor(one_hot[:2], label="Y")


def with_gradient(X, Y, theta):
    L = cross_entropy(net(X), Y)
    return {"L": L, "gradient": grad(L, parameters)}


start = time.perf_counter()
program = compile_graph(with_gradient, {"X": X, "Y": Y, "theta": parameters}, level="tensor", batch=[X, Y])
answer = compile_graph(lambda X, theta: net(X), {"X": X, "theta": parameters}, level="tensor", batch=[X])
print(program.source)
print(f"recorded and printed in {time.perf_counter() - start:.2f} s")

theta = [np.array(p.data) for p in parameters]
velocity = [np.zeros_like(p) for p in theta]
start = time.perf_counter()
with tqdm(range(options.epochs), desc="training", unit="epoch") as bar:
    for _ in bar:
        order = HELD_OUT + rng.permutation(len(inputs) - HELD_OUT)
        for batch in np.split(order, range(BATCH, len(order), BATCH)):
            result = program(inputs[batch], one_hot[batch], theta)
            for p, v, g in zip(theta, velocity, result["gradient"]):
                v *= MOMENTUM
                v += g
                p -= ETA * v
        bar.set_postfix(loss=f"{result['L']:.4f}")
print(f"{options.epochs} epochs in {time.perf_counter() - start:.1f} s")
for said, part in (("has seen", seen), ("has not seen", new)):
    right = answer(inputs[part], theta).argmax(axis=1) == targets[part]
    print(f"of {len(right)} pictures that it {said}, {right.mean():.1%} are right")

if options.picture:
    import matplotlib.pyplot as plt

    taken = answer(inputs[new], theta).argmax(axis=1)
    table = np.zeros((10, 10), int)
    np.add.at(table, (targets[new], taken), 1)
    figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
    axes.imshow(np.where(np.eye(10, dtype=bool), 0, table), cmap="Reds")
    for i, j in np.argwhere(table):
        axes.text(j, i, table[i, j], ha="center", va="center", color="#5f5f5f" if i == j else "black")
    axes.set(xticks=range(10), yticks=range(10), xlabel="taken for", ylabel="digit")
    figure.savefig(options.picture, dpi=150)
