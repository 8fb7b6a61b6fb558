"""What is written on paper, read back by the usual precedence, has the value of the formula."""

import random

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from reading import read, read_latex

from tinygrad_edu import Tensor, Value, explain, ops
from tinygrad_edu import array_ops as A
from tinygrad_edu.writing import expression as E
from tinygrad_edu.writing.evaluation import evaluate, put_in
from tinygrad_edu.writing.latex import LaTeX, latex_name
from tinygrad_edu.writing.notation import number, short, superscript
from tinygrad_edu.writing.paper import Text, display_width, written

Apply, Name, Constant = E.Apply, E.Name, E.Constant
SHAPES = {"a": (), "b": (), "x": (2,), "A": (2, 2), "B": (2, 2), "C": (2, 3), "h⁽¹⁾": (2,), "W⁽²⁾": (3, 2)}
ONE = [ops.NEG, ops.EXP, ops.TANH, ops.SIGMOID, ops.RELU, ops.SIN, ops.COS, ops.STEP, ops.ABS, ops.SQUARE]
ONE += [ops.power(3.0), ops.power(-2.0), ops.power(0.3333), ops.power(1 / 3), ops.power(2.0000001)]
TWO = [ops.ADD, ops.SUB, ops.MUL, ops.DIV, ops.MAXIMUM, ops.MINIMUM]


def formula(rng, depth):
    """Any formula, of any shape."""
    if depth == 0 or rng.random() < 0.1:
        leaf = rng.choice([*SHAPES, "constant", "literal", "ones"])
        if leaf == "constant":
            return Constant(rng.choice([0.5, -0.5, 2.0, 5 / 2, 1 / 3, -3.0, 0.1, 1e-9, 12345.678]))
        if leaf == "literal":
            return E.Literal(rng.choice([0.5, -2.0, 1 / 3, 7e-8]))
        return E.Ones((2, 2)) if leaf == "ones" else Name(leaf, SHAPES[leaf])
    a = formula(rng, depth - 1)
    match rng.randrange(10):
        case 0 | 1:
            return Apply(rng.choice(ONE), (a,))
        case 2 | 3 | 4 | 5:
            others = [b for b in (formula(rng, depth - 1) for _ in range(8)) if fits(a.shape, b.shape)]
            return Apply(rng.choice(TWO), (a, others[0])) if others else a
        case 6:
            axes = rng.choice([(k,) for k in range(len(a.shape))]) if len(a.shape) == 2 else None
            return E.Along(rng.choice([A.SUM, A.MAX, A.LSE]), a, axes, axes is not None) if a.shape else a
        case 7:
            others = [b for b in (formula(rng, depth - 1) for _ in range(8)) if b.shape[:1] == a.shape[-1:] != ()]
            return E.MatMul((a, others[0])) if others and len(a.shape) == 2 else E.Transpose(a) if a.shape else a
        case 8 if a.shape == (2, 2):
            return rng.choice([E.Reshape(a, (4,)), E.Reshape(a, (1, 4)), E.Part(a, "1:", (2, 3), (1, 2)),
                               E.Part(a, "0, 1", (1,), ()), E.Placed(a, "1:3", (2, 3, 4, 5), (4, 2))])  # fmt: skip
        case 9 if len(a.shape) == 2:
            return E.Along(rng.choice([A.SOFTMAX, A.LOG_SOFTMAX]), a, (rng.randrange(2),))
    return a


def fits(a, b):
    return all(m == n or 1 in (m, n) for m, n in zip(reversed(a), reversed(b)))


@given(st.integers(0, 10**9))
@example(159)  # a power of a number below 0, which has no value
@example(160)
def test_text_and_latex_read_back_have_the_value_of_the_formula(seed):
    rng = random.Random(seed)
    e = formula(rng, 4)
    environment = {name: np.array([[rng.uniform(0.2, 1.5) for _ in range(s[-1])] for _ in range(s[0])]) if len(s) == 2
                   else np.array([rng.uniform(0.2, 1.5) for _ in range(s[0])]) if s else rng.uniform(0.2, 1.5)
                   for name, s in SHAPES.items()}  # fmt: skip
    with np.errstate(all="ignore"):
        try:
            value = evaluate(e, environment)
        except (ArithmeticError, ValueError):  # no value there
            return
        value = np.array(value.tolist() if hasattr(value, "tolist") else value)
        if not np.all(np.isfinite(value)) or np.max(np.abs(value)) > 1e6:
            return
        for style, reader in ((Text(), read), (LaTeX(), read_latex)):
            found = np.asarray(reader(written(e, style), environment))
            assert found.size == value.size, written(e, style)
            np.testing.assert_allclose(found.reshape(value.shape), value, rtol=1e-9, atol=1e-9, err_msg=str(e))


@pytest.mark.parametrize(
    ("e", "text", "latex"),
    [
        (E.MatMul((Apply(ops.MUL, (Name("G", (2, 2)), Name("C", (2, 2)))), Name("B", (2, 2)))), "(G ∘ C) B",
         r"\left(G \circ C\right) \, B"),
        (Apply(ops.MUL, (E.Along(A.SUM, Name("M", (2, 2)), (0,), True), Name("M", (2, 2)))), "(Σₙ M) ∘ M",
         r"\left(\sum_n M\right) \circ M"),
        (Apply(ops.SQUARE, (E.Transpose(Name("x", (2,))),)), "(xᵀ)²", r"{\left({x}^\top\right)}^{2}"),
        (Apply(ops.MUL, (Constant(0.5), E.Along(A.SUM, Name("x", (2,))))), "½ · Σ x", r"\frac{1}{2} \cdot \sum x"),
        (Apply(ops.MUL, (E.Literal(2**0.5), Name("a"))), "√2 · a", r"\sqrt{2} \cdot a"),
        (Apply(ops.MUL, (Name("a"), E.Literal(-(2**0.5)))), "a · (−√2)", r"a \cdot \left(-\sqrt{2}\right)"),
        (Apply(ops.SQUARE, (E.Literal(0.5**0.5),)), "(1/√2)²", r"{\left(\frac{1}{\sqrt{2}}\right)}^{2}"),
        (Apply(ops.SUB, (Name("a"), Apply(ops.SUB, (Name("b"), Name("c"))))), "a − (b − c)", r"a - \left(b - c\right)"),
        (Apply(ops.MUL, (Name("a + b"), Name("c"))), "(a + b) · c", r"\left(\mathrm{a\ +\ b}\right) \cdot c"),
        (Apply(ops.SQUARE, (Name("x²"),)), "(x²)²", r"{\left(x^{2}\right)}^{2}"),
        (Apply(ops.SQUARE, (Name("h⁽¹⁾"),)), "h⁽¹⁾²", r"{\left(h^{(1)}\right)}^{2}"),
        (Apply(ops.power(-1), (Name("h⁽¹⁾₂"),)), "h⁽¹⁾₂⁻¹", r"{\left(h^{(1)}_{2}\right)}^{-1}"),
        (E.MatMul((E.Transpose(Name("W⁽¹⁾", (2, 2))), Name("x", (2,)))), "W⁽¹⁾ᵀ x", r"W^{(1)\top} \, x"),
        (E.Transpose(Name("x²", (2,))), "(x²)ᵀ", r"{\left(x^{2}\right)}^\top"),
        (E.Transpose(E.Derivative("L", "z⁽¹⁾", (2,))), "(∂L/∂z⁽¹⁾)ᵀ",
         r"{\left(\frac{\partial L}{\partial z^{(1)}}\right)}^\top"),
        (E.Transpose(Name("C", (2, 3, 4)), (0, 2, 1)), "Cᵀ", r"{C}^\top"),
        (E.Transpose(Name("C", (2, 3, 4)), (2, 0, 1)), "permute(C, 2, 0, 1)",
         r"\operatorname{permute}\left(C, 2, 0, 1\right)"),
        (E.Along(A.SOFTMAX, Name("C", (2, 3, 4)), (2,)), "softmax(C)", r"\operatorname{softmax}\left(C\right)"),
        (E.Along(A.SOFTMAX, Name("C", (2, 3, 4)), (1,)), "softmax(C, axis=1)",
         r"\operatorname{softmax}\left(C, axis=1\right)"),
        (E.Join(A.CAT, (Name("A", (2, 2)), Name("C", (2, 3))), 1), "cat(A, C, axis=1)",
         r"\operatorname{cat}\left(A, C, axis=1\right)"),
        (E.Join(A.CAT, (Name("A", (2, 2)), Name("B", (2, 2)))), "cat(A, B)", r"\operatorname{cat}\left(A, B\right)"),
        (E.Part(Name("z⁽¹⁾", (2,)), "1", (1,), ()), "z⁽¹⁾₂", "z^{(1)}_{2}"),
        (E.Part(Name("z⁽¹⁾[2]", (2,)), "1:", (1,), (1,)), "z⁽¹⁾[2][1:]", r"z^{(1)}[2]\text{[1:]}"),
        (Apply(ops.ABS, (Apply(ops.ABS, (Name("a"),)),)), "abs(|a|)", r"\operatorname{abs}\left(\left|a\right|\right)"),
        (Apply(ops.Op("cube", lambda a: a**3, lambda y, a: (3 * a * a,)), (Name("a"),)), "cube(a)",
         r"\operatorname{cube}\left(a\right)"),
    ],
)  # fmt: skip
def test_parentheses_stand_where_they_are_needed(e, text, latex):
    assert (written(e, Text()), written(e, LaTeX())) == (text, latex)


@pytest.mark.parametrize(
    ("n", "text"),
    [(2.0, "²"), (2.0000001, "^2.0000001"), (1000001.0, "^1000001"), (1234567.0, "^1234567"), (1 / 3, "^(1/3)")],
)
def test_exponents_are_written_exactly(n, text):
    assert superscript(n) == text
    assert str(Apply(ops.power(n), (Name("x"),))) == "x" + text


def test_infinity_and_numbers_without_decimals():
    assert (short(float("inf")), number(float("-inf"))) == ("∞", "−∞")
    assert [short(x, 0) for x in (0.0, 3.2, -12.7, 0.04)] == ["0", "3", "−13", "4·10⁻²"]


def test_numbers_are_put_in_for_names_and_wholly_for_factors():
    h, g = Name("h"), Name("g")
    e = Apply(ops.MUL, (g, Apply(ops.SUB, (Constant(1.0), Apply(ops.SQUARE, (h,))))))
    environment = {"h": 0.5, "g": 2.0}
    assert str(put_in(e, environment)) == "2 · (1 − 0.5²)"
    assert str(put_in(e, environment, whole_factors=True)) == "2 · 0.75"


def test_a_formula_is_evaluated_with_other_numbers_in_place_of_its_names():
    x, W = Name("x", (2,)), Name("W", (2, 2))
    rule = Apply(ops.TANH, (E.MatMul((W, x)),))
    assert evaluate(rule, {"W": np.eye(2), "x": np.array([0.0, 1.0])}).tolist() == [0.0, Value(1.0).tanh().data]
    with pytest.raises(KeyError, match="x"):
        evaluate(rule, {"W": np.eye(2)})


def test_a_vector_beside_a_matrix_is_shown_as_the_row_that_it_is_used_as():
    e = Apply(ops.ADD, (Name("X", (2, 2)), Name("b", (2,))))
    numbers = put_in(e, {"X": np.eye(2), "b": np.array([1.0, 2.0])})
    assert isinstance(numbers.args[1], E.Number)
    assert [line.rstrip() for line in str(numbers).split("\n")] == ["⎡1  0⎤ + [1  2]", "⎣0  1⎦"]


@pytest.mark.parametrize(
    ("label", "latex"),
    [
        ("x\u0302", r"\hat{x}"), ("\u03b8\u0302", r"\hat{\theta}"), ("∇", r"\nabla"), ("ℓ", r"\ell"), ("hₜ", "h_{t}"),
        ("hₜ₋₁", "h_{t-1}"), ("Å", r"\mathring{A}"), ("v\u20d7", r"\vec{v}"), ("h⁽ᵗ⁾", "h^{(t)}"),
        ("W_query⁽²⁾", r"W^{(2)}_{\mathrm{query}}"), ("größe", r"\mathrm{gr\ddot{o}\text{ß}e}"),
        ("æ₁", r"\text{æ}_{1}"), ("a ", r"\mathrm{a\ }"), ("ŧ", r"\langle 167\rangle"),
        ("ε", r"\varepsilon"), ("ϵ", r"\epsilon"), ("φϕς", r"\varphi \phi \varsigma"), ("ℝⁿ", r"\mathbb{R}^{n}"),
        ("𝑥₂", "x_{2}"), ("𝒙", r"\boldsymbol{x}"), ("𝛂", r"\boldsymbol{\alpha}"), ("𝓛", r"\mathcal{L}"), ("ℎ", "h"),
        ("ℜ", r"\mathfrak{R}"), ("𝟙", "1"), ("𝕒", "a"), ("𝖶", r"\mathsf{W}"), ("𝚠", r"\mathtt{w}"),
    ],
)  # fmt: skip
def test_accents_and_small_letters_of_mathematics_are_those_of_latex(label, latex):
    assert latex_name(label) == latex


@pytest.mark.parametrize(
    ("x", "text", "latex"),
    [
        (2**0.5, "√2", r"\sqrt{2}"), (1 / 8**0.5, "1/√8", r"\frac{1}{\sqrt{8}}"), (-(3**0.5), "−√3", r"-\sqrt{3}"),
        (0.5, "0.5", "0.5"), (1.41, "1.41", "1.41"), (4**0.5, "2", "2"),
    ],
)  # fmt: skip
def test_a_root_of_the_graph_is_written_as_one(x, text, latex):
    assert (written(E.Literal(x), Text()), written(E.Literal(x), LaTeX())) == (text, latex)


def test_columns_stand_below_each_other_whatever_their_letters():
    x = Value(2.0, label="x\u0302")
    lines = str(explain(x * x)).split("\n")
    assert [display_width(line.partition("=")[0]) for line in lines if "=" in line and "∂" not in line] == [2, 2]


def test_the_parts_of_a_formula_between_which_a_line_may_end_are_the_formula():
    a, b, G = Name("a"), Name("b"), Name("G", (2, 2))
    total, times, plus = E.Along(A.SUM, G), lambda *x: Apply(ops.MUL, x), lambda *x: Apply(ops.ADD, x)
    formulas = [
        times(a, total), times(times(a, total), b), times(a, plus(a, total)), times(a, b, plus(a, b, a)),
        plus(times(a, plus(a, b)), Apply(ops.NEG, (b,))), Apply(ops.SUB, (a, Apply(ops.SUB, (b, a)))), times(total, a),
        E.Along(A.SUM, Name("X", (2, 3, 4)), (0,)), plus(a, E.Along(A.SUM, Name("X", (2, 3, 4)), (0, 2))),
    ]  # fmt: skip
    formulas += [formula(random.Random(seed), 4) for seed in range(200)]
    for e in formulas:
        assert "".join([text for term in E.chunks(e, LaTeX()) for part in term for text in part]) == written(e, LaTeX())


def test_a_wide_side_is_broken_in_latex_and_a_fragment_has_no_preamble():
    terms = [Tensor([[k / 7, 1.0], [2.0, k / 3]], label=f"A{k}") for k in range(1, 8)]
    y = sum(terms[1:], terms[0])
    y.label = "y"
    derivation = explain(y.sum())
    row = next(row for row in derivation.forward if str(row.quantity) == "y")
    assert row.latex().count("\n&\\quad {} + ") == 1  # a second line of matrices
    y.label = "the_sum_of_" + 3 * "several_matrices_"
    named = next(row for row in explain(y.sum()).forward if str(row.quantity) == y.label)
    assert named.latex().count("\n&\\quad {} + ") > 1  # the name takes its part of a line
    fragment = derivation.to("fragment")
    assert r"\documentclass" not in fragment and fragment in derivation.to("latex")


def test_a_wide_product_is_broken_between_its_matrices_and_wide_matrices_are_small():
    A, B = Tensor.randn(2, 8, seed=1, label="A"), Tensor.randn(8, 7, seed=2, label="B")
    row = explain((A @ B).sum()).forward[-1]
    assert row.latex().count("\n&\\quad {} \\cdot \\begin{bmatrix}") == 1
    assert sum(" · ⎢" in line for line in str(row).split("\n")) == 1
    assert row.latex(7).count(r"\begin{smallmatrix}") == 2 and r"\cdots" not in row.latex(7)
    assert row.latex(17).count(r" & \cdots & ") == 2 + 5 - 1  # of two and of eight rows, of which four are shown
