"use strict";
// The root over one leaf, its tangent, and gradient descent. The view is a function of the state:
// the leaf in hand, the changed numbers, and the losses of the descent so far.

const bench = byId("laboratory");
const [leaf, number, eta, curve, reading] = ["leaf", "number", "eta", "curve", "reading"].map(byId);
let changed = new Map(); // leaf -> the number that the reader gave it
let history_ = []; // what undo goes back to: `changed` before each step of the descent
const POINTS = 121;
const LEFT = 80, WIDTH = 300; // of the curve, in a picture 400 wide: numbers such as −2.0562·10⁻⁴ stand left of it

function recorded(n) {
  return graph.nodes[n];
}

function inHand() {
  return Number(leaf.value);
}

function at(x) {
  // The root where the leaf in hand is x, or NaN out of a domain.
  try {
    return forward(new Map([...changed, [inHand(), x]])).at(-1);
  } catch {
    return NaN;
  }
}

function drawn(name, attributes, text = "") {
  const element = document.createElementNS(curve.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function window_() {
  // The curve keeps its place while the point moves along it.
  const middle = recorded(inHand());
  const half = Math.max(2, Math.abs(middle), 1.25 * Math.abs((changed.get(inHand()) ?? middle) - middle));
  return [middle - half, middle + half];
}

function redraw() {
  if (!bench.open) return;
  const n = inHand();
  const x = changed.get(n) ?? recorded(n);
  const name = leaf.selectedOptions[0].textContent;
  if (document.activeElement !== number) number.value = Number(x.toPrecision(12));
  byId("undo").disabled = !history_.length;
  byId("reset").disabled = !changed.size;
  const moved = graph.leaves.filter(([m]) => changed.has(m)).map(([m, called]) => `${called} = ${short(changed.get(m))}`);
  const told = moved.length ? `Changed: ${moved.join(", ")}. ` : "";
  const [low, high] = window_();
  const xs = Array.from({ length: POINTS }, (_, k) => low + ((high - low) * k) / (POINTS - 1));
  const points = xs.map((at_) => [at_, at(at_)]).filter(([, y]) => Number.isFinite(y));
  let values, slope;
  try {
    values = forward(changed);
    slope = backward(values)[n];
  } catch (error) {
    reading.textContent = `${told}${error.message}.`;
  }
  const y = values?.at(-1);
  if (values) reading.textContent = `${told}${graph.root} = ${short(y)}, slope ∂${graph.root}/∂${name} = ${short(slope)}`;
  const ys = [...points.map(([, v]) => v), ...(values ? [y] : [])];
  const bottom = Math.min(...ys), top = Math.max(...ys), height = top - bottom || 1;
  const across = (v) => LEFT + (WIDTH * (v - low)) / (high - low);
  const up = (v) => 130 - (110 * (v - bottom)) / height;
  const parts = [];
  let before = -Infinity; // a gap in the domain is a gap in the curve
  let path = "";
  for (const [px, py] of points) {
    path += `${px - before > (1.5 * (high - low)) / (POINTS - 1) ? "M" : "L"}${across(px).toFixed(2)} ${up(py).toFixed(2)}`;
    before = px;
  }
  parts.push(drawn("path", { class: "root", d: path }));
  if (values && Number.isFinite(slope)) {
    const end = (v) => ({ x: across(v), y: up(y + slope * (v - x)) });
    const [a, b] = [end(low), end(high)];
    parts.push(drawn("line", { class: "tangent", x1: a.x, y1: a.y, x2: b.x, y2: b.y }));
  }
  if (values) parts.push(drawn("circle", { cx: across(x), cy: up(y), r: 5 }));
  if (ys.length) {
    parts.push(drawn("text", { x: LEFT - 4, y: 24, "text-anchor": "end" }, short(top)));
    parts.push(drawn("text", { x: LEFT - 4, y: 134, "text-anchor": "end" }, short(bottom)));
  }
  parts.push(drawn("text", { x: LEFT, y: 150 }, short(low)), drawn("text", { x: LEFT + WIDTH, y: 150, "text-anchor": "end" }, short(high)));
  parts.push(drawn("text", { x: LEFT + WIDTH / 2, y: 150, "text-anchor": "middle" }, name));
  curve.replaceChildren(...parts);
}

function change(x) {
  if (!Number.isFinite(x)) return;
  changed = new Map(changed);
  if (x === recorded(inHand())) changed.delete(inHand());
  else changed.set(inHand(), x);
  history_ = [];
  redraw();
}

function descend(times) {
  const before = changed;
  const step_ = Number(eta.value);
  try {
    for (let k = 0; k < times; k++) {
      const gradients = backward(forward(changed));
      const next = new Map(changed);
      for (const [n, , learned] of graph.leaves) {
        if (learned) next.set(n, (changed.get(n) ?? recorded(n)) - step_ * gradients[n]);
      }
      forward(next); // a step out of a domain is not taken
      changed = next;
    }
  } catch (error) {
    changed = before;
    redraw();
    reading.textContent = `The step is not taken: ${error.message}.`;
    return;
  }
  history_.push(before);
  redraw();
}

function pointed(event) {
  if (!event.buttons) return;
  const box = curve.getBoundingClientRect();
  const [low, high] = window_();
  const x = low + ((high - low) * (((event.clientX - box.left) / box.width) * 400 - LEFT)) / WIDTH;
  change(Math.max(low, Math.min(high, Number(x.toPrecision(4)))));
}

for (const [n, name] of graph.leaves) leaf.append(new Option(name, n));
if (!graph.leaves.length) bench.remove();
leaf.addEventListener("change", redraw);
number.addEventListener("input", () => change(number.value === "" ? NaN : number.valueAsNumber));
number.addEventListener("blur", redraw);
curve.addEventListener("pointerdown", pointed);
curve.addEventListener("pointermove", pointed);
byId("one").addEventListener("click", () => descend(1));
byId("ten").addEventListener("click", () => descend(10));
byId("undo").addEventListener("click", () => ((changed = history_.pop() ?? changed), redraw()));
byId("reset").addEventListener("click", () => ((changed = new Map()), (history_ = []), redraw()));
bench.addEventListener("toggle", () => (redraw(), resize(), follow()));
redraw(); // it may be open already
