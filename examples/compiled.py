"""A compiled step. New: the graph, its gradient and the update printed as one Python function.

    python examples/compiled.py

The engine records and differentiates the same graph at every step of training. `compile_graph`
does that once and prints the result as the straight-line Python you would have written by hand.
Its outputs here are the loss and the parameters after θ ← θ − η ∂L/∂θ: a whole step of SGD.
"""

import time

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
step = compile_graph({"L": loss, "updated": updated}, inputs={"x": x, "y": y, "parameters": parameters})
print(step.source)

STEPS = 200
numbers = [p.data for p in parameters]
start = time.perf_counter()
compiled_losses = []
for _ in range(STEPS):
    result = step(x.data, y.data, numbers)  # plain numbers in, plain numbers out
    compiled_losses.append(result["L"])
    numbers = result["updated"]
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
