// Buttons that only a script can serve; without scripts CSS hides them (.needs-script). Buttons that say they work. The menu.
const BUSY_AT_MOST_MS = 30000;
const busy = new Map();

function rest(button) {
  button.textContent = busy.get(button);
  button.removeAttribute("aria-disabled");
  busy.delete(button);
}

// The menu opens and closes by itself; it also closes for whoever turns to something else, or presses Escape.
const menu = document.querySelector(".menu");
function leave(event) {
  if (menu?.open && !menu.contains(event.target)) menu.open = false;
}
document.addEventListener("click", leave);
document.addEventListener("focusin", leave);
menu?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !menu.open) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// As a spreadsheet takes it: what could be a formula gets an apostrophe, and the shapes before words stay behind.
function cell(element) {
  const text = element.innerText.replace(/\s+/g, " ").replace(/^[●◐✕–?] /, "").trim();
  return /^[=+\-@]/.test(text) ? `'${text}` : text;
}

function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = document.body.appendChild(document.createElement("textarea")); // on plain HTTP
  area.value = text;
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done ? Promise.resolve() : Promise.reject(new Error("refused"));
}

async function copy(button) {
  const result = button.closest(".result");
  const rows = [...result.querySelectorAll("tr")].filter((row) => row.getClientRects().length);
  const said = result.querySelector("[data-copied]");
  try {
    await put(rows.map((row) => [...row.cells].map(cell).join("\t")).join("\n"));
    said.textContent = button.dataset.copy;
  } catch {
    said.textContent = button.dataset.copyFailed;
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
  const button = event.target.closest("[data-copy]");
  if (button) copy(button);
});
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button?.dataset.busy) return;
  if (busy.has(button)) {
    event.preventDefault();
    return;
  }
  busy.set(button, button.textContent);
  button.textContent = button.dataset.busy;
  button.setAttribute("aria-disabled", "true");
  setTimeout(() => busy.has(button) && rest(button), BUSY_AT_MOST_MS);
});
// Back from the next page, kept as it was left.
window.addEventListener("pageshow", () => [...busy.keys()].forEach(rest));
