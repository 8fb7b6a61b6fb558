// The page begins: what listens to the reader, and what the address says.

byId("first").addEventListener("click", () => go(0));
byId("previous").addEventListener("click", () => go(state.all ? last : state.step - 1));
byId("next").addEventListener("click", () => go(state.all ? 0 : state.step + 1));
byId("last").addEventListener("click", () => go(last));
byId("all").addEventListener("click", () => (state.all ? go(0) : showAll()));
play.addEventListener("click", playOrPause);
slider.addEventListener("input", () => go(slider.valueAsNumber));
hide.addEventListener("change", draw);
fit.addEventListener("change", () => (resize(), follow()));
window.addEventListener("resize", () => (resize(), follow()));
window.addEventListener("hashchange", arrive);
byId("explain").addEventListener("click", () => {
  const legend = byId("legend");
  legend.hidden = !legend.hidden;
  byId("explain").setAttribute("aria-expanded", !legend.hidden);
  resize();
});
byId("close").addEventListener("click", () => {
  byId("first-line").hidden = byId("legend").hidden = true;
  if (data.live) closed_ = true;
  resize();
});
svg.addEventListener("click", (event) => {
  const place = places.find(({ group }) => group === event.target.closest(".place"));
  const key = place && quantityOf.get(String(place.what === "slope" ? [place.node, place.input] : place.node));
  if (place?.text.textContent && data.quantities.length && key !== undefined) {
    const ref = place.what === "slope" ? String([place.node, place.input]) : String(place.node);
    return goToElement(place.what === "gradient" ? "g" : "v", key, quantity(key)[2].findIndex((r) => String(r) === ref));
  }
  const card = event.target.closest(".node");
  if (card) goToCard(card.id);
});
byId("lines").addEventListener("click", (event) => {
  const cell = event.target.closest("table[data-of] td");
  if (!cell) return;
  const [what, k] = cell.closest("table").dataset.of.split(",");
  goToElement(what, Number(k), Number(cell.dataset.at));
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && data.live && opened) return open_("");
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("#laboratory, #question, #typed")) return;
  const at = state.all ? last + 1 : state.step;
  const moves = { ArrowLeft: at - 1, ArrowRight: state.all ? 0 : at + 1, Home: 0, End: last };
  const pressed = event.target.closest("button, [type=checkbox]"); // space works those
  if (event.key in moves) go(moves[event.key]);
  else if (event.key === " " && !pressed) playOrPause();
  else if (event.key === "Escape") showAll();
  else return;
  event.preventDefault();
});

// Every step on paper, four on a page; where predictions are asked, with blanks.

byId("print").addEventListener("click", () => {
  const kept = { ...state }, blank = data.live && predict.checked;
  byId("storyboard").replaceChildren(...steps.map((_, n) => {
    Object.assign(state, { all: false, step: n, card: null, element: null, held: null });
    draw();
    const title = filled("h2", `${n}. `, ...asNodes(story()[n].title)), lines = n ? story()[n].lines.map((line) => {
      const node = lineNode(line);
      if (blank && line.sides.length > 1) for (const side of [...node.querySelectorAll("span > em")]) side.replaceChildren("________");
      return node;
    }) : [filled("p", GIVEN)];
    return filled("article", svg.cloneNode(true), title, ...lines);
  }));
  Object.assign(state, kept);
  draw();
  document.body.classList.add("printing");
  window.print();
});
window.addEventListener("afterprint", () => {
  document.body.classList.remove("printing");
  byId("storyboard").replaceChildren();
});

slider.max = last;
byId("turn").append(new Option("", steps.findIndex(({ phase }) => phase === "backward"))); // a mark on the slider
byId("how").textContent = data.live
  ? `Drag a dotted number, or tap it and type: ${L} and all others follow. → goes step by step; a click on a card shows its lines.`
  : "→ goes step by step; a click on a card shows its lines.";
if (data.live) listen();
fit.checked = true;
fitIfReadable();
arrive();

function listen() {
  for (const n of data.leaves) {
    leaf.append(new Option(names[n], n));
    second.append(new Option(names[n], n));
  }
  second.prepend(new Option("none", "", true, true));
  for (const n of onCards) for (const { group } of leafPlaces.get(n)) movable(group, n);
  for (const group of onCards.length ? leafPlaces.get(onCards[0]) : []) group.group.setAttribute("tabindex", 0);
  leaf.addEventListener("change", () => (hold(Number(leaf.value)), draw(), drawBenches()));
  second.addEventListener("change", drawBenches);
  number_.addEventListener("input", () => {
    const given = read(number_.value);
    number_.toggleAttribute("aria-invalid", !given);
    complain(given ? run.problem && `${run.problem}.` : NO_NUMBER);
    if (given) change(Number(leaf.value), given.number);
  });
  number_.addEventListener("blur", drawBenches);
  for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, pointed);
  eta.addEventListener("input", () => {
    const rate = read(eta.value);
    eta.toggleAttribute("aria-invalid", !rate);
    complain(rate ? "" : NO_NUMBER);
    if (rate) changed = withRate(changed, rate.number);
    redraw();
  });
  byId("onward").addEventListener("click", () => {
    const stopped = descend(1);
    if (stopped) return complain(`There is no next pass: ${stopped}.`);
    go(0);
    byId("next").focus();
  });
  byId("one").addEventListener("click", () => descend(1));
  byId("ten").addEventListener("click", () => descend(10));
  for (const id of ["undo", "back"]) byId(id).addEventListener("click", undo);
  byId("reset").addEventListener("click", reset);
  predict.addEventListener("change", beginPredicting);
  only.addEventListener("change", beginPredicting);
  for (const field of [mistake, film]) field.addEventListener("change", () => (draw(), drawBenches()));
  byId("open").addEventListener("click", () => open_(opened ? "" : data.tasks.length ? "tasks" : "change"));
  byId("shut").addEventListener("click", () => (open_(""), byId("open").focus()));
  for (const button of bench.querySelectorAll("button[data-bench]")) button.addEventListener("click", () => open_(button.dataset.bench));
  if (!data.tasks.length) bench.querySelector("button[data-bench=tasks]").hidden = true;
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", "The leaves, each with its number");
  for (const { group, text } of places) if (!group.classList.contains("leaf")) text.setAttribute("aria-hidden", true); // the lines say the same
  offerMoving();
  const key = (n) => (["open", "theme"].includes(names[n]) || data.leaves.some((m) => m !== n && names[m] === names[n]) ? `n${n}` : names[n]);
  const kept = [...data.leaves, ...data.given.map((_, k) => nodes.length + k)];
  hooks.address = () => [...[...changed].map(([n, x]) => `${encodeURIComponent(key(n))}=${x}`), ...(opened ? [`open=${opened}`] : [])];
  hooks.arrive = (pairs) => {
    const node = new Map(kept.map((n) => [key(n), n]));
    const given = [...pairs].filter(([name]) => node.has(name)).map(([name, text]) => [node.get(name), read(text)?.number]);
    [changed, past, gesture, path] = [new Map(given.filter(([n, x]) => x !== undefined && x !== nodes[n])), [], null, []];
    opened = ["change", "descend", "tasks", "predict", "mistake"].find((part) => part === pairs.get("open")) ?? "";
    reconsider();
  };
}
