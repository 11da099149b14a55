// Keys for people who work through lists.  Every key has a control that does the same; off while something is typed.
"use strict";
(() => {
  const typing = (at) => at.closest("input:not([type=radio]):not([type=checkbox]), textarea, select");
  let pending = "";
  const press = (key) => {
    const found = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!found) return false;
    if (found.matches("input[type=radio]")) { found.checked = true; found.focus(); } else { found.focus(); found.click(); }
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const key = event.key;
    if (pending === "g" && key === "o") { pending = ""; location.href = "/"; return; }
    pending = key === "g" ? "g" : "";
    if (key === "/") {
      const find = document.getElementById("q");
      if (find && find.offsetParent) { event.preventDefault(); find.focus(); }
    } else if (/^[1-9]$/.test(key)) {
      const field = document.querySelector(`[data-field="${key}"] input[type=radio]`);
      if (field) { event.preventDefault(); field.focus(); }
    } else if (/^[abc]$/.test(key)) {
      const row = (document.activeElement && document.activeElement.closest("[data-field]")) || document.querySelector("[data-field]");
      const radio = row && row.querySelectorAll("input[type=radio]")["abc".indexOf(key)];
      if (radio) { event.preventDefault(); radio.checked = true; radio.focus(); }
    } else if (key === "Enter" && document.activeElement && document.activeElement.matches("a, button, summary")) {
      return;
    } else if (press(key)) {
      event.preventDefault();
    }
  });
})();
