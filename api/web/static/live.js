// Reloads what a tender's page shows when something new is public. Without it the page works all the same.
"use strict";
(() => {
  const live = document.getElementById("live");
  const news = document.getElementById("news");
  if (!live || !live.dataset.events || !window.EventSource) return;

  const openDetails = () =>
    new Set([...live.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent));

  const renew = async (version) => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!fresh) return;
    const open = openDetails();
    const focused = live.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
    live.replaceChildren(...fresh.childNodes);
    live.dataset.version = version;
    for (const summary of live.querySelectorAll("details > summary"))
      summary.parentElement.open = open.has(summary.textContent);
    if (focused) live.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    if (news) news.textContent = news.dataset.text;
    if (!fresh.dataset.events) source.close();
  };

  const source = new EventSource(live.dataset.events);
  source.addEventListener("version", (event) => {
    if (event.data !== live.dataset.version) renew(event.data).catch(() => {});
  });
})();
