"""Tensors: made of numbers, named, read and set, differentiated and computed again."""

import copy
import random

import numpy as np
import pytest
from arrays import SHAPES, arrays, same, untouched
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_edu import MLP, Tensor, Value, cat, grad, gradcheck, ops, stack
from tinygrad_edu import array_ops as A
from tinygrad_edu.network.nn import Parameter

# Making one.


def test_a_tensor_of_nested_lists_has_their_shape_and_numbers():
    t = Tensor([[1, 2.5, 3], [4, 5, 6]])
    assert t.shape == (2, 3) and t.ndim == 2 and len(t) == 2
    assert t.data == t.tolist() == [[1.0, 2.5, 3.0], [4.0, 5.0, 6.0]]
    assert t.grad == [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    assert [v.data for v in t.values] == [1.0, 2.5, 3.0, 4.0, 5.0, 6.0]
    assert t.op is None and t.inputs == () and all(type(v.data) is float for v in t.values)


@given(SHAPES.flatmap(arrays))
def test_a_numpy_array_goes_in_and_comes_out(x):
    assert same(Tensor(x), x)
    assert np.array_equal(np.array(Tensor(x).data), x)


@pytest.mark.parametrize(
    "data",
    [(1, 2), range(1, 3), [np.float64(1), np.int64(2)], [True, 2], np.array([1, 2], np.float32), [Tensor(1), Value(2)]],
)
def test_any_sequence_of_real_numbers_makes_a_tensor(data):
    assert Tensor(data).data == [1.0, 2.0]


def test_values_put_into_a_tensor_stay_themselves():
    a, b = Value(2.0), Value(3.0)
    t = Tensor([a, 1.0, a * b])
    assert t[0] is a
    t.sum().backward()
    assert (a.grad, b.grad) == (1.0 + 3.0, 2.0)
    assert Tensor(t).values == t.values


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([[1.0, 2.0], [3.0]], ValueError, r"ragged: element 0 has shape \(2,\), but element 1 has shape \(1,\)"),
        ([1.0, [2.0]], ValueError, r"ragged: element 0 has shape \(\), but element 1 has shape \(1,\)"),
        ([], ValueError, "at least one number, not an empty list"),
        (np.zeros((2, 0)), ValueError, "at least one number"),
        ([1.0, float("nan")], ValueError, "finite number is needed, not nan"),
        (["1.0"], TypeError, "real number is needed, not str '1.0'"),
        ([None], TypeError, "real number is needed, not NoneType None"),
        ({1.0, 2.0}, TypeError, "real number is needed, not set"),
        ("12", TypeError, "real number is needed, not str '12'"),
        (b"12", TypeError, "real number is needed, not bytes"),
        (np.array([1j]), TypeError, "real number is needed, not complex"),
        (np.array([np.inf]), ValueError, "finite number is needed, not inf"),
        ([[], []], ValueError, "at least one number"),
        ([[[1.0]], [[2.0, 3.0]]], ValueError, r"ragged.*\(1, 1\).*\(1, 2\)"),
    ],
)
def test_what_is_no_array_of_real_numbers_is_refused(data, error, message):
    with pytest.raises(error, match=message):
        Tensor(data)


def test_makers_fill_a_shape_given_either_way():
    for zeros in Tensor.zeros(2, 3), Tensor.zeros((2, 3)), Tensor.zeros([2, 3]), Tensor.full((2, 3), 0):
        assert same(zeros, np.zeros((2, 3)))
    assert same(Tensor.ones(2, 1), [[1.0], [1.0]]) and same(Tensor.full((), 7), 7.0)
    assert len(set(Tensor.zeros(5).values)) == 5  # five leaves, not one five times
    assert Tensor.zeros(2, label="b")[1].label == "b₂" and Tensor.randn(1, label="r").label == "r"
    assert isinstance(Parameter.zeros(2), Parameter) and isinstance(Parameter.randn(2, seed=0), Parameter)


@pytest.mark.parametrize("shape", [(0,), (2, 0), (-1,), (2.0,), (2, "3"), 2.5, None, "", True, (True, 2), [[2]], {}])
def test_a_shape_that_is_none_is_refused(shape):
    for make in Tensor.zeros, Tensor.randn, lambda shape: Tensor.full(shape, 1.0):
        with pytest.raises(ValueError, match="whole numbers above 0"):
            make(shape)


def test_more_numbers_than_memory_holds_are_refused_at_once():
    for shape in 10**12, (10**6, 10**6):
        with pytest.raises(ValueError, match=r"a Tensor of shape \(1000000.* is too large"):
            Tensor.zeros(shape)


@pytest.mark.parametrize("make", [Value, Tensor, Parameter, lambda x, label: setattr(Tensor(x), "label", label)])
def test_a_label_is_text(make):
    with pytest.raises(TypeError, match=r"a label is text, not 2\.0; several numbers go in one list"):
        make(1.0, 2.0)


def test_random_numbers_come_from_the_seed():
    assert Tensor.randn(2, 3, seed=1).data == Tensor.randn((2, 3), seed=1).data
    assert Tensor.randn(2, 3, seed=1).data != Tensor.randn(2, 3, seed=2).data
    assert Tensor.uniform(4, 0, 1, seed=1).data == Tensor.uniform((4,), 0, 1, seed=1).data
    rng = random.Random(1)
    first, second = Tensor.randn(3, seed=rng), Tensor.randn(3, seed=rng)
    assert first.data != second.data  # the generator goes on
    assert first.tolist() + second.tolist() == Tensor.randn(6, seed=1).data
    with pytest.raises(TypeError, match="a real number is needed, not NoneType"):
        Tensor.uniform(2, None, 1.0)


def test_random_numbers_have_their_distribution():
    normal = np.array(Tensor.randn(10_000, seed=0).data)
    # The mean of n numbers is off by 1/√n = 0.01, the deviation by 0.007: five times that.
    assert abs(normal.mean()) < 0.05 and abs(normal.std() - 1) < 0.035
    even = np.array(Tensor.uniform(10_000, -2, 4, seed=0).data)
    assert -2 <= even.min() < -1.99 and 3.99 < even.max() <= 4  # missed with a chance of e⁻¹⁶
    assert abs(even.mean() - 1) < 0.1  # five times √3/100


# Names, and the numbers inside.


def test_elements_are_named_after_the_tensor():
    W = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
    assert [v.label for v in W.values] == ["W₁₁", "W₁₂", "W₂₁", "W₂₂"]
    W.label = "V"
    assert W.label == "V" and [v.label for v in W.values] == ["V₁₁", "V₁₂", "V₂₁", "V₂₂"]
    assert Tensor(3.0, label="c")[()].label == "c"


def test_values_keep_the_names_they_bring_into_a_tensor():
    a = Value(1.0, label="a")
    assert [v.label for v in Tensor([a, Value(2.0), a * a, 3.0], label="x").values] == ["a", "x₂", "x₃", "x₄"]
    assert Tensor(Tensor([1.0], label="t"), label="y")[0].label == "t₁"


def test_naming_a_result_names_the_elements_that_have_no_name():
    x = Tensor([1.0, 2.0], label="x")
    y, view = x * 2, x[::-1]
    y.label, view.label = "y", "v"
    assert (y.label, view.label) == ("y", "v")
    assert [v.label for v in y.values] == ["y₁", "y₂"]
    y[0].label, y.label = "mine", "k"
    assert [v.label for v in y.values] == ["mine", "k₂"]
    assert [v.label for v in x.values] == ["x₁", "x₂"]


def test_repr_shows_numbers_and_label_but_not_a_long_array():
    assert repr(Tensor([[1, 2]])) == "Tensor([[1.0, 2.0]])"
    assert repr(Tensor.zeros(100)) == f"Tensor({[0.0] * 100})"
    assert repr(Tensor.zeros(101, label="b")) == "Tensor(shape=(101,), label='b')"
    assert repr(Parameter([0.5], label="b")) == "Parameter([0.5], label='b')"
    assert (f"{Tensor([3.0])}", f"{Tensor([3.0]):.2f}", f"{Tensor([1.0, 2.0])}") == (
        "Tensor([3.0])", "3.00", "Tensor([1.0, 2.0])",
    )  # fmt: skip


def test_setting_data_changes_the_leaves_in_place():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    leaves = t.values
    t.data = np.array([[5, 6], [7, 8]])
    assert t.values is leaves and t.data == [[5.0, 6.0], [7.0, 8.0]]
    t[0].data = [0.0, -1.0]
    assert t.data == [[0.0, -1.0], [7.0, 8.0]]
    t.data = t.T  # a view of itself
    assert t.data == [[0.0, 7.0], [-1.0, 8.0]]
    t.data = t[::-1]
    assert t.data == [[-1.0, 8.0], [0.0, 7.0]]


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ValueError, r"shape \(3,\) does not fit a Tensor of shape \(2,\)"),
        ([[3.0, 4.0]], ValueError, r"shape \(1, 2\) does not fit a Tensor of shape \(2,\)"),
        (1.0, ValueError, r"shape \(\) does not fit a Tensor of shape \(2,\)"),
        ([1.0, float("nan")], ValueError, "finite number is needed, not nan"),
        ([1.0, "2"], TypeError, "real number is needed"),
    ],
)
def test_data_that_does_not_fit_changes_nothing(data, error, message):
    t = Tensor([1.0, 2.0], label="t")
    with untouched(t), pytest.raises(error, match=message):
        t.data = data


def test_data_of_a_computed_tensor_cannot_be_set():
    y = Tensor([1.0, 2.0]) * 2
    with untouched(y), pytest.raises(ValueError, match="only the data of leaves can be set"):
        y.data = [0.0, 0.0]


def test_what_needs_one_element_or_an_axis():
    assert Tensor([[3.0]]).item() == 3.0 and f"{Tensor([3.0]):.2f}" == "3.00"
    for data in 0.0, 2.0, [0.0], [[-1.5]]:
        assert bool(Tensor(data)) == bool(np.array(data))
    for wrong in (lambda t: t.item(), lambda t: f"{t:.2f}", bool):
        with pytest.raises(ValueError, match=r"a Tensor of shape \(2,\) is not one number"):
            wrong(Tensor([1.0, 2.0]))
    for wrong in len, iter:
        with pytest.raises(TypeError, match=r"shape \(\) has no length"):
            wrong(Tensor(1.0))


def test_data_may_be_set_from_a_view_of_itself_and_a_copy_shares_no_leaf():
    W = Tensor([[1.0, 2.0], [3.0, 4.0]], label="W")
    W.data = W.T
    assert W.data == [[1.0, 3.0], [2.0, 4.0]]
    W.data = W[::-1]
    assert W.data == [[2.0, 4.0], [1.0, 3.0]]
    c = copy.deepcopy(W)
    c.data *= 10
    assert W.data == [[2.0, 4.0], [1.0, 3.0]] and (c.label, c.shape) == ("W", (2, 2))


@pytest.mark.parametrize("data", [[0.0, 0.0], [[1.0], [1.0]]])
def test_a_tensor_of_several_numbers_is_neither_true_nor_false_nor_one_number(data):
    for f in bool, Tensor.item, lambda t: format(t, ".2f"):
        with pytest.raises(ValueError, match=r"a Tensor of shape \(2,.*\) is not one number"):
            f(Tensor(data))


def test_a_tensor_of_gradients_remembers_of_what():
    t = Tensor([1.0, 2.0])
    y = (t * t).sum()
    assert grad(y, t).operation.of is y and grad(y, t).inputs == (t,) and t.map(lambda a: a * 2).operation.of is None


def test_detached_numbers_have_no_history():
    x = Tensor([1.0, 2.0], label="x")
    y = x * x
    d = y.detach()
    assert d.data == [1.0, 4.0] and d.op is None and all(v.op is None for v in d.values)
    (d * x).sum().backward()
    assert x.grad == [1.0, 4.0]
    assert x.detach().label == "x" and not set(x.detach().values) & set(x.values)


def test_an_operation_is_remembered_with_its_data():
    t = Tensor([[1.0, 2.0], [3.0, 4.0]])
    assert t.operation is None and t.op is None
    for result, expected in [
        (t + 1, (ops.ADD,)),
        (t.tanh(), (ops.TANH,)),
        ((t / 4) ** 1000001, (ops.power(1000001.0),)),
        (t**t, (ops.POW,)),
        (t @ t, (A.MATMUL,)),
        (t.sum(-1), (A.SUM, (1,))),
        (t.mean(keepdims=True), (A.MEAN, (0, 1), True)),
        (t.softmax(), (A.SOFTMAX, (1,))),
        (t.log_softmax(0), (A.LOG_SOFTMAX, (0,))),
        (t.T, (A.TRANSPOSE,)),
        (t.flatten(), (A.RESHAPE,)),
        (t[..., -1], (A.INDEX, None, False, (slice(None), -1))),
        (stack([t, t]), (A.STACK,)),
        (cat([t, t], axis=-1), (A.CAT, (1,))),
        (t.map(Value.exp), (A.MAP,)),
    ]:
        assert result.operation == A.Operation(*expected) and result.op is expected[0]


# The backward pass.


def test_backward_needs_one_number():
    t = Tensor([1.0, 2.0])
    y = t * t
    with untouched(y), pytest.raises(ValueError, match="a derivative is taken of one number, not of 2: sum them"):
        y.backward()
    y[:1].backward()
    assert t.grad == [2.0, 0.0]
    y[:1].backward()
    assert t.grad == [4.0, 0.0]  # they add up until they are set to zero
    t.zero_grad()
    assert t.grad == [0.0, 0.0]


# The recorded graph again.


@pytest.mark.parametrize("t", [Tensor([1.0, 2.0]), Parameter([1.0, 2.0]), Value(1.0)], ids=repr)
def test_an_attribute_that_does_not_exist_is_refused(t):
    with pytest.raises(AttributeError, match="gard"):
        t.gard = None
    with pytest.raises(AttributeError, match=r"give the optimiser only the others; detach\(\) cuts"):
        t.requires_grad = False
    with pytest.raises(AttributeError, match="there is no requires_grad: every leaf gets its gradient"):
        t.requires_grad  # noqa: B018


def test_a_graph_is_computed_again_from_its_leaves():
    W, x = Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([1.0, -1.0])
    y = (W @ x).tanh().softmax()
    W.data *= 0.5
    x.data = [2.0, 0.25]
    y.forward()
    again = (W @ x).tanh().softmax()
    assert y.data == again.data
    (y * [1.0, 0.0]).sum().backward()
    gradient, W.grad = W.grad, None
    (again * [1.0, 0.0]).sum().backward()
    assert W.grad == gradient


def test_a_graph_is_computed_again_whole_or_not_at_all():
    x = Tensor([4.0, 9.0], label="x")
    y = stack([x.exp(), x.sqrt()])
    before = y.data
    x.data = [1.0, -1.0]
    with pytest.raises(ValueError, match=r"sqrt of x₂ = -1\.0"):
        y.forward()
    assert y.data == before


def test_python_random_seed_governs_what_has_no_seed():
    def drawn():
        random.seed(1337)
        return [Tensor.randn(2).data, Tensor.uniform(2, -1, 1).data, MLP([2, 2]).state_dict(), random.random()]

    assert drawn() == drawn() and Tensor.randn(2).data != Tensor.randn(2).data
    random.seed(0)
    state = random.getstate()
    Tensor.randn(2, seed=1)
    MLP([2, 2], seed=random.Random(1))
    assert random.getstate() == state  # with a seed of their own they leave it alone


# All together.


@given(st.data(), st.integers(1, 3), st.integers(1, 3))
def test_a_formula_of_everything_passes_the_check_by_differences(data, m, n):
    W = data.draw(arrays((m, n), st.floats(-1, 1)))
    x = data.draw(arrays((n,), st.floats(-1, 1)))

    def f(W, x):
        z = (W @ x).tanh() + (W * x).sum(axis=1)
        return (z.softmax() * z[::-1]).mean() + W.T.logsumexp(axis=0, keepdims=True).sum() / (1 + (x * x).sum())

    assert gradcheck(f, [W, x])


def test_a_label_renames_no_element_that_has_one_from_elsewhere():
    x, mine = Tensor([1.0, 2.0], label="x"), Value(3.0, label="mine")
    t = Tensor([x[1], mine, 4.0])
    t.label = "t"
    assert [v.label for v in t.values] == ["x₂", "mine", "t₃"]
    t.label = "u"
    assert [v.label for v in t.values] == ["x₂", "mine", "u₃"]
