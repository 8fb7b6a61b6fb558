"""A derivative by hand. New: the chain rule on paper, and differences to check it.

    python examples/by_hand.py

No library, only Python; the one import makes ∂ printable everywhere. The example of the notes is
r(t) = u · v with u = t² and v = 3t + 1. Two paths lead from t to r, one through u and one
through v. The chain rule multiplies along each path and adds up:

    dr/dt = ∂r/∂u · du/dt + ∂r/∂v · dv/dt = v · 2t + u · 3 = 9t² + 2t
"""

from tinygrad_edu.writing.console import unicode_output

unicode_output()


def r(t: float) -> float:
    u = t**2
    v = 3 * t + 1
    return u * v


# On paper. Forward, from t to r, keeping every intermediate result ...
t = 2.0
u = t**2
v = 3 * t + 1
# ... and backward, from r to t: ∂r/∂a for every intermediate a, the last one first.
dr_du = v
dr_dv = u
dr_dt = dr_du * 2 * t + dr_dv * 3

print(f"forward    t = {t:g}   u = t² = {u:g}   v = 3t + 1 = {v:g}   r = u·v = {u * v:g}")
print(f"backward   ∂r/∂u = v = {dr_du:g}   ∂r/∂v = u = {dr_dv:g}   dr/dt = v · 2t + u · 3 = {dr_dt:g}")
print(f"formula    dr/dt = 9t² + 2t = {9 * t**2 + 2 * t:g}\n")
assert dr_dt == 9 * t**2 + 2 * t

# By differences. The slope of r between two points close to t needs no calculus, so it can
# check the paper. On one side the error shrinks like h, on both sides like h²; but a
# difference of two almost equal floats has few correct digits, so h must not be tiny.
print("       h   (r(t+h) − r(t)) / h    error   (r(t+h) − r(t−h)) / 2h    error")
for k in range(1, 14, 2):
    h = 10.0**-k
    one_side = (r(t + h) - r(t)) / h
    both_sides = (r(t + h) - r(t - h)) / (2 * h)
    print(f"{h:8.0e}{one_side:22.10f}{abs(one_side - dr_dt):9.0e}{both_sides:25.10f}{abs(both_sides - dr_dt):9.0e}")

# Differences cost two runs for every input. The network of the practical has 47 weights and
# biases, a network in use has millions. The chain rule, from r backwards, gives the
# derivatives by all inputs in one pass. closures.py lets Python do it.
