// The open board: asks only while somebody looks, swaps only what is new, and keeps the ages on it true.
const board = document.getElementById("board");
const checked = document.querySelector("[data-checked]");
const language = document.documentElement.lang;
// Chromium has no Welsh words for ages, and would say them in English.
const words = Intl.RelativeTimeFormat.supportedLocalesOf(language).length
  ? new Intl.RelativeTimeFormat(language, { numeric: "always" })
  : null;
const UNITS = [["second", 60], ["minute", 60], ["hour", 24], ["day", Infinity]];
const LATE_S = 90;
let at = Date.now();

function ago(then) {
  if (!words) return new Date(then).toTimeString().slice(0, 8);
  let number = Math.max(0, (Date.now() - then) / 1000);
  for (const [unit, length] of UNITS) {
    if (number < length) return words.format(-Math.floor(number), unit);
    number /= length;
  }
}

function tick() {
  const late = Date.now() - at > LATE_S * 1000;
  checked.textContent = `${late ? checked.dataset.late : checked.dataset.fresh} ${ago(at)}`;
  checked.classList.toggle("live--late", late);
}

function ages() {
  if (!words) return; // the server says them again every five minutes
  for (const time of document.querySelectorAll("#board time[title], #verdict time[title]")) {
    const then = Date.parse(time.dateTime);
    if (Date.now() - then > 60000) time.textContent = ago(then);
  }
}

board.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
board.addEventListener("htmx:beforeSwap", (event) => {
  const answer = event.detail.xhr;
  if (answer.status !== 200 && answer.status !== 304) return;
  at = Date.now();
  const version = (answer.getResponseHeader("ETag") ?? "").replace(/^W\//, "").replaceAll('"', "");
  if (version === board.dataset.version) event.detail.shouldSwap = false;
  board.dataset.version = version;
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) htmx.trigger(board, "look");
});
setInterval(tick, 1000);
setInterval(ages, 30000);
