// The view is a function of the state: of the step or the card in hand, of the changed numbers, and in the laboratory
// of what is covered. `draw` makes all of it, so going back is exact.
// Text from the graph goes into the page as textContent only; it is never read as HTML.

const [picture, slider, fit, hide, lines_] = ["picture", "slider", "fit", "hide", "lines"].map(byId);
const svg = picture.querySelector("svg");
const all = (selector) => [...svg.querySelectorAll(selector)];
const narrow = matchMedia("(max-width: 50rem), (max-height: 30rem)"); // as in page.css: there the whole page scrolls
const embedded = window.parent !== window; // in a frame `location` is read, and not written
const { steps } = data, last = steps.length - 1, end = steps.findLastIndex(({ phase }) => phase !== "update");
const state = {
  all: true, // every number at once, or step by step
  step: last,
  card: null, // all at once: the card whose lines are shown
  element: null, // ["v" or "g", quantity, element] whose sum is shown
  held: null, // the leaf in hand, whose ways to the result are lit
  closed: false, // the first line
};
let changed = new Map(); // leaf -> the number that the reader gave it
let run = compute(changed); // all numbers, at those
let told = null; // what the steps say there, once it is asked for
let remembering = null;

function story() {
  return (told ??= tell(run, !changed.size));
}

// Where each number stands in the picture, and from which step on it is known. An element of a quantity is known by its
// key, "v12" or "g12" for node 12, and "v12,3" where it is the slope of node 12 by its input 3.

for (const title of all("title")) title.remove(); // an id is no tooltip
for (const node of all(".node")) [...node.querySelectorAll(":scope > :is(path, polygon)[fill=none]")].at(-1)?.classList.add("outline");
const places = all(".place").map((group) => {
  const [what] = ["value", "gradient", "slope"].filter((name) => name in group.dataset);
  const ref = group.dataset[what], [node, input] = ref.split(",").map(Number), cell = group.querySelector(".cell");
  return { group, what, node, input, cell, key: (what === "gradient" ? "g" : "v") + ref, text: group.querySelector("text") };
});
const placesOf = Map.groupBy(places, ({ key }) => key);
const arrows = data.cards.flatMap(([to, , sources]) => sources.map((from, k) => {
  const id = `${to}-${k + 1}`, [path, text] = ["path", "text"].map((tag) => byId(id).querySelector(tag));
  return { id, from, to, k, path, text };
}));
const nodesOn = new Map(data.cards.map(([id, own]) => [id, own]));
const cardWith = new Map(data.cards.flatMap(([id, own]) => own.map((node) => [node, id])));
const cardOf = (node) => cardWith.get(node);
const quantityOf = new Map(); // element -> the first quantity that it is an element of
const since = new Map([[`g${root}`, end]]); // element, arrow or card -> the step that tells it, its slope, its gradients

data.quantities.forEach(([, , refs], k) => {
  for (const ref of refs) if (!quantityOf.has(`v${ref}`)) quantityOf.set(`v${ref}`, k).set(`g${ref}`, k);
});
for (const place of places) place.matrix = place.key[0] + quantityOf.get(place.key);
steps.forEach(({ phase, lines, hand }, n) => {
  for (const { of } of lines) for (const ref of nodesOf(of)) since.set(of[0] + ref, n);
  if (phase === "backward") since.set(hand, n);
});
steps.forEach((step, n) => {
  Object.assign(step, around(step));
  if (step.phase === "backward") for (const id of step.used) since.set(id, n);
});

function around({ phase, hand, lines }) {
  // The cards that a step reads from, or passes a gradient to, and the arrows between them; in matrices the cards that
  // it gets its gradient from.
  const told = lines.flatMap(({ of }) => nodesOf(of).map(cardOf));
  const into = arrows.filter(({ to }) => to === hand), out = arrows.filter(({ from }) => from === hand);
  const users = out.filter(({ to }) => since.has(to) || to === cardOf(root));
  const isBack = phase === "backward" && data.level === "tensor";
  const used = isBack ? (users.length ? users : out) : phase === "backward" ? into.filter(({ from }) => told.includes(from)) : into;
  const near = isBack ? used.map(({ to }) => to) : phase === "forward" ? used.map(({ from }) => from) : phase === "given" ? [] : told;
  return { near: near.filter((id) => id !== hand), used: used.map(({ id }) => id) };
}

function numberAt({ group, what, node, input, key }, seen) {
  if (what === "gradient") return gradientAt(node, seen);
  const from = since.get(key) ?? (what === "slope" ? since.get(group.closest(".node").id) : 0) ?? 0;
  return from > seen ? undefined : what === "slope" ? run.slopes[node][input] : run.values[node];
}

function gradientAt(node, seen) {
  if (seen >= end) return since.has(`g${node}`) ? run.gradients[node] : undefined;
  for (let n = seen; n >= 0; n--) if (story()[n].gradients.has(node)) return story()[n].gradients.get(node);
  return node === root && steps[Math.max(seen, 0)].phase === "backward" ? run.gradients[root] : undefined; // no line says its 1
}

// Showing.

function show(n) {
  Object.assign(state, { all: false, step: Math.max(0, Math.min(last, n)), card: null, element: null, held: null });
  draw();
  follow();
}

function showAll() {
  Object.assign(state, { all: true, card: null, element: null, held: null });
  draw();
}

function seenNow(covered) {
  return covered ? state.step - 1 : state.all || !hide.checked ? last : state.step;
}

function draw() {
  const covered = coveredLines();
  drawNumbers(seenNow(covered), !state.all && !covered && state.step > end ? updated(run) : new Map());
  const current = wrongFilm() ?? (state.all ? linesOfCard(state.card) : story()[state.step]);
  const { phase = "", title = [], hand, near = [], used = [], lines = [] } = current;
  mark("hand", hand ? [hand] : []);
  mark("near", near);
  mark("used", used);
  light();
  document.body.classList.toggle("all", state.all);
  byId("said").className = phase;
  byId("title").replaceChildren(...asNodes(title));
  lines_.className = lines.length > 6 ? "many" : "";
  const open = lines.filter((_, k) => !covered?.has(k));
  const given = make("p", {}, "What the computation starts from stands on the square cards.");
  lines_.replaceChildren(...(phase === "given" ? [given] : open.map(lineNode)));
  if (state.element) drawElement();
  byId("onward").hidden = state.all || covered || state.step <= end;
  byId("said").hidden = state.all && !state.card && !state.element;
  if (!byId("said").hidden) byId("said").scrollTop = 0; // only where it is shown the layout is asked for
  drawFilm(phase);
  drawLaboratory(covered);
  remember();
}

function drawNumbers(seen, after) {
  const most = new Map(); // the largest number of each matrix
  const isNew = ({ what, node, group }) => what === "value" && after.has(node) && group.closest(".node").id === cardOf(node); // not in a result
  const found = places.map((place) => [place, isNew(place) ? after.get(place.node) : numberAt(place, seen)]);
  for (const [{ cell, matrix }, x = 0] of found) if (cell) most.set(matrix, Math.max(most.get(matrix) ?? 0, Math.abs(x)));
  for (const [place, x] of found) {
    place.group.classList.toggle("new", isNew(place));
    const text = place.cell ? fitting(x, compact, NARROW) : fitting(x);
    setText(place.text, text);
    if (place.cell) setAttribute(place.cell, "class", `cell ${heat(x ?? 0, most.get(place.matrix))}`);
    else place.text.classList.toggle("tight", widthOf(text) > 0.9 * ROOM);
  }
  drawUpdates(after.size);
  for (const { id, to, k, text } of arrows) if (text) {
    const p = run.slopes[nodesOn.get(to)[0]][k], said = p === undefined ? "?" : p < 0 ? `(${short(p)})` : short(p);
    setText(text, seen >= end || since.get(id) <= seen ? `×${said}` : "");
  }
}

function drawUpdates(shown) {
  // At the value level a card says below it how its new number comes about.
  for (const badge of all(".badge")) badge.remove();
  if (!shown || data.level !== "value") return;
  const taken = [];
  for (const { of, sides } of story()[state.step].lines.filter(({ of }) => of[0] === "new")) {
    const card = byId(cardOf(of[1])), box = card.getBBox(), text = sides.slice(-2).map((side) => side.join("")).join(" = ");
    const badge = { x: box.x, y: box.y + box.height + 10, end: box.x + 10 * widthOf(text) };
    while (taken.some(({ x, y, end }) => y === badge.y && x < badge.end && badge.x < end)) badge.y += 11;
    taken.push(badge);
    card.parentNode.append(make("svg:text", { class: "badge", x: badge.x, y: badge.y, "font-size": 10 }, text));
  }
}

function drawFilm(phase) {
  slider.value = state.all ? last : state.step;
  slider.setAttribute("aria-valuetext", `step ${state.step} of ${last}, ${phase}`);
  byId("position").textContent = state.all ? `${last} steps` : `${phase}, ${state.step} / ${last}`;
  byId("all").setAttribute("aria-pressed", state.all);
  for (const id of ["first", "previous"]) byId(id).setAttribute("aria-disabled", !state.all && state.step === 0);
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", !state.all && state.step === last);
}

function linesOfCard(id) {
  // Every line that is told of a card: what it is, and what its gradients are.
  if (!id) return {};
  const own = new Set(nodesOn.get(id)), [, , near] = data.cards.find(([card]) => card === id);
  const lines = story().flatMap((s) => s.lines.filter(({ of }) => own.has(nodesOf(of)[0]) || (s.hand === id && of[0] === "v")));
  return { title: [lines.length ? "" : "A constant"], hand: id, near, lines };
}

// Text.

function mark(name, ids) {
  for (const element of all(`.${name}`)) element.classList.remove(name);
  for (const id of ids) byId(id)?.classList.add(name);
}

function asNodes(pieces, upright = false) {
  return pieces.map((piece) => (typeof piece === "string" ? piece : matrixNode(piece, upright)));
}

function lineNode(line) {
  const upright = line.sides.flat().some((piece) => piece.shape?.length > 1 && piece.shape.at(-2) > 1);
  const contents = line.sides.map((side) => asNodes(side, upright)), result = make("em", {}, ...contents.pop());
  const sides = [...contents, [result]].map((content, k) => make("span", {}, ` ${k ? "=" : line.relation} `, ...content));
  if (line.total) sides.push(make("span", { class: "total" }, `  → ${line.total}`));
  for (const note of line.notes) sides.push(make("span", { class: "note" }, " ", ...asNodes(note)));
  if (line.shape?.length && line.of[0] !== "state") result.querySelectorAll("table").forEach((table) => (table.dataset.of = line.of.join(",")));
  return make("p", { class: line.of[0] + (upright ? " matrices" : "") }, line.quantity, ...sides);
}

const MOST = 8; // rows and columns of a matrix that are shown

function matrixNode({ shape, numbers, enclosed }, upright) {
  // A table, with shades; a vector is a column beside matrices, and else a transposed row. Of three axes, a row of them.
  if (shape.length > 2) {
    const size = shape.at(-2) * shape.at(-1), count = numbers.length / size;
    const one = (_, k) => matrixNode({ shape: shape.slice(-2), numbers: numbers.slice(k * size, (k + 1) * size) }, upright);
    return make("span", {}, ...Array.from({ length: Math.min(count, MOST) }, one), count > MOST ? "…" : "");
  }
  const row = shape.length === 1 && !upright && shape[0] > 1;
  const [m, n] = shape.length === 2 ? shape : row ? [1, shape[0]] : [shape[0], 1];
  const most = Math.max(...numbers.map((x) => Math.abs(x) || 0));
  const shown = (size) => [...Array(size).keys()].filter((k) => size <= MOST || k < MOST - 4 || k === size - 1);
  const cell = (i, j) => {
    const at = i * n + j, skipped = (n > MOST && j === n - 1) || (m > MOST && i === m - 1);
    return make("td", { "data-at": at, class: heat(numbers[at], most) + (skipped ? " skipped" : "") }, compact(numbers[at]));
  };
  const table = make("table", {}, ...shown(m).map((i) => make("tr", {}, ...shown(n).map((j) => cell(i, j)))));
  const [before, after] = enclosed && row ? ["(", ")"] : ["", ""];
  return make("span", { class: "matrix" }, before, table, row ? "ᵀ" : "", after);
}

function drawElement() {
  // The sum behind one element, with all that is in it lit up.
  const [what, k, at] = state.element, ref = quantity(k)[2][at];
  const line = steps.flatMap((s) => s.lines).find(({ of }) => of[0] === what && of[1] === k);
  const found = line?.tree === undefined ? null : behind(line.tree, at, run);
  const said = compact((what === "new" ? evaluate(line.result, run) : elementsOf([what, k], run))[at]);
  const keys = [(what === "g" ? "g" : "v") + ref, ...(found?.used ?? [])];
  keys.forEach((key, n) => placesOf.get(key)?.forEach(({ group }) => group.classList.add("lit", ...(n ? [] : ["self"]))));
  const text = found && found.text !== said ? `${nameOf(what, k, at)} = ${found.text} = ` : `${nameOf(what, k, at)} = `;
  lines_.prepend(make("p", { class: "behind" }, text, make("em", {}, said)));
}

function nameOf(what, k, at) {
  const [name, , refs] = quantity(k);
  const element = names[refs[at]] ?? `${name}[${at}]`;
  return what !== "g" ? element : `∂${L}/∂${element}`;
}

function light() {
  // The ways from the leaf in hand to the result, as wide as their local derivatives are large; the rest fades. In
  // matrices also the elements that move with it, and those that stand beside it in a sum: its row, and its column.
  for (const name of ["lit", "self", "beside"]) mark(name, []);
  const isHeld = state.held !== null && run.values[root] !== undefined, ways = isHeld ? waysFrom(state.held) : new Map();
  svg.classList.toggle("fading", isHeld);
  mark("way", isHeld ? [cardOf(state.held), ...[...ways.keys()].flatMap(({ id, to }) => [id, to])] : []);
  for (const arrow of arrows) {
    const slope = ways.get(arrow), width = slope === undefined ? 1 : 1.2 + (6 * slope) / (1 + slope);
    setAttribute(arrow.path, "stroke-width", width.toFixed(2));
    arrow.path.classList.toggle("none", slope === 0);
  }
  if (!isHeld) return;
  const moved = tangents(run, [[state.held, 1]]), beside = new Set(inputs.filter((own) => own.includes(state.held)).flat());
  for (const { group, cell, what, node } of places) if (cell && what !== "gradient") {
    group.classList.toggle("lit", Boolean(moved.get(node)));
    group.classList.toggle("beside", !moved.get(node) && beside.has(node));
    group.classList.toggle("self", node === state.held);
  }
}

function waysFrom(leaf) {
  // For each arrow on a way the size of its local derivative: how much larger a change is that came through it alone.
  const moved = tangents(run, [[leaf, 1]]), found = new Map();
  for (const arrow of arrows) {
    const { from, to, k } = arrow, own = nodesOn.get(to), read = new Set(from === to ? [] : own.flatMap((b) => inputs[b]));
    const before = nodesOn.get(from).filter((n) => moved.has(n) && read.has(n));
    if (!before.length) continue;
    const change = tangents(run, before.map((n) => [n, moved.get(n)]), own);
    if (data.level === "value") change.set(own[0], moved.get(before[0]) * run.slopes[own[0]][k]);
    const largest = (nodes) => Math.max(0, ...nodes.map((n) => Math.abs(change.get(n) ?? 0)));
    const size = largest(before), shown = own.filter((n) => n === own.at(-1) || quantityOf.has(`v${n}`));
    found.set(arrow, size ? largest(shown) / size : 0);
  }
  return found;
}

function follow(behavior = calm.matches ? "instant" : "smooth", card = svg.querySelector(".hand")) {
  // Where the picture is larger than its window, bring what is in hand to the middle.
  if (!card) return;
  const [frame, hand] = [picture, card].map((element) => element.getBoundingClientRect());
  const left = (hand.left + hand.right - frame.left - frame.right) / 2, top = (hand.top + hand.bottom - frame.top - frame.bottom) / 2;
  picture.scrollBy({ left, top, behavior });
}

// The step, the numbers and the open part in the address, so that a reload or a link comes back to them.

function remember() {
  if (embedded) return;
  clearTimeout(remembering);
  const address = location.hash;
  remembering = setTimeout(() => {
    if (location.hash !== address) return; // a link was followed meanwhile
    const { theme } = document.documentElement.dataset;
    const parts = [...changed].map(([n, x]) => `${encodeURIComponent(keyInAddress(n))}=${x}`);
    if (!state.all) parts.unshift(state.step);
    if (opened) parts.push(`open=${opened}`);
    if (theme) parts.push(`theme=${theme}`);
    try {
      history.replaceState(null, "", `#${parts.join("&")}`);
    } catch {
      // some browsers refuse it to files
    }
  }, 200); // browsers also refuse it to whoever asks too often
}

function arrive() {
  // What the address says: a step, numbers, an open part, a theme. What is none of these is ignored.
  const said = addressed(), step = /^#(\d+)(&|$)/.exec(location.hash)?.[1];
  const given = inAddress.map((n) => [n, read(said.get(keyInAddress(n)) ?? "")?.number]);
  opened = ["change", "descend", "tasks", "predict", "mistake"].find((part) => part === said.get("open")) ?? "";
  begin(given.filter(([, x]) => x !== undefined));
  if (step) show(Number(step));
  follow("instant");
}

const inAddress = [...data.leaves, ...data.given.map((_, k) => nodes.length + k)];

function keyInAddress(n) {
  // A number goes by its name, or where that is taken by its place.
  const isTaken = ["open", "theme"].includes(names[n]) || data.leaves.some((m) => m !== n && names[m] === names[n]);
  return isTaken ? `n${n}` : names[n];
}

// Moving.

function goToCard(id) {
  // All at once: its lines. Else the nearer of its two steps, forward and backward; a second click, the other.
  if (state.all) {
    Object.assign(state, { card: state.card === id ? null : id, element: null });
    return draw();
  }
  const own = steps.flatMap((s, n) => (s.hand === id ? [n] : [])), distance = (n) => Math.abs(n - state.step);
  const touched = steps.findLastIndex(({ phase, near }) => phase === "backward" && near.includes(id));
  const [forward, backward] = own.length > 1 ? [own[0], own.at(-1)] : [0, own[0] ?? Math.max(touched, 0)];
  const [stop = state.step] = [forward, backward].filter(distance).sort((a, b) => distance(a) - distance(b));
  show(stop);
}

function goToElement(what, k, at) {
  Object.assign(state, { element: String(state.element) === String([what, k, at]) ? null : [what, k, at], card: null });
  draw();
}

const READ_WITH_EASE = 11, READ_AT_ALL = 9; // pixels of the smallest text
const smallest = Math.min(...all("text[font-size]").map((text) => Number(text.getAttribute("font-size"))));
let least = READ_AT_ALL; // of a fitted picture, unless the reader has ticked it

function resize() {
  // The whole picture in its window, as far as its text has the least size; or else all its width, or where that cannot
  // be read, its smallest text with ease, and it is scrolled. Where there is room below, the laboratory opens there.
  const { width, height } = svg.viewBox.baseVal;
  document.body.classList.toggle("flat", height * (picture.clientWidth / width) < 0.35 * innerHeight);
  const { paddingRight, paddingBottom } = getComputedStyle(picture); // where the laboratory is
  const across = (picture.clientWidth - parseFloat(paddingRight) - 4) / width;
  const room = narrow.matches ? 0.8 * innerHeight : picture.clientHeight - parseFloat(paddingBottom) - 4;
  const whole = Math.min(across, room / height, 2);
  const readable = across * smallest >= READ_AT_ALL ? Math.min(across, 1.15) : READ_WITH_EASE / smallest;
  const scale = Math.max(fit.checked ? Math.max(whole, least / smallest) : readable, 0.01);
  svg.setAttribute("width", width * scale);
  svg.setAttribute("height", height * scale);
  return whole;
}

function fitIfReadable() {
  [fit.checked, least] = [true, READ_AT_ALL];
  fit.checked = resize() * smallest >= READ_AT_ALL; // too small to read: scroll instead
  resize();
}
