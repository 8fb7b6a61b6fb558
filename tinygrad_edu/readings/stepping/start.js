// The page begins: what listens to the reader, and what the address says.

const pressed = {
  first: () => show(0),
  previous: () => show(state.all ? last : state.step - 1),
  next: () => show(state.all ? 0 : state.step + 1),
  last: () => show(last),
  all: () => (state.all ? show(0) : showAll()),
  close: () => (state.closed = byId("first-line").hidden = true),
  open: () => open_(opened ? "" : data.tasks.length ? "tasks" : "change"),
  shut: () => (open_(""), byId("open").focus()),
  print: printStoryboard, one: () => descend(1), ten: () => descend(10), back: undo, reset, onward, hint,
};

function onward() {
  const stopped = descend(1);
  if (stopped) return complain(`There is no next pass: ${stopped}.`);
  show(0);
  byId("next").focus();
}

function printStoryboard() {
  // Every step on paper, four on a page; where predictions are asked, with blanks.
  const kept = { ...state }, blank = predict.checked;
  byId("storyboard").replaceChildren(...steps.map((_, n) => {
    Object.assign(state, { all: false, step: n, card: null, element: null, held: null });
    draw();
    const { title, lines } = story()[n], shown = n ? lines.map(lineNode) : [...lines_.childNodes];
    for (const node of blank ? shown : []) {
      node.querySelectorAll("span ~ span > em").forEach((result) => result.replaceChildren("________"));
      node.querySelector(".total")?.remove(); // it would tell
    }
    const heading = make("h2", {}, `${n}. `, ...asNodes(title));
    return make("article", { class: shown.length > 7 ? "long" : "" }, svg.cloneNode(true), heading, make("div", {}, ...shown));
  }));
  Object.assign(state, kept);
  draw();
  document.body.classList.add("printing");
  window.print();
}

window.addEventListener("afterprint", () => {
  document.body.classList.remove("printing");
  byId("storyboard").replaceChildren();
});

// What is clicked, and the keys.

for (const [id, f] of Object.entries(pressed)) byId(id).addEventListener("click", f);
for (const button of bench.querySelectorAll("button[data-bench]")) button.addEventListener("click", () => open_(button.dataset.bench));
svg.addEventListener("click", (event) => {
  const group = event.target.closest(".place"), place = places.find((place) => place.group === group);
  const k = quantityOf.get(place?.key), card = event.target.closest(".node");
  if (k !== undefined && place.text.textContent) goToElement(place.key[0], k, quantity(k)[2].findIndex((ref) => place.key.slice(1) === String(ref)));
  else if (card) goToCard(card.id);
});
lines_.addEventListener("click", (event) => {
  const cell = event.target.closest("table[data-of] td");
  if (!cell) return;
  const [what, k] = cell.closest("table").dataset.of.split(",");
  goToElement(what, Number(k), Number(cell.dataset.at));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && opened) return open_("");
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("#laboratory, #question, #typed")) return;
  const moves = { ArrowLeft: pressed.previous, ArrowRight: pressed.next, Home: pressed.first, End: pressed.last, Escape: showAll };
  if (!moves[event.key]) return;
  moves[event.key]();
  event.preventDefault();
});

// Fields.

function onNumber(field, f) {
  field.addEventListener("input", () => {
    const given = read(field.value);
    field.ariaInvalid = given ? null : "true";
    if (given) f(given.number);
    else complain();
  });
}

onNumber(number_, (x) => change(Number(leaf.value), x));
onNumber(typed, (x) => change(state.held, x));
onNumber(eta, (x) => goTo([...changed, [data.eta, x]], path, gesture));
number_.addEventListener("keydown", (event) => nudge(event, Number(leaf.value)));
number_.addEventListener("blur", draw);
slider.addEventListener("input", () => show(slider.valueAsNumber));
leaf.addEventListener("change", () => (hold(Number(leaf.value)), draw()));
for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, pointed);
for (const box of [predict, only]) box.addEventListener("change", beginPredicting);
for (const field of [hide, second, mistake, film]) field.addEventListener("change", draw);
for (const n of onCards) for (const group of groupsOf(n)) movable(group, n);
fit.addEventListener("change", () => ((least = 0), resize(), follow()));
window.addEventListener("resize", () => (resize(), follow()));
new ResizeObserver(() => requestAnimationFrame(() => { // not at once: it changes what is observed
  // Lines take room from the picture. From step to step it keeps its size as long as that fits.
  if (state.all || picture.scrollHeight > picture.clientHeight) resize();
  follow();
})).observe(picture, { box: "border-box" });
window.addEventListener("hashchange", arrive);

// What does not change.

slider.max = last;
byId("turn").append(new Option("", steps.findIndex(({ phase }) => phase === "backward"))); // a mark on the slider
byId("how").textContent = `Drag a dotted number, or tap it and type: ${L} and all others follow. → goes step by step; a click on a card shows its lines.`;
byId("moving").textContent = `What moves: ${data.moving.length > 12 ? `${data.moving.length} numbers` : data.moving.map((n) => names[n]).join(", ")}.`;
for (const select of [leaf, second]) select.append(...data.leaves.map((n) => new Option(names[n], n)));
second.prepend(new Option("none", "", true, true));
for (const { group, text } of places) if (!group.classList.contains("leaf")) text.setAttribute("aria-hidden", true); // the lines say the same
bench.querySelector("button[data-bench=tasks]").hidden = !data.tasks.length;
offerTasks();
arrive();
fitIfReadable(); // beside what is shown now
follow("instant", svg.querySelector(".hand") ?? byId(cardOf(data.leaves[0]))); // one begins at the first leaf
