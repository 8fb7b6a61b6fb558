"""Programs as machine code: the structure, the errors and the loops. The numbers are in test_libraries.py."""

import builtins
import math

import pytest

from tinygrad_edu import MLP, SGD, CompiledLoss, Tensor, Value, compile_graph, grad, squared_error

np = pytest.importorskip("numpy")


def test_without_numba_it_says_what_to_install(monkeypatch):
    def import_(name, *rest):
        if name == "numba":
            raise ImportError
        return found(name, *rest)

    found = builtins.__import__
    monkeypatch.setattr("tinygrad_edu.readings.compiling.machine.import_module", import_)
    x = Value(1.0, label="x")
    program = compile_graph(x * x, [x])
    with pytest.raises(ImportError, match=r'^machine code needs Numba: pip install "tinygrad-edu\[fast\]"$'):
        program.machine_code()
    assert program(3.0) == 9.0


def test_an_engine_has_a_name():
    with pytest.raises(ValueError, match='the engine is "python" or "numba", not \'fortran\''):
        CompiledLoss(MLP([1, 1]), squared_error, [1.0], [1.0], engine="fortran")


@pytest.fixture(scope="module")
def numba():
    return pytest.importorskip("numba", reason="Numba is the optional extra `fast`")


@pytest.fixture(scope="module")
def step(numba):
    """A whole step of SGD: as a program, as machine code, and what it starts from."""
    net = MLP([2, 2, 1], activation="tanh", seed=1)
    parameters = net.parameters()
    x, y = Tensor([1.0, 0.5], label="x"), Tensor([1.0], label="y")
    loss = squared_error(net(x), y)
    updated = [p - 0.1 * g for p, g in zip(parameters, grad(loss, parameters))]
    program = compile_graph({"L": loss, "parameters": updated}, {"x": x, "y": y, "parameters": parameters})
    return program, program.machine_code(), ([1.0, 0.5], [1.0], [p.data for p in parameters])


def test_the_text_is_the_steps_over_flat_arrays(numba):
    w, x = Value(2.0, label="w"), Tensor([1.0, 3.0], label="x")
    h = (w * x[0] + x[1]).relu()
    machine = compile_graph({"h": h, "slopes": grad(h, [w])}, [w, x]).machine_code()
    assert (
        machine.source
        == """\
def program(w, x, result):
    w_2 = w[0]
    x_1 = x[0]
    x_2 = x[1]

    # forward
    sum_1 = w_2 * x_1 + x_2
    h = where(sum_1 > 0, sum_1, 0.0)

    # backward
    result[0] = h
    result[1] = where(sum_1 > 0, x_1, 0.0)
"""
    )
    assert machine(2.0, [1.0, 3.0]) == {"h": 5.0, "slopes": [1.0]}
    result = np.empty(machine.size)
    machine.function(np.array([-4.0]), np.array([1.0, 3.0]), result)
    assert result.tolist() == [0.0, 0.0]


def test_a_call_is_one_of_the_program(step):
    program, machine, (x, y, numbers) = step
    expected = program(x, y, numbers)
    assert machine(x, y, numbers) == expected
    assert machine(x, y=y, parameters=tuple(numbers)) == expected
    assert machine(np.array(x), np.array(y, dtype="float32"), [np.array(p) for p in numbers]) == expected
    flat = np.concatenate([np.ravel(p) for p in numbers])
    assert machine(x, y, flat) == machine(x, y, np.repeat(flat, 2)[::2]) == expected


def test_repeat_is_a_loop_over_the_program(step):
    program, machine, (x, y, numbers) = step
    found = machine.repeat(25, x, y, numbers)
    losses, now = [], numbers
    for _ in range(25):
        result = program(x, y, now)
        losses.append(result["L"])
        now = result["parameters"]
    assert found == {"L": losses, "parameters": now}
    assert numbers == step[2][2]


def test_repeat_leaves_the_arrays_it_is_given(step):
    _, machine, (x, y, numbers) = step
    flat = np.concatenate([np.ravel(p) for p in numbers])
    before = flat.copy()
    machine.repeat(3, x, y, flat)
    assert (flat == before).all()


def test_a_compiled_function_may_call_the_function(step, numba):
    _, machine, (x, y, numbers) = step
    function = machine.function

    @numba.njit
    def descend(n, x, y, parameters, result):
        for _ in range(n):
            function(x, y, parameters, result)
            parameters[:] = result[1:]

    flat = np.concatenate([np.ravel(p) for p in numbers])
    descend(25, np.array(x), np.array(y), flat, np.empty(machine.size))
    assert (
        flat.tolist() == np.concatenate([np.ravel(p) for p in machine.repeat(25, x, y, numbers)["parameters"]]).tolist()
    )


@pytest.mark.parametrize(
    "f, number",
    [
        (Value.exp, 1000.0),
        (Value.log, 0.0),
        (Value.log, -1.0),
        (Value.sqrt, -1.0),
        (Value.sin, math.inf),
        (lambda x: 1 / x, 0.0),
        (lambda x: x * x, 1e200),
        (lambda x: x**-1.5, 0.0),
        (lambda x: x * 2, math.nan),
        (lambda x: x.relu() + x.step(), math.nan),
        (lambda x: 1 / x, math.inf),
        (lambda x: 1 / x.exp(), 1000.0),
    ],
)
def test_what_the_program_refuses_is_refused_in_its_words(f, number, numba):
    x = Value(0.5, label="x")
    program = compile_graph(f(x), [x])
    machine = program.machine_code()
    assert machine(0.5) == program(0.5)
    with pytest.raises((ArithmeticError, ValueError)) as plain:
        program(number)
    with pytest.raises(type(plain.value)) as compiled:
        machine(number)
    assert str(compiled.value) == str(plain.value)


def test_what_the_program_lets_through_has_its_result(numba):
    x, y = Value(0.5, label="x"), Value(1.0, label="y")
    gate = compile_graph({"L": y, "x": y.step() * x.log() + x}, {"x": x, "y": y})
    assert gate(-1.0, -2.0) == {"L": -2.0, "x": -1.0}  # Python does not look at log x
    assert gate.machine_code()(-1.0, -2.0) == {"L": -2.0, "x": -1.0}
    assert gate.machine_code().repeat(3, -1.0, -2.0) == {"L": [-2.0] * 3, "x": -1.0}


def test_a_loop_names_the_step_that_fails(numba):
    x = Value(2.0, label="x")
    machine = compile_graph({"L": x, "x": x * x}, {"x": x}).machine_code()
    assert machine.repeat(3, 2.0) == {"L": [2.0, 4.0, 16.0], "x": 256.0}
    with pytest.raises(OverflowError, match=r"^step 10 of 20: "):
        machine.repeat(20, 2.0)


def test_what_cannot_be_repeated_is_refused(numba):
    x, y = Value(2.0, label="x"), Tensor([1.0, 2.0], label="y")
    with pytest.raises(ValueError, match="no output has the name of an input"):
        compile_graph({"L": x * x}, {"x": x}).machine_code().repeat(2, 1.0)
    with pytest.raises(ValueError, match="no output has the name of an input"):
        compile_graph([x * x], [x]).machine_code().repeat(2, 1.0)
    with pytest.raises(ValueError, match="the output 'y' has not as many numbers"):
        compile_graph({"y": x * x}, {"x": x, "y": y}).machine_code().repeat(2, 1.0, [1.0, 2.0])
    with pytest.raises(ValueError, match="at least 1, not 0"):
        compile_graph({"x": x * x}, {"x": x}).machine_code().repeat(0, 1.0)


def test_a_wrong_structure_is_refused(step):
    _, machine, (x, y, numbers) = step
    for arguments in [([1.0], y, numbers), (1.0, y, numbers), (x, y, numbers[:-1]), ("ab", y, numbers)]:
        with pytest.raises((TypeError, ValueError), match=r"the argument (x|parameters) does not fit the inputs: "):
            machine(*arguments)
    with pytest.raises(TypeError, match="missing a required argument: 'parameters'"):
        machine(x, y)


def test_dicts_and_empty_structures(numba):
    x, w = Tensor([[1.0, 2.0]], label="x"), Value(3.0, label="w")
    program = compile_graph({"a": [(x * w).sum()], "b": ()}, {"x": {"rows": x}, "w": w, "none": []})
    machine = program.machine_code()
    arguments = {"rows": [[1.0, 2.0]]}, 3.0, []
    assert machine(*arguments) == program(*arguments) == {"a": [9.0], "b": ()}
    with pytest.raises(LookupError, match="the argument x does not fit the inputs: 'rows'"):
        machine({}, 3.0, [])


def test_a_batch_is_summed_over(numba):
    x, y, w = Tensor([1.0, 2.0], label="x"), Value(1.0, label="y"), Value(3.0, label="w")
    loss = ((x * w).sum() - y) ** 2
    program = compile_graph([loss, grad(loss, w)], {"x": x, "y": y, "w": w}, sum_over=[x, y])
    machine = program.machine_code()
    xs, ys = [[1.0, 2.0], [0.5, -1.0], [0.1, 0.2]], [1.0, 2.0, 0.3]
    assert machine(xs, ys, 3.0) == machine(np.array(xs), np.array(ys), 3.0) == program(xs, ys, 3.0)
    assert machine([], [], 3.0) == [0.0, 0.0]
    with pytest.raises(ValueError, match=r"different numbers of examples: \[2, 3\]"):
        machine(xs, ys[:2], 3.0)
    with pytest.raises(OverflowError) as error:
        machine(xs, [1e200, 0.0, 0.0], 3.0)
    with pytest.raises(OverflowError, match=str(error.value).replace("*", r"\*").replace("+", r"\+")):
        program(xs, [1e200, 0.0, 0.0], 3.0)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_a_module_learns_as_from_the_plain_program(reduction, numba):
    xs, ys = [[1.0, 0.0], [0.5, -1.0], [-1.0, 2.0]], [[1.0], [0.0], [-1.0]]
    histories = []
    for engine, batch in (("python", xs), ("numba", xs), ("numba", np.array(xs))):
        net = MLP([2, 3, 1], activation="tanh", seed=0)
        loss = CompiledLoss(net, squared_error, xs[0], ys[0], reduction, engine=engine)
        sgd = SGD(net.parameters(), lr=0.1)
        losses = []
        for _ in range(5):
            sgd.zero_grad()
            losses.append(loss(batch, ys))
            sgd.step()
        histories.append([losses, [p.data for p in net.parameters()]])
    assert histories[0] == histories[1] == histories[2]
    with pytest.raises(ValueError, match="there are no examples"):
        loss(np.empty((0, 2)), np.empty((0, 1)))
