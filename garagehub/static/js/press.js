// Buttons that only a script can serve; without scripts CSS hides them (.needs-script).
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-print]")) window.print();
});
