"""An engine in 40 lines. New: every number records how to go back, and why that is not enough.

    python examples/closures.py

Each operation leaves a closure that multiplies by its local derivatives, and `backward` calls
the closures in reverse order, as micrograd does. These 40 lines and the package's own Value (see
recorded.py) are asked the same three questions.
"""

import tinygrad_edu
from tinygrad_edu.writing.console import unicode_output


class Value:
    def __init__(self, data, inputs=()):
        self.data = data
        self.grad = 0.0
        self.inputs = set(inputs)
        self.go_back = lambda: None

    def __add__(self, other):
        y = Value(self.data + other.data, (self, other))

        def go_back():  # y = a + b:  ∂y/∂a = 1, ∂y/∂b = 1
            self.grad += y.grad
            other.grad += y.grad

        y.go_back = go_back
        return y

    def __mul__(self, other):
        y = Value(self.data * other.data, (self, other))

        def go_back():  # y = a · b:  ∂y/∂a = b, ∂y/∂b = a
            self.grad += y.grad * other.data
            other.grad += y.grad * self.data

        y.go_back = go_back
        return y

    def backward(self):
        order, seen = [], set()

        def visit(node):  # inputs before the nodes that use them
            if node not in seen:
                seen.add(node)
                for x in node.inputs:
                    visit(x)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            node.go_back()


def answers(V):
    """Question, right answer, and the answer of the engine whose class is V."""
    t = V(2.0)
    r = t * t * (V(3.0) * t + V(1.0))
    r.backward()
    yield "dr/dt of the notes at t = 2", "40", f"{t.grad:g}"

    w = V(3.0)
    L = w * w
    w.data = 5.0  # an update that comes too early
    L.backward()
    yield "L = w · w at w = 3, then w ← 5, then dL/dw", "6", f"{w.grad:g}"

    y = x = V(1.0)
    for _ in range(4999):
        y = y + x
    try:
        y.backward()
        slope = f"{x.grad:g}"
    except RecursionError:
        slope = "RecursionError"
    yield "the slope of x + x + …, 5000 terms", "5000", slope


unicode_output()
print(f"{'':<44}{'right':>8}{'40 lines':>16}{'tinygrad_edu':>16}")
for (question, right, ours), (_, _, packages) in zip(answers(Value), answers(tinygrad_edu.Value)):
    print(f"{question:<44}{right:>8}{ours:>16}{packages:>16}")

# Why: the closures read `data` when they run, not when the operation was recorded; `visit` calls
# itself once for each step of the longest path; and every node and its closure point at each
# other, so that Python must search for garbage to free them. Besides, `grad` is a float that
# remembers nothing: it has no derivative of its own, which newton.py will need.
