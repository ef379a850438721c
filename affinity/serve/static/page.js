/* The page works without this file: it draws pair graphs, closes help texts with Escape, and keeps one of them open. */
"use strict";

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const help of document.querySelectorAll("details.help[open]")) {
    help.open = false;
    if (help.contains(document.activeElement)) help.querySelector("summary").focus();
  }
});

document.addEventListener("toggle", (event) => {
  const opened = event.target;
  if (!opened.matches?.("details.help[open]")) return;
  for (const help of document.querySelectorAll("details.help[open]")) if (help !== opened) help.open = false;
}, true);
