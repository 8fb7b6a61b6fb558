// Predict: a line keeps its number back until it is answered. Three hints lead to it: the rule, the rule with numbers,
// and the number. Of a small matrix all of it is asked, of a larger one an element. A question is `whole` if it asks for
// the whole gradient and not one contribution; in `wrong` are pairs of a sentence and what that mistake makes of it.

const questions = data.questions.asked.map(([step, line, whole, wrong]) => ({ key: `${step},${line}`, step, line, whole, wrong }));
let answers = new Map(); // of a question's key: { hints, wrong, how }: "right", "wrong" (right at a later try), "revealed"
let asking; // the key of the question that is shown

const lineOf = ({ step, line }) => story()[step].lines[line];
const isAsked = ({ step }) => !only.checked || steps[step].phase === "backward";
const waiting = () => questions.filter((question) => isAsked(question) && !answers.get(question.key)?.how);
const waitingAt = (n) => waiting().filter(({ step }) => step === n);

function coveredLines() {
  if (!predict.checked || state.all || !run.gradients.length) return null;
  const found = waitingAt(state.step).map(({ line }) => line);
  return found.length ? new Set(found) : null;
}

function drawLaboratory(covered) {
  form.hidden = !covered;
  drawAnswers();
  drawWrong();
  drawBenches();
  const [question] = covered ? waitingAt(state.step) : [];
  if (question?.key === asking) return;
  asking = question?.key;
  verdict.hidden = true;
  if (!question) return;
  const { part, quantity, relation, shape, of, numbers } = lineOf(question), at = placesAsked(question);
  const what = at.length === numbers.length ? quantity : nameOf(...of, at[0]);
  byId("asked").textContent = !part ? (relation === "←" ? `the new ${what}` : what)
    : question.whole ? `${quantity}, all its paths together,` : `what one path adds to ${quantity}`;
  answer.value = "";
  answer.hidden = at.length > 1;
  grid.replaceChildren(...(answer.hidden ? [gridOf(numbers.length, shape)] : []));
  if (!bench.contains(document.activeElement) || document.activeElement === predict) fields()[0].focus({ preventScroll: true });
}

function fields() {
  return answer.hidden ? [...grid.querySelectorAll("input")] : [answer];
}

function gridOf(length, shape) {
  const n = shape.length > 1 ? shape.at(-1) : 1; // a vector is a column
  const field = (i, j) => make("input", { inputmode: "decimal", autocomplete: "off", "aria-label": `row ${i + 1}, column ${j + 1}` });
  const row = (_, i) => make("tr", {}, ...Array.from({ length: n }, (_, j) => make("td", {}, field(i, j))));
  return make("table", {}, ...Array.from({ length: length / n }, row));
}

function placesAsked(question) {
  // Of a small matrix all elements, of a larger one an element that is not 0, if there is one.
  const { numbers } = lineOf(question), order = numbers.map((_, k) => (k + question.step * 7) % numbers.length);
  return numbers.length <= 4 ? [...numbers.keys()] : [order.find((k) => numbers[k] !== 0) ?? order[0]];
}

function current() {
  // What is asked now: the right numbers, and what wrong rules make of them.
  const [question] = waitingAt(state.step), { numbers, arrived, part } = lineOf(question);
  const every = part && question.whole ? arrived : numbers, n = every.length, at = placesAsked(question);
  const wrongs = question.wrong.map(([k, tree]) => {
    const found = evaluate(tree, run);
    return [data.questions.sentences[k], at.map((o) => found[found.length === n ? o : 0])];
  });
  return { key: question.key, question, right: at.map((o) => every[o]), wrongs };
}

function judge() {
  // What to say of an answer, and whether it is right; null where it cannot be judged.
  const { right, wrongs } = current(), given = fields().map((field) => read(field.value));
  fields().forEach((field, k) => (field.ariaInvalid = given[k] ? null : "true"));
  if (given.includes(null)) return [NO_NUMBER, null];
  const near = (x, k, tolerance) => Math.abs(x - given[k].number) <= tolerance + 1e-9 * Math.abs(x);
  const tells = (x, k) => near(x, k, Math.min(given[k].tolerance, 0.05 * Math.abs(x))); // within 5 %, or it tells little
  const fits = (xs, factor = 1) => xs.some((x) => x || factor === 1) && xs.every((x, k) => tells(factor * x, k));
  if (fits(right)) return ["Right.", true];
  if (right.every((x, k) => near(x, k, given[k].tolerance))) return ["More digits, please: two that are not 0 in front.", null];
  const said = [];
  if (fits(right, -1)) said.push("The sign is the other one.");
  for (const [sentence, xs] of wrongs) {
    if (fits(xs)) said.push(sentence);
    else if (fits(xs, -1)) said.push(`${sentence} And the sign is the other one.`);
  }
  if ([0.01, 0.1, 10, 100].some((shift) => fits(right, shift))) said.push("The decimal point stands in another place.");
  const differing = right.filter((x, k) => !tells(x, k)).length;
  return [[right.length > 1 ? `Not yet: ${differing} of ${right.length} differ.` : "Not yet.", ...new Set(said)].join(" "), false];
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [words, right] = judge(), { key } = current();
  say(words);
  if (right === null) return;
  const { wrong, hints } = answers.get(key) ?? {};
  answers.set(key, { hints, wrong: wrong || !right });
  if (right) settle(key, wrong || hints ? "wrong" : "right");
});

function hint() {
  const { key, question, right } = current(), { sides, quantity, relation } = hinted(question);
  const hints = (answers.get(key)?.hints ?? 0) + 1;
  answers.set(key, { ...answers.get(key), hints });
  if (hints <= 2 && sides.length > hints) return say(`Hint ${hints}: `, quantity, ` ${relation} `, ...asNodes(sides[hints - 1], true));
  say(right.map((x) => short(x)).join(", "));
  settle(key, "revealed");
}

function say(...words) {
  verdict.replaceChildren(...words);
  verdict.hidden = false;
}

function hinted(question) {
  // What the hints are about: the line, or of a total all its contributions.
  const line = lineOf(question), { part, of, quantity } = line;
  if (!part || !question.whole) return line;
  const terms = story().flatMap(({ lines }) => lines.filter((other) => other.part && String(other.of) === String(of)));
  const sum = (text) => [terms.map(text).join(" + ")];
  return { quantity, relation: "=", sides: [sum(({ sides }) => sides[0].join("")), sum(({ numbers }) => enclosed(numbers[0])), []] };
}

function settle(key, how) {
  answers.set(key, { how });
  const words = [...verdict.childNodes];
  draw();
  say(...words);
  if (!waitingAt(state.step).length) byId("next").focus(); // Enter goes on
}

function beginPredicting() {
  const [first] = waiting();
  if (predict.checked && first) show(first.step);
  else draw();
}

function drawAnswers() {
  // On the slider: what was right ●, wrong ×, revealed ○.
  const signs = { right: "●", wrong: "×", revealed: "○" }, settled = [...answers].filter(([, { how }]) => how);
  byId("answers").replaceChildren(...settled.map(([key, { how }]) => {
    const x = 8 + ((Number(key.split(",")[0]) / last) * (slider.clientWidth - 16) || 0);
    return make("svg:text", { x, y: 9, "text-anchor": "middle", class: how }, signs[how]);
  }));
}
