// An engine with a mistake beside the right one: in the picture, in a table, and as a film of its own.

function wrongGradients(watch) {
  const make = WRONG[mistake.value];
  return make && run.gradients.length && !predict.checked ? make((b) => run.slopes[b], watch) : null;
}

function differs(n, wrong) {
  return Math.abs(wrong - run.gradients[n]) > 2 * run.rounding[n]; // both may be rounded
}

function drawWrong() {
  // The wrong gradient struck out below the right one, and the way that was lost dashed.
  for (const element of all(".struck")) element.remove();
  for (const element of all(".lost")) element.classList.remove("lost");
  const moves = [], wrong = wrongGradients((move) => moves.push(move));
  if (!wrong) return;
  const shown = state.all || !hide.checked ? last : state.step;
  for (const place of places.filter(({ what }) => what === "gradient")) {
    if (!differs(place.node, wrong[place.node]) || textOf(place, shown) === undefined) continue;
    place.group.classList.add("unlike");
    if (place.cell) continue; // in a matrix the table has the numbers
    const { text } = place;
    const struck = svgElement("text", { x: text.getAttribute("x"), y: Number(text.getAttribute("y")) + 17, "font-size": text.getAttribute("font-size"), class: "struck" }, short(wrong[place.node]));
    place.group.append(struck);
  }
  for (const { from, to } of lostMoves(moves)) {
    const [head, tail] = [cardOf(from), cardOf(to)];
    for (const arrow of arrows.filter((arrow) => arrow.to === head && arrow.from === tail)) byId(arrow.id).classList.add("lost");
  }
}

function lostMoves(moves) {
  // What was overwritten later; or passed on before all of it had arrived.
  if (mistake.value === "overwrite") return moves.filter(({ to }, k) => moves.slice(k + 1).some((later) => later.to === to));
  if (mistake.value === "order") return moves.filter(({ from }, k) => moves.slice(k + 1).some((later) => later.to === from));
  return [];
}

hooks.film = () => {
  // Its own film: each node passes on what it has by then.
  if (state.all || !film.checked || steps[state.step].phase !== "backward") return null;
  const moves = [];
  if (!wrongGradients((move) => moves.push(move))) return null;
  const first = steps.findIndex(({ phase }) => phase === "backward");
  const events = [...new Set(moves.map(({ from }) => from))];
  const k = Math.round(((state.step - first) / Math.max(1, last - first)) * events.length) - 1;
  if (k < 0) return null;
  const b = events[k], own = moves.filter(({ from }) => from === b);
  const lines = own.filter(({ to }) => names[to]).map(({ to, term, incoming, k: input, after }) => ({
    quantity: `∂${L}/∂${names[to]}`, relation: mistake.value === "overwrite" ? "=" : "+=", notes: [], of: ["g", to],
    sides: [[`${enclosed(incoming)} · ${enclosed(run.slopes[b][input])}`], [short(term)]],
    part: [1, 1], ...(mistake.value === "overwrite" ? { part: undefined } : { notes: [[`now ${short(after)}`]] }),
  }));
  const title = [`Wrong engine, ${k + 1} of ${events.length}: backward through ${named(b)}, which has ${short(own[0].incoming)}${differs(b, own[0].incoming) ? ` where ${short(run.gradients[b])} is right` : ""}`];
  return { phase: "backward", title, hand: cardOf(b), near: own.map(({ to }) => cardOf(to)).filter(Boolean), arrows: [], lines };
};

function enclosed(x) {
  const text = short(x);
  return /^−|·/.test(text) ? `(${text})` : text;
}

function drawComparison() {
  const wrong = wrongGradients();
  const passed = [...new Set(steps.filter(({ phase }) => phase === "backward").flatMap(({ lines }) => lines.flatMap(({ of }) => nodesOf(of))))];
  const rows_ = wrong ? passed.filter((n) => differs(n, wrong[n])) : [];
  compared.hidden = !rows_.length;
  byId("filming").hidden = !wrong || data.level === "tensor";
  const cells = (n) => [`∂${L}/∂${names[n]}`, short(run.gradients[n]), short(wrong[n])].map((text) => filled("td", text));
  compared.tBodies[0].replaceChildren(...rows_.slice(0, 40).map((n) => filled("tr", ...cells(n))));
  byId("difference").textContent = !mistake.value ? "" : !wrong ? "There are no gradients at these numbers." : rows_.length
    ? `${rows_.length === 1 ? "One gradient is" : `${rows_.length} gradients are`} wrong. ${WHY[mistake.value]}`
    : `No difference here: ${whyNone()}.`;
}

const WHY = {
  overwrite: "Where several paths meet, only the one that comes last is kept.",
  order: "A node passed its gradient on before all of it had come in.",
  uncleared: "All nodes keep the gradients of the first pass, and what is kept is passed on again, so the error grows on the way.",
};

function whyNone() {
  const uses = nodes.map(() => 0);
  for (const node of nodes) if (typeof node !== "number") node.slice(1).forEach((a) => (uses[a] += 1));
  if (mistake.value === "overwrite") {
    return uses.every((k, n) => k < 2 || names[n] === null) ? "no node is used twice, so each gradient is a single contribution" : "where paths meet, all but the last bring 0";
  }
  if (mistake.value === "order") {
    const place = new Map(breadthFirst().map((n, k) => [n, k]));
    const early = nodes.some((node, b) => !isLeaf(b) && node.slice(1).some((a) => !isLeaf(a) && place.get(a) < place.get(b)));
    return early ? "what comes too late is 0" : "each node has all of its gradient before its turn";
  }
  return "all gradients are 0";
}
