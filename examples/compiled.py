"""A compiled step. New: the graph, its gradient and the update printed as one Python function, and as C.

    python examples/compiled.py     (pip install -e ".[fast]" brings a C compiler where there is none)

The engine records and differentiates the same graph at every step of training. `compile_graph`
does that once and prints the result as the straight-line Python you would have written by hand.
Its outputs here are the loss and the parameters after θ ← θ − η ∂L/∂θ: a whole step of SGD.
"""

import time
from importlib.util import find_spec

from tinygrad_edu import MLP, SGD, Tensor, compile_graph, grad, squared_error
from tinygrad_edu.writing.console import unicode_output

unicode_output()

ETA = 0.1
net = MLP([2, 2, 1], activation="tanh", seed=1)
parameters = net.parameters()  # W⁽¹⁾, b⁽¹⁾, W⁽²⁾, b⁽²⁾
x, y = Tensor([1.0, 0.0], label="x"), Tensor([1.0], label="y")

loss = squared_error(net(x), y)
loss.label = "L"
updated = [p - ETA * g for p, g in zip(parameters, grad(loss, parameters))]
start = time.perf_counter()
step = compile_graph({"L": loss, "parameters": updated}, inputs={"x": x, "y": y, "parameters": parameters})
to_compile = time.perf_counter() - start
print(step.source)

STEPS = 200
numbers = [p.data for p in parameters]
start = time.perf_counter()
compiled_losses = []
for _ in range(STEPS):
    result = step(x.data, y.data, numbers)  # plain numbers in, plain numbers out
    compiled_losses.append(result["L"])
    numbers = result["parameters"]
compiled = time.perf_counter() - start

sgd = SGD(parameters, lr=ETA)
start = time.perf_counter()
losses = []
for _ in range(STEPS):
    loss = squared_error(net(x), y)
    losses.append(loss.item())
    sgd.zero_grad()
    loss.backward()
    sgd.step()
engine = time.perf_counter() - start

print(" step    L, engine  L, compiled")
for k in (0, 1, 2, 3, 10, 20):
    print(f"{k:>5}{losses[k]:13.9f}{compiled_losses[k]:13.9f}")
difference = max(abs(a - b) for a, b in zip(losses, compiled_losses))
print(f"largest difference in {STEPS} steps: {difference:.0e}")
assert difference < 1e-12
print(f"a step by the engine {engine / STEPS * 1e6:.0f} µs, compiled {compiled / STEPS * 1e6:.0f} µs:", end=" ")
print(f"{engine / compiled:.0f} times faster")

# The same steps as C: a function of flat arrays that stands alone. The C compiler makes machine code of it, and
# `repeat` stays there for many steps; it knows by their names which outputs are the next inputs: "parameters".
print(step.to("c"))
ways = [("the engine", 0.0, engine / STEPS), ("Python", to_compile, compiled / STEPS)]
try:
    start = time.perf_counter()
    machine_code = step.machine_code()
    to_start = time.perf_counter() - start
except RuntimeError as error:
    print(error)
else:
    first = [p.data for p in MLP([2, 2, 1], activation="tanh", seed=1).parameters()]
    assert machine_code.repeat(STEPS, x.data, y.data, first)["L"] == compiled_losses  # to the last bit
    start = time.perf_counter()
    machine_code.repeat(100 * STEPS, x.data, y.data, first)
    ways.append(("machine code", to_start, (time.perf_counter() - start) / (100 * STEPS)))

# And as a function of arrays, here of a batch of 1000 examples, with the gradient of their mean loss.
if find_spec("numpy"):
    import numpy as np

    X, Y = Tensor([x.data] * 2, label="X"), Tensor([y.data] * 2, label="Y")
    start = time.perf_counter()

    def mean_with_gradient(X, Y, theta):
        mean = squared_error(net(X), Y, reduction="mean")
        return {"L": mean, "gradient": grad(mean, parameters)}

    inputs = {"X": X, "Y": Y, "parameters": parameters}
    on_arrays = compile_graph(mean_with_gradient, inputs, level="tensor", batch=[X, Y])
    to_start = time.perf_counter() - start
    batch = np.tile(x.data, (1000, 1)), np.tile(y.data, (1000, 1)), [p.data for p in parameters]
    on_arrays(*batch)
    start = time.perf_counter()
    on_arrays(*batch)
    ways.append(("arrays, 1000 examples", to_start, (time.perf_counter() - start) / 1000))
print(f"{'':24}  to start      a step")
for name, to_start, a_step in ways:
    print(f"{name:24}{to_start * 1e3:7.1f} ms{a_step * 1e6:9.2f} µs")
