"use strict";
// The laboratory. Its state: the changed numbers, the answers given, and what is chosen on its benches.
// Whatever changes, `redraw` makes the whole view from the state again.

const bench = byId("benches");
const [leaf, number_, eta, curve, reading, losses, descended] =
  ["leaf", "number", "eta", "curve", "reading", "losses", "descended"].map(byId);
const [predict, score, form, answer, verdict, mistake, compared, typed] =
  ["predict", "score", "question", "answer", "verdict", "mistake", "compared", "typed"].map(byId);
let changed = new Map(); // leaf -> the number that the reader gave it
let run = compute(changed); // all numbers, at those
let past = []; // what undo goes back to: `changed` before each step of the descent
let answers = new Map(); // step -> whether it was answered right
const tally = { right: 0, asked: 0 };
const moving = new Set(graph.moving);
const POINTS = 121;
const LEFT = 80, WIDTH = 300; // of a curve in a picture 400 wide: numbers such as −2.0562·10⁻⁴ stand left of it
const onCards = graph.leaves.filter((n) => values[n]);
const recordedTexts = new Map(all("[data-value], [data-partial]").map((element) => [element, element.textContent]));

function now(n) {
  return changed.get(n) ?? nodes[n];
}

function setTo(numbers) {
  // Numbers for leaves; the others stay as they are.
  const all_ = new Map([...changed, ...numbers]);
  changed = new Map([...all_].filter(([n, x]) => x !== nodes[n]));
  answers = new Map();
  redraw();
}

function change(n, x) {
  past = [];
  hold(n);
  setTo([[n, x]]);
}

function hold(n) {
  // The leaf in hand. Of the numbers on the cards it is the one that the Tab key leads to.
  leaf.value = n;
  for (const other of onCards) for (const element of values[other]) setAttribute(element, "tabindex", other === n ? 0 : -1);
}

function redraw() {
  run = compute(changed);
  story = changed.size ? tell(run) : steps;
  for (const [element, text] of recordedTexts) setText(element, changed.size ? onCard(element) : text);
  for (const n of onCards) for (const element of values[n]) tellLeaf(element, n);
  gather();
  draw();
  remember();
  byId("problem").textContent = run.problem && `${run.problem}.`;
  byId("problem").hidden = !run.problem;
  const told = [...changed].map(([n, x]) => `${names[n]} = ${short(x)} (recorded: ${short(nodes[n])})`);
  byId("changes").textContent = `Changed: ${told.slice(0, 8).join(", ")}${told.length > 8 ? `, and ${told.length - 8} more` : ""}`;
  byId("changes").hidden = !told.length;
  drawBenches();
}

function onCard(element) {
  const { value, partial } = element.dataset;
  if (value !== undefined) return fitting(number(run.values[value]));
  const [n, k] = partial.split(",");
  const p = run.slopes[n][k];
  if (!element.closest(".edge")) return number(p);
  return p === undefined ? "" : ` ×${short(p)} `;
}

function fitting(text) {
  // A text longer than the place on its card, with fewer digits.
  return length(text) <= graph.room ? text : Number(text.replaceAll("−", "-")).toExponential(2).replaceAll("-", "−");
}

function tellLeaf(element, n) {
  element.classList.toggle("changed", changed.has(n));
  setAttribute(element, "aria-valuenow", now(n));
  setAttribute(element, "aria-valuetext", short(now(n)) + (changed.has(n) ? ", changed" : ""));
}

function drawBenches() {
  if (!byId("laboratory").open) return;
  for (const part of bench.querySelectorAll(".covered")) part.hidden = predict.checked;
  const n = Number(leaf.value);
  if (document.activeElement !== number_) number_.value = String(now(n)).replace("-", "−");
  byId("undo").disabled = !past.length;
  byId("reset").disabled = !changed.size;
  if (predict.checked) return; // a curve would tell what is asked
  drawCurve(n);
  drawLosses();
  drawComparison();
}

// Change a number: on its card, or on the bench.

function rounded12(x) {
  return Number(x.toPrecision(12)); // 0.1 + 0.2 is 0.3 to whoever presses a key
}

function unit(event) {
  return event.shiftKey ? 1 : event.altKey ? 0.01 : 0.1;
}

function movable(element, n) {
  element.setAttribute("role", "spinbutton");
  element.setAttribute("aria-label", names[n]);
  element.classList.add("leaf");
  element.addEventListener("focus", () => (hold(n), drawBenches()));
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key], on = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const other = on && values[onCards[onCards.indexOf(n) + on]];
    if (up) change(n, rounded12(now(n) + up * unit(event)));
    else if (on) other?.[0].focus();
    else if (event.key === "Enter") type(element, n);
    else if (!/^[-−.,\d]$/.test(event.key)) return;
    else type(element, n, event.key);
    event.preventDefault();
  });
  let start = null;
  element.addEventListener("pointerdown", (event) => {
    start = { x: event.clientX, from: now(n) };
    element.setPointerCapture(event.pointerId);
    element.focus();
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (start) change(n, rounded12(start.from + Math.round((event.clientX - start.x) / 4) * unit(event) * 0.2));
  });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (start = null));
  element.addEventListener("click", (event) => event.stopPropagation()); // it does not lead to another step
  element.addEventListener("dblclick", () => type(element, n));
}

function type(element, n, text = String(now(n)).replace("-", "−")) {
  // A field over the number.
  const box = element.getBoundingClientRect();
  Object.assign(typed.style, { left: `${box.left - 8}px`, top: `${box.top - 6}px` });
  typed.value = text;
  typed.hidden = false;
  typed.setAttribute("aria-label", names[n]);
  typed.removeAttribute("aria-invalid");
  typed.focus();
  const finish = (keep) => {
    const given = read(typed.value);
    if (keep && !given) return typed.setAttribute("aria-invalid", true);
    typed.onkeydown = typed.onblur = null;
    typed.hidden = true;
    element.focus();
    if (keep) change(n, given.number);
  };
  typed.onkeydown = (event) => {
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") finish(false);
  };
  typed.onblur = () => finish(Boolean(read(typed.value)));
}

function read(text) {
  // A number as people write it, −0,5 or 1/3 or 1.2e-3 or 1,2·10⁻³, and half a unit of its last place.
  const small = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = text.replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (s) => "^" + [...s].map((c) => "-0123456789"[small.indexOf(c)]).join(""));
  const parts = plain.replace(/[−–]/g, "-").replaceAll(",", ".").replace(/\s/g, "").split("/").map(readPlain);
  if (parts.length > 2 || parts.includes(null)) return null;
  const [top, below] = parts;
  const given = below ? { number: top.number / below.number, tolerance: 0 } : top;
  return Number.isFinite(given.number) ? given : null;
}

function readPlain(text) {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:(?:e|[*·×x]10(?:\^|\*\*)?)([+-]?\d+))?$/i.exec(text);
  if (!match) return null;
  const power = Number(match[2] ?? 0), places = match[1].split(".")[1]?.length ?? 0;
  return { number: Number(`${match[1]}e${power}`), tolerance: 0.5 * 10 ** (power - places) };
}

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
  const name = names[n], L = names[root] ?? "the result";
  const y = run.values[root], slope = run.gradients[n];
  reading.textContent =
    y === undefined ? `${run.problem}.` : `${L} = ${short(y)}, slope ∂${L}/∂${name} = ${short(slope)} at ${name} = ${short(now(n))}`;
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
  if (!rate) return void (descended.textContent = "η is a number.");
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
  const L = names[root] ?? "the result";
  const ys = [...past, changed].map(result);
  losses.toggleAttribute("hidden", !past.length);
  descended.textContent = past.length
    ? `${L} after ${past.length === 1 ? "one step" : `${past.length} steps`}: ${short(ys.at(-1))}, from ${short(ys[0])}`
    : `Each step replaces what moves by itself − η · its gradient.`;
  if (!past.length) return;
  const bottom = Math.min(...ys), top = Math.max(...ys);
  const at_ = (y, k) => [LEFT + (WIDTH * k) / past.length, top > bottom ? 86 - (70 * (y - bottom)) / (top - bottom) : 50];
  losses.replaceChildren(
    svgElement("polyline", { class: "root", points: ys.map(at_).join(" ") }),
    ...ys.map(at_).map(([cx, cy]) => svgElement("circle", { cx, cy, r: 3 })),
    svgElement("text", { x: LEFT - 4, y: 20, "text-anchor": "end" }, short(top)),
    svgElement("text", { x: LEFT - 4, y: 90, "text-anchor": "end" }, short(bottom)),
    svgElement("text", { x: LEFT, y: 104 }, "0"),
    svgElement("text", { x: LEFT + WIDTH, y: 104, "text-anchor": "end" }, `${past.length} steps`),
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

// Predict: a step keeps its numbers back until one of them is answered.

hooks.covered = (n) => predict.checked && n in questions && !answers.has(n) && run.gradients.length > 0;

hooks.shown = (covered) => {
  form.hidden = !covered;
  if (!covered) {
    for (const line of wrongLines()) byId("lines").append(filled("p", line));
    if (!predict.checked || !answers.has(step)) verdict.hidden = true;
    return;
  }
  const [line, whole] = questions[step];
  const { quantity, part } = steps[step].forms[line];
  byId("asked").textContent = !part ? quantity : whole ? `${quantity}, all its paths together,` : `what one path adds to ${quantity}`;
  if (form.dataset.step !== String(step)) {
    form.dataset.step = step;
    answer.value = "";
    verdict.hidden = true;
  }
};

function rightNumber() {
  const [line, whole] = questions[step];
  const { node, edge } = steps[step].forms[line];
  if (!edge) return run.values[node];
  return whole ? run.gradients[node] : run.gradients[edge[0]] && run.gradients[edge[0]] * run.slopes[edge[0]][edge[1]];
}

function judge(text) {
  // What to say of an answer, and whether it is right.
  const given = read(text), right = rightNumber();
  if (!given) return ["Type a number: −0.5, 1/3 or 1.2e-3.", null];
  const fits = (x) => Math.abs(x - given.number) <= given.tolerance + 1e-9 * Math.max(1e-3, Math.abs(x));
  if (given.tolerance === 0.5 && fits(right) && !Number.isInteger(right)) return ["Two decimals, please.", null];
  if (fits(right)) return ["Right.", true];
  const [, , wrong] = questions[step];
  const p = (b, k) => run.slopes[b][k];
  const named_ = wrong.filter(([, f]) => fits(f(run.values, run.gradients, p))).map(([k]) => sentences[k]);
  if (fits(-right)) named_.push("The sign is the other one.");
  return [["Not yet.", ...new Set(named_)].join(" "), false];
}

function answered(right) {
  // The first try at a step counts.
  if (form.dataset.tried !== String(step)) {
    form.dataset.tried = step;
    tally.asked += 1;
    tally.right += right;
  }
  score.textContent = `${tally.right} of ${tally.asked} right at the first try`;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [words, right] = judge(answer.value);
  verdict.textContent = words;
  verdict.hidden = false;
  if (right === null) return;
  answered(right);
  if (right) uncover(true);
});

byId("reveal").addEventListener("click", () => {
  answered(false);
  verdict.hidden = true;
  uncover(false);
});

function uncover(right) {
  answers.set(step, right);
  draw();
  byId("next").focus(); // Enter goes on
}

// An engine with a mistake beside the right one.

function wrongGradients() {
  const make = WRONG[mistake.value];
  return make && run.gradients.length && !predict.checked ? make((b) => run.slopes[b]) : null;
}

function differs(a, b) {
  return Math.abs(a - b) > 1e-12 * Math.max(1, Math.abs(a), Math.abs(b));
}

function wrongLines() {
  // Below the lines of a step, what the wrong engine has in the end.
  const wrong = wrongGradients();
  const L = names[root] ?? "the result";
  const seen = story[step].phase === "backward" && wrong ? new Set(steps[step].forms.map(({ node }) => node)) : [];
  return [...seen].filter((n) => differs(wrong[n], run.gradients[n])).map((n) => {
    return `wrong, with ${mistake.selectedOptions[0].text}: ∂${L}/∂${names[n]} = ${short(wrong[n])}`;
  });
}

function drawComparison() {
  const wrong = wrongGradients();
  const rows = wrong ? nodes.map((_, n) => n).filter((n) => names[n] && differs(wrong[n], run.gradients[n])) : [];
  compared.hidden = !rows.length;
  const L = names[root] ?? "the result";
  const cells = (n) => [`∂${L}/∂${names[n]}`, short(run.gradients[n]), short(wrong[n])].map((text) => filled("td", text));
  compared.tBodies[0].replaceChildren(...rows.reverse().map((n) => filled("tr", ...cells(n))));
  byId("difference").textContent = !wrong ? "" : rows.length ? `${rows.length} gradients are wrong.` : `No difference here: ${whyNone()}.`;
}

function whyNone() {
  const uses = nodes.map(() => 0);
  for (const node of nodes) if (typeof node !== "number") node.slice(1).forEach((a) => (uses[a] += 1));
  if (mistake.value === "overwrite") {
    return uses.every((k) => k < 2) ? "no node is used twice, so each gradient is a single contribution" : "where paths meet, all but the last bring 0";
  }
  if (mistake.value === "order") {
    const place = new Map(breadthFirst().map((n, k) => [n, k]));
    const early = nodes.some((node, b) => !isLeaf(b) && node.slice(1).some((a) => !isLeaf(a) && place.get(a) < place.get(b)));
    return early ? "what comes too late is 0" : "each node has all of its gradient before its turn";
  }
  return "all gradients are 0";
}

// The changed numbers in the address.

hooks.address = () => [...changed].map(([n, x]) => `&${n}=${x}`).join("");

hooks.arrive = () => {
  const given = [...new URLSearchParams(embedded ? "" : location.hash.slice(1))].map(([n, x]) => [Number(n), Number(x || NaN)]);
  changed = new Map(given.filter(([n, x]) => graph.leaves.includes(n) && Number.isFinite(x)));
  past = [];
  setTo([]);
};

// Setting up.

for (const n of graph.leaves) {
  leaf.append(new Option(names[n], n));
}
for (const n of onCards) for (const element of values[n]) movable(element, n);
if (onCards.length) hold(onCards[0]);
if (!graph.leaves.length) byId("laboratory").remove();
svg.removeAttribute("aria-hidden"); // the numbers that can be changed are for everybody
svg.setAttribute("role", "group");
svg.setAttribute("aria-label", "The leaves, each with its number");
for (const element of all("text:not(.leaf)")) element.setAttribute("aria-hidden", true); // the lines say the same in words
offerMoving();
leaf.addEventListener("change", () => (hold(Number(leaf.value)), drawBenches()));
number_.addEventListener("input", () => {
  const given = read(number_.value);
  number_.toggleAttribute("aria-invalid", !given);
  if (given) change(Number(leaf.value), given.number);
});
number_.addEventListener("blur", drawBenches);
for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, pointed);
byId("one").addEventListener("click", () => descend(1));
byId("ten").addEventListener("click", () => descend(10));
byId("undo").addEventListener("click", () => ((changed = past.pop() ?? changed), setTo([])));
byId("reset").addEventListener("click", () => ((changed = new Map()), (past = []), setTo([])));
predict.addEventListener("change", () => ((answers = new Map()), redraw()));
mistake.addEventListener("change", redraw);
byId("laboratory").addEventListener("toggle", () => (drawBenches(), resize(), follow()));
hooks.arrive();
