// Follows the inbox: when a mail has come, the list is fetched anew and put in the place of the old.
// Without scripts the page reloads itself instead.
"use strict";

const PAUSE_MS = 1500;

async function newest() {
  const answer = await fetch("/inbox.json?limit=1", { cache: "no-store" });
  return String((await answer.json()).received);
}

async function refresh() {
  const answer = await fetch(location.href, { cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  const old = document.getElementById("live");
  if (!fresh || !old) return;
  for (const item of fresh.querySelectorAll(".mails > li")) {
    if (!document.getElementById(item.id)) item.classList.add("fresh");
  }
  const focused = document.activeElement?.closest(".mails > li")?.id;
  old.replaceWith(fresh);
  document.title = page.title;
  if (focused) document.getElementById(focused)?.querySelector("a")?.focus();
}

async function follow() {
  const live = document.getElementById("live");
  if (live && !document.hidden) {
    try {
      if ((await newest()) !== live.dataset.received) await refresh();
      document.body.classList.remove("lost");
    } catch {
      // The sandbox has ended or is restarting; the page says so and keeps asking.
      document.body.classList.add("lost");
    }
  }
  setTimeout(follow, PAUSE_MS);
}

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh().catch(() => {});
});
setTimeout(follow, PAUSE_MS);
