// Live pages. Everything here may fail: the page stays as it was sent, and loading it again brings the newest.

const CHARTS_EVERY_MS = 5000;

/** Replace the parts that have changed; focus and opened details stay where they are. */
function showParts(parts) {
  for (const [name, html] of Object.entries(parts)) {
    const place = document.querySelector(`[data-part="${CSS.escape(name)}"]`);
    if (!place) continue;
    const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
    const open = [...place.querySelectorAll("details[open][id]")].map((one) => one.id);
    place.innerHTML = html;
    for (const id of open) document.getElementById(id)?.setAttribute("open", "");
    if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
}

function follow(place) {
  const told = document.getElementById("link");
  const source = new EventSource(place.dataset.live);
  source.addEventListener("parts", (event) => {
    told.textContent = "";
    showParts(JSON.parse(event.data));
  });
  source.addEventListener("ended", () => {
    source.close();
    told.textContent = "no longer live: load the page again";
  });
  source.addEventListener("error", () => {
    told.textContent = source.readyState === EventSource.CLOSED ? "no longer live: load the page again" : "connecting again …";
  });
  addEventListener("pagehide", () => source.close());
}

const prefersDark = matchMedia("(prefers-color-scheme: dark)");

function theme() {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === "auto") return prefersDark.matches ? "dark" : "light";
  return chosen;
}

class Chart {
  constructor(place) {
    this.place = place;
    this.figure = place.closest("figure");
  }

  async look() {
    const answer = await fetch(`${this.place.dataset.chart}?theme=${theme()}`);
    if (!answer.ok) return;
    const found = await answer.json();
    this.place.hidden = !found.rows.length;
    if (this.place.hidden) return;
    const shape = `${theme()} ${found.shape}`;
    this.figure.querySelector("[data-subtitle]").textContent = found.subtitle;
    this.figure.querySelector("[data-summary]").textContent = found.summary;
    if (this.view && this.shape === shape) {
      await this.view.data("rows", found.rows).runAsync();
    } else {
      await this.draw(found.spec);
      this.shape = shape;
    }
  }

  async draw(spec) {
    this.drawn?.finalize();
    // `ast`: expressions are interpreted, since the page's policy forbids evaluating text as code.
    this.drawn = await window.vegaEmbed(this.place, spec, {
      actions: false, ast: true, defaultStyle: false, renderer: "canvas", tooltip: { disableDefaultStyle: true },
    });
    this.view = this.drawn.view;
  }
}

async function drawCharts(places, goesOn) {
  await import("/static/charting.js");
  const charts = [...places].map((place) => new Chart(place));
  const lookAll = async () => {
    for (const chart of charts) await chart.look().catch(() => undefined);
  };
  await lookAll();
  prefersDark.addEventListener("change", lookAll);
  if (!goesOn) return;
  const again = async () => {
    if (!document.hidden) await lookAll();
    setTimeout(again, CHARTS_EVERY_MS);
  };
  setTimeout(again, CHARTS_EVERY_MS);
}

// What was just done is told once: not again to who loads the page later, or follows a shared link.
const here = new URL(location.href);
if (here.searchParams.has("done")) {
  here.searchParams.delete("done");
  history.replaceState(null, "", here);
}

const live = document.querySelector("[data-live]");
if (live && !("final" in live.dataset)) follow(live);
const charts = document.querySelectorAll("[data-chart]");
if (charts.length) drawCharts(charts, live && !("final" in live.dataset)).catch(() => {
  for (const place of charts) {
    const picture = new Image();
    picture.src = place.dataset.chart.replace(/json$/, `svg?theme=${theme()}`);
    picture.alt = place.closest("figure").querySelector("figcaption").textContent.trim();
    place.replaceChildren(picture);
  }
});
// A form is sent once, however often its button is pressed; the server holds to it too.
document.addEventListener("submit", (event) => {
  if (event.target.dataset.sent) event.preventDefault();
  if (event.target.method === "post") event.target.dataset.sent = "1";
});
addEventListener("pageshow", () => { for (const form of document.forms) delete form.dataset.sent; });
