"use strict";
// Two benches of the laboratory: the result over the leaf in hand with its tangent, and gradient descent.

// The slope: the result over the leaf in hand.

function resultAt(n, x) {
  return forward(new Map([...changed, [n, x]])).values[root];
}

function window_(n) {
  // The curve keeps its place while the point moves along it.
  const middle = nodes[n];
  const half = Math.max(2, Math.abs(middle), 1.25 * Math.abs(now(n) - middle));
  return [middle - half, middle + half];
}

function svgElement(name, attributes, text = "") {
  const element = document.createElementNS(curve.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function drawCurve(n) {
  const [low, high] = window_(n);
  const name = names[n];
  const y = run.values[root], slope = run.gradients[n];
  reading.textContent = y === undefined ? "" : `${L} = ${short(y)}, slope ∂${L}/∂${name} = ${short(slope)} at ${name} = ${short(now(n))}`;
  const xs = Array.from({ length: POINTS }, (_, k) => low + ((high - low) * k) / (POINTS - 1));
  const points = xs.map((x) => [x, resultAt(n, x)]);
  const ys = [...points.map(([, v]) => v), y].filter(Number.isFinite);
  const bottom = Math.min(...ys), top = Math.max(...ys);
  const across = (x) => LEFT + (WIDTH * (x - low)) / (high - low);
  const up = (v) => (top > bottom ? 130 - (110 * (v - bottom)) / (top - bottom) : 75);
  const path = points.map(([x, v], k) => {
    if (v === undefined) return ""; // a gap in the domain is a gap in the curve
    return `${points[k - 1]?.[1] === undefined ? "M" : "L"}${across(x).toFixed(2)} ${up(v).toFixed(2)}`;
  });
  const inside = svgElement("svg", { x: LEFT, y: 12, width: WIDTH, height: 124, viewBox: `${LEFT} 12 ${WIDTH} 124` });
  inside.append(svgElement("path", { class: "root", d: path.join("") }));
  const drawn = [inside]; // where the tangent leaves it, it is cut
  if (Number.isFinite(slope)) {
    const [a, b] = [low, high].map((x) => y + slope * (x - now(n)));
    inside.append(svgElement("line", { class: "tangent", x1: across(low), y1: up(a), x2: across(high), y2: up(b) }));
  }
  if (y !== undefined) drawn.push(svgElement("circle", { cx: across(now(n)), cy: up(y), r: 5 }));
  if (ys.length) drawn.push(svgElement("text", { x: LEFT - 4, y: 24, "text-anchor": "end" }, short(top)));
  if (top > bottom) drawn.push(svgElement("text", { x: LEFT - 4, y: 134, "text-anchor": "end" }, short(bottom)));
  drawn.push(
    svgElement("text", { x: LEFT, y: 150 }, short(low)),
    svgElement("text", { x: LEFT + WIDTH / 2, y: 150, "text-anchor": "middle" }, name),
    svgElement("text", { x: LEFT + WIDTH, y: 150, "text-anchor": "end" }, short(high)),
  );
  curve.replaceChildren(...drawn);
}

function pointed(event) {
  if (!event.buttons) return;
  event.preventDefault(); // no text is selected
  const n = Number(leaf.value);
  const box = curve.getBoundingClientRect();
  const [low, high] = window_(n);
  const x = low + ((high - low) * (((event.clientX - box.left) / box.width) * 400 - LEFT)) / WIDTH;
  change(n, Math.max(low, Math.min(high, Number(x.toPrecision(3)))));
}

// Descend.

function descend(times) {
  const rate = read(eta.value);
  eta.toggleAttribute("aria-invalid", !rate);
  if (!rate) return complain();
  const before = changed, steps_ = [];
  for (let k = 0; k < times; k++) {
    if (!run.gradients.length) break;
    steps_.push(changed);
    const next = new Map(changed);
    for (const n of moving) next.set(n, now(n) - rate.number * run.gradients[n]);
    changed = next;
    run = compute(changed);
  }
  const problem = run.problem; // a step out of the domain is not taken
  if (problem) changed = before;
  else past.push(...steps_);
  setTo([]);
  if (problem) descended.textContent = `The steps are not taken: ${problem}.`;
}

const results = new WeakMap(); // of changed numbers

function result(numbers) {
  if (!results.has(numbers)) results.set(numbers, forward(numbers).values[root]);
  return results.get(numbers);
}

function drawLosses() {
  const ys = [...past, changed].map(result);
  losses.toggleAttribute("hidden", !past.length);
  descended.textContent = past.length
    ? `${L} after ${past.length === 1 ? "one step" : `${past.length} steps`}: ${short(ys.at(-1))}, from ${short(ys[0])}`
    : `Each number x that moves becomes x − η · ∂${L}/∂x.`;
  if (!past.length) return;
  const bottom = Math.min(...ys), top = Math.max(...ys);
  const at_ = (y, k) => [LEFT + (WIDTH * k) / past.length, top > bottom ? 86 - (70 * (y - bottom)) / (top - bottom) : 50];
  losses.replaceChildren(
    svgElement("polyline", { class: "root", points: ys.map(at_).join(" ") }),
    ...ys.map(at_).map(([cx, cy]) => svgElement("circle", { cx, cy, r: 3 })),
    svgElement("text", { x: LEFT - 4, y: 20, "text-anchor": "end" }, short(top)),
    svgElement("text", { x: LEFT - 4, y: 90, "text-anchor": "end" }, short(bottom)),
    svgElement("text", { x: LEFT, y: 104 }, "0"),
    svgElement("text", { x: LEFT + WIDTH, y: 104, "text-anchor": "end" }, past.length === 1 ? "1 step" : `${past.length} steps`),
  );
}

function offerMoving() {
  // Parameters move; where there are none, the leaves that the reader ticks.
  if (graph.parameters.length) {
    byId("moving").textContent = `What moves: the ${graph.parameters.length} parameters.`;
    return;
  }
  byId("moving").append("What moves: ");
  for (const n of graph.leaves) {
    const box = filled("input");
    box.type = "checkbox";
    box.checked = moving.has(n);
    box.addEventListener("change", () => (box.checked ? moving.add(n) : moving.delete(n)));
    byId("moving").append(filled("label", box, ` ${names[n]} `));
  }
}
