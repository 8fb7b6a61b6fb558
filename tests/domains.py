"""Where each row of the table is tested: numbers at which it is smooth and its slopes are moderate.

There a central difference with h = 1e-5 is good to 1e-6. A new row needs a line here; with it every
test that goes through the table, and the random graphs, try it.
"""

from hypothesis import strategies as st

from tinygrad_edu import ops

anywhere = st.floats(-3, 3)
positive = st.floats(0.2, 4)
off_zero = st.one_of(st.floats(0.2, 3), st.floats(-3, -0.2))
apart = st.tuples(anywhere, off_zero).map(lambda pair: (pair[0], pair[0] + pair[1]))


def vector(least, factor=1, more=0):
    """Tuples of factor · n + more numbers."""
    return st.integers(least, 5).flatmap(lambda n: st.tuples(*[anywhere] * (factor * n + more)))


def all_apart(z):
    """The numbers, moved so that no two are closer than 0.2, in the same order."""
    order = sorted(range(len(z)), key=lambda i: z[i])
    return tuple([z[i] + 0.2 * order.index(i) for i in range(len(z))])


DOMAINS = {
    ops.ADD: st.tuples(anywhere, anywhere),
    ops.SUB: st.tuples(anywhere, anywhere),
    ops.MUL: st.tuples(anywhere, anywhere),
    ops.DIV: st.tuples(anywhere, off_zero),
    ops.NEG: st.tuples(anywhere),
    ops.EXP: st.tuples(anywhere),
    ops.LOG: st.tuples(positive),
    ops.SQRT: st.tuples(positive),
    ops.TANH: st.tuples(anywhere),
    ops.SIGMOID: st.tuples(anywhere),
    ops.SIN: st.tuples(anywhere),
    ops.COS: st.tuples(anywhere),
    ops.SQUARE: st.tuples(anywhere),
    ops.STEP: st.tuples(off_zero),
    ops.RELU: st.tuples(off_zero),
    ops.ABS: st.tuples(off_zero),
    ops.MAXIMUM: apart,
    ops.MINIMUM: apart,
    ops.POW: st.tuples(positive, anywhere),
    ops.SUM: vector(1),
    ops.DOT: vector(1, factor=2),
    ops.AFFINE: vector(1, factor=2, more=1),
    ops.MAX: vector(1).map(all_apart),
    ops.MIN: vector(1).map(all_apart),
    ops.LSE: vector(1),
}
#: Rows whose slope is not that of their value, by definition.
NOT_THE_SLOPE = {ops.STOP}

POWERS = {ops.power(n): st.tuples(positive) for n in (-2.0, -1.0, -0.5, 0.0, 0.1, 0.5, 1.0, 1.5, 3.0)}
POWERS |= {ops.power(n): st.tuples(off_zero) for n in (-3.0, 4.0)}

missing = [op.symbol for op in ops.TABLE if op not in DOMAINS and op not in NOT_THE_SLOPE]
if missing:
    raise LookupError(f"at which numbers is {', '.join(missing)} to be tested? A line in tests/domains.py says so")
