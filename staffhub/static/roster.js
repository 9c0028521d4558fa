"use strict";

// The grid of a draft: arrow keys move, letters change a day, a tap shows the buttons. What is pressed goes through the
// form that changes one day; what is pressed while an answer is on its way goes with the next, on the version of that.
let chosen = null;
let pressed = [];
let sent = 0;
// The form that is on its way, and until when its answer, which replaces it, is waited for.
let sending = null;
let until = 0;

const OPEN = "table[data-roster] [data-officer] td:not(.x, .sum)";

const table = () => document.querySelector("table[data-roster]");
const bar = () => document.querySelector("[data-roster-bar]");
const form = () => document.getElementById("roster-one");
const dayOf = (cell) => table().tHead.rows[0].cells[cell.cellIndex].dataset.day;
const nameOfCell = (cell) => `${cell.parentElement.dataset.officer}.${dayOf(cell)}`;
const cells = () => [...(table()?.querySelectorAll(OPEN) ?? [])];
const found = (name) => cells().find((cell) => nameOfCell(cell) === name);

const choose = (cell, focus = true) => {
  table().querySelectorAll("td[tabindex]").forEach((other) => other.removeAttribute("tabindex"));
  cell.tabIndex = 0;
  if (!focus) return;
  chosen = nameOfCell(cell);
  cell.focus({ preventScroll: true });
  cell.scrollIntoView({ block: "nearest", inline: "nearest" });
  bar().hidden = false;
};

// The next open day in a direction; days on leave and free days are passed over.
const next = (cell, rows, columns) => {
  let { rowIndex, cellIndex } = { rowIndex: cell.parentElement.rowIndex, cellIndex: cell.cellIndex };
  for (;;) {
    rowIndex += rows;
    cellIndex += columns;
    const one = table().rows[rowIndex]?.cells[cellIndex];
    if (!one) return null;
    if (one.matches(OPEN)) return one;
  }
};

const send = () => {
  const one = form();
  if (!one || !pressed.length || (one === sending && Date.now() < until)) return;
  one.querySelectorAll("[name=cell]").forEach((input) => input.remove());
  pressed.forEach((value) => {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name: "cell", value });
    one.append(input);
  });
  sent = pressed.length;
  sending = one;
  until = Date.now() + 30_000;
  window.htmx?.process(one); // a form that has just come is not htmx's yet, and would bring a whole page
  one.requestSubmit();
};

const press = (letter) => {
  const cell = chosen && found(chosen);
  if (!cell) return;
  pressed.push(`${chosen}.${letter}`);
  cell.setAttribute("aria-busy", "true");
  send();
};

const keys = { k: "K", r: "R", d: "DL", l: "L", delete: "X", backspace: "X" };
const moves = { arrowup: [-1, 0], arrowdown: [1, 0], arrowleft: [0, -1], arrowright: [0, 1] };
document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.(OPEN);
  if (!cell || event.ctrlKey || event.altKey || event.metaKey) return;
  const key = event.key.toLowerCase();
  if (moves[key]) {
    const one = next(cell, ...moves[key]);
    if (one) choose(one);
  } else if (keys[key]) {
    press(keys[key]);
  } else {
    return;
  }
  event.preventDefault();
});
document.addEventListener("focusin", ({ target }) => {
  if (target.matches?.(OPEN) && chosen !== nameOfCell(target)) choose(target);
});
document.addEventListener("click", ({ target }) => {
  const cell = target.closest?.(OPEN);
  if (cell) choose(cell);
  const letter = target.closest?.("[data-roster-bar] [data-letter]")?.dataset.letter;
  if (letter) press(letter);
  if (target.closest?.("[data-roster-done]")) {
    chosen = null;
    bar().hidden = true;
  }
});

const begin = () => {
  const hint = document.querySelector("[data-roster-hint]");
  if (!table() || !form() || !hint) return;
  hint.hidden = matchMedia("(pointer: coarse)").matches; // it speaks of keys
  table().setAttribute("role", "grid");
  const again = chosen && found(chosen);
  const first = again || cells()[0];
  // Whoever went on to a button or a field meanwhile stays there.
  const elsewhere = () => document.activeElement?.matches("a, button, input, select, textarea, summary");
  if (first) choose(first, Boolean(again) && !elsewhere());
  // The swap puts the focus somewhere once it is done.
  if (again) requestAnimationFrame(() => again.isConnected && !elsewhere() && choose(again));
  if (again) bar().hidden = false;
};
begin();

// An answer brings the grid anew: what was sent is done or told, the rest goes now.
new MutationObserver((changes) => {
  const brought = changes.flatMap(({ addedNodes }) => [...addedNodes]);
  if (!brought.some((node) => node.id === "roster-draft")) return;
  pressed = pressed.slice(sent);
  sent = 0;
  begin();
  send();
}).observe(document.getElementById("isi"), { childList: true, subtree: true });
