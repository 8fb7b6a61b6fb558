"""The page in a browser: what is seen, what is changed, asked and tried there, against the engine."""

import itertools
import json
import math
import re

import pytest
from pages import on_one_line
from test_stepping import (
    GRAPHS,
    HOSTILE,
    a_square,
    attention,
    deep,
    gathered,
    gpt_block,
    kinks,
    leaves,
    network,
    one_neuron,
    shared,
)

from tinygrad_edu import (
    MLP,
    SGD,
    Adam,
    Parameter,
    Tensor,
    Value,
    cross_entropy,
    explain,
    ops,
    squared_error,
    step_through,
    where,
)
from tinygrad_edu.graph import topological_order
from tinygrad_edu.readings.explaining.lines import lines_of
from tinygrad_edu.readings.explaining.mistakes import CATALOGUE
from tinygrad_edu.readings.explaining.values import Gradients
from tinygrad_edu.readings.stepping import Task
from tinygrad_edu.value import chain_rule
from tinygrad_edu.writing.evaluation import evaluate
from tinygrad_edu.writing.notation import short


def order_of(y):
    return topological_order(y if isinstance(y, Value) else y.values[0])


@pytest.fixture
def opened(chromium, tmp_path):
    """Opens a page from a file, and looks whether the console was silent at the end."""

    def open_(page, fragment="", **media):
        file = tmp_path / "page.html"
        file.write_text(page if isinstance(page, str) else page.html, encoding="utf-8")
        chromium.open(file.as_uri() + fragment, **media)
        return chromium

    chromium.problems.clear()
    yield open_
    chromium.call("Emulation.clearDeviceMetricsOverride")
    assert chromium.problems == []


VIEW = """(() => ({
    title: byId("title").textContent,
    lines: [...document.querySelectorAll("#lines p")].map((p) => p.textContent),
    position: byId("position").textContent,
    numbers: [...places.map(({ text }) => text), ...all(".edge text")].map((t) => t.textContent).filter(Boolean),
    picture: document.querySelector("#picture svg").outerHTML,
}))()"""


# Alive at once.


def test_it_opens_with_every_number_and_a_change_is_followed_by_everything_at_once(opened):
    L = one_neuron()
    browser = opened(step_through(L))
    assert browser.run("[state.all, places.every(({ text }) => text.textContent)]") == [True, True]
    browser.run("change(0, 0.9)")
    order = order_of(L)
    order[0].data = 0.9
    L.forward()
    L.backward()
    shown = browser.run("places.map(({ what, node, text }) => [what, node, text.textContent])")
    assert len(shown) == 2 * len(order)
    for what, node, text in shown:
        assert text == short(order[node].data if what == "value" else order[node].grad)
    assert browser.run("byId('result').textContent") == f"L 1 → {short(L.data)}"


EVERY = ["neuron", "shared", "kinks", "Question 1", "Question 2", "attention", "2-16-16-1"]


@pytest.mark.parametrize(
    ("name", "count"),
    [("kinks", 3), ("attention", 3), *[pytest.param(name, 100, marks=pytest.mark.long) for name in EVERY]],
)
def test_the_effect_and_what_the_gradient_said_are_the_engines(opened, name, count):
    y = {**GRAPHS, "attention": attention, "2-16-16-1": deep}[name]()
    page = step_through(y)
    browser = opened(page)
    nodes, names = page._stage.nodes, page._data["names"][: len(page._stage.nodes)]
    for k, n in enumerate((page._data["leaves"] * count)[:count]):
        before, old = nodes[-1].data, nodes[n].data
        new = old + 0.1 * (k % 7 + 1)
        said = Gradients(order_of(y), {}).of[nodes[n]] * (new - old)  # 0 where it is 0 but for rounding
        nodes[n].data = new
        nodes[-1].forward()
        browser.run(f"gesture = null; change({n}, {new})")
        words = browser.run("effect.textContent")
        effect, _, gradient = words.removesuffix(".").rpartition("; the gradient alone said ")
        moved = short(nodes[-1].data - before)
        assert effect == f"{names[n]}: {short(old)} → {short(new)}. {names[-1]} moved by {moved}"
        assert gradient == short(said)


@pytest.mark.parametrize("level", ["value", "tensor"])
def test_the_slopes_of_a_maximum_move_with_its_numbers(opened, level):
    a, b = Value(1.0, "a"), Value(2.0, "b")
    w = Tensor([1.0, -3.0], label="w")
    page = step_through((Value.max([a, b]) * w).sum() if level == "tensor" else Value.max([a, b]) * -2.0, level)
    browser = opened(page)
    steps = [k for k, step in enumerate(page._data["steps"]) if "∂a" in step["lines"][0]["quantity"]]
    for number, slope in ((1, 0), (3, 1), (2, 0.5)):
        browser.run(f"change(names.indexOf('a'), {number}); show({steps[0]})")
        (line,) = [text for text in browser.run(VIEW)["lines"] if "∂a" in text.partition("=")[0]]
        symbols = str(slope) if level == "tensor" else "∂v₁/∂a"
        assert f"· {symbols} = (−2) · {slope} = {f'−{2 * slope:g}' if slope else 0}" in on_one_line(line)


def test_the_ways_from_a_leaf_to_the_result_light_up_as_wide_as_their_slopes(opened):
    L = one_neuron()
    browser = opened(step_through(L))
    browser.run("hold(0); draw()")
    ways = browser.run("[...waysFrom(0)].map(([{ id }, size]) => [id, size])")
    order = order_of(L)
    slopes = {f"n{k}-{i}": abs(p) for k, v in enumerate(order, 1) for i, p in enumerate(v.partials, 1)}
    assert {arrow for arrow, _ in ways} == slopes.keys() - {"n3-2", "n5-2", "n8-2"}  # not those from x, b and y
    assert all([abs(size - slopes[arrow]) < 1e-12 for arrow, size in ways])
    faded = "[...document.querySelectorAll('.fading .node:not(.way)')].length"
    assert browser.run(faded) == 3
    widths = browser.run("all('.edge.way path').map((e) => Number(e.getAttribute('stroke-width')))")
    assert min(widths) >= 1.2 and max(widths) > 5
    browser.press("Escape")
    browser.run("letGo()")
    assert browser.run(faded) == 0


def test_between_cards_a_way_is_as_wide_as_what_passes_through_it_alone(opened):
    L = network(init=None)
    page = step_through(L, "neuron")
    names, cards = page._data["names"], {node: id for id, own, _ in page._data["cards"] for node in own}
    ways = dict(opened(page).run(f"[...waysFrom({names.index('W⁽¹⁾₁₁')})].map(([{{ id }}, size]) => [id, size])"))
    arrows = {
        (source, id): f"{id}-{k}" for id, _, sources in page._data["cards"] for k, source in enumerate(sources, 1)
    }

    def way(a, b):
        return ways[arrows[cards[names.index(a)], cards[names.index(b)]]]

    value = dict(zip(names, [v.data for v in page._stage.nodes]))
    for i in "₁₂₃":
        assert way("h⁽¹⁾₁", f"h⁽²⁾{i}") == pytest.approx(
            abs(value[f"W⁽²⁾{i}₁"]) * (1 - value[f"h⁽²⁾{i}"] ** 2), rel=1e-9
        )
        assert way("h⁽²⁾₂", f"z⁽³⁾{i}") == pytest.approx(abs(value[f"W⁽³⁾{i}₂"]), rel=1e-9)
    assert not {arrow for arrow in ways if arrow.startswith(f"{cards[names.index('h⁽¹⁾₂')]}-")}  # it has another row


def test_undo_goes_back_change_by_change_and_what_was_recorded_is_what_the_first_is_compared_with(opened):
    browser = opened(step_through(one_neuron()))
    browser.run("change(0, 0.75); change(0, 1); change(names.indexOf('b'), 0.5)")
    assert browser.run("effect.textContent").startswith("b: −1 → 0.5. L moved by ")
    browser.run("undo()")  # w is as it was recorded no more
    assert browser.run("effect.textContent").startswith("w: 0.5 → 1. L moved by ")
    browser.run("undo()")
    assert browser.run("[changed.size, effect.textContent, past.length]") == [0, "", 0]
    browser.run("descend(10); descend(1); undo()")
    assert browser.run("[path.length, past.length]") == [10, 1]
    assert browser.run("effect.textContent").startswith("2 numbers changed. L moved by ")
    browser.run("undo()")
    assert browser.run("[path.length, changed.size]") == [0, 0]


def test_a_number_of_a_matrix_is_shaded_by_its_size_and_its_sign(opened):
    page = step_through(attention(), "tensor")
    browser = opened(page)
    names = page._data["names"]
    cell = "((n) => all(`[data-value='${n}'] polygon`)[0])(%d)"
    browser.run(f"change({names.index('W_q₁₁')}, -2)")
    shades = [browser.run(cell % names.index(f"W_q{k}") + ".getAttribute('class')") for k in ("₁₁", "₁₂", "₂₁", "₂₂")]
    assert shades == ["cell down6", "cell up2", "cell ", "cell up3"]  # −2, 0.5, 0, 1
    fill = [browser.run(f"getComputedStyle({cell % names.index(f'W_q{k}')}).fill") for k in ("₁₁", "₂₁")]
    assert fill == ["rgb(232, 168, 119)", "rgb(254, 254, 254)"]
    box = "(({ left, right }) => [left, right])(%s.getBoundingClientRect())"
    number = browser.run(box % f"placesOf.get('v{names.index('W_q₁₁')}')[0].text")
    shade = browser.run(box % cell % names.index("W_q₁₁"))
    assert shade[0] < number[0] < number[1] <= shade[1]
    browser.run(f"change({names.index('W_q₁₁')}, 0); show(1)")  # what is 0 has no shade, nor what is to come
    blank = "places.filter(({ cell, text }) => cell && !Number(text.textContent)).map(({ cell }) => cell)"
    assert browser.run(f"[...new Set({blank}.map((cell) => getComputedStyle(cell).fill))]") == ["rgb(254, 254, 254)"]


# Step by step.


def test_stepped_to_the_end_and_back_by_keys_it_says_what_explain_says(opened):
    page = step_through(one_neuron())
    rows = [on_one_line(row.text()) for row in explain(one_neuron())]
    browser = opened(page, "#0")
    there = [browser.run(VIEW)]
    for _ in range(len(page) - 1):
        browser.press("ArrowRight")
        there.append(browser.run(VIEW))
    assert [on_one_line(line) for view in there[1:-1] for line in view["lines"]] == rows[4:]
    numbers = {"w": "0.5 − 0.1 · (−4) = 0.9", "b": "−1 − 0.1 · (−2) = −0.8"}
    assert there[-1]["lines"] == [f"{name} ← {name} − η · ∂L/∂{name} = {line}" for name, line in numbers.items()]
    browser.press("ArrowRight")
    assert browser.run(VIEW) == there[-1]
    back = [browser.run(VIEW)]
    for _ in range(len(page) - 1):
        browser.press("ArrowLeft")
        back.append(browser.run(VIEW))
    assert back[::-1] == there
    browser.press("End")
    assert browser.run(VIEW) == there[-1]
    browser.press("Home")
    assert browser.run(VIEW) == there[0]


def test_numbers_appear_with_their_step_unless_that_is_switched_off(opened):
    browser = opened(step_through(a_square()), "#0")
    seen = []
    for added in (["3"], ["9"], ["1"], ["6", "×3", "×3"]):
        seen += added
        assert sorted(browser.run(VIEW)["numbers"]) == sorted(seen)
        browser.press("ArrowRight")
    browser.press("Home")
    browser.click("#hide")
    assert sorted(browser.run(VIEW)["numbers"]) == sorted(seen)
    browser.click("#all")
    assert browser.run("[state.all, byId('said').hidden]") == [True, True]


def test_the_node_in_hand_and_the_arrows_it_uses_stand_out(opened):
    browser = opened(step_through(a_square()), "#3")
    marked = "[...document.querySelectorAll('.hand, .near, .used')].map((e) => e.id).filter(Boolean).sort().join()"
    assert browser.run(marked) == "n1,n2,n2-1,n2-2"
    width = "Number.parseFloat(getComputedStyle(document.querySelector('#picture %s .outline')).strokeWidth)"
    assert browser.run(width % ".hand") > browser.run(width % ".near") > 1
    backward_to = "steps.findIndex((s) => s.phase === 'backward' && s.hand === cardOf(names.indexOf('%s')))"
    for y, steps in (
        (Value(3.0, label="x") * 2.0, {"3": "n1,n3,n3-1"}),  # a constant has no gradient
        (one_neuron(), {"1": "n1,n2,n3,n3-1,n3-2", "10": "n3,n4,n5,n5-1,n5-2", "12": "n1,n4"}),  # the last: the update
        (attention(), {"4": "n3,n5,n6,n6-1,n6-2", "12": "n6,n7,n7-1"}),  # in matrices from whom a gradient comes
        # By way of one that has no line.
        (gathered(), {backward_to % "x₁₁": "n1,n4,n4-1,n5,n5-1", backward_to % "w₁₁": "n2,n3,n3-2"}),
    ):
        browser = opened(step_through(y), "#0")
        for step, ids in steps.items():
            assert browser.run(f"(show({step}), {marked})") == ids, step


def test_buttons_slider_and_cards_lead_to_their_step(opened):
    browser = opened(step_through(one_neuron()), "#0")
    for button, step in (("last", 12), ("previous", 11), ("next", 12), ("next", 12), ("first", 0), ("previous", 0)):
        browser.click(f"#{button}")
        assert browser.run("state.step") == step
    browser.click("#slider")
    assert 5 <= browser.run("state.step") <= 6
    browser.press("End")
    browser.run("goToCard('n6')")
    assert browser.run(VIEW)["title"].startswith("Backward through h")
    browser.run("goToCard('n6')")
    assert browser.run(VIEW)["title"] == "Forward to h = tanh(z)"
    browser.click("#all")
    browser.run("goToCard('n6')")  # all at once: every line of the card
    assert [line.split(" ")[0] for line in browser.run(VIEW)["lines"]] == ["h", "∂L/∂h"]


@pytest.mark.parametrize("level", ["value", "neuron", "tensor"])
def test_every_step_of_a_network_is_shown_without_complaint(opened, level):
    browser = opened(step_through(network(cross_entropy), level))
    texts = browser.run(
        "steps.slice(0, end + 1).map((_, n) => (show(n),"
        " [...document.querySelectorAll('#lines p')].map((p) => p.textContent)))"
    )
    told = [on_one_line(line) for lines in texts[1:] for line in lines]
    if level != "tensor":
        rows = [
            on_one_line(row.text())
            for row in explain(network(cross_entropy), level="value")
            if row.rule or row.edge is not None
        ]
        assert sorted(told) == sorted([*rows, "∂L/∂L = 1"])
    assert browser.run("places.filter(({ text }) => !text.textContent).length") == 0 or level == "neuron"


# In matrices.


def test_a_click_on_an_element_shows_the_sum_behind_it_with_all_that_is_in_it(opened):
    page = step_through(attention(), "tensor")
    browser = opened(page)
    names = page._data["names"]
    node = names.index("Q₂₂")
    browser.click(f"[data-gradient='{node}']")
    assert (
        browser.run("document.querySelector('.behind').textContent")
        == "∂L/∂Q₂₂ = 0.707 · ((−1.77) · 1 + (−0.178) · 1 + 1.95 · 2) = 1.38"
    )
    lit = browser.run("all('.lit:not(.self)').map((g) => [g.dataset.value ?? null, g.dataset.gradient ?? null])")
    assert sorted([names[int(v)] for v, _ in lit if v]) == ["K₁₂", "K₂₂", "K₃₂"]
    assert sorted([names[int(g)] for _, g in lit if g]) == ["S₂₁", "S₂₂", "S₂₃"]
    size = browser.run("[byId('picture').querySelector('svg').viewBox.baseVal.width, fit.checked]")
    assert size[0] < 1300 and size[1]  # its chain is folded into rows


def test_a_touched_element_lights_up_what_moves_with_it_and_what_stands_beside_it_in_a_sum(opened):
    page = step_through(attention(), "tensor")
    browser = opened(page)
    names = page._data["names"]
    browser.run(f"hold({names.index('W_q₁₂')}); draw()")
    lit = {names[n] for n in browser.run("all('.lit[data-value]').map((g) => Number(g.dataset.value))")}
    assert {name for name in lit if name[0] == "Q"} == {"Q₂₁", "Q₃₁"}  # since X₁₂ is 0
    assert {name for name in lit if name[0] in "XW"} == {"W_q₁₂"}
    beside = {names[n] for n in browser.run("all('.beside').map((g) => Number(g.dataset.value))")}
    assert beside == {"W_q₁₁", *[f"X{i}{j}" for i in "₁₂₃" for j in "₁₂"]}


FRAMES = "for (let k = 0; k < 3; k++) await new Promise(requestAnimationFrame);"


def test_a_fitted_picture_gives_way_to_the_lines_of_a_card_and_takes_the_room_back(opened):
    browser = opened(step_through(attention(), "tensor"))
    browser.call("Emulation.setDeviceMetricsOverride", width=1600, height=900, deviceScaleFactor=1, mobile=False)
    browser.run("fitIfReadable()")
    fits = "[fit.checked, picture.scrollHeight <= picture.clientHeight, svg.width.baseVal.value]"
    size = f"(async () => {{ {FRAMES} return {fits} }})()"
    *fits, wide = browser.run(size)
    browser.run("goToCard(data.cards.at(-3)[0])")
    *still_fits, less = browser.run(size)
    browser.run("goToCard(state.card)")
    assert fits == still_fits == [True, True] and less < wide and browser.run(size) == [True, True, wide]


def test_of_a_large_matrix_the_first_rows_and_columns_and_the_last_are_shown_with_a_mark_where_some_are_left_out(
    opened,
):
    browser = opened(step_through(a_square()))
    shown = (
        "(({ shape }) => { const numbers = Array.from({ length: shape.reduce((a, b) => a * b) }, (_, k) => k);"
        " return [...matrixNode({ shape, numbers }, true).querySelectorAll('table')].map((table) =>"
        " [...table.rows].map((row) => [...row.cells].map((td) =>"
        " td.textContent + (td.classList.contains('skipped') ? '…' : '')))) })({ shape: %s })"
    )
    (wide,) = browser.run(shown % [2, 12])
    assert wide == [["0", "1", "2", "3", "11…"], ["12", "13", "14", "15", "23…"]]
    (high,) = browser.run(shown % [9, 1])
    assert [cell for [cell] in high] == ["0", "1", "2", "3", "8…"]
    (small,) = browser.run(shown % [1, 8])
    assert small == [["0", "1", "2", "3", "4", "5", "6", "7"]]
    assert browser.run(shown % [2, 1, 2]) == [[["0", "1"]], [["2", "3"]]]
    assert len(browser.run(shown % [9, 1, 1])) == 8
    assert browser.run(shown % [2]) == [[["0"], ["1"]]]  # a vector beside matrices is a column, and else lies
    assert browser.run((shown % [2]).replace(", true)", ", false)")) == [[["0", "1"]]]


def test_an_element_of_the_update_is_told_with_its_numbers(opened):
    browser = opened(step_through(network(), "tensor"), "#21")
    browser.run("lines_.querySelector('table[data-of] td').dispatchEvent(new MouseEvent('click', { bubbles: true }))")
    said = browser.run("lines_.querySelector('.behind').textContent")
    numbers = browser.run("[run.values, run.gradients].map((of) => of[names.indexOf('W⁽¹⁾₁₁')])")
    match = re.fullmatch(r"W⁽¹⁾₁₁ = (\S+) − 0\.1 · \(?([^ )]+)\)? = (\S+)", said.replace("−0", "-0"))
    assert [float(x) for x in match.groups()] == pytest.approx([*numbers, numbers[0] - 0.1 * numbers[1]], rel=2e-2)


def test_the_laboratory_opens_below_a_flat_picture_and_beside_another_one(opened):
    for make, below in ((one_neuron, True), (attention, False)):
        browser = opened(step_through(make()))
        browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
        browser.run("resize(); open_('change')")
        inside = "(() => { const L = byId(cardOf(root)).getBoundingClientRect(), b = bench.getBoundingClientRect();"
        free = browser.run(f"{inside} return [L.bottom <= b.top, L.right <= b.left] }})()")
        assert free == [below, not below] and browser.run("fit.checked")  # L stays in sight


def test_the_gradient_of_the_result_is_1_from_the_first_backward_step_on(opened):
    browser = opened(step_through(attention(), "tensor"))
    shown = browser.run("steps.map(({ phase }, n) => [phase, gradientAt(root, n)])")
    assert shown and all([x == (1 if phase == "backward" else None) for phase, x in shown])


def test_a_whole_small_matrix_is_asked_or_an_element_of_a_larger_one(opened):
    L = attention()
    browser = opened(step_through(L, "tensor"))
    browser.run("predict.checked = true; beginPredicting()")
    asked = browser.run("data.questions.asked.map(([n]) => n)")
    for n in asked:
        browser.run(f"show({n})")
        shape, right = browser.run(
            "(() => { const { right } = current(); return [lineOf(current().question).shape, right] })()"
        )
        assert len(right) == (math.prod(shape) if math.prod(shape) <= 4 else 1)
        fields = "[...(answer.hidden ? grid.querySelectorAll('input') : [answer])]"
        browser.run(f"{fields}.forEach((f, k) => (f.value = String({right}[k])))")
        browser.run("form.requestSubmit()")
        assert browser.run("verdict.textContent") == "Right."


def test_of_a_matrix_it_is_said_how_many_numbers_differ(opened):
    browser = opened(step_through(network(), "tensor"))
    browser.run("predict.checked = true; beginPredicting()")
    n = browser.run("questions.find((q) => lineOf(q).numbers.length === 4).step")
    browser.run(f"show({n}); fields().forEach((f, k) => (f.value = String(current().right[k] + (k ? 0 : 5))))")
    browser.run("form.requestSubmit()")
    assert browser.run("verdict.textContent").startswith("Not yet: 1 of 4 differ.")


# A number is changed.


def test_a_number_is_changed_on_its_card_by_keys_by_typing_and_by_dragging(opened):
    w, x = Value(0.5, "w"), Value(2.0, "x")
    browser = opened(step_through(w * x))
    browser.run("groupsOf(0)[0].focus()")
    view = "[groupsOf(0)[0].textContent.trim(), short(run.values[root]), byId('effect').textContent]"
    browser.press("ArrowUp")
    assert browser.run(view) == ["0.6", "1.2", "w: 0.5 → 0.6. f moved by 0.2; the gradient alone said 0.2."]
    browser.press("ArrowDown", "Shift")
    browser.press("ArrowUp", "Alt")
    assert browser.run(view)[0] == "−0.39" and browser.run("state.all")  # the keys moved the number, not the film
    browser.press("Enter")
    browser.run("typed.select()")
    browser.type("−1/4")
    browser.press("Enter")
    assert browser.run(view)[:2] == ["−0.25", "−0.5"]
    browser.click("[data-value='0'] text")  # one tap opens the field
    browser.type("0.75")  # all follows while one types
    assert browser.run(view)[:2] == ["0.75", "1.5"]
    browser.press("Escape")  # and goes back
    assert browser.run(view)[:2] == ["−0.25", "−0.5"]
    browser.click("[data-value='0'] text")
    field, number = browser.run(
        "[typed, groupsOf(0)[0]].map((e) => e.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    assert abs(field[1] - number[1]) < 10 and field[1] - field[0] < 90  # it covers its number, and no other card
    browser.type("x")
    browser.press("Enter")  # that is no number
    assert browser.run("[typed.hidden, typed.getAttribute('aria-invalid')]") == [False, "true"]
    browser.press("Escape")
    browser.drag("[data-value='0'] text", 40)  # ten times 4 pixels
    assert browser.run("changed.get(0)") == -0.05
    assert browser.run("groupsOf(0)[0].getAttribute('aria-valuetext')") == "−0.05, changed"
    browser.press("ArrowRight")
    assert browser.run("document.activeElement.getAttribute('aria-label')") == "x"
    browser.run("undo()")
    assert browser.run("changed.get(0)") == -0.25
    browser.run("reset()")
    assert browser.run("[changed.size, groupsOf(0)[0].textContent.trim()]") == [0, "0.5"]


def test_a_number_on_a_card_has_keys_of_its_own(opened):
    browser = opened(step_through(one_neuron()))
    browser.run("groupsOf(0)[0].focus()")
    for key in ("3", "ArrowUp"):  # a digit opens the field, in which ↑ and ↓ work too
        browser.run(
            f"document.activeElement.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', bubbles: true }}))"
        )
    assert browser.run("[typed.hidden, typed.value, changed.get(0)]") == [False, "3.1", 3.1]
    browser.press("Enter")
    assert browser.run("[typed.hidden, state.held, svg.classList.contains('fading')]") == [True, 0, True]
    control = "new KeyboardEvent('keydown', { key: 'ArrowUp', ctrlKey: true, bubbles: true })"
    browser.run(f"document.activeElement.dispatchEvent({control})")  # is the browser's
    browser.run("groupsOf(0)[0].dispatchEvent(new PointerEvent('pointercancel'))")
    assert browser.run("changed.get(0)") == 3.1
    browser.press("Escape")
    assert browser.run("[state.held, svg.classList.contains('fading'), document.activeElement.id]") == [
        None, False, "picture",
    ]  # fmt: skip


def test_clicks_lead_to_cards_and_to_elements_and_back(opened):
    browser = opened(step_through(attention(), "tensor"))
    card = "byId('{}').querySelector('.outline').dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))"
    lines = "[...lines_.children].map((p) => p.textContent.split(' ')[0])"
    Q = browser.run("cardOf(names.indexOf('Q₁₁'))")
    browser.run(card.format(Q))
    assert browser.run(lines) == ["Q", "∂L/∂Q"]
    cell = "lines_.querySelectorAll('table[data-of]')[1].rows[0].cells[1]"
    browser.run(f"{cell}.dispatchEvent(new MouseEvent('click', {{ bubbles: true }}))")  # of the gradient
    assert browser.run("[state.card, state.element[0], nameOf(...state.element)]") == [None, "g", "∂L/∂Q₁₂"]
    browser.run("goToElement(...state.element)")
    assert browser.run("[state.element, byId('said').hidden]") == [None, True]
    X = browser.run("names.indexOf('X₁₂')")
    browser.run(f"goToElement('v', quantityOf.get('v{X}'), 1)")  # it is given: there is no sum behind it
    assert browser.run("lines_.textContent") == "X₁₂ = 0"
    assert browser.run(f"placesOf.get('v{X}')[0].group.classList.contains('self')")
    browser.run("show(3)")
    browser.run(card.format(browser.run(f"cardOf({X})")))  # a leaf has no step forward
    assert browser.run("state.step") == 0
    browser.run(card.format(browser.run(f"cardOf({X})")))
    assert browser.run("byId('title').textContent").startswith("Backward to X")
    browser.run("show(last); goToCard(cardOf(names.indexOf('W_q₁₁')))")
    assert browser.run("byId('title').textContent").startswith("Backward to W_q")


def test_buttons_of_the_head_and_of_the_laboratory_toggle(opened):
    browser = opened(step_through(one_neuron()))
    found = []
    for button in ("previous", "all", "next", "all", "all"):
        browser.click(f"#{button}")
        found.append(browser.run("[state.all, state.step]"))
    assert found == [[False, 12], [True, 12], [False, 0], [True, 0], [False, 0]]
    for act, part in (("#open", "change"), ("#open", ""), ("#open", "change"), ("#shut", ""), ("#open", "change")):
        browser.click(act)
        assert browser.run("opened") == part
    browser.run("leaf.value = 1; leaf.dispatchEvent(new Event('change'))")
    assert browser.run("[state.held, number_.value, curve.querySelectorAll('.name')[0].textContent]") == [1, "2", "x"]
    browser.press("Escape")
    assert browser.run("opened") == ""
    wide = browser.run("svg.width.baseVal.value")
    browser.call("Emulation.setDeviceMetricsOverride", width=700, height=800, deviceScaleFactor=1, mobile=False)
    browser.run("fit.checked = true; fit.dispatchEvent(new Event('change'))")
    fitted = browser.run("svg.width.baseVal.value")
    browser.run("fit.checked = false; fit.dispatchEvent(new Event('change'))")
    assert fitted < 700 < wide and browser.run("svg.width.baseVal.value") > fitted


def test_the_address_keeps_the_step_the_numbers_the_open_part_and_the_theme(opened):
    page = step_through(shared())
    browser = opened(page)
    browser.run("change(0, -1.25); show(3); open_('descend')")
    browser.wait("location.hash === '#3&a=-1.25&open=descend'")
    before = browser.run("[story(), [...changed], opened]")
    assert opened(page, "#3&a=-1.25&open=descend").run("[story(), [...changed], opened]") == before
    browser.run("location.hash = '#1&b=0.75&theme=dark'")
    browser.wait("state.step === 1")
    assert browser.run("[[...changed], document.documentElement.dataset.theme]") == [[[1, 0.75]], "dark"]
    assert browser.run("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 29)"
    for nonsense in ("#3&a=x&z=1&b=1e999", "#&=&", "#-1", "#%00&%&open=x&theme=red", "#999999"):
        assert opened(page, nonsense).run("[changed.size, opened]") == [0, ""]


def test_an_address_that_is_followed_while_the_page_would_write_its_own_is_kept(opened):
    browser = opened(step_through(shared()), "#3")
    browser.run(
        "(() => { const { port1, port2 } = new MessageChannel(), began = performance.now(); show(2);"
        "port1.onmessage = () => { location.hash = '#1&b=0.75' }; port2.postMessage(0);"  # and then the clock is due
        "while (performance.now() - began < 300); })()"
    )
    browser.wait("state.step === 1")
    assert browser.run("[[...changed], location.hash]") == [[[1, 0.75]], "#1&b=0.75"]


def test_in_the_frame_of_an_article_it_opens_as_the_address_says_and_leaves_the_address_alone(opened, tmp_path):
    page = step_through(one_neuron())
    page.save(tmp_path / "inside.html")
    browser = opened(
        "<!DOCTYPE html><title>Article</title>"
        "<iframe src='inside.html#8&w=1.5&theme=dark' width=900 height=600></iframe>"
    )
    inside = "document.querySelector('iframe').contentWindow"
    # A frame from a file is of another origin; the browser only shows it.
    assert browser.run(f"{inside}.length") == 0
    frame = page._repr_mimebundle_()["text/html"].replace(" sandbox=", " data-was=")
    browser = opened(f"<!DOCTYPE html><title>Notebook</title>{frame}")
    before = browser.run("[location.href, history.length]")
    browser.run(f"{inside}.document.getElementById('last').click()")
    assert browser.run(f"{inside}.document.getElementById('position').textContent") == "update, 12 / 12"
    assert browser.run("[location.href, history.length]") == before
    assert browser.run("getComputedStyle(document.querySelector('iframe + div')).display") == "none"


def test_out_of_a_domain_it_says_so_leaves_blanks_and_comes_back(opened):
    x = Value(1.0, "x")
    y = x.log() + (x * 2.0).tanh()
    browser = opened(step_through(y))
    recorded = browser.run("document.body.innerText")
    browser.run("change(0, -1)")
    with pytest.raises(ValueError) as error:
        Value(-1.0, "x").log()
    assert browser.run("problem.textContent") == str(error.value).partition(";")[0].replace("-1.0", "−1") + "."
    shown = browser.run(
        "places.filter(({ what }) => what === 'value').map(({ node, text }) => [node, text.textContent])"
    )
    blank = {i for i, v in enumerate(order_of(y)) if v is y or v.op is ops.LOG}
    assert {i for i, text in shown if not text} == blank
    browser.run("open_('change')")
    assert not browser.run("Boolean(document.querySelector('#curve .point'))")
    browser.run("open_(''); change(0, 1); reset(); showAll()")
    assert browser.run("document.body.innerText") == recorded


def test_what_the_engine_refuses_has_no_value_here_either_and_the_largest_numbers_are_told(opened):
    a, b = leaves(2.0, 3.0)
    c, d, e, f = [Value(x, name) for x, name in zip((3.0, 4.0, 5.0, -6.0), "cdef")]
    for y, n, x, words in (
        (a**b, 0, -2, "pow of a = −2, b = 3 has no finite value."),
        (Value(1.0, "x").sqrt(), 0, 0, "f has an infinite derivative at x = 0, and a gradient of 1 arrives there."),
        (Value.dot([a, b, c], [d, e, f]), 1, 1e308, "dot of b = 1·10³⁰⁸, f = −6, e = 5, d = 4, … has no finite value."),
    ):
        browser = opened(step_through(y))
        browser.run(f"change({n}, {x})")
        assert browser.run("problem.textContent") == words


def test_hostile_labels_are_seen_as_text_and_nothing_runs(opened):
    title = " ".join(filter(str.isprintable, HOSTILE))
    y = Value.sum([Value(3.0, label) ** 2 for label in HOSTILE])
    y.label = "y"
    page = step_through(y, title=title, tasks=[(label, {}, label) for label in HOSTILE])
    browser = opened(page, "#0")
    browser.run("open_('tasks')")
    assert browser.run("document.querySelectorAll('img, body > b').length") == 0
    assert browser.run("document.title") == title
    lines = "[...document.querySelectorAll('#lines p')].map((p) => p.textContent)"
    told = browser.run(f"steps.flatMap((_, n) => (show(n), {lines}))")
    for label in filter(str.isprintable, HOSTILE):
        assert [line for line in told if line.startswith((f"∂y/∂{label} = ", f"∂y/∂({label}) = "))], label
    browser.run("data.leaves.forEach((n) => change(n, n + 2)); show(3); remember()")
    browser.wait("location.hash.split('=').length > 10")
    there = browser.run("[location.hash, [...changed]]")
    assert len(there[1]) == len(HOSTILE) and opened(page, there[0]).run("[location.hash, [...changed]]") == there


# The slope, the map, the descent.


def test_the_curve_is_the_result_and_the_tangent_has_the_gradient_as_slope(opened):
    y = shared()
    order = order_of(y)
    browser = opened(step_through(y))
    for n, other, x in ((0, 0.3, 0.2), (1, 1.1, 0.9)):
        browser.run(f"open_('change'); change({1 - n}, {other}); change({n}, {x})")
        low, high = browser.run(f"window_({n})")
        drawn = browser.run(
            "(() => { const n = (e, a) => Number(e.getAttribute(a)), t = curve.querySelector('.tangent');"
            "const c = curve.querySelector('.point'); return { path: curve.querySelector('.root').getAttribute('d'),"
            "ends: ['x1', 'y1', 'x2', 'y2'].map((a) => n(t, a)), at: ['cx', 'cy'].map((a) => n(c, a)) } })()"
        )
        points = [tuple(map(float, p.split())) for p in drawn["path"].replace("M", "L").split("L")[1:]]
        order[1 - n].data = other
        heights = []
        for k in range(len(points)):
            order[n].data = low + (high - low) * k / (len(points) - 1)
            y.forward()
            heights.append(y.data)
        a, b = min(heights), max(heights)
        assert all(abs((254 - up) / 240 * (b - a) + a - h) < 0.01 * (b - a) for (_, up), h in zip(points, heights))
        order[n].data = x
        y.forward()
        (x1, y1, x2, y2), slope = drawn["ends"], chain_rule(order)[order[n]]
        assert abs(-(y2 - y1) / 240 * (b - a) / ((x2 - x1) / 310 * (high - low)) - slope) < 1e-6
        assert abs(y1 + (y2 - y1) * (drawn["at"][0] - x1) / (x2 - x1) - drawn["at"][1]) < 1e-6
    assert browser.run("curve.querySelectorAll('.ghost').length") == 1  # the recorded point


def test_round_ticks(opened):
    browser = opened(step_through(a_square()))
    for low, high in ((0.0, 1.0), (-3.7, 12.2), (1e-6, 3e-6), (-250, -3)):
        ticks = browser.run(f"ticks({low}, {high})")
        assert 2 <= len(ticks) <= 7 and all(low - 1e-9 <= t <= high + 1e-9 for t in ticks)
        step = ticks[1] - ticks[0]
        assert round(step / 10 ** math.floor(math.log10(step) + 1e-9), 6) in (1, 2, 5)


def test_a_contour_map_is_the_result_over_two_leaves(opened):
    y = shared()
    order = order_of(y)
    browser = opened(step_through(y))
    grid = browser.run("(() => { const m = mapOf(0, 1); return [m.cells, m.x, m.y, m.numbers] })()")
    cells, xs, ys, numbers = grid
    for j in range(0, cells + 1, 6):
        for i in range(0, cells + 1, 6):
            order[0].data, order[1].data = [low + (high - low) * k / cells for k, (low, high) in ((i, xs), (j, ys))]
            y.forward()
            assert abs(y.data - numbers[j][i]) < 1e-6
    browser.run("second.value = 1; open_('change'); descend(3); drawBenches()")
    assert browser.run("[curve.querySelectorAll('.contour').length > 4, curve.querySelectorAll('.ghost').length]") == [
        True,
        3,
    ]


def test_the_point_is_dragged_along_the_curve(opened):
    browser = opened(step_through(Value(1.0, "a") ** 2))
    browser.run("open_('change')")
    browser.drag("#curve .point", 50)
    a = browser.run("changed.get(0)")
    scale = browser.run("curve.getBoundingClientRect().width / 400")
    assert abs(a - (1 + 50 / scale * 4 / 310)) < 0.02
    assert browser.run("reading.textContent") == f"f = {short(a * a)}, slope ∂f/∂a = {short(2 * a)} at a = {short(a)}"


def test_the_point_is_dragged_on_the_map_and_both_numbers_follow(opened):
    browser = opened(step_through(shared()))
    browser.run("hold(0); second.value = 1; open_('change')")
    frame = browser.run("[window_(0), window_(1), curve.getBoundingClientRect().width / 400]")
    before = browser.run("[now(0), now(1)]")
    (low, high), (bottom, top), scale = frame
    x, y = browser.middle("#curve .point")
    for kind, to in (("mousePressed", 0), ("mouseMoved", 30), ("mouseReleased", 30)):
        where = {"x": x + to, "y": y - to}
        browser.call("Input.dispatchMouseEvent", type=kind, **where, button="left", buttons=1, clickCount=1)
    a, b = browser.run("[now(0), now(1)]")
    assert a == pytest.approx(before[0] + 30 / scale / 310 * (high - low), abs=0.02)
    assert b == pytest.approx(before[1] + 30 / scale / 240 * (top - bottom), abs=0.02)
    browser.run("undo()")
    assert browser.run("[now(0), now(1)]") == before
    browser.run("second.value = 0; draw()")  # over itself it is the curve
    assert browser.run("Boolean(curve.querySelector('.root'))")


def test_there_is_no_next_pass_where_the_update_leaves_the_domain(opened):
    b = Value(0.05, label="b")
    browser = opened(step_through(b.log() * 1.0), "#open=descend")
    browser.run("show(last); onward()")
    assert browser.run("problem.textContent").startswith("There is no next pass: log of b = −1.95 has no finite value")
    browser.run("change(names.indexOf('b'), -1); mistake.value = 'order'; open_('mistake')")
    assert browser.run("byId('difference').textContent") == "There are no gradients at these numbers."


def test_one_step_of_question_1_is_the_update_of_the_notes(opened):
    browser = opened(step_through(network(), "value"), "#open=descend")
    browser.click("#one")
    after = {name: browser.run(f"now(names.indexOf('{name}'))") for name in ("W⁽³⁾₁₁", "W⁽³⁾₂₁", "b⁽³⁾₂")}
    # ŷ − y = (0.16396, −0.83604, 0.16396) and h⁽²⁾ = 0.2132; W ← W − 0.1 (ŷ − y) h⁽²⁾ᵀ
    h = math.tanh(0.4 * math.tanh(0.3) + 0.1)
    z = 0.3 * h + 0.1
    assert after == pytest.approx(
        {"W⁽³⁾₁₁": 0.1 - 0.1 * z * h, "W⁽³⁾₂₁": 0.1 - 0.1 * (z - 1) * h, "b⁽³⁾₂": 0.1 - 0.1 * (z - 1)}, abs=1e-14
    )


def test_without_parameters_all_leaves_move_and_ten_steps_stop_at_the_last_good_one(opened):
    a, b = leaves(2.0, 0.5)
    browser = opened(step_through(a * a + b.log()), "#open=descend")
    assert browser.run("byId('moving').innerText") == "What moves: a, b."
    browser.run("descend(1)")
    assert browser.run("[...changed]") == [[0, 2 - 0.1 * 4], [2, 0.5 - 0.1 / 0.5]]
    browser.run("reset(); descend(10)")  # b becomes 0.3, then −0.03
    assert browser.run("[changed.get(2), path.length]") == [0.3, 1]
    assert browser.run("descended.textContent").startswith("Stopped at the last good step: log of b = −0.0333")


# The update.


UPDATES = {
    "eta": {"eta": 0.3},
    "momentum": {"optimizer": lambda p: SGD(p, lr=0.1, momentum=0.9)},
    "Adam": {"optimizer": lambda p: Adam(p, lr=0.05)},
}


QUICK = [("eta", "neuron"), ("momentum", "tensor"), ("Adam", "value")]
OTHERS = [pair for pair in itertools.product(UPDATES, ("value", "neuron", "tensor")) if pair not in QUICK]


@pytest.mark.parametrize(("how", "level"), [*QUICK, *[pytest.param(*pair, marks=pytest.mark.long) for pair in OTHERS]])
def test_the_last_step_is_the_optimisers_and_the_next_pass_goes_on_with_the_new_numbers(opened, how, level):
    net = MLP([2, 2, 1], seed=3)
    L = squared_error(net([1.0, -0.5]), [0.7])
    make = UPDATES[how].get("optimizer")
    optimizer = make(net.parameters()) if make else SGD(net.parameters(), lr=0.3)
    page = step_through(L, level, **({"optimizer": optimizer} if make else UPDATES[how]))
    moving = [page._stage.nodes[n] for n in page._data["moving"]]
    browser = opened(page, "#1")
    shown = "data.moving.map((n) => places.find((p) => p.what === 'value' && p.node === n)?.text.textContent)"
    assert not browser.run("byId('onward').checkVisibility()")
    browser.press("End")
    for _ in range(10):
        browser.run("show(last)")
        own = browser.run(shown)
        L.forward()
        optimizer.zero_grad()
        L.backward()
        optimizer.step()
        browser.click("#onward")
        expected = pytest.approx([v.data for v in moving], rel=1e-12, abs=1e-15)
        assert browser.run("data.moving.map((n) => now(n))") == expected and set(moving) == set(optimizer.values)
        assert own == browser.run(shown) and browser.run("state.step") == 0
    browser.run("for (let k = 0; k < 10; k++) undo()")
    assert browser.run("changed.size") == 0


def test_a_leaf_may_have_the_letter_of_a_setting(opened):
    w, eta, t = Value(0.5, label="w"), Value(2.0, label="η"), Value(1.0, label="t")
    L = (w * eta - t).tanh() ** 2
    adam = Adam([w], lr=0.3)
    browser = opened(step_through(L, optimizer=adam), "#open=descend")
    for _ in range(3):
        L.forward()
        adam.zero_grad()
        L.backward()
        adam.step()
        browser.run("descend(1)")
    assert browser.run("now(data.moving[0])") == pytest.approx(w.data, rel=1e-12)
    assert browser.run("eta.value") == "0.3"


def test_a_card_says_in_the_update_how_its_new_number_comes_about(opened):
    browser = opened(step_through(one_neuron()))
    badges = "all('.badge').map((e) => e.textContent)"
    assert browser.run(badges) == []  # all at once is the pass alone
    browser.run("byId('eta').value = '0.25'; byId('eta').dispatchEvent(new Event('input')); show(last)")
    assert browser.run(badges) == ["0.5 − 0.25 · (−4) = 1.5", "−1 − 0.25 · (−2) = −0.5"]
    browser.run("reset()")
    assert browser.run("[eta.value, result(changed)]") == ["0.25", 1]
    browser.run("predict.checked = true; show(last)")
    assert browser.run("byId('asked').textContent") == "the new w" and browser.run(badges) == []
    assert "The update goes up" in ask(browser, "-0.5")
    assert "The learning rate η is left out" in ask(browser, "4.5")


def test_a_result_that_holds_what_is_learned_keeps_its_number_in_the_update(opened):
    z = Parameter([-0.5, 0.7], label="z")
    h = where([False, True], z, z.exp())
    h.label = "h"
    browser = opened(step_through((h**2).sum(), "tensor", eta=0.5))
    browser.run("show(last)")
    z2 = "places.filter(({ key }) => key === `v${names.indexOf('z₂')}`).map(({ text }) => text.textContent)"
    assert sorted(browser.run(z2)) == ["0", "0.7"]  # z₂ − 0.5 · 2 z₂ on its own card, and z₂ on that of h


# Experiments.


def test_experiments_are_set_up_and_marked_when_done(opened):
    tasks = [
        ("Saturate the neuron.", {"b": 4.0}, "1 − h² is nearly 0."),
        Task("Which engine?", mistake="overwrite", seen="One path is lost."),
        Task("Go down.", shows="descend", eta=0.5, leaf="w"),
        Task("Say it first.", shows="predict"),
    ]
    browser = opened(step_through(one_neuron(), tasks=tasks))
    browser.click("#open")
    marks = "[...document.querySelectorAll('#tasks b')].map((b) => !b.hidden)"
    assert browser.run(marks) == [False] * 4
    browser.click("#tasks li:nth-child(1) summary")  # to look is not to have done it
    assert "1 − h² is nearly 0." in browser.run("byId('tasks').innerText") and browser.run(marks) == [False] * 4
    browser.run("setUp(data.tasks[3], 3); setUp(data.tasks[0], 0); open_('tasks')")  # neither is the next one's set-up
    assert browser.run(marks) == [False] * 4
    browser.click("#tasks li:nth-child(1) button")
    assert browser.run("[...changed].map(([n, x]) => [names[n], x])") == [["b", 4]]
    assert browser.run("[opened, byId('doing').textContent]") == ["change", "Saturate the neuron."]
    assert browser.run("[byId('back').disabled, done.size]") == [True, 0]  # to set it up is not to have done it
    browser.press("ArrowUp")
    assert browser.run("[...changed.values()]") == [4.1]
    browser.click("[data-bench=tasks]")
    browser.click("#tasks li:nth-child(2) button")
    assert browser.run("[changed.size, mistake.value, opened]") == [0, "overwrite", "mistake"]
    assert "→" not in browser.run("byId('result').textContent")  # nothing was changed
    assert browser.run(marks) == [True, False, False, False]
    browser.wait("document.activeElement === document.body")  # the button is hidden, and gives its focus back
    browser.press("ArrowRight")
    browser.click("[data-bench=tasks]")
    browser.click("#tasks li:nth-child(3) button")
    assert browser.run("[eta.value, names[state.held], mistake.value, opened]") == ["0.5", "w", "", "descend"]
    assert browser.run(marks) == [True, True, False, False]
    browser.click("#one")
    browser.click("[data-bench=tasks]")
    browser.click("#tasks li:nth-child(4) button")
    assert browser.run("[predict.checked, state.step, form.hidden]") == [True, 1, False]
    assert browser.run("document.activeElement.id") == "answer"
    browser.run("answer.value = '1'; form.requestSubmit(); open_('tasks')")
    assert browser.run(marks) == [True] * 4


# Predictions.


def ask(browser, text):
    return browser.run(
        f"(() => {{ answer.value = {json.dumps(text)}; form.requestSubmit(); return verdict.textContent }})()"
    )


def show_question(browser, n, k):
    """Line k of step n is asked, the lines before it answered."""
    browser.run(
        f"answers = new Map(); answers = new Map(waitingAt({n}).filter(({{ line }}) => line < {k})"
        f".map(({{ key }}) => [key, {{ how: 'right' }}])); show({n})"
    )


@pytest.mark.parametrize(
    ("name", "places"), [("shared", 2), ("shared", 4), pytest.param("Question 1", 3, marks=pytest.mark.long)]
)
def test_every_right_answer_is_accepted_rounded_to_so_many_digits(opened, name, places):
    y = GRAPHS[name]()
    browser = opened(step_through(y, "neuron"))
    browser.run("predict.checked = true; beginPredicting()")
    last = {str(row.quantity): row.arrived for row in explain(y, level="value").rows}
    count = browser.run("data.questions.asked.length")
    for _ in range(count):
        browser.run("show(waiting()[0].step)")
        asked, right = browser.run("[byId('asked').textContent, current().right[0]]")
        quantity = asked.removesuffix(", all its paths together,")
        if not asked.startswith(("what one path adds", "the new")):
            assert right == pytest.approx(last[quantity], rel=1e-9, abs=1e-12)
        assert ask(browser, f"{right:.{places}g}".replace("-", "−").replace(".", ",")) == "Right.", asked
    hows = browser.run("[...answers.values()].map(({ how }) => how)")
    assert count > 5 and hows == ["right"] * count


def test_known_mistakes_are_named(opened):
    w, x, b, y = [Value(data, label) for data, label in ((0.5, "w"), (2.0, "x"), (-0.6, "b"), (1.0, "y"))]
    z = w * x + b
    h = z.tanh()
    e = h - y
    L = (e * e + h * x) * 0.5
    for node, label in ((z, "z"), (h, "h"), (e, "e"), (L, "L")):
        node.label = label
    derivation = explain(L)
    environment = {row.quantity.text: row.arrived for row in derivation.rows}
    lines = lines_of(derivation)
    browser = opened(step_through(L))
    browser.run("predict.checked = true; beginPredicting()")
    named = set()
    for n, k, whole, _ in browser.run("data.questions.asked"):
        show_question(browser, n, k)
        asked = browser.run("byId('asked').textContent").removesuffix(", all its paths together,")
        line = next((line for line in lines if str(line.quantity) == asked), None)
        if line is None or not whole:
            continue
        right = environment[asked]
        for mistake in CATALOGUE:
            wrongs = mistake.wrong(line, lines) if mistake.phase == line.phase and len(line.terms) < 2 else []
            for got in [evaluate(wrong, environment) for wrong in wrongs]:
                if abs(got - right) > 1e-6:
                    said = ask(browser, f"{got:.12f}")
                    assert said.startswith("Not yet. ")
                    named |= {m.id for m in CATALOGUE if m.sentence in said}
        if abs(right) > 1e-6:
            assert "The sign is the other one." in ask(browser, f"{-right:.12f}")
            assert "The decimal point stands in another place." in ask(browser, f"{10 * right:.12f}")
    assert named >= {"slope-of-z", "slope-of-sigmoid", "no-incoming", "no-activation"}


def test_the_other_factor_of_a_product_is_named_also_in_a_neuron(opened):
    x, y, c = Value(2.0, "x"), Value(4.0, "y"), Value(7.0, "c")
    a, b = leaves(0.5, 3.0)
    for f, name, right, exchanged in ((a * x, "a", 2, 0.5), (Value.dot([a, b], [x, y]) * c, "b", 4 * 7, 3 * 7)):
        browser = opened(step_through(f))
        browser.run("predict.checked = true; only.checked = true; beginPredicting()")
        n, k = browser.run(
            f"(({{ step, line }}) => [step, line])(questions.find((q) => lineOf(q).quantity === '∂f/∂{name}'))"
        )
        show_question(browser, n, k)
        assert "The factors have changed places" in ask(browser, str(exchanged))
        assert ask(browser, str(right)) == "Right."


def test_a_forgotten_factor_is_named_in_sums_too_and_together_with_a_sign(opened):
    L = one_neuron()
    L.inputs[0].inputs[0].inputs[0].inputs[1].data = -0.4  # b
    L.forward()
    a, b = leaves(0.5, 3.0)
    u = a * b
    v = u.tanh() + u * 2.0
    browser = opened(step_through(v * v))
    browser.run("predict.checked = true; only.checked = true; beginPredicting()")
    asked = browser.run(
        "data.questions.asked.filter(([, , whole]) => whole).map(([n, k]) => [steps[n].lines[k].quantity, n, k])"
    )
    _, n, k = next(entry for entry in asked if entry[0].startswith("∂f/∂v₁"))
    show_question(browser, n, k)
    y = math.tanh(1.5) + 3.0
    factor = 2 * y * (1 + 2)  # the slope of tanh is left out on one of the two ways
    said = ask(browser, f"{factor:.9f}")
    assert "The local derivative is left out" in said and re.search(r"\(On the way through v₂\.\)", said)
    assert "And the sign is the other one." in ask(browser, f"{-factor:.9f}")


def test_hints_lead_to_the_number_and_what_was_revealed_is_marked(opened):
    browser = opened(step_through(one_neuron()))
    browser.run("open_('predict')")
    browser.click("#predict")
    assert browser.run("[state.step, document.activeElement.id, byId('lines').textContent]") == [1, "answer", ""]
    hints = []
    for _ in range(3):
        browser.click("#hint")
        hints.append(browser.run("verdict.textContent"))
    assert hints == ["Hint 1: v₁ = w · x", "Hint 2: v₁ = 0.5 · 2", "1"]
    assert browser.run("[...answers]") == [["1,0", {"how": "revealed"}]]
    assert browser.run("byId('answers').textContent") == "○"
    browser.press("Enter")  # the next step is asked, in the field
    assert browser.run("[state.step, document.activeElement.id]") == [2, "answer"]
    browser.run("only.checked = true; beginPredicting()")
    assert browser.run("steps[state.step].phase") == "backward"


def test_a_total_has_hints_about_all_its_paths_and_one_path_alone_is_named_once(opened):
    w = Value(0.5, "w")
    u = w * 3.0
    u.label = "u"
    browser = opened(step_through(u.tanh() * 2.0 + u * 3.0))
    browser.run("predict.checked = true; only.checked = true; beginPredicting()")
    of_u = "waiting().find((q) => q.whole && lineOf(q).quantity.endsWith('/∂u'))"
    n, k = browser.run(f"(({{ step, line }}) => [step, line])({of_u})")
    show_question(browser, n, k)
    first, second = browser.run(
        "story().flatMap(({ lines }) => lines).filter((line) => line.part && line.quantity.endsWith('/∂u'))"
        ".map((line) => line.numbers[0])"
    )
    for one, other in ((first, "v₁"), (second, "v₂")):
        words = f"Not yet. A path is left out: the gradients of all paths add up. (On the way through {other}.)"
        assert ask(browser, f"{one:.9f}") == words
    hints = []
    for _ in range(3):
        browser.click("#hint")
        hints.append(browser.run("verdict.textContent"))
    assert hints[1] == f"Hint 2: ∂{browser.run('L')}/∂u = {short(first)} + {short(second)}"
    assert hints[2] == short(first + second)


def test_ten_steps_are_compared_with_what_was_before_the_first(opened):
    browser = opened(step_through(one_neuron()), "#open=descend")
    before = browser.run("short(run.values[root])")
    browser.click("#ten")
    assert browser.run("byId('result').textContent").startswith(f"L {before} → ")


def test_what_is_no_number_is_marked_and_nothing_is_judged(opened):
    browser = opened(step_through(one_neuron()))
    browser.run("predict.checked = true; beginPredicting()")
    assert ask(browser, "x").startswith("A number is needed") and browser.run("answer.ariaInvalid") == "true"
    assert ask(browser, "1") == "Right." and browser.run("[answer.ariaInvalid, answers.size]") == [None, 1]


def test_the_names_of_the_axes_stand_beside_the_curve(opened):
    browser = opened(step_through(one_neuron()), "#open=change")
    box = "(({ left, right, top, bottom }) => ({ left, right, top, bottom }))(%s.getBoundingClientRect())"
    plot = browser.run(box % "curve.querySelector('svg .root')")
    for k in (0, 1):
        name = browser.run(box % f"curve.querySelectorAll('.name')[{k}]")
        assert name["bottom"] < plot["top"] + 2 or name["top"] > plot["bottom"]


def test_an_answer_that_is_too_coarse_is_neither_right_nor_wrong(opened):
    a, b = leaves(0.125, 0.3)
    browser = opened(step_through((a * b).tanh()))  # a b = 0.0375
    browser.run("predict.checked = true; beginPredicting()")
    for coarse in ("0", "0.0", "0.04"):
        assert ask(browser, coarse).startswith("More digits, please")
    assert browser.run("answers.size") == 0
    assert ask(browser, "0.1").startswith("Not yet.")
    assert ask(browser, "0.038") == "Right."


def test_nothing_hidden_can_be_heard_or_seen(opened):
    a, b = leaves(0.7, 0.3)
    browser = opened(step_through(((a * b).tanh() * a + b).sigmoid(), digits=9))
    browser.run("open_('predict'); predict.checked = true; beginPredicting()")
    for n, k, *_ in browser.run("data.questions.asked"):
        browser.run(f"show({n})")
        hidden = short(browser.run("current().right[0]"), 9)
        told = browser.run(
            "byId('said').innerText + byId('laboratory').innerText + places.map(({ text }) => text.textContent)"
        )
        before = browser.run(f"(show({n - 1}), byId('said').innerText + picture.innerText)")
        assert hidden in before or hidden not in told
        browser.run(
            f"show({n}); for (let k = 0; k < 3 && waitingAt({n}).some(({{ line }}) => line === {k}); k++)"
            " byId('hint').click()"
        )
        assert hidden in browser.run("byId('lines').textContent")


NUMBERS = {
    "−0,5": -0.5, "-.5": -0.5, "1/4": 0.25, "−1 / 4": -0.25, "1.2e-3": 0.0012, "1,2·10⁻³": 0.0012, "1.2*10^-3": 0.0012,
    "2·10³": 2000, "7": 7,
}  # fmt: skip
NONE = ["", "x", "1/0", "1e999", "--1", "1/2/3", "1.2.3", "alert(1)"]


def test_a_number_is_read_as_people_write_it_or_it_is_none(opened):
    browser = opened(step_through(a_square()))
    found = browser.run(f"{json.dumps([*NUMBERS, *NONE])}.map((text) => read(text)?.number ?? null)")
    assert found == [*[pytest.approx(x, rel=1e-15) for x in NUMBERS.values()], *[None] * len(NONE)]


def test_keys_in_a_field_stay_there(opened):
    browser = opened(step_through(Value(1.0, "a") ** 2), "#1&open=change")
    browser.run("predict.checked = true; beginPredicting()")
    step = browser.run("state.step")
    for field in ("number", "answer"):
        browser.run(f"byId('{field}').focus()")
        for key in ("End", "ArrowLeft", " "):
            browser.press(key)
        assert browser.run("state.step") == step


# Engines with a mistake.


def wrong_gradients(order, choice):
    gradient = dict.fromkeys(order, 0.0) | (chain_rule(order) if choice == "uncleared" else {}) | {order[-1]: 1.0}
    queue = order[::-1]
    if choice == "order":
        queue = [order[-1]]
        for b in queue:  # which grows: a search by breadth
            queue += [a for a in dict.fromkeys(b.inputs) if a not in queue]
    for b in queue:
        for a, p in zip(b.inputs, b.partials) if gradient[b] else ():
            gradient[a] = gradient[b] * p + (0.0 if choice == "overwrite" else gradient[a])
    return gradient


@pytest.mark.parametrize("make", [shared, kinks, network])
def test_wrong_engines_are_the_loop_with_that_fault(opened, make):
    y = make()
    browser = opened(step_through(y), "#open=mistake")
    assert browser.run("byId('filming').hidden")
    for choice in ("overwrite", "order", "uncleared"):
        assert_wrong_engine(browser, y, choice)


def assert_wrong_engine(browser, y, choice):
    browser.run("film.checked = false; showAll()")
    browser.run(f"mistake.value = '{choice}'; mistake.dispatchEvent(new Event('change'))")
    assert not browser.run("byId('filming').hidden")
    order = order_of(y)
    expected, right = wrong_gradients(order, choice), chain_rule(order)
    assert browser.run("wrongGradients()") == pytest.approx([expected[v] for v in order], rel=1e-12, abs=1e-15)
    differ = {k for k, v in enumerate(order) if abs(expected[v] - right[v]) > 1e-9}
    words = browser.run("byId('difference').textContent")
    assert "wrong. " in words if differ else words.startswith("No difference here: ")
    struck = browser.run(
        "places.map(({ node, group }) => [node, group.querySelector('.struck')?.textContent])"
        ".filter(([, text]) => text)"
    )
    assert {n for n, _ in struck} <= differ and all([text == short(expected[order[n]]) for n, text in struck])
    assert bool(struck) == bool(differ)
    if differ and choice != "uncleared":
        assert browser.run("all('.lost').length") > 0
        browser.run("film.checked = true; show(end)")
        assert re.match(r"Wrong engine, (\d+) of \1: ", browser.run("byId('title').textContent"))
        assert browser.run("(show(steps.findIndex(({ phase }) => phase === 'backward')), wrongFilm())") is None


def test_the_film_of_an_engine_without_order_adds_what_it_has_by_then(opened):
    a, b = leaves(0.7, 0.3)
    u = a * b
    u.label = "u"
    browser = opened(step_through((u.tanh() + u) * u))  # u passes on before tanh has brought its part
    browser.run("mistake.value = 'order'; film.checked = true; show(end)")
    first = browser.run("steps.findIndex(({ phase }) => phase === 'backward')")
    told = [browser.run(f"(show({n}), [...lines_.children].map((p) => p.textContent))") for n in range(first, 99)][:12]
    said = [line for lines in told for line in lines if "∂f/∂a +=" in line]
    assert said and all([re.search(r"= −?[\d.]+ +(→ +)?now −?[\d.]+$", line) for line in said])
    browser = opened(step_through(a_square()), "#open=mistake")
    browser.run("mistake.value = 'overwrite'; draw()")
    assert browser.run("byId('difference').textContent").startswith("One gradient is wrong. Where several paths meet")


def test_the_way_that_is_lost_is_dashed(opened):
    a, b = leaves(0.7, 0.3)
    u = a * b
    browser = opened(step_through(u.tanh() + u.sin()))  # n3 is u, n4 and n5 use it, n6 is their sum
    lost = {}
    for choice in ("overwrite", "order", "uncleared"):
        browser.run(f"mistake.value = '{choice}'; draw()")
        lost[choice] = browser.run("all('.lost').map((e) => e.id)")
    assert lost == {"overwrite": ["n5-1"], "order": [], "uncleared": []}
    browser = opened(
        step_through(attention(), "tensor")
    )  # in a matrix too the wrong number stands beside the right one
    browser.run("mistake.value = 'overwrite'; draw()")
    unlike = browser.run("wrongGradients().filter((g, n) => since.has(`g${n}`) && differs(n, g)).length")
    assert browser.run("[all('.struck').length, all('.lost').length > 0]") == [unlike, True] and unlike > 9


def test_where_a_mistake_makes_no_difference_it_says_why(opened):
    a, b = leaves(2.0, 3.0)
    browser = opened(step_through((a * b).tanh()), "#open=mistake")
    for choice, why in (("overwrite", "no paths meet"), ("order", "each node has all of it before its turn")):
        browser.run(f"mistake.value = '{choice}'; mistake.dispatchEvent(new Event('change'))")
        assert browser.run("byId('difference').textContent").startswith(f"No difference here: {why}")


# How it is seen.


SMALLEST = (
    "Math.min(...all('text').filter((t) => t.textContent.trim())"
    ".map((t) => parseFloat(t.getAttribute('font-size')) * svg.getScreenCTM().a))"
)


@pytest.mark.parametrize("make", [one_neuron, network])
def test_no_text_is_smaller_than_11_pixels_on_a_usual_screen(opened, make):
    browser = opened(step_through(make()))
    browser.call("Emulation.setDeviceMetricsOverride", width=1280, height=800, deviceScaleFactor=1, mobile=False)
    assert browser.run(f"(fitIfReadable(), {SMALLEST})") >= 10.9


@pytest.mark.parametrize("make", [shared, attention])
def test_it_fits_a_narrow_screen(opened, make):
    browser = opened(step_through(make()), "#open=change")
    browser.call("Emulation.setDeviceMetricsOverride", width=360, height=640, deviceScaleFactor=1, mobile=False)
    fits = "[document.documentElement.scrollWidth <= 360, bench.scrollWidth <= bench.clientWidth]"
    assert browser.run(fits) == [True, True]


@pytest.mark.parametrize(("width", "height"), [(800, 800), (360, 740), (320, 200)])
def test_the_picture_follows_the_room_that_is_left_to_it_without_going_round(opened, width, height):
    browser = opened(step_through(network()))
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    browser.run("window.said = []; addEventListener('error', ({ message }) => said.push(message))")
    acts = ["show(1)", "show(last)", "showAll()", "fit.click()", "fit.click()", "open_('change')", "open_('')"]
    browser.run(f"(async () => {{ {' '.join([f'{act}; {FRAMES}' for act in acts])} }})()")
    assert browser.run("said") == []


def test_numbers_that_grow_stay_on_their_cards(opened):
    browser = opened(step_through(one_neuron()))
    for x in (12345.678, -0.000012345, 1e9, -1e-9):
        browser.run(f"change(0, {x}); change(1, {x})")
        out = browser.run(
            "places.filter(({ group, text }) => { const box = text.getBoundingClientRect();"
            "const card = group.closest('.node').querySelector('.outline').getBoundingClientRect();"
            "return box.width && (box.left < card.left - 1 || box.right > card.right + 1) })"
            ".map(({ text }) => text.textContent)"
        )
        assert out == [], x


def test_the_first_line_and_the_legend_can_be_closed(opened):
    browser = opened(step_through(a_square()))
    assert browser.run("byId('how').textContent").startswith("Drag a dotted number")
    browser.click("#marks summary")
    assert browser.run("byId('legend').innerText").count("orange") == 2
    browser.click("#close")
    assert not browser.run("byId('legend').checkVisibility() || byId('how').checkVisibility()")


def test_the_keyboard_reaches_everything_and_shows_where_it_is(opened):
    browser = opened(step_through(network()))
    seen = []
    bar = ["all", "hide", "fit", "print", "open", "first", "previous", "next", "last", "slider"]
    for _ in range(14):
        browser.press("Tab")
        seen.append(browser.run("document.activeElement.id || document.activeElement.getAttribute('aria-label')"))
        assert browser.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert seen == [*bar, "close", None, "picture", "W⁽¹⁾₁₁"]
    assert browser.run("all('.leaf').filter((group) => group.tabIndex === 0).length") == 1  # → leads to the others


def test_on_paper_it_is_the_step_or_a_storyboard_with_blanks(opened):
    browser = opened(step_through(a_square()), "#3")
    browser.call("Emulation.setEmulatedMedia", media="print")
    seen = "['#laboratory', '#picture', '#said', '#storyboard'].map((s) => document.querySelector(s).offsetHeight > 0)"
    assert browser.run(seen) == [False, True, True, False]
    browser.run("window.print = () => {}; predict.checked = true; byId('print').click()")
    assert browser.run(seen) == [False, False, False, True]
    assert browser.run("[...document.querySelectorAll('article')].map((a) => a.innerText.includes('____'))") == [
        False,
        True,
        False,
        True,
    ]
    browser.run("window.dispatchEvent(new Event('afterprint'))")
    assert browser.run(seen) == [False, True, True, False]
    browser.call("Emulation.setEmulatedMedia", media="")


def test_dark_pages_are_dark(opened):
    colours = "['background-color', 'color'].map((c) => getComputedStyle(document.body).getPropertyValue(c))"
    light = opened(step_through(a_square())).run(colours)
    dark = opened(step_through(a_square()), scheme="dark").run(colours)
    assert light == ["rgb(255, 255, 255)", "rgb(26, 26, 26)"] and dark == ["rgb(21, 24, 29)", "rgb(238, 241, 245)"]
    assert opened(step_through(a_square()), "#theme=light", scheme="dark").run(colours) == light


@pytest.mark.parametrize(
    ("make", "most"),
    [(network, 16), (attention, 33), *[pytest.param(make, 33, marks=pytest.mark.long) for make in (deep, gpt_block)]],
)
def test_it_is_drawn_again_in_a_frame(opened, make, most):
    browser = opened(step_through(make()))
    redraw = "for (let k = 0; k < 10; k++) { change(0, k / 10); await new Promise(requestAnimationFrame); }"
    assert browser.milliseconds(f"(async () => {{ {redraw} }})()") / 10 < most
