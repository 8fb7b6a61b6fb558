"use strict";
// The laboratory: its state, and how a number is changed. The state is the changed numbers, the answers given, and
// what is chosen on the benches. Whatever changes, `redraw` makes the whole view from the state again.

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
  form.dataset.step = ""; // at other numbers a question is asked anew
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
  complain(run.problem && `${run.problem}.`);
  const told = [...changed].map(([n, x]) => `${names[n]} = ${short(x)} (recorded: ${short(nodes[n])})`);
  byId("changes").textContent = `Changed: ${told.slice(0, 8).join(", ")}${told.length > 8 ? `, and ${told.length - 8} more` : ""}`;
  byId("changes").hidden = !told.length;
  drawBenches();
}

function complain(words = NO_NUMBER) {
  byId("problem").textContent = words;
  byId("problem").hidden = !words;
}

function onCard(element) {
  const { value, partial } = element.dataset;
  if (value !== undefined) return fitting(run.values[value]);
  const [n, k] = partial.split(",");
  const p = run.slopes[n][k];
  if (!element.closest(".edge")) return number(p);
  return p === undefined ? "" : ` ×${short(p)} `;
}

function tellLeaf(element, n) {
  element.classList.toggle("changed", changed.has(n));
  setAttribute(element, "aria-valuenow", now(n));
  setAttribute(element, "aria-valuetext", short(now(n)) + (changed.has(n) ? ", changed" : ""));
}

function drawBenches() {
  if (!byId("laboratory").open) return;
  for (const part of bench.querySelectorAll(".covered")) part.hidden = predict.checked;
  for (const part of bench.querySelectorAll(".asking")) part.hidden = !predict.checked;
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

function unit(event, x) {
  // 0.1, and of numbers from 100 on a hundredth or so
  const size = Math.max(0.1, 10 ** (Math.floor(Math.log10(Math.abs(x) || 1)) - 2));
  return size * (event.shiftKey ? 10 : event.altKey ? 0.1 : 1);
}

const NO_NUMBER = "A number is needed, such as −0.5, 1/3 or 1.2e-3.";

function movable(element, n) {
  element.setAttribute("role", "spinbutton");
  element.setAttribute("aria-label", names[n]);
  element.classList.add("leaf");
  element.addEventListener("focus", () => (hold(n), drawBenches()));
  element.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey) return;
    const up = { ArrowUp: 1, ArrowDown: -1 }[event.key], on = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const other = on && values[onCards[onCards.indexOf(n) + on]];
    if (up) change(n, rounded12(now(n) + up * unit(event, now(n))));
    else if (on) other?.[0].focus();
    else if (event.key === "Enter") type(element, n);
    else if (event.key === "Escape") picture.focus();
    else if (!/^[-−.,\d]$/.test(event.key)) return; // the other keys are those of the film
    else type(element, n, event.key);
    event.preventDefault();
    event.stopPropagation();
  });
  let start = null;
  element.addEventListener("pointerdown", (event) => {
    start = { x: event.clientX, from: now(n) };
    element.setPointerCapture(event.pointerId);
    element.focus();
    event.preventDefault();
  });
  element.addEventListener("pointermove", (event) => {
    if (start) change(n, rounded12(start.from + Math.round((event.clientX - start.x) / 4) * unit(event, start.from) * 0.2));
  });
  for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (start = null));
  element.addEventListener("click", (event) => event.stopPropagation()); // it does not lead to another step
  element.addEventListener("dblclick", () => type(element, n));
}

function type(element, n, text = "") {
  // A field over the number; what is typed takes its place.
  const box = element.getBoundingClientRect();
  Object.assign(typed.style, { left: `${box.left - 8}px`, top: `${box.top - 6}px` });
  typed.value = text || String(now(n)).replace("-", "−");
  typed.hidden = false;
  typed.setAttribute("aria-label", names[n]);
  typed.removeAttribute("aria-invalid");
  typed.focus();
  if (!text) typed.select();
  const finish = (keep) => {
    const given = read(typed.value);
    if (keep && !given) {
      typed.setAttribute("aria-invalid", true);
      return complain();
    }
    complain(run.problem && `${run.problem}.`);
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
