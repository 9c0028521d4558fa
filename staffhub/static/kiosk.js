"use strict";

// htmx brings the next code. This says so when it did not come, and goes on by itself as soon as the server answers,
// also where htmx could not be loaded. A machine that slept notices by its own clock, one whose clock was set by the
// other one. In a block of its own: what app.js calls by these names is something else.
{
  let shown, steady, wall, asked = 0;
  const seconds = () => Math.max(performance.now() - steady, Date.now() - wall) / 1000;

  const begin = (show) => {
    [shown, steady, wall] = [show, performance.now(), Date.now()];
    // The bar runs from where the half minute stands.
    show.querySelector("[data-bar]").style.animationDelay = `${show.dataset.turns - 30}s`;
    const minutes = Math.round(Math.abs(Date.now() - Date.parse(document.querySelector("[data-now]").dataset.now)) / 60_000);
    const off = show.querySelector("[data-clock]");
    off.hidden = minutes < 1;
    off.textContent = minutes < 1 ? "" : off.dataset.clock.replace("#", minutes);
  };

  const look = async () => {
    const show = document.querySelector("[data-turns]");
    if (!show) return;
    if (show !== shown) begin(show);
    const over = seconds() - show.dataset.turns > 5;
    show.classList.toggle("over", over);
    show.querySelector("[data-gone]").hidden = !over;
    if (!over || Date.now() - asked < 5_000) return;
    asked = Date.now();
    const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(() => null);
    if (answer && answer.status < 500) location.reload();
  };
  look();
  setInterval(look, 1000);
}
