// Keeps a page new without loading it again. The only script there is; pages work without it.
#include "exporters/page.hpp"

namespace healthd {
namespace {

constexpr std::string_view script = R"js("use strict";
(() => {
  const every = 5000, again = 2000, patience = 4000, tooOld = 15000;
  const stale = document.getElementById("stale");
  const announce = document.getElementById("announce");
  const momentOf = (page) => page.getElementById("moment");
  const stateOf = (page) => page.querySelector("[data-state]");
  let shown = momentOf(document).dateTime;  // the moment that the page tells of
  let shownAt = performance.now();          // when we got it; no two clocks are compared
  let trouble = "", busy = false, timer = 0;

  const keyOf = (node) => node.nodeType === Node.ELEMENT_NODE
    ? node.nodeName + "#" + (node.id || node.dataset.key || node.getAttribute("aria-labelledby") || "") : node.nodeName;

  // Whether a person has opened it is theirs to say.
  const isTheirs = (node, name) => node.nodeName === "DETAILS" && name === "open";

  function takeAttributes(from, to) {
    for (const { name } of [...from.attributes])
      if (!to.hasAttribute(name) && !isTheirs(from, name)) from.removeAttribute(name);
    for (const { name, value } of to.attributes)
      if (from.getAttribute(name) !== value && !isTheirs(from, name)) from.setAttribute(name, value);
  }

  // Changes what is different and leaves the rest in place, with its focus, selection and folds.
  function become(from, to) {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.data !== to.data) from.data = to.data;
      return;
    }
    takeAttributes(from, to);
    let place = from.firstChild;
    for (const next of [...to.childNodes]) {
      let match = place;
      // Only what has a name is looked for further on: a line end would be found behind all that it stands before.
      while (match && keyOf(match) !== keyOf(next)) match = next.nodeType === Node.ELEMENT_NODE ? match.nextSibling : null;
      if (!match) {
        from.insertBefore(next, place);
        continue;
      }
      while (place !== match) {
        const gone = place;
        place = place.nextSibling;
        gone.remove();
      }
      become(match, next);
      place = match.nextSibling;
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  }

  function refocus(element) {
    if (!element || element === document.body || element.isConnected) return;
    const link = element.getAttribute("href");
    const same = link && [...document.links].find((each) => each.getAttribute("href") === link);
    if (same) same.focus({ preventScroll: true });
  }

  function show(page) {
    const focused = document.activeElement;
    const before = stateOf(document)?.dataset.state;
    become(document.querySelector("main"), page.querySelector("main"));
    refocus(focused);
    document.title = page.title;
    const icon = document.querySelector("link[rel=icon]"), newIcon = page.querySelector("link[rel=icon]");
    if (icon.getAttribute("href") !== newIcon.getAttribute("href")) icon.href = newIcon.getAttribute("href");
    if (stateOf(document)?.dataset.state !== before)
      announce.textContent = document.querySelector("h1").textContent;
  }

  function judge() {
    const old = performance.now() - shownAt > tooOld;
    const why = trouble || (old ? "The monitor shows nothing newer." : "");
    const text = why && "Stale since " + momentOf(document).textContent + ". " + why + " What you see is how it was then.";
    if (stale.textContent === text) return;
    stale.textContent = text;
    document.body.classList.toggle("is-stale", text !== "");
    document.title = (text && "Stale · ") + document.title.replace(/^Stale · /, "");
  }

  async function update() {
    if (busy) return;
    busy = true;
    clearTimeout(timer);
    try {
      const answer = await fetch(location.pathname, { cache: "no-store", signal: AbortSignal.timeout(patience) });
      trouble = answer.ok ? "" : "The monitor answered " + answer.status + ".";
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const moment = momentOf(page);
      if (moment && moment.dateTime !== shown) {
        shown = moment.dateTime;
        shownAt = performance.now();
        show(page);
      }
    } catch {
      trouble = "The monitor does not answer.";
    }
    busy = false;
    judge();
    timer = setTimeout(update, trouble ? again : every);
  }

  timer = setTimeout(update, every);
  setInterval(judge, 1000);
  document.addEventListener("visibilitychange", () => document.hidden || update());
  window.addEventListener("pageshow", (event) => event.persisted && update());
})();
)js";

}  // namespace

std::string_view status_script() { return script; }

}  // namespace healthd
