"""Arrays instead of numbers. New: the program in matrices, as you would write it by hand, for any number of examples.

    pip install -e ".[examples]"
    python examples/arrays.py

`compile_graph` with `level="tensor"` prints the lines of the derivation in the language of NumPy: first for the two
questions of the practical, with one example and with a batch. A function recorded with two examples becomes a program
that takes thousands: the loop over the examples has moved out of Python, which is also why PyTorch and JAX are fast.
The last program learns whether points lie inside a circle.
"""

import sys
import time

from tinygrad_edu import MLP, Tensor, compile_graph, cross_entropy, grad, squared_error
from tinygrad_edu.writing.console import unicode_output

try:
    import numpy as np
except ImportError:
    sys.exit('arrays.py needs NumPy: pip install -e ".[examples]"')

unicode_output()


def program_of(net, loss, x, y, batch=False):
    parameters = net.parameters()

    def with_gradient(x, y, theta):
        L = loss(net(x), y)
        return {"L": L, "grad": grad(L, parameters)}

    inputs = {"x": x, "y": y, "theta": parameters}
    return compile_graph(with_gradient, inputs, level="tensor", batch=[x, y] if batch else [])


practical = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
for question, loss in ((1, squared_error), (2, cross_entropy)):
    x, y = Tensor([1.0, 0.0, 1.0, 0.0], label="x"), Tensor([0.0, 1.0, 0.0], label="y")
    X, Y = Tensor([x.data, [0.0, 0.0, 1.0, 1.0]], label="X"), Tensor([y.data, [0.0, 0.0, 1.0]], label="Y")
    print(f"Question {question}, one example\n\n{program_of(practical, loss, x, y).source}")
    print(f"Question {question}, a batch\n\n{program_of(practical, loss, X, Y, batch=True).source}")

N, ETA = 2000, 0.5
points = np.random.default_rng(0).uniform(-1, 1, (N, 2))
classes = np.eye(2)[((points**2).sum(axis=1) < 0.5).astype(int)]  # [1, 0] outside, [0, 1] inside
net = MLP([2, 8, 2], activation="tanh", seed=1)
X, Y = Tensor(points[:2], label="X"), Tensor(classes[:2], label="Y")
program = program_of(net, cross_entropy, X, Y, batch=True)
theta = [np.array(p.data) for p in net.parameters()]

start = time.perf_counter()
L = cross_entropy(net(Tensor(points)), Tensor(classes))
L.backward()
engine = time.perf_counter() - start
start = time.perf_counter()
result = program(points, classes, theta)
arrays = time.perf_counter() - start
difference = max(np.abs(g - p.grad).max() for g, p in zip(result["grad"], net.parameters()))
print(f"loss and gradient of {N} examples: the engine {engine * 1e3:.0f} ms, arrays {arrays * 1e3:.1f} ms,")
print(f"{engine / arrays:.0f} times faster; the largest difference of ∂L/∂θ is {difference:.0e}\n")
assert difference < 1e-12

print(" step         L")
for step in range(501):
    result = program(points, classes, theta)
    if step % 100 == 0:
        print(f"{step:>5}{result['L']:10.4f}")
    theta = [p - ETA * g for p, g in zip(theta, result["grad"])]
answer = compile_graph(lambda X, theta: net(X), [X, net.parameters()], level="tensor", batch=[X])
answers = answer(points, theta)
print(f"points told apart: {np.mean(answers.argmax(axis=1) == classes.argmax(axis=1)):.1%}")
