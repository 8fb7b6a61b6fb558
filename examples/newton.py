"""Newton's method. New: second derivatives, since a gradient is a graph like any other.

    python examples/newton.py

`backward()` leaves numbers in `.grad`. `grad(y, x)` returns ∂y/∂x as a Value, which was computed
and can be differentiated again. Newton's method uses the second derivative to choose the step:

    x ← x − f′(x) / f″(x),   with several variables   θ ← θ − H⁻¹ ∇L,   Hᵢⱼ = ∂²L/∂θᵢ∂θⱼ
"""

from math import log

from tinygrad_edu import Value, grad, hessian
from tinygrad_edu.writing.console import unicode_output

unicode_output()

# One variable: f(x) = eˣ − 2x is smallest where f′(x) = eˣ − 2 = 0, at x = log 2. Near it,
# a step of Newton doubles the number of correct digits; a step of descent adds a constant number.
print("f(x) = eˣ − 2x: the distance to log 2\n\n step    Newton   descent, η = 0.3")
newton = descent = 1.5
for step in range(7):
    print(f"{step:>5}{abs(newton - log(2)):10.0e}{abs(descent - log(2)):19.0e}")
    x = Value(newton, label="x")
    df = grad(x.exp() - 2 * x, x)
    newton -= df.data / grad(df, x).data
    x = Value(descent, label="x")
    descent -= 0.3 * grad(x.exp() - 2 * x, x).data
assert abs(newton - log(2)) < 1e-15

# Two variables: logistic regression, t = ±1 from x, with the loss L = Σᵢ log(1 + exp(−tᵢ(w xᵢ + b))).
# The best w and b have no formula. At the minimum the gradient is 0.
xs = [0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]
ts = [-1, -1, -1, 1, -1, 1, 1, 1]
w, b = Value(0.0, label="w"), Value(0.0, label="b")
print("\nlogistic regression\n\n step         w         b         L      |∇L|")
for step in range(7):
    L = Value.sum([(1 + (-t * (w * x + b)).exp()).log() for x, t in zip(xs, ts)])
    g1, g2 = [g.data for g in grad(L, [w, b])]
    (h11, h12), (_, h22) = [[h.data for h in row] for row in hessian(L, [w, b])]
    print(f"{step:>5}{w.data:10.6f}{b.data:10.6f}{L.data:10.6f}{(g1**2 + g2**2) ** 0.5:10.0e}")
    determinant = h11 * h22 - h12**2
    w = Value(w.data - (h22 * g1 - h12 * g2) / determinant, label="w")  # H⁻¹ of 2×2 numbers
    b = Value(b.data - (h11 * g2 - h12 * g1) / determinant, label="b")
