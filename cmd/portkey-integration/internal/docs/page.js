"use strict";

const { base, key } = document.body.dataset;
const say = text => { document.getElementById("said").textContent = text; };

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch { // Browsers disable the clipboard on plain http pages from other machines.
    const field = document.createElement("textarea");
    field.value = button.dataset.copy;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    button.focus();
  }
  const label = button.firstChild;
  label.data = "Copied";
  say("Copied");
  setTimeout(() => { label.data = "Copy"; }, 1500);
}

async function tryOut(button) {
  const article = button.closest("article");
  let shown = article.querySelector(".got");
  if (!shown) {
    shown = document.createElement("pre");
    shown.className = "got";
    shown.tabIndex = 0;
    shown.setAttribute("role", "region");
    shown.setAttribute("aria-label", "Response");
    article.append(shown);
  }
  try {
    const response = await fetch(base + article.dataset.slug, { headers: { "x-portkey-api-key": key } });
    let body = await response.text();
    try { body = JSON.stringify(JSON.parse(body), null, 2); } catch { /* Show it unchanged. */ }
    shown.textContent = `${response.status} ${response.statusText}\n\n${body}`;
    say(`${article.dataset.slug}: ${response.status}`);
  } catch {
    shown.textContent = "No complete response.";
    say(`${article.dataset.slug}: no complete response`);
  }
  refresh();
}

document.addEventListener("click", event => {
  const button = event.target.closest("button");
  if (button?.classList.contains("copy")) copy(button);
  if (button?.classList.contains("try")) tryOut(button);
});

document.getElementById("filter").addEventListener("input", event => {
  const words = event.target.value.toLowerCase().split(/\s+/);
  let matches = 0;
  for (const section of document.querySelectorAll("section")) {
    const title = section.querySelector("h3").textContent;
    let some = false;
    for (const article of section.querySelectorAll("article")) {
      const text = `${title} ${article.querySelector("h4").textContent} ${article.querySelector("p").textContent}`.toLowerCase();
      article.hidden = !words.every(word => text.includes(word));
      some ||= !article.hidden;
      matches += !article.hidden;
    }
    section.hidden = !some;
  }
  document.getElementById("matches").textContent = event.target.value ? `${matches} found` : "";
});

const list = document.getElementById("list");
let last = "";

async function refresh() {
  try {
    const response = await fetch("requests");
    const text = response.ok ? await response.text() : last;
    if (text !== last) list.innerHTML = last = text; // The server escaped it.
  } catch { /* The server has stopped, or will respond the next time. */ }
}

setInterval(() => { if (!document.hidden) refresh(); }, 1000);
document.addEventListener("visibilitychange", refresh);
