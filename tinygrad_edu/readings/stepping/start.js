"use strict";
// The laboratory begins: what the address says, and what listens to the reader.

// The changed numbers in the address.

hooks.address = () => [...changed].map(([n, x]) => `&${n}=${x}`).join("");

hooks.arrive = () => {
  const given = [...new URLSearchParams(embedded ? "" : location.hash.slice(1))].map(([n, x]) => [Number(n), Number(x || NaN)]);
  changed = new Map(given.filter(([n, x]) => graph.leaves.includes(n) && Number.isFinite(x)));
  past = [];
  setTo([]);
};

// Setting up.

for (const n of graph.leaves) {
  leaf.append(new Option(names[n], n));
}
for (const n of onCards) for (const element of values[n]) movable(element, n);
if (onCards.length) hold(onCards[0]);
svg.removeAttribute("aria-hidden"); // the numbers that can be changed are for everybody
svg.setAttribute("role", "group");
svg.setAttribute("aria-label", "The leaves, each with its number");
for (const element of all("text:not(.leaf)")) element.setAttribute("aria-hidden", true); // the lines say the same in words
offerMoving();
leaf.addEventListener("change", () => (hold(Number(leaf.value)), drawBenches()));
number_.addEventListener("input", () => {
  const given = read(number_.value);
  number_.toggleAttribute("aria-invalid", !given);
  complain(given ? run.problem && `${run.problem}.` : NO_NUMBER);
  if (given) change(Number(leaf.value), given.number);
});
number_.addEventListener("blur", drawBenches);
for (const kind of ["pointerdown", "pointermove"]) curve.addEventListener(kind, pointed);
byId("one").addEventListener("click", () => descend(1));
byId("ten").addEventListener("click", () => descend(10));
byId("undo").addEventListener("click", () => ((changed = past.pop() ?? changed), setTo([])));
byId("reset").addEventListener("click", () => ((changed = new Map()), (past = []), setTo([]), number_.focus()));
predict.addEventListener("change", () => ((answers = new Map()), redraw()));
mistake.addEventListener("change", redraw);
byId("laboratory").addEventListener("toggle", () => (drawBenches(), fitIfReadable(), follow()));
hooks.arrive();
