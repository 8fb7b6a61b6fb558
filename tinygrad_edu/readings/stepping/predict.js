"use strict";
// Two benches of the laboratory: predictions, and an engine with a mistake beside the right one.

// Predict: a step keeps its numbers back until one of them is answered.

hooks.covered = (n) => predict.checked && n in questions && !answers.has(n) && run.gradients.length > 0;

hooks.shown = (covered) => {
  form.hidden = !covered;
  if (!covered) {
    if (wrongLine()) byId("lines").append(filled("p", wrongLine()));
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
    if (document.activeElement === byId("next")) answer.focus(); // who went on by the button goes on by typing
  }
};

function rightNumber() {
  const [line, whole] = questions[step];
  const { node, edge, sides } = steps[step].forms[line];
  return edge && whole ? run.gradients[node] : at(sides.at(-1)[0], run);
}

function judge(text) {
  // What to say of an answer, and whether it is right.
  const given = read(text), right = rightNumber();
  if (!given) return [NO_NUMBER, null];
  const near = (x, tolerance) => Math.abs(x - given.number) <= tolerance + 1e-9 * Math.max(1e-3, Math.abs(x));
  const fits = (x) => near(x, Math.min(given.tolerance, 0.05 * Math.abs(x))); // within 5 %, or it tells little
  if (fits(right)) return ["Right.", true];
  if (near(right, given.tolerance)) return ["More digits, please: two that are not 0 in front.", null];
  const [, , wrong] = questions[step];
  const p = (b, k) => run.slopes[b][k];
  const known = wrong.filter(([, f]) => fits(f(run.values, run.gradients, p))).map(([k]) => sentences[k]);
  if (right && fits(-right)) known.push("The sign is the other one.");
  return [["Not yet.", ...new Set(known)].join(" "), false];
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

function wrongLine() {
  // Below the lines of a step, what the wrong engine has in the end.
  const wrong = wrongGradients();
  const seen = story[step].phase === "backward" && wrong ? new Set(steps[step].forms.map(({ node }) => node)) : [];
  const told = [...seen].filter((n) => differs(wrong[n], run.gradients[n]));
  const numbers = told.map((n) => `∂${L}/∂${names[n]} = ${short(wrong[n])}`);
  return told.length ? `wrong, with ${mistake.selectedOptions[0].text}: ${numbers.join(", ")}` : "";
}

function drawComparison() {
  const wrong = wrongGradients();
  const passed = steps.filter(({ phase }) => phase === "backward").flatMap(({ forms }) => forms.map(({ node }) => node));
  const rows = wrong ? [...new Set(passed)].filter((n) => differs(wrong[n], run.gradients[n])) : [];
  compared.hidden = !rows.length;
  const cells = (n) => [`∂${L}/∂${names[n]}`, short(run.gradients[n]), short(wrong[n])].map((text) => filled("td", text));
  compared.tBodies[0].replaceChildren(...rows.map((n) => filled("tr", ...cells(n))));
  byId("difference").textContent = !mistake.value ? "" : !wrong ? "There are no gradients at these numbers." : rows.length
    ? `${rows.length === 1 ? "One gradient is" : `${rows.length} gradients are`} wrong. ${WHY[mistake.value]}`
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
