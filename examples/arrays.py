"""The same program on arrays. New: one graph of one example, run for 2000 at once by NumPy.

    pip install -e ".[examples]"
    python examples/arrays.py

The program is compiled for one example (x, y). `Program.bind` gives it the functions of NumPy,
and each number may be an array with a number for each example instead. That is
why PyTorch and JAX are fast: the loop over the examples has moved out of Python.
The points are to be told apart by whether they lie inside a circle.
"""

import sys
import time

from tinygrad_edu import MLP, Tensor, compile_graph, cross_entropy, grad
from tinygrad_edu.writing.console import unicode_output

try:
    import numpy as np
except ImportError:
    sys.exit('arrays.py needs NumPy: pip install -e ".[examples]"')

unicode_output()

N, ETA = 2000, 0.5
X = np.random.default_rng(0).uniform(-1, 1, (N, 2))
Y = np.eye(2)[((X**2).sum(axis=1) < 0.5).astype(int)]  # [1, 0] outside, [0, 1] inside

net = MLP([2, 8, 2], activation="tanh", seed=1)
parameters = net.parameters()
x, y = Tensor([0.0, 0.0], label="x"), Tensor([1.0, 0.0], label="y")
z = net(x)
loss = cross_entropy(z, y)
program = compile_graph(
    {"L": loss, "z": z, "grad": grad(loss, parameters)}, inputs={"x": x, "y": y, "parameters": parameters}
)
on_arrays = program.bind(np)


def of_batch(result):
    """L = 1/N Σᵢ Lᵢ and its gradient, from arrays whose last axis is the example."""
    return np.mean(result["L"]), [np.mean(g, axis=-1) for g in result["grad"]]


def milliseconds(f, theta):
    start = time.perf_counter()
    f(theta)
    return (time.perf_counter() - start) * 1e3


def one_by_one(theta):
    return [program(xi, yi, theta) for xi, yi in zip(X.tolist(), Y.tolist())]


def all_at_once(theta):
    return on_arrays(X.T, Y.T, theta)


numbers = [p.data for p in parameters]
theta = [np.array(p) for p in numbers]
_, slopes = of_batch(all_at_once(theta))
means = [np.mean([result["grad"][k] for result in one_by_one(numbers)], axis=0) for k in range(len(theta))]
difference = max(np.abs(a - b).max() for a, b in zip(slopes, means))
loop, arrays = milliseconds(one_by_one, numbers), milliseconds(all_at_once, theta)
print(f"loss and gradient of {N} examples: one by one {loop:.1f} ms, all at once {arrays:.1f} ms,")
print(f"{loop / arrays:.0f} times faster; the largest difference of ∂L/∂θ is {difference:.0e}\n")
assert difference < 1e-12

print(" step         L   right")
for step in range(501):
    result = all_at_once(theta)
    L, slopes = of_batch(result)
    if step % 100 == 0:
        right = np.mean(np.argmax(result["z"], axis=0) == np.argmax(Y, axis=1))
        print(f"{step:>5}{L:10.4f}{right:8.1%}")
    theta = [p - ETA * g for p, g in zip(theta, slopes)]
