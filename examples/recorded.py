"""Value. New: the package's number, which records how it was computed.

    python examples/recorded.py              at t = 2
    python examples/recorded.py 0.5          at another t

This is r = u·v of by_hand.py again, with u = t² and v = 3t + 1. Arithmetic on Values is recorded,
and `backward()` follows both paths from r to t and adds up:

    dr/dt = ∂r/∂u · du/dt + ∂r/∂v · dv/dt = v · 2t + u · 3 = 9t² + 2t
"""

import argparse

from tinygrad_edu import Value
from tinygrad_edu.writing.console import unicode_output


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("t", type=float, nargs="?", default=2.0, help="where to differentiate (default: 2)")
    at = parser.parse_args().t

    try:
        t = Value(at, label="t")
        u = t**2
        v = 3 * t + 1
        r = u * v
        r.backward()  # fills .grad: dr/du, dr/dv and dr/dt
    except (ValueError, ArithmeticError) as error:
        parser.error(str(error))

    print(f"t = {t.data:g}")
    print(f"u = t²     = {u.data:g}")
    print(f"v = 3t + 1 = {v.data:g}")
    print(f"r = u·v    = {r.data:g}")
    print()
    print("                                 engine   formula")
    print(f"∂r/∂u = v                    {u.grad:>10g}{v.data:>10g}")
    print(f"∂r/∂v = u                    {v.grad:>10g}{u.data:>10g}")
    print(f"∂r/∂u · du/dt = ∂r/∂u · 2t   {u.grad * 2 * at:>10g}{(3 * at + 1) * 2 * at:>10g}")
    print(f"∂r/∂v · dv/dt = ∂r/∂v · 3    {v.grad * 3:>10g}{at**2 * 3:>10g}")
    print(f"dr/dt, their sum, 9t² + 2t   {t.grad:>10g}{9 * at**2 + 2 * at:>10g}")


if __name__ == "__main__":
    unicode_output()
    main()
