// Predict: a line keeps its number back until it is answered. Three hints lead to it: the rule, the rule with numbers,
// and the number. Of a small matrix all of it is asked, of a larger one an element.

let answers = new Map(); // "step,line" -> "right", "wrong" (right at a later try) or "revealed"
let tries = new Map(); // "step,line" -> how often it was answered, and how many hints were taken
let asking = ""; // the question that is shown
const tally = new Map(); // "step,line" -> whether the first try was right

function forget() {
  [answers, tries, asking] = [new Map(), new Map(), ""]; // at other numbers questions are asked anew
}

function questions() {
  return data.questions.asked.filter(([n]) => !only.checked || steps[n].phase === "backward");
}

function open_questions(n) {
  return questions().filter(([step, line]) => step === n && !answers.has(`${step},${line}`));
}

hooks.covered = () => {
  if (!predict.checked || state.all || !run.gradients.length) return null;
  const found = open_questions(state.step).map(([, line]) => line);
  return found.length ? new Set(found) : null;
};

hooks.shown = (covered) => {
  form.hidden = !covered;
  drawAnswers();
  drawWrong();
  const question = covered && open_questions(state.step)[0];
  const key = question ? `${question[0]},${question[1]}` : "";
  if (key === asking) return;
  asking = key;
  verdict.hidden = true;
  if (!question) return;
  const line = steps[question[0]].lines[question[1]], { shape } = lineOf(question);
  const whole = !shape.length || product(shape) <= 4;
  byId("asked").textContent = line.relation === "←" ? `the new ${whole ? line.quantity : nameOf(...line.of, chosen(question))}`
    : !line.part ? (whole ? line.quantity : nameOf(...line.of, chosen(question)))
    : question[2] ? `${line.quantity}, all its paths together,` : `what one path adds to ${line.quantity}`;
  answer.value = "";
  answer.hidden = whole && shape.length > 0;
  grid.replaceChildren(...(answer.hidden ? [gridOf(shape)] : []));
  byId("hint").textContent = "hint";
  if (!bench.contains(document.activeElement) || document.activeElement === predict) (answer.hidden ? grid.querySelector("input") : answer).focus({ preventScroll: true });
};

function lineOf([step, line]) {
  return story()[step].lines[line];
}

function gridOf(shape) {
  const [m, n] = shape.length > 1 ? [product(shape.slice(0, -1)), shape.at(-1)] : [shape[0], 1];
  const table = filled("table");
  for (let i = 0; i < m; i++) {
    const row = table.insertRow();
    for (let j = 0; j < n; j++) {
      const field = filled("input");
      Object.assign(field, { inputMode: "decimal", autocomplete: "off" });
      field.setAttribute("aria-label", `row ${i + 1}, column ${j + 1}`);
      row.insertCell().append(field);
    }
  }
  return table;
}

function chosen(question) {
  // The element that is asked for: one that is not 0, if there is one.
  const { numbers } = lineOf(question), n = numbers.length;
  const order = numbers.map((_, k) => (k + question[0] * 7) % n);
  return order.find((k) => numbers[k] !== 0) ?? order[0];
}

function current() {
  // What is asked now: the right numbers, what wrong rules make of them, and what was given.
  const question = open_questions(state.step)[0];
  const [, , whole, wrong] = question, { numbers, arrived, shape, part } = lineOf(question);
  const all_ = part && whole ? arrived : numbers;
  const at = answer.hidden || !shape.length ? all_.map((_, k) => k) : [chosen(question)];
  const wrongs = wrong.map(([k, tree]) => [data.questions.sentences[k], spread(evaluate(tree, run), all_.length)]);
  const fields = answer.hidden ? [...grid.querySelectorAll("input")] : [answer];
  return { key: `${question[0]},${question[1]}`, question, at, fields, right: at.map((k) => all_[k]), wrongs: wrongs.map(([s, xs]) => [s, at.map((k) => xs[k])]) };
}

function spread({ numbers }, n) {
  return numbers.length === n ? numbers : Array(n).fill(numbers[0]);
}

function judge() {
  // What to say of an answer, and whether it is right; null where it cannot be judged.
  const { right, wrongs, fields } = current();
  const given = fields.map((field) => read(field.value));
  fields.forEach((field, k) => field.toggleAttribute("aria-invalid", !given[k]));
  if (given.includes(null)) return [NO_NUMBER, null];
  const near = (x, k, tolerance) => Math.abs(x - given[k].number) <= tolerance + 1e-9 * Math.abs(x);
  const fits = (xs) => xs.every((x, k) => near(x, k, Math.min(given[k].tolerance, 0.05 * Math.abs(x)))); // within 5 %, or it tells little
  if (fits(right)) return ["Right.", true];
  if (right.every((x, k) => near(x, k, given[k].tolerance))) return ["More digits, please: two that are not 0 in front.", null];
  const known = [];
  for (const [sentence, xs] of wrongs) {
    if (fits(xs)) known.push(sentence);
    else if (xs.some((x) => x) && fits(xs.map((x) => -x))) known.push(`${sentence} And the sign is the other one.`);
  }
  if (right.some((x) => x) && fits(right.map((x) => -x))) known.unshift("The sign is the other one.");
  for (const shift of [0.01, 0.1, 10, 100]) {
    if (right.some((x) => x) && fits(right.map((x) => x * shift))) known.push("The decimal point stands in another place.");
  }
  const which = right.length > 1 ? right.filter((x, k) => !near(x, k, Math.min(given[k].tolerance, 0.05 * Math.abs(x)))).length : 0;
  return [[which ? `Not yet: ${which} of ${right.length} differ.` : "Not yet.", ...new Set(known)].join(" "), false];
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const [words, right] = judge();
  say(words);
  if (right === null) return;
  const { key } = current();
  if (!tally.has(key)) tally.set(key, right);
  tries.set(key, { ...tries.get(key), wrong: !right || tries.get(key)?.wrong });
  sayScore();
  if (right) settle(key, tries.get(key).wrong || tries.get(key).hints ? "wrong" : "right");
});

byId("hint").addEventListener("click", () => {
  const { key, question, right } = current(), { sides, quantity, relation } = lineOf(question);
  const hints = (tries.get(key)?.hints ?? 0) + 1;
  tries.set(key, { ...tries.get(key), hints });
  if (hints <= 2 && sides.length > hints) return say(`Hint ${hints}: `, quantity, ` ${relation} `, ...asNodes(sides[hints - 1], true));
  if (!tally.has(key)) tally.set(key, false);
  sayScore();
  say(right.map(short).join(", "));
  settle(key, "revealed");
});

function say(...words) {
  verdict.replaceChildren(...words);
  verdict.hidden = false;
}

function settle(key, how) {
  answers.set(key, how);
  const words = [...verdict.childNodes], step = state.step;
  draw();
  say(...words);
  if (!open_questions(step).length) byId("next").focus(); // Enter goes on
}

function sayScore() {
  score.textContent = tally.size ? `${[...tally.values()].filter(Boolean).length} of ${tally.size} right at the first try` : "";
}

function beginPredicting() {
  const [first] = questions().filter(([n, line]) => !answers.has(`${n},${line}`));
  asking = "";
  if (predict.checked && first) go(first[0]);
  else draw();
  drawBenches();
}

function drawAnswers() {
  // On the slider: what was right ●, wrong ×, revealed ○.
  const signs = { right: "●", wrong: "×", revealed: "○" };
  byId("answers").replaceChildren(...[...answers].map(([key, how]) => {
    const x = 8 + ((Number(key.split(",")[0]) / last) * (slider.clientWidth - 16) || 0);
    return svgElement("text", { x, y: 9, "text-anchor": "middle", class: how }, signs[how]);
  }));
}
