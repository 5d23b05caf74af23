"use strict";
(() => {
  const words = (minutes) => minutes < 1 ? "now" : minutes < 60 ? `${minutes} min ago`
    : minutes < 2880 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min ago` : `${Math.floor(minutes / 1440)} days ago`;
  // A page that nobody writes any more must not look like one of now.
  const age = () => {
    const shown = document.getElementById("age");
    if (!shown) return;
    const minutes = Math.max(0, Math.floor((Date.now() - Date.parse(shown.dataset.written)) / 60000));
    const text = `(written ${words(minutes)}${minutes > 15 ? ": old" : ""})`;
    if (shown.textContent !== text) shown.textContent = text;
    shown.className = minutes > 15 ? "old" : "";
  };
  // An entry that a mark leads to may be folded.
  const unfold = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target) return;
    for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    target.scrollIntoView({ block: "center" });
    if (target.tabIndex === -1) target.focus({ preventScroll: true });
  };
  addEventListener("hashchange", unfold);
  unfold();
  age();
  setInterval(age, 30000);
  if (!["127.0.0.1", "localhost", "[::1]"].includes(location.hostname)) return;
  // Served on loopback: the newest page takes this one's place, with what is open and where the reader is.
  let tag = "";
  const again = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { cache: "no-store" });
      if (!answer.ok) return;
      const text = await answer.text(), was = tag;
      tag = text;
      if (!was || was === text) return;
      const made = new DOMParser().parseFromString(text, "text/html");
      const held = document.activeElement && document.activeElement.id;
      const open = [...document.querySelectorAll("details")].map((one) => one.open);
      document.title = made.title;
      for (const name of ["header", "main", "footer"]) document.querySelector(name).replaceWith(made.querySelector(name));
      const now = [...document.querySelectorAll("details")];
      if (now.length === open.length) now.forEach((one, at) => { one.open = open[at]; });
      if (held) document.getElementById(held)?.focus({ preventScroll: true });
      age();
    } catch { /* the server is gone: the age says so */ }
  };
  again();
  setInterval(again, 10000);
})();
