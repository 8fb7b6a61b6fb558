"use strict";
// The view is a function of the state: of the step, and in the laboratory of the changed numbers and of what is
// covered. show(n) replays the story up to step n, so going back is exact.
// Text from the graph goes into the page as textContent only; it is never read as HTML.

const steps = JSON.parse(document.getElementById("steps").textContent);
const last = steps.length - 1;
const byId = (id) => document.getElementById(id);
const [picture, slider, fit, play] = ["picture", "slider", "fit", "play"].map(byId);
const svg = picture.querySelector("svg");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const embedded = window.parent !== window; // in the frame of a notebook `location` is not ours to touch
let step = 0;
let timer = null;
let remembering = null;
let story = steps; // what the steps say: as recorded, or as the laboratory tells them at other numbers
const hooks = { covered: () => false, shown() {}, address: () => "", arrive() {} }; // for the laboratory

// What each step adds, turned around: for every place in the picture, when it gets which text.

const since = new Map(); // an element of the picture -> the step from which on it is seen
const texts = new Map(); // the place of a gradient -> its [step, text], in order

function all(selector) {
  return [...svg.querySelectorAll(selector)];
}

function byNode(what) {
  const places = {}; // the number of a node -> where its value, or its gradient, stands
  for (const element of all(`[data-${what}]`)) (places[element.dataset[what]] ??= []).push(element);
  return places;
}

for (const element of all("[data-value], .edge text, .slope")) since.set(element, Infinity);
const values = byNode("value");
const gradients = byNode("gradient");
steps.forEach((s, n) => {
  for (const v of s.values ?? []) for (const element of values[v] ?? []) since.set(element, n);
  if (s.phase !== "backward") return;
  for (const id of s.arrows ?? []) for (const element of byId(id).querySelectorAll("text")) since.set(element, n);
  for (const element of byId(s.hand).querySelectorAll(".slope")) since.set(element, n);
});

function gather() {
  for (const element of all("[data-gradient]")) texts.set(element, []);
  story.forEach((s, n) => {
    for (const [v, text] of s.gradients ?? []) for (const element of gradients[v] ?? []) texts.get(element).push([n, text]);
  });
}

// Showing a step.

function show(n) {
  step = Math.max(0, Math.min(last, n));
  draw();
  follow();
  remember();
}

function draw() {
  const covered = hooks.covered(step);
  const seen = covered ? step - 1 : step;
  const { phase, title, hand, near = [], arrows = [] } = story[step];
  const lines = covered ? [] : story[step].lines;
  for (const [element, first] of since) element.classList.toggle("hidden", seen < first);
  for (const [element, changes] of texts) {
    setText(element, changes.findLast(([first]) => first <= seen)?.[1] ?? "");
  }
  mark("hand", hand ? [hand] : []);
  mark("near", near.filter((id) => id !== hand));
  mark("used", arrows);
  byId("said").className = phase;
  byId("title").replaceChildren(...inParts(title));
  byId("lines").className = phase !== "given" && lines.length > 6 ? "many" : "";
  byId("lines").replaceChildren(...lines.map((line) => filled("p", ...inParts(line))));
  byId("said").scrollTop = 0;
  slider.value = step;
  slider.setAttribute("aria-valuetext", `step ${step} of ${last}, ${phase}`);
  byId("position").textContent = `${phase}, ${step} / ${last}`;
  for (const id of ["first", "previous"]) byId(id).setAttribute("aria-disabled", step === 0);
  for (const id of ["next", "last"]) byId(id).setAttribute("aria-disabled", step === last);
  hooks.shown(covered);
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text; // what stays needs no new layout
}

function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

function mark(name, ids) {
  for (const element of all("." + name)) element.classList.remove(name);
  for (const id of ids) byId(id).classList.add(name);
}

function inParts([left, result, rest]) {
  return [left, filled("em", result), rest];
}

function filled(tag, ...content) {
  const element = document.createElement(tag);
  element.append(...content); // strings become text
  return element;
}

function follow() {
  // Where the picture is larger than its window, bring what is in hand to the middle.
  const marked = all(".hand, .near");
  if (!marked.length) return;
  const middle = (low, high, from, size, first) => {
    const fits = high - low < size;
    return (fits ? (low + high) / 2 : first) - from - size / 2;
  };
  const boxes = marked.map((e) => e.getBoundingClientRect());
  const hand = svg.querySelector(".hand").getBoundingClientRect();
  const window_ = picture.getBoundingClientRect();
  picture.scrollBy({
    left: middle(Math.min(...boxes.map((b) => b.left)), Math.max(...boxes.map((b) => b.right)),
      window_.left, window_.width, hand.left + hand.width / 2),
    top: middle(Math.min(...boxes.map((b) => b.top)), Math.max(...boxes.map((b) => b.bottom)),
      window_.top, window_.height, hand.top + hand.height / 2),
    behavior: calm.matches ? "instant" : "smooth",
  });
}

// The step in the address, and what the laboratory adds, so that a reload or a link comes back to it.

function remember() {
  if (embedded) return;
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    try {
      history.replaceState(null, "", "#" + step + hooks.address());
    } catch {
      // some browsers refuse it to files
    }
  }, 200); // browsers also refuse it to whoever asks too often
}

function remembered() {
  return embedded ? 0 : Number.parseInt(location.hash.slice(1), 10) || 0;
}

// Moving.

function go(n) {
  pause();
  show(n);
}

function pause() {
  clearInterval(timer);
  timer = null;
  told();
}

function playOrPause() {
  if (timer) return pause();
  if (step === last) show(0);
  timer = setInterval(() => (step < last && !hooks.covered(step) ? show(step + 1) : pause()), calm.matches ? 3000 : 1500);
  told();
}

function told() {
  play.classList.toggle("playing", timer !== null);
  play.setAttribute("aria-label", timer ? "Pause" : "Play");
}

function goToCard(id) {
  // Its forward step, or once that is past its backward step; a second click leads from one to the other.
  const own = steps.flatMap((s, n) => (s.hand === id ? [n] : []));
  const touched = steps.flatMap((s, n) => (s.near?.includes(id) && s.phase === "backward" ? [n] : []));
  const ways = own.length ? [own[0], own.at(-1)] : [0, touched.at(-1) ?? 0];
  const [forward, backward] = ways;
  if (step === forward) go(backward);
  else if (step === backward) go(forward);
  else go(steps[step].phase === "backward" ? backward : forward);
}

function resize() {
  const { width, height } = svg.viewBox.baseVal;
  const natural = 1.15; // pixels to a point: the numbers are as large as small print
  const whole = Math.min((picture.clientWidth - 16) / width, (picture.clientHeight - 16) / height, 1.8 * natural);
  const scale = fit.checked ? whole : natural;
  svg.setAttribute("width", width * scale);
  svg.setAttribute("height", height * scale);
  return whole;
}

function fitIfReadable() {
  if (resize() < 0.6) fit.checked = false; // too small to read: scroll instead
  resize();
}

byId("first").addEventListener("click", () => go(0));
byId("previous").addEventListener("click", () => go(step - 1));
byId("next").addEventListener("click", () => go(step + 1));
byId("last").addEventListener("click", () => go(last));
play.addEventListener("click", playOrPause);
slider.addEventListener("input", () => go(slider.valueAsNumber));
fit.addEventListener("change", () => (resize(), follow()));
window.addEventListener("resize", () => (resize(), follow()));
window.addEventListener("hashchange", () => (hooks.arrive(), go(remembered())));
svg.addEventListener("click", (event) => {
  const card = event.target.closest(".node");
  if (card) goToCard(card.id);
});
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("#benches, #question, #typed")) return;
  const moves = { ArrowLeft: step - 1, ArrowRight: step + 1, Home: 0, End: last };
  const pressed = event.target.closest("button, [type=checkbox]"); // space works those
  if (event.key in moves) go(moves[event.key]);
  else if (event.key === " " && !pressed) playOrPause();
  else return;
  event.preventDefault();
});

slider.max = last;
byId("turn").append(new Option("", steps.findIndex(({ phase }) => phase === "backward"))); // a mark on the slider
gather();
document.body.style.setProperty("--lines", Math.max(...steps.slice(1).map(({ lines }) => Math.min(lines.length, 6))));
fit.checked = true;
fitIfReadable();
show(remembered());
