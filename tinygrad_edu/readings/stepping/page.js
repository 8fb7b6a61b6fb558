// The view is a function of the state: of the step or the card in hand, of the changed numbers, and in the laboratory
// of what is covered. `draw` makes all of it, so going back is exact.
// Text from the graph goes into the page as textContent only; it is never read as HTML.

const byId = (id) => document.getElementById(id);
const [picture, slider, fit, hide, play] = ["picture", "slider", "fit", "hide", "play"].map(byId);
const svg = picture.querySelector("svg");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const embedded = window.parent !== window; // in a frame `location` is read, and not written
const steps = data.steps, last = steps.length - 1, end = steps.findLastIndex(({ phase }) => phase !== "update");
const moving = new Set(data.moving); // the leaves that an update moves
const state = {
  all: true, // every number at once, or step by step
  step: last,
  card: null, // all at once: the card whose lines are shown
  element: null, // ["v" or "g", quantity, element] whose sum is shown
  held: null, // the leaf in hand, whose ways to the result are lit
};
let changed = new Map(); // leaf -> the number that the reader gave it
let run = compute(changed); // all numbers, at those
let told_ = null; // what the steps say there, once it is asked for
let timer = null;
let remembering = null;
const hooks = { covered: () => null, shown() {}, address: () => [], arrive() {}, film: () => null }; // for the laboratory

function story() {
  return (told_ ??= tell(run, !changed.size));
}

// Where each number stands in the picture, and from which step on it is known.

function all(selector) {
  return [...svg.querySelectorAll(selector)];
}

const places = all(".place").map((group) => {
  const [what] = ["value", "gradient", "slope"].filter((name) => name in group.dataset);
  const [node, input] = group.dataset[what].split(",").map(Number);
  const cell = group.querySelector(".cell");
  return { group, what, node, input, cell, text: group.querySelector("text"), wide: cell ? compact : short };
});
const arrows = data.cards.flatMap(([id, own, sources]) => sources.map((source, k) => ({ id: `${id}-${k + 1}`, from: source, to: id, k })));
const arrowOf = new Map(arrows.map((arrow) => [arrow.id, arrow]));
const slopeTexts = all(".edge text");
const nodesOn = new Map(data.cards.map(([id, own]) => [id, own]));
const valueFrom = new Map(); // node -> the step in which its value is told
const arrowFrom = new Map(); // arrow -> the step in which its local derivative is told
const quantityOf = new Map(); // node -> the first quantity that it is an element of

data.quantities.forEach(([, , refs], k) => refs.forEach((n) => quantityOf.has(String(n)) || quantityOf.set(String(n), k)));
steps.forEach((s, n) => {
  for (const { of } of s.lines) if (of[0] === "v") for (const ref of nodesOf(of)) valueFrom.set(String(ref), n);
  if (s.phase === "backward") for (const id of s.arrows ?? []) arrowFrom.set(id, n);
});
const handFrom = new Map(steps.flatMap((s, n) => (s.phase === "backward" && s.hand ? [[s.hand, n]] : [])));

function textOf(place, seen) {
  const { what, node, input } = place;
  if (what === "value") return (valueFrom.get(String(node)) ?? 0) <= seen ? run.values[node] : undefined;
  if (what === "gradient") return seen >= end ? gradientOf(node) : gradientAt(node, seen);
  const from = valueFrom.get(`${node},${input}`) ?? handFrom.get(place.group.closest(".node").id) ?? 0;
  return from <= seen ? run.slopes[node][input] : undefined;
}

const told = new Set([root, ...steps.flatMap((s) => s.lines.flatMap(({ of }) => (of[0] === "g" ? nodesOf(of) : [])))]);

function gradientOf(node) {
  return told.has(node) ? run.gradients[node] : undefined;
}

function gradientAt(node, seen) {
  for (let n = Math.min(seen, last); n >= 0; n--) if (story()[n].gradients.has(node)) return story()[n].gradients.get(node);
  return node === root && steps[Math.min(seen, last)].phase === "backward" ? run.gradients[root] : undefined; // no line says its 1
}

// Showing.

function show(n) {
  state.all = false;
  state.held = state.card = state.element = null;
  state.step = Math.max(0, Math.min(last, n));
  draw();
  follow();
  remember();
}

function showAll() {
  pause();
  state.all = true;
  state.held = state.card = state.element = null;
  draw();
  remember();
}

function redraw() {
  // At other numbers.
  run = compute(changed);
  told_ = null;
  draw();
  remember();
}

function draw() {
  const covered = hooks.covered();
  const seen = covered ? Math.min(state.step - 1, last) : state.all || !hide.checked ? last : state.step;
  drawNumbers(seen, covered);
  const current = hooks.film() ?? (state.all ? linesOfCard(state.card) : story()[state.step]);
  const { phase = "", title = [], hand, near = [], arrows: used = [], lines = [] } = current;
  mark("hand", hand ? [hand] : []);
  mark("near", near.filter((id) => id !== hand));
  mark("used", state.all ? [] : used);
  light();
  document.body.classList.toggle("all", state.all);
  byId("said").className = phase;
  byId("title").replaceChildren(...asNodes(title));
  byId("lines").className = lines.length > 6 ? "many" : "";
  const shown = phase === "given" ? [filled("p", GIVEN)] : lines.flatMap((line, k) => (covered?.has(k) ? [] : [lineNode(line)]));
  byId("lines").replaceChildren(...shown);
  if (state.element) drawElement();
  byId("onward").hidden = !data.live || state.all || covered || state.step <= end;
  byId("said").hidden = state.all && !state.card && !state.element && !covered;
  byId("said").scrollTop = 0;
  drawFilm(phase);
  byId("result").replaceChildren(...resultNodes());
  hooks.shown(covered);
}

const GIVEN = "What the computation starts from stands on the square cards.";

function drawNumbers(seen, covered) {
  const most = new Map(); // the largest number of each matrix
  const after = !state.all && !covered && state.step > end ? updated(run, moving) : new Map();
  const found = places.map((place) => (place.what === "value" ? after.get(place.node) : undefined) ?? textOf(place, seen));
  places.forEach(({ what, node, cell, group }, k) => {
    group.classList.toggle("new", what === "value" && after.has(node));
    const key = `${what}${quantityOf.get(String(node))}`;
    if (cell) most.set(key, Math.max(most.get(key) ?? 0, Math.abs(found[k] ?? 0)));
  });
  places.forEach(({ group, what, node, cell, text, wide }, k) => {
    const x = found[k];
    setText(text, fitting(x, wide, cell ? data.narrow : data.room));
    if (cell) setAttribute(cell, "fill", heat(x ?? 0, most.get(`${what}${quantityOf.get(String(node))}`)));
  });
  drawUpdates(after.size);
  for (const text of slopeTexts) {
    const { id, to, k } = arrowOf.get(text.dataset.arrow), p = run.slopes[nodesOn.get(to)[0]][k];
    const said = p === undefined ? "?" : p < 0 ? `(${short(p)})` : short(p);
    setText(text, seen >= end || (arrowFrom.get(id) ?? Infinity) <= seen ? `×${said}` : "");
  }
}

function drawUpdates(shown) {
  // At the value level a card says below it how its new number comes about.
  for (const badge of all(".badge")) badge.remove();
  if (!shown || data.level !== "value") return;
  const taken = [];
  for (const { of, sides } of story()[state.step].lines.filter(({ of }) => of[0] === "new")) {
    const card = byId(cardOf(of[1])), box = card.getBBox(), text = sides.slice(-2).flat().join(" = ");
    const badge = { x: box.x, y: box.y + box.height + 10, end: box.x + 10 * widthOf(text) };
    while (taken.some(({ x, y, end }) => y === badge.y && x < badge.end && badge.x < end)) badge.y += 11;
    taken.push(badge);
    card.parentNode.append(svgElement("text", { class: "badge", x: badge.x, y: badge.y, "font-size": 10 }, text));
  }
}

function heatLevel(x, most) {
  return (most && Math.round((Math.abs(x) / most) * (data.heat[0].length - 1))) || 0;
}

function heat(x, most) {
  return data.heat[x < 0 ? 1 : 0][heatLevel(x, most)];
}

function drawFilm(phase) {
  slider.value = state.step;
  slider.setAttribute("aria-valuetext", `step ${state.step} of ${last}, ${phase}`);
  byId("position").textContent = state.all ? `${last} steps` : `${phase}, ${state.step} / ${last}`;
  byId("all").setAttribute("aria-pressed", state.all);
  for (const id of ["first", "previous"]) byId(id).setAttribute("aria-disabled", !state.all && state.step === 0);
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", !state.all && state.step === last);
}

function linesOfCard(id) {
  // Every line that is told of a card: what it is, and what its gradients are.
  if (!id) return {};
  const own = new Set(nodesOn.get(id));
  const lines = story().flatMap((s) => s.lines.filter(({ of }) => own.has(nodesOf(of)[0]) || (s.hand === id && of[0] === "v")));
  return { title: [lines.length ? "" : "A constant"], hand: id, near: data.cards.find(([card]) => card === id)[2], lines };
}

// Text.

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // what stays needs no new layout
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function svgElement(name, attributes, text = "") {
  const element = document.createElementNS(svg.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

function mark(name, ids) {
  for (const element of all("." + name)) element.classList.remove(name);
  for (const id of ids) byId(id)?.classList.add(name);
}

function filled(tag, ...content) {
  const element = document.createElement(tag);
  element.append(...content); // strings become text
  return element;
}

function asNodes(pieces, upright = false) {
  return pieces.map((piece) => (typeof piece === "string" ? piece : matrixNode(piece, upright)));
}

function lineNode(line) {
  const upright = line.sides.flat().some((piece) => piece.shape?.length > 1 && piece.shape.at(-2) > 1);
  const sides = line.sides.map((side, k) => {
    const content = asNodes(side, upright);
    return filled("span", ` ${k ? "=" : line.relation} `, ...(k === line.sides.length - 1 ? [filled("em", ...content)] : content));
  });
  const node = filled("p", line.quantity, ...sides);
  const [total, ...others] = line.part ? line.notes : [null, ...line.notes];
  if (total) node.append(filled("span", "  → ", ...total));
  node.append(...others.map((note) => {
    const span = filled("span", " ", ...asNodes(note));
    span.className = "note";
    return span;
  }));
  node.className = line.of[0] + (upright ? " matrices" : "");
  if (line.shape?.length && line.of[0] !== "state") node.querySelectorAll("em table").forEach((table) => (table.dataset.of = line.of.join(",")));
  return node;
}

const MOST = 8; // rows and columns of a matrix that are shown

function matrixNode({ shape, numbers, enclosed }, upright) {
  // A table, with shades; a vector is a column beside matrices, and else a transposed row. Of three axes, a row of them.
  if (shape.length > 2) {
    const size = product(shape.slice(-2)), count = product(shape.slice(0, -2));
    const one = (k) => matrixNode({ shape: shape.slice(-2), numbers: numbers.slice(k * size, (k + 1) * size) }, upright);
    return filled("span", ...Array.from({ length: Math.min(count, MOST) }, (_, k) => one(k)), count > MOST ? "…" : "");
  }
  const row = shape.length === 1 && !upright && shape[0] > 1;
  const [m, n] = shape.length === 2 ? shape : row ? [1, shape[0]] : [shape[0], 1];
  const most = numbers.reduce((top, x) => Math.max(top, Math.abs(x) || 0), 0);
  const table = filled("table"), shown = (size) => (k) => size <= MOST || k < MOST - 4 || k === size - 1;
  for (let i = 0; i < m; i++) {
    if (!shown(m)(i)) continue;
    const tr = table.insertRow();
    for (let j = 0; j < n; j++) {
      if (!shown(n)(j)) continue;
      const x = numbers[i * n + j], td = tr.insertCell(), skipped = (n > MOST && j === n - 1) || (m > MOST && i === m - 1);
      td.textContent = compact(x);
      td.dataset.at = i * n + j;
      td.className = `${x < 0 ? "down" : "up"}${heatLevel(x, most)}${skipped ? " skipped" : ""}`;
    }
  }
  const span = filled("span", enclosed && row ? "(" : "", table, row ? "ᵀ" : "", enclosed && row ? ")" : "");
  span.className = "matrix";
  return span;
}

function drawElement() {
  // The sum behind one element, with all that is in it lit up.
  const [what, k, at] = state.element;
  const line = steps.flatMap((s) => s.lines).find(({ of }) => of[0] === what && of[1] === k);
  const refs = quantity(k)[2], name = nameOf(what, k, at);
  const x = what === "new" ? evaluate(line.result, run).numbers[at] : elementsOf([what, k], run)[at];
  const found = line?.tree === undefined ? null : behind(line.tree, at, run);
  mark("lit", []);
  const self = places.filter((place) => place.what === (what === "v" ? "value" : "gradient") && place.node === refs[at]);
  for (const { group } of self) group.classList.add("lit", "self");
  for (const use of found?.used ?? []) {
    const kind = use[0] === "v" ? "value" : "gradient", ref = use.slice(1);
    for (const { group } of places.filter((place) => place.what === kind && String(place.node) === ref)) group.classList.add("lit");
  }
  const text = found && found.text !== compact(x) ? `${name} = ${found.text} = ` : `${name} = `;
  const node = filled("p", text, filled("em", compact(x)));
  node.className = "behind";
  byId("lines").prepend(node);
}

function nameOf(what, k, at) {
  const [name, shape, refs] = quantity(k);
  const element = names[refs[at]] ?? `${name}[${at}]`;
  return what !== "g" ? element : `∂${L}/∂${element}`;
}

function resultNodes() {
  const before = run.values[root] === undefined ? "?" : short(run.values[root]);
  const then = hooks.before?.();
  return then === undefined || then === run.values[root] ? [filled("b", L), ` ${before}`] : [filled("b", L), ` ${short(then)} → `, filled("em", before)];
}

function light() {
  // The ways from the leaf in hand to the result, as wide as their local derivatives are large; the rest fades.
  const found = state.held === null || run.values[root] === undefined ? null : waysFrom(state.held);
  svg.classList.toggle("fading", Boolean(found));
  for (const arrow of arrows) {
    const group = byId(arrow.id), path = group.querySelector("path"), slope = found?.get(arrow.id);
    group.classList.toggle("way", slope !== undefined);
    if (slope === undefined) path.removeAttribute("stroke-width");
    else setAttribute(path, "stroke-width", (1.2 + (6 * slope) / (1 + slope)).toFixed(2));
    path.classList.toggle("none", slope === 0);
  }
  const cards = new Set(found ? [cardOf(state.held), ...arrows.filter(({ id }) => found.has(id)).flatMap(({ from, to }) => [from, to])] : []);
  for (const [id] of data.cards) byId(id).classList.toggle("way", cards.has(id));
}

function cardOf(node) {
  return data.cards.find(([, own]) => own.includes(node))?.[0];
}

function waysFrom(leaf) {
  // For each arrow on a way the size of its local derivative: how much larger a change is that came through it.
  const moved = tangents(run, leaf), start = cardOf(leaf), found = new Map();
  const reached = new Set([start]);
  for (const [id, own, sources] of data.cards.toSorted((a, b) => Math.max(...a[1]) - Math.max(...b[1]))) {
    sources.forEach((source, k) => {
      if (!reached.has(source)) return;
      const from = id === source ? [] : nodesOn.get(source).filter((n) => n === leaf || moved[n] || source !== start);
      const size = Math.max(0, ...from.map((n) => Math.abs(moved[n])));
      const through = throughArrow(own, new Set(from), moved, data.level === "value" ? k : null);
      if (through === null) return;
      reached.add(id);
      found.set(`${id}-${k + 1}`, size ? through / size : 0);
    });
  }
  return found;
}

function throughArrow(own, from, moved, input) {
  // The largest change that the nodes of a card have from those of another alone; null where they read none of them.
  const change = new Map(), inside = new Set(own);
  let read = null;
  for (const b of own) {
    if (isLeaf(b)) continue;
    const sum = nodes[b].slice(1).reduce((total, a, k) => {
      if (inside.has(a)) return total + (change.get(a) ?? 0) * run.slopes[b][k];
      if (!from.has(a) || (input !== null && input !== k)) return total;
      read ??= 0;
      return total + moved[a] * run.slopes[b][k];
    }, 0);
    if (sum) change.set(b, sum);
  }
  return read === null ? null : Math.max(0, Math.abs(change.get(own.at(-1)) ?? 0), ...[...change].filter(([n]) => n === own.at(-1) || quantityOf.has(String(n))).map(([, c]) => Math.abs(c)));
}

function follow(behavior = calm.matches ? "instant" : "smooth") {
  // Where the picture is larger than its window, bring what is in hand to the middle.
  const marked = all(".hand, .near");
  const hand = svg.querySelector(".hand")?.getBoundingClientRect();
  if (!hand) return;
  const middle = (low, high, from, size, first) => ((high - low < size ? (low + high) / 2 : first) - from - size / 2);
  const boxes = marked.map((e) => e.getBoundingClientRect());
  const window_ = picture.getBoundingClientRect();
  picture.scrollBy({
    left: middle(Math.min(...boxes.map((b) => b.left)), Math.max(...boxes.map((b) => b.right)),
      window_.left, window_.width, hand.left + hand.width / 2),
    top: middle(Math.min(...boxes.map((b) => b.top)), Math.max(...boxes.map((b) => b.bottom)),
      window_.top, window_.height, hand.top + hand.height / 2),
    behavior,
  });
}

// The step in the address, and what the laboratory adds, so that a reload or a link comes back to it.

function remember() {
  if (embedded) return;
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    const parts = [...(state.all ? [] : [state.step]), ...hooks.address()];
    if (document.documentElement.dataset.theme) parts.push(`theme=${document.documentElement.dataset.theme}`);
    try {
      history.replaceState(null, "", `#${parts.join("&")}`);
    } catch {
      // some browsers refuse it to files
    }
  }, 200); // browsers also refuse it to whoever asks too often
}

function arrive() {
  // What the address says: a step, numbers, an open part, a theme. What is none of these is ignored.
  const parts = location.hash.slice(1).split("&");
  const pairs = new Map(parts.filter((part) => part.includes("=")).map((part) => part.split(/=(.*)/s).slice(0, 2).map(decoded)));
  if (["light", "dark"].includes(pairs.get("theme"))) document.documentElement.dataset.theme = pairs.get("theme");
  hooks.arrive(pairs);
  if (/^\d+$/.test(parts[0])) show(Number(parts[0]));
  else draw();
  follow("instant");
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

// Moving.

function go(n) {
  pause();
  show(n);
}

function pause() {
  clearInterval(timer);
  timer = null;
  sayPlaying();
}

function playOrPause() {
  if (timer) return pause();
  if (state.all || state.step === last) show(0);
  timer = setInterval(() => (state.step < last && !hooks.covered() ? show(state.step + 1) : pause()), calm.matches ? 3000 : 1500);
  sayPlaying();
}

function sayPlaying() {
  play.classList.toggle("playing", timer !== null);
  play.setAttribute("aria-label", timer ? "Pause" : "Play");
}

function goToCard(id) {
  // All at once: its lines. Else its forward step, or once that is past its backward step; a second click, the other.
  if (state.all) {
    state.card = state.card === id ? null : id;
    state.element = null;
    return draw();
  }
  const own = steps.flatMap((s, n) => (s.hand === id ? [n] : []));
  const touched = steps.flatMap((s, n) => (s.near?.includes(id) && s.phase === "backward" ? [n] : []));
  const [forward, backward] = own.length > 1 ? [own[0], own.at(-1)] : [0, own[0] ?? touched.at(-1) ?? 0];
  if (state.step === forward) go(backward);
  else if (state.step === backward) go(forward);
  else go(["backward", "update"].includes(steps[state.step].phase) ? backward : forward);
}

function goToElement(what, k, at) {
  state.element = String(state.element) === String([what, k, at]) ? null : [what, k, at];
  state.card = null;
  draw();
}

function resize() {
  const { width, height } = svg.viewBox.baseVal;
  const across = (picture.clientWidth - 12) / width, natural = Math.max(0.95, Math.min(across, 1.15)); // as small print
  const whole = Math.min(across, (picture.clientHeight - 12) / height, 2);
  const scale = Math.max(fit.checked ? whole : natural, 0.01);
  svg.setAttribute("width", width * scale);
  svg.setAttribute("height", height * scale);
  return whole;
}

function fitIfReadable() {
  if (resize() < 0.85) fit.checked = false; // too small to read: scroll instead
  resize();
}
