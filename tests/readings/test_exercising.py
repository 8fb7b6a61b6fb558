"""Worksheets: the key, simulated students, numbers that discriminate, and files of answers."""

import json
import random
from math import prod
from pathlib import Path
from typing import Any

import pytest
from graphs import any_program

from tinygrad_edu import (
    MLP,
    Adam,
    Linear,
    Tensor,
    Value,
    cross_entropy,
    explain,
    mse_loss,
    ops,
    squared_error,
    worksheet,
)
from tinygrad_edu import array_ops as A
from tinygrad_edu.graph import topological_order
from tinygrad_edu.readings.exercising import ClassMarks, Worksheet
from tinygrad_edu.readings.exercising.marking import slips_of
from tinygrad_edu.readings.exercising.rules import Result, exact, result_of, result_of_mistake
from tinygrad_edu.readings.exercising.sheet import Question, lines_in
from tinygrad_edu.readings.explaining.mistakes import CATALOGUE, mistakes_in
from tinygrad_edu.writing import expression as E
from tinygrad_edu.writing.evaluation import Array, array, evaluate

ETA = 0.1


def practical(question: int, batch: bool = False) -> Tensor:
    net = MLP([4, 4, 3, 3], activation="tanh", init=0.1)
    x, y = [1.0, 0.0, 1.0, 0.0], [0.0, 1.0, 0.0]
    xs = Tensor([x, [0.0, 0.0, 10.0, 0.0]] if batch else x, label="x")
    ys = Tensor([y, [0.0, 0.0, 1.0]] if batch else y, label="y")
    return (squared_error if question == 1 else cross_entropy)(net(xs), ys)


def neuron() -> Value:
    w, x, b = Value(0.3, label="w"), Value(0.7, label="x"), Value(-0.2, label="b")
    return (w * x + b).tanh() * w


def sigmoid_net() -> Tensor:
    net = MLP([2, 2, 1], activation="sigmoid", seed=3)
    return mse_loss(net(Tensor([[0.2, 0.7], [0.4, -0.3]], label="x")), Tensor([[0.5], [-0.4]], label="y"))


def softmax_net() -> Tensor:
    net = MLP([2, 3, 3], seed=3)
    return squared_error(net(Tensor([0.2, 0.7], label="x")).softmax(), Tensor([0.0, 1.0, 0.0], label="y"))


GRAPHS = {
    "Q1": lambda: practical(1),
    "Q2": lambda: practical(2),
    "Q1 batch": lambda: practical(1, batch=True),
    "Q2 batch": lambda: practical(2, batch=True),
    "neuron": neuron,
    "sigmoid": sigmoid_net,
    "softmax": softmax_net,
    "Adam": lambda: squared_error(MLP([2, 1], seed=3)(Tensor([0.2, 0.7], label="x")), Tensor([0.4], label="y")),
}


def drawn_sheet(graph: str) -> Worksheet:
    """Everything is asked, with the update where there are Parameters."""
    y = GRAPHS[graph]()
    if graph == "Adam":
        learned = [v for v in topological_order(y.values[0]) if v.label and v.label[0] in "Wb"]
        return worksheet(y, blanks="all", optimizer=Adam(learned, lr=ETA, eps=0.1), seed=5)
    return worksheet(y, blanks="all", eta=ETA if isinstance(y, Tensor) else None, seed=5)


def environment(questions: list[Question]) -> dict[str, Any]:
    """The key, under the names of formulas."""
    return {q.text: q.key for q in questions}


def exactly(env: dict[str, Any]) -> dict[str, Result]:
    return {name: exact(numbers) for name, numbers in env.items()}


def value_of(rule: Any, env: dict[str, Any], like: Array) -> Array | None:
    """The numbers that a rule gives, in the shape of an array."""
    found = result_of(rule, exactly(env), like)
    return found and found.numbers


def numbers_of(made: Any, line: Any, env: dict[str, Any], right: Any) -> Array | None:
    """The numbers that a mistake makes of a line."""
    found = result_of_mistake(made, line, exactly(env), exact(right))
    return found and found.numbers


def asked(sheet: Worksheet) -> list[Question]:
    return [q for q in sheet.questions if q.asked]


def answers(sheet: Worksheet, numbers: dict[str, Any], digits: int | None = None) -> dict[str, object]:
    """A form filled with the numbers of each quantity; with so many decimals, as text."""
    found: dict[str, object] = {}
    for q in asked(sheet):
        for entry, x in zip(q.entries, numbers[q.text].numbers):
            found[entry] = x if digits is None else f"{x:.{digits}f}"
    return found


def carried_on(sheet: Worksheet, slip: Question | None, wrong: Any = None) -> dict[str, Any]:
    """The numbers of a student who makes one mistake in one line and goes on with what came out."""
    env: dict[str, Any] = environment(sheet.questions)
    for q in asked(sheet):
        assert q.line.rule is not None
        env[q.text] = wrong if q is slip else value_of(q.line.rule, env, q.key)
    return env


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("digits", [2, 3, 4, None])
def test_the_key_is_all_right(graph: str, digits: int | None) -> None:
    sheet = drawn_sheet(graph)
    marks = sheet.mark(answers(sheet, environment(sheet.questions), digits), least_digits=0)
    assert {m.status for m in marks.marks} == {"right"}
    assert marks.points == marks.total
    assert marks.first_wrong is None


def mistakes_made(sheet: Worksheet) -> int:
    """How many mistakes can be made, each in one line and carried on; each is wrong in its line only, and named."""
    lines = lines_in(sheet.questions)
    made = 0
    for q in asked(sheet):
        for one in mistakes_in(q.line, lines):
            mistake = one.mistake
            given = numbers_of(one, q.line, environment(sheet.questions), q.key)
            if given is None or max(abs(a - b) for a, b in zip(given.numbers, q.key.numbers)) < 1e-4:
                continue
            made += 1
            marks = sheet.mark(answers(sheet, carried_on(sheet, q, given)))
            statuses = marks.statuses()
            assert statuses.pop(q.name) == "wrong", mistake.id
            assert set(statuses.values()) <= {"right", "own"}, (mistake.id, q.name, statuses)
            assert mistake in [m for mark in marks.marks for m in mark.mistakes], (mistake.id, q.name)
            for mark in marks.marks:
                assert (mark.status == "wrong") == bool(mark.mistakes)
    return made


def test_each_mistake_of_the_catalogue_is_made_on_some_graph() -> None:
    made = set()
    b = (Value(0.4, label="a") ** 2).tanh()
    w = Value(0.7, label="w")
    deep, adam = worksheet(b * b + b.sin(), "all"), worksheet(w**2, "all", wrt=w, optimizer=Adam([w]))
    for sheet in [deep, adam, *map(drawn_sheet, GRAPHS)]:
        lines = lines_in(sheet.questions)
        for line in lines:
            made |= {(one.mistake.id, line.phase) for one in mistakes_in(line, lines)}
    assert {(m.id, m.phase) for m in CATALOGUE} - made == set()


def random_graph(rng: random.Random) -> Value:
    """A Value of a few steps on three leaves, in which some are used twice."""
    nodes = [Value(rng.uniform(-1, 1), label=name) for name in "abc"]
    for _ in range(rng.randint(2, 5)):
        one, other = rng.choice(nodes), rng.choice(nodes[-3:])
        steps = [lambda a, b: a * b, lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a.tanh(),
                 lambda a, b: a.sigmoid(), lambda a, b: a**2, lambda a, b: a.sin() * b]  # fmt: skip
        nodes.append(rng.choice(steps)(one, other))
    return nodes[-1] * nodes[-2] + nodes[0]


def random_network(rng: random.Random) -> Tensor:
    sizes = [rng.randint(1, 3) for _ in range(rng.randint(2, 3))]
    net = MLP([*sizes, 2], activation=rng.choice(["tanh", "sigmoid"]), seed=rng.randint(0, 99))
    loss, y = rng.choice([(squared_error, [0.4, -0.3]), (cross_entropy, [0.0, 1.0])])
    return loss(net(Tensor([rng.uniform(-1, 1) for _ in range(sizes[0])], label="x")), Tensor(y, label="y"))


def is_zero_throughout(v: Value) -> bool:
    """Whether it is a − a, whatever a is: what is multiplied by it shows no mistake."""
    return v.op is ops.SUB and v.inputs[0] is v.inputs[1]


@pytest.mark.parametrize("seeds", [range(4), pytest.param(range(4, 40), marks=pytest.mark.long)], ids=len)
@pytest.mark.parametrize("make", [random_graph, random_network])
def test_random_sheets_are_marked_and_only_an_exact_zero_hides_mistakes(make: Any, seeds: range) -> None:
    """The key earns full marks, a key with one number changed one number less; each mistake is found and named."""
    for seed in seeds:
        y = make(random.Random(seed))
        sheet = worksheet(y, blanks="all", seed=seed)
        zeros = isinstance(y, Value) and any(map(is_zero_throughout, topological_order(y)))
        assert zeros or sheet.hidden == [], seed
        key = json.loads(sheet.key().answers("json"))
        marks = sheet.mark(key)
        assert {m.status for m in marks.marks} == {"right"} and marks.points == pytest.approx(marks.total)
        changed = random.Random(seed).choice([*key][:-1])
        marks = sheet.mark({**key, changed: f"{float(key[changed]) + 0.37:.4f}"})
        assert [m.name for m in marks.marks if m.status not in ("right", "own")] == [changed]
        of_line = [m for m in marks.marks if m.line == changed.partition("[")[0]]
        copies = next(q.copies for q in asked(sheet) if q.name == of_line[0].line)
        assert marks.points == pytest.approx(marks.total - (0 if copies else 1 / len(of_line)))
        assert mistakes_made(sheet) > 5


@pytest.mark.parametrize("seeds", [range(6), pytest.param(range(6, 200), marks=pytest.mark.long)], ids=len)
def test_any_program_is_marked_whatever_is_written(seeds: range) -> None:
    """With zeros, infinite slopes and huge numbers: a right number is never wrong, and nothing ends the marking."""
    for seed in seeds:
        rng = random.Random(seed)
        sheet = worksheet(any_program(rng), "all")
        key = answers(sheet, environment(sheet.questions), 4)
        assert {m.status for m in sheet.mark(key, least_digits=0).marks} == {"right"}, seed
        odd = ["0", "-1", "7.5", "abc", "", "1/3", "1e300", "1e-300", "99999999"]
        form = {name: rng.choice(odd) if rng.random() < 0.2 else text for name, text in key.items()}
        marks = sheet.mark(form)
        assert not [m for m in marks.marks if m.status == "wrong" and form[m.name] == key[m.name]], seed
        assert 0 <= marks.points <= marks.total and str(marks)


@pytest.mark.parametrize("seeds", [range(10), pytest.param(range(10, 50), marks=pytest.mark.long)], ids=len)
@pytest.mark.parametrize("question", [1, 2])
def test_a_seed_shows_every_mistake(question: int, seeds: range) -> None:
    y = practical(question)
    for seed in seeds:
        assert worksheet(y, blanks="all", eta=ETA, seed=seed).hidden == []


def test_the_start_of_the_practical_hides_mistakes() -> None:
    first = worksheet(practical(1)).hidden
    assert {"not-transposed", "rows-reversed", "other-layer"} == set(first)
    assert "no-slope" in worksheet(practical(2)).hidden
    assert "no-slope" in worksheet(practical(2)).key().to("html")
    assert "no-slope" not in worksheet(practical(2)).to("html")


@pytest.mark.parametrize("id", ["overwritten", "no-order"])
def test_a_mistake_of_a_whole_pass_is_named_wherever_several_paths_arrive(id: str) -> None:
    """b arrives twice at f, a twice at b: each time the first or the last contribution alone is taken."""
    a = Value(0.4, label="a")
    b = (a * a).tanh()
    b.label = "b"
    sheet = worksheet(b * b + b.sin(), seed=1)
    lines = lines_in(sheet.questions)
    env: dict[str, Any] = environment(sheet.questions)
    wrong_lines = []
    for q in asked(sheet):
        made = [one for one in mistakes_in(q.line, lines) if one.mistake.id == id]
        assert q.line.rule is not None
        right = value_of(q.line.rule, env, q.key)
        env[q.text] = numbers_of(made[0], q.line, env, right) if made else right
        wrong_lines += [q.name] * bool(made)
    marks = sheet.mark(answers(sheet, env, 5))
    assert len(wrong_lines) == (2 if id == "overwritten" else 1)
    assert [name for name, status in marks.statuses().items() if status == "wrong"] == wrong_lines
    for mark in marks.marks:
        assert (id in [m.id for m in mark.mistakes]) == (mark.line in wrong_lines)


@pytest.mark.parametrize("written", ["1e300", "-1e300", "1e-300", "0." + "0" * 400 + "1", "9" * 300])
def test_no_number_is_too_large_or_small_to_be_marked(written: str) -> None:
    sheet = worksheet(practical(2), "all", seed=3, eta=ETA)
    marks = sheet.mark(dict.fromkeys(answers(sheet, environment(sheet.questions)), written))
    assert marks.points <= 3 and {m.status for m in marks.marks} <= {"wrong", "own", "illegible"}
    assert marks.points == 0 or abs(float(written)) > 1, "what is next to 0 is a stock answer"


def test_an_infinite_slope_neither_costs_nor_gives_points() -> None:
    """√0 with the slope ∞: what it passes on is 0 · ∞, which is 0."""
    L = (Tensor([0.0, 4.0], label="x").sqrt() * Tensor([0.0, 0.5], label="a")).sum()
    sheet = worksheet(L, "all")
    key = json.loads(sheet.key().answers("json"))
    assert {m.status for m in sheet.mark(key, least_digits=0).marks} == {"right"}
    assert {m.status for m in sheet.mark({name: "7.5" for name in key if name != "sheet-id"}).marks} == {"wrong"}
    h = Tensor([-1.0, 4.0], label="x").relu()  # 0 and 4, which are rounded: r may be off by 0.5 · 10⁻⁴ · ∞
    r = h.sqrt()
    h.label, r.label = "h", "r"
    answers_to = {"h[1]": "0.0000", "h[2]": "4.0000", "r[1]": "7.5", "r[2]": "7.5"}
    marks = worksheet((r * Tensor([0.0, 0.5], label="a")).sum(), "forward").mark(answers_to)
    assert [m.status for m in marks.marks] == ["right", "right", "wrong", "wrong", "blank"]


def test_a_mistake_in_one_of_several_contributions_is_named() -> None:
    """L = z tanh z: ∂L/∂z = h + z (1 − h²) in two contributions, of which the second may lose its slope, or be lost."""
    z = Value(0.5, label="z")
    h = z.tanh()
    h.label = "h"
    sheet = worksheet(z * h)
    for written, id in ((h.data + 0.5, "no-slope"), (h.data, "path-left-out"), (0.5 * (1 - h.data**2), "overwritten")):
        marks = sheet.mark({"df_dh": "0.5", "df_dz": f"{written:.6f}"})
        assert [m.status for m in marks.marks] == ["right", "wrong"]
        assert id in [m.id for m in marks.mistakes], (id, marks.mistakes)


def test_the_graph_stays_as_it_is_also_after_an_error() -> None:
    x = Value(2.0, label="x")
    y = (x - 1.5).log()
    y.backward()
    before = (x.data, x.grad, y.data, y.grad, y.partials)
    with pytest.raises(ValueError, match="no numbers"):
        worksheet(y, seed=1)
    assert (x.data, x.grad, y.data, y.grad, y.partials) == before
    L = practical(2)
    L.backward()
    numbers = [(t.data, t.grad) for t in L.inputs]
    worksheet(L, seed=1)
    assert [(t.data, t.grad) for t in L.inputs] == numbers
    explain(L)


def test_drawn_numbers_have_one_decimal_and_classes_stay() -> None:
    sheet = worksheet(practical(2), seed=4)
    given = {q.name: q.key for q in sheet.questions if q.line.rule is None}
    assert sorted(given.pop("y").numbers) == [0.0, 0.0, 1.0]
    for key in given.values():
        assert all(0.1 <= abs(x) <= 0.9 and x == round(x, 1) for x in key.numbers)
    assert worksheet(practical(2), seed=4).to("html") == sheet.to("html")


def test_signs_stay_where_the_domain_asks_for_them() -> None:
    """Twelve logarithms: signs by chance alone would hardly ever do."""
    letters = "abcdefghijkl"
    y = Value.sum([Value(0.5, label=c).log() * (k + 1) for k, c in enumerate(letters)])
    for seed in range(3):
        given = {q.name: q.key.numbers[0] for q in worksheet(y, seed=seed).questions if q.name in letters}
        assert len(given) == 12 and min(given.values()) > 0


def test_no_drawn_number_makes_a_line_that_is_printed_as_zero() -> None:
    a, b, c = [Value(0.5, label) for label in "abc"]
    for seed in range(10):
        assert worksheet((a * b * c + a) * b, "all", seed=seed, digits=1).zeros == []


def test_what_is_no_number_is_said_and_the_others_are_marked() -> None:
    sheet = worksheet(practical(1), seed=3)
    right = answers(sheet, environment(sheet.questions), 4)
    right["dL_dz3[1]"] = "about a half"
    right["dL_dz3[2]"] = ""
    right["dL_dq"] = "1"
    marks = sheet.mark(right)
    by_name = {m.name: m for m in marks.marks}
    assert "dL_dz3[1]" in by_name["dL_dz3[1]"].note
    assert f"    {by_name['dL_dz3[1]'].note}\n" in str(marks)
    assert by_name["dL_dz3[2]"].status == "blank"
    assert any("dL_dq" in note for note in marks.notes)
    assert {m.status for m in marks.marks if m.line != "dL_dz3"} == {"right"}
    assert sheet.mark({"dL_dz3[3]": "1/0"}).marks
    unrounded = worksheet(sigmoid_net(), "all")
    assert [m.expected for m in unrounded.mark({}).marks] == [x for q in asked(unrounded) for x in q.key.numbers]


def test_a_transposed_matrix_is_accepted_with_a_note() -> None:
    sheet = worksheet(practical(1), seed=3)
    right = answers(sheet, environment(sheet.questions), 4)
    turned = {}
    for name, text in right.items():
        if name.startswith("dL_dW2["):
            i, j = name[7:-1].split(",")
            name = f"dL_dW2[{j},{i}]"
        turned[name] = text
    marks = sheet.mark(turned)
    assert {m.status for m in marks.marks} == {"right"}
    assert "transposed" in marks.notes[0]


def test_stock_answers_earn_nothing() -> None:
    sheet = worksheet(practical(1), "all", seed=3)
    marks = sheet.mark(dict.fromkeys(answers(sheet, environment(sheet.questions)), "0"))
    assert marks.points == 0 and not marks.mistakes
    assert "stock answer" in marks.notes[0]


def test_points_follow_the_scheme() -> None:
    sheet = worksheet(practical(1), seed=3)
    first = asked(sheet)[0]
    wrong = next(one for one in mistakes_in(first.line, lines_in(sheet.questions)) if one.mistake.id == "sign")
    given = answers(sheet, carried_on(sheet, first, value_of(wrong.rule, environment(sheet.questions), first.key)))
    marks = sheet.mark(given, credit={"own": 0.5}, points={first.name: 3, "dL_db2": 1})
    own = [name for name, status in marks.statuses().items() if status == "own" and name not in ("dL_db3", "dL_db1")]
    assert marks.points == 0.5 * len(own)
    assert marks.total == len(asked(sheet)) + 2 - 2, "two lines copy another, and count nothing"


def test_the_form_and_the_key_are_the_same_names(tmp_path: Path) -> None:
    sheet = worksheet(practical(2), seed=3)
    form, key = sheet.answers().splitlines(), sheet.key().answers().splitlines()
    assert len(form) == len(key) == 2 + sum(prod(q.key.shape) for q in asked(sheet))
    assert '"dL_dW2[3,4]",' in form
    path = tmp_path / "key.csv"
    path.write_text(sheet.key().answers())
    assert sheet.mark(path).first_wrong is None
    for suffix in ("html", "tex", "md"):
        saved = sheet.save(tmp_path / f"sheet.{suffix}").read_text()
        assert "dL" in saved


def test_answers_to_another_sheet_are_named_in_the_table_of_the_class() -> None:
    sheet = worksheet(Value(2.0, label="x") ** 2)
    (table, _) = ClassMarks({"a": sheet.mark({"dh_dx": 4, "dh_dz": 1}), "b": sheet.mark({"df_dx": 4})}).tables()
    notes = [row[-1] for row in table]
    assert notes == ["notes", "dh_dx is not a number that the sheet asks for, and 1 more", ""]


def test_a_line_that_only_repeats_another_copies_it() -> None:
    A = Tensor([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]], label="A")
    B = A.T * 1.0
    B.label = "B"
    copies = {q.name: q.copies for q in asked(worksheet((B * B).sum()))}
    assert copies == {"dL_dB": False, "dL_dA": True}


def test_sheets_of_other_formulas_have_other_ids() -> None:
    x = Value(0.5, label="x")
    assert worksheet(x.tanh(), "forward").id != worksheet(x.sin(), "forward").id, "0.462 and 0.479"
    assert worksheet(x.tanh()).id == worksheet(x.tanh()).id


def test_what_is_given_is_printed_with_all_its_digits_and_names_are_told_apart() -> None:
    sheet = worksheet(Value(0.1234567, label="x₁") * Value(1 / 3, label="x_1"), "all")
    assert "x₁ = 0.1234567\n" in sheet.to("md")
    assert [q.name for q in sheet.questions][:2] == ["x_1", "x_1_prime"]


def test_blanks_may_be_chosen() -> None:
    y = practical(1)
    assert [q.name for q in asked(worksheet(y, blanks=["dL_dW3", "∂L/∂b⁽³⁾"]))] == ["dL_dW3", "dL_db3"]
    assert {q.line.phase for q in worksheet(y, blanks="forward").questions} == {"forward"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"seed": [1]}, r"worksheet: a seed is a whole number, not \[1\]"),
        ({"seed": 1.5}, "worksheet: a seed is a whole number, not 1.5"),
        ({"blanks": [[1]]}, r"nothing is computed for \[1\]; there are f, df_dx"),
        ({"blanks": ["df_dq"]}, "nothing is computed for 'df_dq'; there are f, df_dx"),
        ({"blanks": "sideways"}, 'blanks is "forward", "backward", "all" or a list'),
        ({"blanks": []}, "worksheet: there is nothing to compute in this graph"),
        ({"eta": "x"}, "a real number is needed, not str 'x'"),
        ({"eta": float("nan")}, "a finite number is needed, not nan"),
        ({"eta": 0.5}, "worksheet: an update is asked for, but there is nothing to learn"),
        ({"wrt": "w"}, "worksheet: wrt is made of Values and Tensors, not str 'w'"),
    ],
)
def test_a_sheet_that_cannot_be_made_is_refused_in_a_sentence(options: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        worksheet(Value(2.0, label="x") ** 2, **options)


@pytest.mark.parametrize(
    ("answers", "options", "said"),
    [
        ([4.0], {}, r"mark: answers by name are needed, or the path of a file, not list \[4\.0\]"),
        ({1: 3}, {}, "mark: answers are by name, such as 'dL_dW', not 1"),
        ({}, {"credit": {"right": None}}, "mark: for 'right' a real number is needed, not "),
        ({}, {"points": {"df_dx": "a"}}, "mark: for 'df_dx' a real number is needed, not "),
        ({}, {"points": {"nonsense": 1}}, "mark: points are for df_dx, not for 'nonsense'"),
        ({}, {"credit": {"nonsense": 1}}, "mark: credit are for right, own, .*, not for 'nonsense'"),
    ],
)
def test_what_cannot_be_marked_is_refused_in_a_sentence(answers: Any, options: Any, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=said):
        worksheet(Value(2.0, label="x") ** 2).mark(answers, **options)


def test_numbers_that_are_short_by_chance_do_not_make_the_others_coarse() -> None:
    """Of numbers with all their digits, −0.2 is not taken for −0.197 that has lost its zeros."""
    a, b, c = Value(-0.2, label="a"), Value(-0.2, label="b"), Value(0.6, label="c")
    sheet = worksheet(a.tanh() * (b - c - c * c) + a, blanks="all")
    right = answers(sheet, environment(sheet.questions))
    own = {"df_dv_4": -0.2, "df_dv_2": -0.2, "df_dv_3": 0.2, "df_db": -0.2, "df_dc": 0.44}
    assert [m.name for m in sheet.mark({**right, **own}).marks if m.status == "wrong"] == ["df_dv_4"]


# What is right, and what is said of it.


def tanh_sheet() -> Worksheet:
    """README's neuron: h = tanh(w x + b), whose first gradient is 0.7864477."""
    w, x, b = Value(2.0, label="w"), Value(0.5, label="x"), Value(-1.5, label="b")
    z = w * x + b
    h = z.tanh()
    z.label, h.label = "z", "h"
    return worksheet(h)


@pytest.mark.parametrize(
    ("written", "tolerance", "right"),
    [  # −0.4622 is 0.83 units off, and −0.4620 is 1.17
        ("-0.4621", 0.5, True), ("-0.4622", 0.5, False), ("-0.4622", 1, True), ("-0.4620", 1, False),
        ("-0.46", 0.5, True), ("-0.47", 0.5, False), ("-0.47", 1, True),
    ],
)  # fmt: skip
def test_a_number_may_be_off_by_the_tolerance_and_no_more(written: str, tolerance: float, right: bool) -> None:
    """tanh(−0.5) = −0.46212, of a number that is given exactly."""
    (mark,) = worksheet(Value(-0.5, label="z").tanh(), "forward").mark({"f": written}, tolerance=tolerance).marks
    assert (mark.status == "right") == right


def test_the_rounding_of_what_a_line_is_computed_from_is_allowed_for() -> None:
    """h is written with two digits, 0.01 apart; w h moves by 30 of its half, which is 0.15."""
    x, w = Value(0.3, label="x"), Value(30.0, label="w")
    h = x.tanh()
    h.label = "h"
    sheet = worksheet(w * h, "all")
    exact = 30 * h.data  # 8.739
    for off, status in ((0.1, "right"), (0.14, "right"), (0.17, "wrong")):
        marks = sheet.mark({"h": "0.29", "f": f"{exact + off:.4f}"})
        assert marks.marks[1].status == status, off


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"h": "0,2q", "f": "8.70"}, "right"),  # what was meant by 0,2q has two digits, as the other number
        ({"h": "0,2q", "f": "8.50"}, "wrong"),
        ({"h": "0.40000", "f": "12.10", "df_dh": "30.00"}, "own"),  # 0.40000 is wrong: nobody knows its digits
        ({"h": "0.40000", "f": "12.20", "df_dh": "30.00"}, "wrong"),
    ],
)
def test_where_no_right_number_stands_two_digits_are_thought_of_if_the_others_have_two(form: Any, status: str) -> None:
    """30 tanh(0.3) = 8.739, with tanh(0.3) = 0.2913 off by 0.005 at most."""
    h = Value(0.3, label="x").tanh()
    h.label = "h"
    marks = worksheet(Value(30.0, label="w") * h, "all").mark(form)
    assert next(m.status for m in marks.marks if m.name == "f") == status


def test_a_right_zero_needs_no_more_digits_where_ones_own_number_is_wrong() -> None:
    x, w, u = [Value(number, label=name) for name, number in (("x", 0.0), ("w", 2.0), ("u", 0.3))]
    v = x * w
    v.label = "v"
    marks = worksheet(v * u, "forward").mark({"v": "0.37", "f": "0.0000"})  # 0.37 · 0.3 is 0.111
    assert [m.status for m in marks.marks] == ["wrong", "right"]


def test_a_tensor_put_together_from_numbers_copies_them() -> None:
    a = Value(0.5, label="a")
    R = Tensor([a.cos(), a.sin()], label="R")
    sheet = worksheet(((R * Tensor([1.0, 2.0], label="x")) ** 2).sum(), "all")
    assert [q.name for q in sheet.questions if q.copies] == ["R", "dL_dR_1", "dL_dR_2"]
    marks = sheet.mark({"R_1": "0.9276", "R_2": "0.4794", "R[1]": "0.9276", "R[2]": "0.4794", "L": "1.7798"})
    assert [m.status for m in marks.marks[:5]] == ["wrong", "right", "own", "right", "own"]


def test_a_rule_that_is_wider_than_the_page_is_broken_in_latex() -> None:
    a, b, c = [Tensor([0.5, -0.2], label=name) for name in ("anchor", "positive", "negative")]
    text = worksheet((((a - b) ** 2).sum() - ((a - c) ** 2).sum() + 0.2).relu(), "all").to("tex")
    of_anchor = text.partition(r"\frac{\partial L}{\partial \mathrm{anchor}} &= ")[2]
    *lines, _ = of_anchor.partition(r"\end{aligned}")[0].split("\n")
    assert len(lines) > 2 and all(["&" in line for line in lines[1:]])
    assert lines[-1].startswith(r"&= \left[\begin{array}")
    assert r"\begin{aligned}" not in worksheet(practical(1), "all").to("tex")


def test_numbers_of_more_than_two_axes_stand_on_the_sheet() -> None:
    X = Tensor([[[1.0, 2.0], [3.0, 4.0]], [[-1.0, 0.0], [0.5, 1.0]]], label="X")
    sheet = worksheet((X.sum(axis=0) ** 2).sum(), "all")
    assert "X[1,1,1] = 1\nX[1,1,2] = 2\n" in sheet.to("md") and "X[2,2,1] = 0.5\nX[2,2,2] = 1\n" in sheet.to("md")
    for format, names in (("html", "<small>X[1,1,1] … X[2,2,2]</small>"), ("tex", r"X[1,1,1] \dots{} X[2,2,2]")):
        assert names in sheet.to(format)


def test_a_given_number_is_what_is_printed() -> None:
    for x in (0.5, 0.5 + 1e-4 / 3):  # both are printed as 0.5, and 30 x moves by 0.001
        sheet = worksheet(Value(30.0, label="w") * Value(x, label="x"), "forward")
        assert [sheet.mark({"f": f"{f:.4f}"}).points for f in (15.0, 15.001)] == [1, 0], x


def test_a_number_shows_a_mistake_that_moves_it_by_more_than_half_a_unit() -> None:
    assert worksheet(Value(0.00006, label="x") * 2, "forward").hidden == []
    assert worksheet(Value(0.00004, label="x") * 2, "forward").hidden == ["no-constant"]


def test_a_point_is_shifted_also_where_the_number_is_rounded() -> None:
    assert slips_of(0.0786, 4, 0.7864, 5e-5) == ["The decimal point is shifted."]
    assert slips_of(0.0785, 4, 0.7864, 5e-5) == []


@pytest.mark.parametrize("function", [A.MAX, A.MIN])
def test_the_largest_of_rounded_numbers_may_be_off_by_the_rounding_of_any(function: Any) -> None:
    for radius in ([0.002, 0.001, 0.003], [0.003, 0.001, 0.002]):
        a = Result(Array((3,), [0.3, 0.301, 0.299]), Array((3,), radius))
        found = result_of(E.Along(function, E.Name("a", (3,))), {"a": a}, array(0.0))
        assert found is not None and found.moved.numbers == [0.003]


@pytest.mark.parametrize("f", [Value.logsumexp, Value.max, lambda values: Value.dot(values, [1.0, 0.0])])
def test_the_rounding_of_the_numbers_of_a_vector_is_allowed_for(f: Any) -> None:
    """h and k are written with two digits, 0.005 off at most; f moves by as much, since its slopes add up to 1."""
    h, k = Value(0.8, label="a").tanh(), Value(0.3, label="b").tanh()
    h.label, k.label = "h", "k"
    y = f([h, k])
    sheet = worksheet(y, "all")
    for off, status in ((0.0045, "right"), (-0.0045, "right"), (0.006, "wrong")):
        marks = sheet.mark({"h": f"{h.data:.2f}", "k": f"{k.data:.2f}", "f": f"{y.data + off:.4f}"})
        assert next(m.status for m in marks.marks if m.name == "f") == status, off


@pytest.mark.parametrize(
    "rule",
    [
        lambda a: E.Along(A.SOFTMAX, a),
        lambda a: E.Along(A.LOG_SOFTMAX, a),
        lambda a: E.Along(A.LSE, a),
        lambda a: E.Along(A.SUM, E.Apply(ops.TANH, (a,))),
        lambda a: E.Along(A.MAX, a),
        lambda a: E.MatMul((a, E.Transpose(a))),
        lambda a: E.Apply(ops.DIV, (E.Constant(1.0), E.Apply(ops.SUB, (E.Constant(2.0), a)))),
    ],
)
def test_the_rounding_that_is_carried_is_the_sum_over_all_inputs(rule: Any) -> None:
    """Σ |∂line/∂input| · radius, beside differences; for max the largest radius is taken."""
    numbers, radius = [0.3, -0.5, 0.8], [0.002, 0.001, 0.003]
    e = rule(E.Name("a", (3,)))
    like = array(evaluate(e, {"a": Array((3,), numbers)}))
    expected = [0.0] * len(like.numbers)
    for k, r in enumerate(radius):
        moved = [x + (1e-6 if i == k else 0) for i, x in enumerate(numbers)]
        there = array(evaluate(e, {"a": Array((3,), moved)})).numbers
        expected = [s + abs(t - y) / 1e-6 * r for s, t, y in zip(expected, there, like.numbers)]
    found = result_of(e, {"a": Result(Array((3,), numbers), Array((3,), radius))}, like)
    assert found is not None and found.numbers.numbers == list(like.numbers)
    assert found.moved.numbers == pytest.approx(expected, rel=1e-4, abs=1e-9)


def test_two_digits_are_too_few_to_be_sure_of_a_mistake() -> None:
    """1 − h = 0.5379 where 1 − h² belongs: of a hundred numbers of two digits several are what some mistake gives."""
    z = Value(0.5, label="z")
    h = z.tanh()
    h.label = "h"
    sheet = worksheet(h)
    for written, sure in (("0.54", False), ("0.5379", True)):
        (mark,) = sheet.mark({"dh_dz": written}).marks
        assert [m.id for m in mark.mistakes] == ["slope-not-squared"]
        assert mark.sure == sure


def test_a_mistake_that_contradicts_a_right_number_is_not_named() -> None:
    """One of four numbers is what a forgotten slope gives, the others are right."""
    sheet = worksheet(practical(1), seed=3)
    right = answers(sheet, environment(sheet.questions), 4)
    marks = sheet.mark({**right, "dL_dz1[2]": right["dL_dh1[2]"]})
    assert [m.name for m in marks.marks if m.status == "wrong"] == ["dL_dz1[2]"]
    assert not [m for mark in marks.marks for m in mark.mistakes]
    all_wrong = sheet.mark({**right, **{f"dL_dz1[{k}]": right[f"dL_dh1[{k}]"] for k in range(1, 5)}})
    assert [m.id for m in all_wrong.mistakes] == ["no-slope"]
    assert str(all_wrong).count("The local derivative is left out") == 1, "of a line each sentence once"


def test_a_slip_that_is_not_carried_on_costs_nothing_later() -> None:
    sheet = tanh_sheet()
    marks = sheet.mark(
        {"dh_dz": "0.7684", "dh_dv_1": "0.7864", "dh_db": "0.7864", "dh_dw": "0.3932", "dh_dx": "1.5729"}
    )
    assert [m.status for m in marks.marks] == ["wrong", "right", "right", "right", "right"]
    assert marks.marks[0].slips == ["Two digits have changed places."] and not marks.mistakes


def test_a_slope_that_is_forgotten_at_the_root_is_named_and_followed() -> None:
    """1 is what the mistake gives: it is not a stock answer."""
    marks = tanh_sheet().mark({"dh_dz": "1", "dh_dv_1": "1", "dh_db": "1", "dh_dw": "0.5", "dh_dx": "2"})
    assert [m.status for m in marks.marks] == ["wrong", "own", "own", "own", "own"]
    assert [m.id for m in marks.mistakes] == ["no-slope"]
    assert (marks.points, marks.total) == (2, 3)
    assert not marks.notes


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ("0.00", "coarse"), ("0.0004", "right"), ("0.000", "coarse"), ("4e-4", "right"), ("0", "wrong"),
        ("0.0", "wrong"), ("0.01", "wrong"),
    ],
)  # fmt: skip
def test_a_number_needs_significant_figures(written: str, status: str) -> None:
    x = Value(0.02, label="x")
    (mark,) = worksheet(x**2, "forward").mark({"f": written}).marks
    assert mark.status == status


def test_figures_that_the_key_has_not_are_not_needed() -> None:
    (mark,) = worksheet(Value(0.5, label="x") * Value(3.0, label="w"), "forward").mark({"f": "1.5"}).marks
    assert mark.status == "right"
    sheet = worksheet(Value(0.7, label="x").tanh(), "forward")
    assert [m.status for m in sheet.mark({"f": "0.6"}).marks] == ["coarse"]
    assert [m.status for m in sheet.mark({"f": "0.6"}, least_digits=1).marks] == ["coarse"], "0.6 stands for 0.6000"
    assert [m.status for m in sheet.mark({"f": "0.60"}).marks] == ["right"]


def test_a_sign_may_be_a_slip_or_a_mistake_of_thought() -> None:
    net = MLP([1, 1], seed=2)
    L = squared_error(net(Tensor([0.3], label="x")), Tensor([0.9], label="y"))
    sheet = worksheet(L)
    marks = sheet.mark({"dL_dz1[1]": f"{-sheet.questions[-3].key.numbers[0]:.4f}"})
    first = marks.marks[0]
    assert "sign" in [m.id for m in first.mistakes] and "The sign is the wrong one." in first.slips
    assert not first.sure and not marks.mistakes
    assert "These numbers cannot tell." in str(marks)
    assert len(ClassMarks({"Ann": marks}).tables()) == 2, "there is no table of mistakes: nobody is accused"


def test_signs_that_are_wrong_in_a_whole_line_are_no_slips() -> None:
    """y − ŷ for ŷ − y: one number alone may be a slip of the pen, three at once are a mistake."""
    sheet = worksheet(practical(2), ["dL_dz3"], seed=3)
    (q,) = asked(sheet)
    marks = sheet.mark({entry: f"{-x:.4f}" for entry, x in zip(q.entries, q.key.numbers)})
    assert [m.id for m in marks.mistakes] == ["sign"] and all([m.slips and m.sure for m in marks.marks])


def test_points_are_exact_sums() -> None:
    sheet = worksheet(practical(1), "all", seed=3, eta=ETA)
    marks = sheet.mark(json.loads(sheet.key().answers("json")), points={q.name: 0.1 for q in asked(sheet)})
    assert marks.points == marks.total == 2.3


# The report of a class.


def a_class() -> ClassMarks:
    sheet = tanh_sheet()
    right = {"dh_dz": "0.7864", "dh_dv_1": "0.7864", "dh_db": "0.7864", "dh_dw": "0.3932", "dh_dx": "1.5729"}
    forms = {
        "Ann": right,
        "Bo": {"dh_dz": "1", "dh_dv_1": "1", "dh_db": "1", "dh_dw": "0.5", "dh_dx": "2"},
        "Cy": {**right, "dh_dw": "about a half", "dh_dx": ""},
        "Di": {**right, "dh_dz": "0.8"},
        "Ed": {**right, "dh_dx": "15.729"},
    }
    return ClassMarks({name: sheet.mark(form) for name, form in forms.items()}, {"flo.pdf": "it is not a form"})


def test_a_class_is_counted_line_by_line() -> None:
    people, lines, mistakes = a_class().tables()
    counts = {row[0]: row[1:7] for row in lines}
    assert counts["line"] == ["right", "from own numbers", "too few digits", "wrong", "illegible", "blank"]
    assert counts["dh_dz"] == ["3", "0", "1", "1", "0", "0"]
    assert counts["dh_dw"] == ["3", "1", "0", "0", "1", "0"]
    assert counts["dh_dx"] == ["2", "1", "0", "1", "0", "1"]
    assert [row[:3] for row in people[1:]] == [
        ["Ann", "3", "3"], ["Bo", "2", "3"], ["Cy", "1", "3"], ["Di", "2", "3"], ["Ed", "2", "3"], ["flo.pdf", "", ""],
    ]  # fmt: skip
    no_slope = "The local derivative is left out, as the 1 − h² of tanh."
    assert mistakes[1:] == [
        [no_slope, "1", "Bo: dh_dz"],
        ["Slip of the pen: The decimal point is shifted.", "1", "Ed: dh_dx"],
    ]
    assert lines[1][7] == f"{no_slope} (1)" and people[2][4] == no_slope


def test_marks_save_themselves_in_the_format_of_the_suffix(tmp_path: Path) -> None:
    for marks in (a_class(), a_class().students["Bo"]):
        assert marks.save(tmp_path / "m.txt").read_text().startswith(str(marks))
        assert "<table>" in marks.save(tmp_path / "m.html").read_text()
        assert "dh_dz" in marks.save(tmp_path / "m.csv").read_text(encoding="utf-8-sig")
        with pytest.raises(ValueError, match=r"marks are saved as \.txt, \.csv or \.html, not '\.docx'"):
            marks.save(tmp_path / "m.docx")


# The sheet.


def test_a_sheet_has_numbers_as_numbers_and_the_formulas_of_the_course() -> None:
    sheet = worksheet(practical(2), "all", title="Question 2, variant 7", seed=7, eta=ETA)
    for format in ("html", "md", "tex"):
        text = sheet.to(format)
        assert "Question 2, variant 7" in text and "seed" not in text
    text = sheet.to("md")
    assert "`L = −Σ y ∘ log(ŷ)`" in text and "`∂L/∂z⁽³⁾ = ŷ − y`" in text
    assert "\nη = 0.1\n```" in text and "`new W⁽³⁾ = W⁽³⁾ − η · ∂L/∂W⁽³⁾`" in text
    assert "- `dL_dz3[1] = ________`" in text and "|" not in text
    html = sheet.to("html")
    assert "<b>η</b> <em>=</em> 0.1 " in html
    assert html.count("<i>ᵀ</i>") == sum(len(q.key.shape) == 1 for q in sheet.questions)
    batch = worksheet(practical(2, batch=True), "all", seed=7).to("md")
    assert "`L = −Σ y ∘ log(ŷ) / 2`" in batch and "`∂L/∂z⁽³⁾ = ½ · (ŷ − y)`" in batch


def test_wrt_is_as_in_explain() -> None:
    x, w = Value(0.5, label="x"), Value(2.0, label="w")
    y = (x * w).tanh()
    assert [q.name for q in asked(worksheet(y, wrt=w, eta=0.5))] == ["df_dv_1", "df_dw", "new_w"]


def test_a_key_warns_of_lines_that_are_printed_as_zero() -> None:
    sheet = worksheet(Value(0.001, label="x") ** 2, "forward")
    assert sheet.zeros == ["f"]
    assert "Every number is printed as 0 in: f." in sheet.key().to("md")
    assert worksheet(Value(0.001, label="x") ** 2, "forward", seed=1).zeros == []


def test_what_is_computed_is_never_given_also_where_no_parameter_is_behind_it():
    u = Value(0.3, label="u")
    sheet = worksheet((Linear(2, 2, seed=1)([1.0, 2.0]) * Tensor(u.sigmoid())).sum())
    rules = {q.name: q.line.rule for q in sheet.questions}
    assert str(rules["v_1"]) == "sigmoid(u)" and rules["u"] is None
    assert [q.name for q in sheet.questions if q.asked] == ["dL_dz1", "dL_dW", "dL_db"]


def test_a_matrix_is_given_row_by_row() -> None:
    W, x = Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], label="W"), Tensor([1.0, 0.0, 0.0], label="x")
    html = worksheet((W @ x).sum()).to("html")
    assert "<tr><td>1</td><td>2</td><td>3</td></tr><tr><td>4</td><td>5</td><td>6</td></tr>" in html
    assert html.count('class="known matrix"') == 2 and html.count('class="known"') == 0  # which draws the brackets
    scalar = worksheet((W @ x).sum() * 2.0, "all").to("html")
    assert scalar.count('class="asked matrix"') == 2 and scalar.count('class="asked"') >= 1
