// An engine with a mistake beside the right one: in the picture, in a table, and as a film of its own.

function wrongGradients(moves = []) {
  const make = WRONG[mistake.value];
  return make && run.gradients.length && !predict.checked ? make(run, (move) => moves.push(move)) : null;
}

function differs(n, wrong) {
  return Math.abs(wrong - run.gradients[n]) > 2 * run.rounding[n]; // both may be rounded
}

function drawWrong() {
  // The wrong gradient struck out below the right one, in a matrix beside it; and the way that was lost dashed.
  for (const element of all(".struck")) element.remove();
  for (const name of ["lost", "unlike"]) mark(name, []);
  const moves = [], wrong = wrongGradients(moves);
  if (!wrong) return;
  for (const place of places.filter(({ what }) => what === "gradient")) {
    if (!differs(place.node, wrong[place.node]) || numberAt(place, seenNow(null)) === undefined) continue;
    const [x, y, size] = ["x", "y", "font-size"].map((name) => Number(place.text.getAttribute(name)));
    const said = place.cell ? fitting(wrong[place.node], compact, NARROW) : short(wrong[place.node]);
    place.group.classList.add("unlike");
    place.group.append(make("svg:text", { x, y: y + (place.cell ? 4 : 17), "font-size": size, class: "struck" }, said));
  }
  const lost = lostMoves(moves).map(({ from, to }) => [cardOf(from), cardOf(to)].join());
  mark("lost", arrows.filter(({ from, to }) => lost.includes([to, from].join())).map(({ id }) => id));
}

function lostMoves(moves) {
  // What was overwritten later; or passed on before all of it had arrived.
  const end = { overwrite: "to", order: "from" }[mistake.value];
  return end ? moves.filter((move, k) => moves.slice(k + 1).some(({ to }) => to === move[end])) : [];
}

function wrongFilm() {
  // Its own film: each node passes on what it has by then.
  const moves = [];
  if (state.all || !film.checked || steps[state.step].phase !== "backward" || !wrongGradients(moves)) return null;
  const first = steps.findIndex(({ phase }) => phase === "backward"), events = [...new Set(moves.map(({ from }) => from))];
  const k = Math.round(((state.step - first) / Math.max(1, end - first)) * events.length) - 1, b = events[k];
  if (k < 0) return null;
  const own = moves.filter(({ from }) => from === b), [{ incoming }] = own, overwrites = mistake.value === "overwrite";
  const lines = own.filter(({ to }) => names[to]).map(({ to, term, k: input, after }) => ({
    quantity: `∂${L}/∂${names[to]}`, relation: overwrites ? "=" : "+=", of: ["g", to], notes: [],
    sides: [[`${enclosed(incoming)} · ${enclosed(run.slopes[b][input])}`], [short(term)]], total: overwrites ? "" : `now ${short(after)}`,
  }));
  const beside = differs(b, incoming) ? ` where ${short(run.gradients[b])} is right` : "";
  const title = [`Wrong engine, ${k + 1} of ${events.length}: backward through ${named(b)}, which has ${short(incoming)}${beside}`];
  return { phase: "backward", title, hand: cardOf(b), near: own.map(({ to }) => cardOf(to)).filter(Boolean), lines };
}

function enclosed(x) {
  const text = short(x);
  return /^−|·/.test(text) ? `(${text})` : text;
}

function drawComparison() {
  const wrong = wrongGradients(), differing = wrong ? wrong.filter((g, n) => since.has(`g${n}`) && names[n] && differs(n, g)) : [];
  byId("filming").hidden = !wrong || data.level === "tensor";
  const count = differing.length === 1 ? "One gradient is" : `${differing.length} gradients are`;
  byId("difference").textContent = !mistake.value ? "" : !wrong ? "There are no gradients at these numbers."
    : differing.length ? `${count} wrong. ${WHY[mistake.value][0]}` : `No difference here: ${WHY[mistake.value][1]}.`;
}

const WHY = { // something is wrong, and why it may not be
  overwrite: ["Where several paths meet, only the one that comes last is kept.", "no paths meet, or where they do all but the last bring 0"],
  order: ["A node passed its gradient on before all of it had come in.", "each node has all of it before its turn, or what comes too late is 0"],
  uncleared: ["All nodes keep the gradients of the first pass, and pass them on again, so the error grows on the way.", "all gradients are 0"],
};
