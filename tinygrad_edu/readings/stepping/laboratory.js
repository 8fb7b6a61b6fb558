// The laboratory: its state, and how a number is changed. The state is the changed numbers, what undo goes back to, the
// answers given, and what is chosen in its parts. Whatever changes, the whole view is made from the state again.

const [bench, leaf, second, number_, eta, curve, reading, losses, descended, problem, effect] =
  ["laboratory", "leaf", "second", "number", "eta", "curve", "reading", "losses", "descended", "problem", "effect"].map(byId);
const [predict, only, form, answer, grid, verdict, mistake, film, typed] =
  ["predict", "only", "question", "answer", "grid", "verdict", "mistake", "film", "typed"].map(byId);
let opened = ""; // which part is open
let past = []; // what undo goes back to: numbers, and the descent that had led to them
let gesture = null; // what the last change is of; changes of one thing in a row are one
let path = []; // the numbers of a descent, from its beginning
let task_ = null; // the experiment that was set up last
const done = new Set(); // experiments
const onCards = data.leaves.filter((n) => placesOf.has(`v${n}`));
const groupsOf = (n) => (placesOf.get(`v${n}`) ?? []).map(({ group }) => group);

const numberIn = (numbers, n) => numbers.get(n) ?? nodes[n] ?? data.given[n - nodes.length];
const now = (n) => numberIn(changed, n);
const result = (numbers) => forward(numbers).values[root];

function goTo(numbers, way = [], of = null) {
  // All at these numbers, to which a descent has led this way. Those that are as they were recorded are no change.
  changed = new Map(new Map(numbers).entries().filter(([n, x]) => x !== numberIn(new Map(), n)));
  [path, gesture, run, told, answers, asking] = [way, of, compute(changed), null, new Map(), ""];
  draw();
}

function setTo(numbers, of = {}, way = []) {
  // Numbers for leaves; the others stay.
  if (gesture !== of) past.push({ changed, path });
  goTo([...changed, ...numbers], way, of);
}

function begin(numbers) {
  past = [];
  goTo(numbers);
}

function change(n, x) {
  hold(n);
  if (x !== now(n)) setTo([[n, x]], n);
}

function hold(n) {
  // The leaf in hand. Of the numbers on the cards it is the one that the Tab key leads to.
  leaf.value = n;
  state.held = n;
  for (const other of onCards) for (const group of groupsOf(other)) setAttribute(group, "tabindex", other === n ? 0 : -1);
}

function undo() {
  const last = past.pop();
  if (last) goTo([...last.changed, rate()], last.path);
}

function reset() {
  past.push({ changed, path });
  goTo([rate()]);
}

function rate() {
  return [data.eta, now(data.eta)]; // which stays as it is set
}

function sayEffect() {
  // The result before and after the last change, its effect, and what the gradient alone had said of it.
  complain(run.problem && `${run.problem}.`);
  const old = past.length && gesture !== null ? past.at(-1).changed : new Map();
  const moved = data.leaves.filter((n) => numberIn(old, n) !== now(n)), [n] = moved;
  const then = result(old), y = run.values[root], known = moved.length > 0 && then !== undefined && y !== undefined;
  const slopes = known ? compute(old).gradients : [];
  const said = moved.reduce((sum, n) => sum + (slopes[n] ?? 0) * (now(n) - numberIn(old, n)), 0);
  const what = moved.length > 1 ? `${moved.length} numbers changed` : known && `${names[n]}: ${short(numberIn(old, n))} → ${short(now(n))}`;
  effect.textContent = known ? `${what}. ${L} moved by ${short(y - then)}; the gradient alone said ${short(said)}.` : "";
  byId("first-line").hidden = known || state.closed;
  const after = y === undefined ? "?" : short(y), isSame = then === undefined || then === y;
  byId("result").replaceChildren(make("b", {}, L), ...(isSame ? [` ${after}`] : [` ${short(then)} → `, make("em", {}, after)]));
}

const NO_NUMBER = "A number is needed, such as −0.5, 1/3 or 1.2e-3.";

function complain(words = NO_NUMBER) {
  problem.textContent = words;
  problem.hidden = !words;
}

function drawBenches() {
  for (const n of onCards) for (const group of groupsOf(n)) {
    group.classList.toggle("changed", changed.has(n));
    setAttribute(group, "aria-valuenow", now(n));
    setAttribute(group, "aria-valuetext", short(now(n)) + (changed.has(n) ? ", changed" : ""));
  }
  sayEffect();
  bench.hidden = !opened;
  byId("open").setAttribute("aria-expanded", Boolean(opened));
  if (!opened) return;
  for (const part of bench.querySelectorAll("section")) part.hidden = !part.dataset.bench.split(" ").includes(opened);
  for (const button of bench.querySelectorAll("button[data-bench]")) button.setAttribute("aria-pressed", button.dataset.bench === opened);
  for (const part of bench.querySelectorAll(".covered")) part.hidden = predict.checked; // a curve would tell what is asked
  const n = Number(leaf.value);
  if (document.activeElement !== number_) number_.value = asTyped(now(n));
  byId("back").disabled = !past.length;
  byId("reset").disabled = !changed.size;
  if (document.activeElement !== eta && data.eta !== null) eta.value = asTyped(now(data.eta));
  byId("changes").textContent = n in nodes && changed.has(n) ? `recorded: ${short(nodes[n])}` : "";
  drawTasks();
  if (predict.checked) return;
  if (opened === "change") drawCurve(n);
  if (opened === "descend") drawLosses();
  if (opened === "mistake") drawComparison();
}

function open_(part) {
  opened = part;
  draw();
  fitIfReadable();
}

// Experiments.

function drawTasks() {
  // Done is one after whose set-up the reader did something; where there is something to look at, went there.
  const moved = past.length, looked = moved || !state.all || state.card || state.element, task = data.tasks[task_];
  const acted = { change: task?.numbers.length ? looked : moved, descend: path.length, predict: answers.size, mistake: looked };
  if (task && acted[task.shows]) done.add(task_);
  byId("tasks").querySelectorAll("li").forEach((item, k) => (item.querySelector("b").hidden = !done.has(k)));
}

function offerTasks() {
  byId("tasks").replaceChildren(...data.tasks.map((task, k) => {
    const set = make("button", {}, "set it up");
    set.addEventListener("click", () => setUp(task, k));
    const seen = task.seen ? [make("details", {}, make("summary", {}, "what is to be seen"), make("p", {}, task.seen))] : [];
    return make("li", {}, make("p", {}, task.sentence), set, make("b", {}, " ✓ done"), ...seen);
  }));
}

function setUp(task, k) {
  task_ = null; // what follows is not the reader's
  predict.checked = task.shows === "predict";
  mistake.value = task.mistake;
  begin([...task.numbers, [data.eta, task.eta ?? now(data.eta)]]);
  task_ = k;
  if (predict.checked) beginPredicting();
  else showAll();
  const held = task.leaf ?? task.numbers[0]?.[0];
  if (onCards.includes(held)) hold(held);
  byId("doing").textContent = task.sentence; // over the part that opens
  open_(task.shows);
  if (predict.checked) fields()[0].focus();
  else groupsOf(held)[0]?.focus(); // ↑ and ↓ change it
}

// Change a number: on its card, or in the laboratory.

function asTyped(x) {
  return String(x).replace("-", "−");
}

function unit(event, x) {
  // 0.1, and of numbers from 100 on a hundredth or so
  const size = Math.max(0.1, 10 ** (Math.floor(Math.log10(Math.abs(x) || 1)) - 2));
  return size * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1);
}

function nudge(event, n) {
  // ↑ and ↓, on a card and in a field.
  const up = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (!up) return false;
  change(n, rounded12(now(n) + up * unit(event, now(n))));
  if (event.target.value !== undefined) event.target.value = asTyped(now(n));
  event.preventDefault();
  return true;
}

function movable(group, n) {
  Object.assign(group, { role: "spinbutton", ariaLabel: names[n], tabIndex: n === onCards[0] ? 0 : -1 });
  group.classList.add("leaf");
  group.addEventListener("focus", () => (hold(n), draw()));
  group.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    const on = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (on) groupsOf(onCards[onCards.indexOf(n) + on])[0]?.focus();
    else if (event.key === "Enter") type(group, n);
    else if (event.key === "Escape") letGo();
    else if (/^[-−.,\d]$/.test(event.key)) type(group, n, event.key);
    else if (!nudge(event, n)) return; // the other keys are those of the film
    event.preventDefault();
    event.stopPropagation();
  });
  let start = null;
  group.addEventListener("pointerdown", (event) => {
    start = { x: event.clientX, from: now(n), moved: false };
    gesture = {};
    group.setPointerCapture(event.pointerId);
    group.focus();
    event.preventDefault();
  });
  group.addEventListener("pointermove", (event) => {
    const far = start && Math.round((event.clientX - start.x) / 4);
    if (!far && !start?.moved) return;
    start.moved = true;
    change(n, rounded12(start.from + far * unit(event, start.from) * 0.2));
  });
  group.addEventListener("pointerup", () => {
    if (start && !start.moved) type(group, n); // one tap opens its field
    start = null;
  });
  group.addEventListener("pointercancel", () => (start = null));
  group.addEventListener("click", (event) => event.stopPropagation()); // it does not lead to another step
}

function letGo() {
  state.held = null;
  picture.focus();
  draw();
}

function type(group, n, text = "") {
  // A field over the number, which all follows while one types.
  const box = group.getBoundingClientRect(), before = now(n);
  Object.assign(typed.style, { right: `${Math.max(0, document.body.clientWidth - box.right - 6)}px`, top: `${box.top - 5}px` });
  Object.assign(typed, { value: text || asTyped(before), hidden: false, ariaLabel: names[n], ariaInvalid: null });
  typed.onkeydown = (event) => {
    if (event.key === "Escape") change(n, before);
    else if (event.key !== "Enter") return nudge(event, n);
    if (event.key === "Escape" || read(typed.value)) group.focus(); // which ends it
  };
  typed.onblur = () => ((typed.hidden = true), complain(run.problem && `${run.problem}.`));
  typed.focus();
  if (text) typed.dispatchEvent(new Event("input"));
  else typed.select();
}

const NUMBER = /^([+-]?(?:\d+\.?\d*|\.\d+))(?:(?:e|[*·×x]10(?:\^|\*\*)?)([+-]?\d+))?$/i;

function read(text) {
  // A number as people write it, −0,5 or 1/3 or 1.2e-3 or 1,2·10⁻³, and half a unit of its last place.
  const small = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹";
  const plain = text.replace(/[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, (s) => "^" + [...s].map((c) => "-0123456789"[small.indexOf(c)]).join(""));
  const parts = plain.replace(/[−–]/g, "-").replaceAll(",", ".").replace(/\s/g, "").split("/").map((part) => NUMBER.exec(part));
  if (parts.length > 2 || parts.includes(null)) return null;
  const [top, below = 1] = parts.map(([, digits, power = 0]) => Number(`${digits}e${power}`));
  const [[, digits, power = 0]] = parts, decimals = digits.split(".")[1]?.length ?? 0;
  const given = { number: top / below, tolerance: parts.length > 1 ? 0 : 0.5 * 10 ** (power - decimals) };
  return Number.isFinite(given.number) ? given : null;
}
