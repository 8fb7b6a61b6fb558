"""Your own backward pass. New: gradients written by hand in NumPy, line by line beside the right ones.

    pip install -e ".[examples]"
    python examples/own_backward.py

A batch of three examples goes through two layers and a softmax, all in arrays. The backward pass is written by
hand, with a mistake in it. `compare_gradients` records the same computation and says which line is wrong first, where
it is off most, and which known mistake gives these numbers. Lines that follow correctly from a wrong one are not
blamed. Fix the line and run it again: `--fixed` shows the right one.
"""

import sys

from tinygrad_edu import MLP, Tensor, compare_gradients, cross_entropy
from tinygrad_edu.writing.console import unicode_output

try:
    import numpy as np
except ImportError:
    sys.exit('own_backward.py needs NumPy: pip install -e ".[examples]"')

unicode_output()

net = MLP([2, 3, 2], activation="tanh", seed=1)
X = np.array([[0.5, -0.3], [0.8, 0.1], [-0.6, 0.9]])
classes = [0, 1, 1]
W1, b1, W2, b2 = [np.array(p.data) for p in net.parameters()]
Y = np.eye(2)[classes]

# Forward: an example is a row, as everywhere in NumPy.
z1 = X @ W1.T + b1
h1 = np.tanh(z1)
z2 = h1 @ W2.T + b2
p = np.exp(z2) / np.exp(z2).sum(axis=1, keepdims=True)
L = -(Y * np.log(p)).sum() / len(X)

# Backward: ∂L/∂z2, then what each line above passes on.
dz2 = (p - Y) / len(X)
dW2 = dz2.T @ h1
db2 = dz2.sum(axis=0)
dh1 = dz2 @ W2
dz1 = dh1 * (1 - h1**2) if "--fixed" in sys.argv else dh1 * (1 - h1)
dW1 = dz1.T @ X
db1 = dz1.sum(axis=0)

loss = cross_entropy(net(Tensor(X.tolist(), label="X")), classes)
mine = {"dz2": dz2, "dW2": dW2, "db2": db2, "dh1": dh1, "dz1": dz1, "dW1": dW1, "db1": db1}
print(f"L = {L:.6f}, and recorded {loss.item():.6f}\n")
print(compare_gradients(loss, mine))
