// What makes pages better in a browser with scripts; every page works without.
"use strict";
(() => {
  // Menus in the bar on top: one is open at a time, and a click elsewhere or Escape closes it.
  const drops = () => document.querySelectorAll("details.drop[open]");
  document.addEventListener("click", (event) => {
    for (const drop of drops()) if (!drop.contains(event.target)) drop.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const drop of drops()) {
      drop.open = false;
      drop.querySelector("summary").focus();
    }
  });

  // Buttons that copy; the outcome is said aloud as well.
  const said = document.createElement("div");
  said.className = "visually-hidden";
  said.setAttribute("aria-live", "polite");
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const use = button.querySelector("use");
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      said.textContent = document.body.dataset.copied;
      if (use) {
        const before = use.getAttribute("href");
        use.setAttribute("href", before.replace(/#.*/, "#check"));
        setTimeout(() => use.setAttribute("href", before), 1500);
      }
    } catch {
      said.textContent = document.body.dataset.copyFailed;
    }
  });

  // A form is sent once, however often its button is pressed.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    // What only fills a frame may be sent again.
    if (form.method !== "post" || event.defaultPrevented || event.submitter?.formTarget) return;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });

  // A text that is looked for is sent while it is typed. Leaving its field must not ask once more: the
  // list would be replaced under the button that was just pressed.
  document.addEventListener("change", (event) => {
    if (event.target.matches("form.filters input[type=search]")) event.stopPropagation();
  }, true);
  // A frame follows what is typed into its form. It is a new one each time, so that "back" leads to
  // the page before, not to an older preview.
  const waits = new WeakMap();
  const follow = (button) => {
    const frame = document.querySelector(`iframe[name="${button.formTarget}"]`);
    if (!frame) return;
    const fresh = frame.cloneNode();
    fresh.removeAttribute("src");
    frame.replaceWith(fresh);
    button.form.requestSubmit(button);
  };
  const followLater = (event) => {
    const button = event.target.form?.querySelector("[data-follows]");
    if (!button) return;
    clearTimeout(waits.get(button));
    waits.set(button, setTimeout(() => button.isConnected && follow(button), 600));
  };
  document.addEventListener("input", followLater);
  document.addEventListener("change", followLater);

  // How long a subject is, and how much is attached, said while one writes and chooses.
  const lang = document.documentElement.lang;
  const tell = (id, text, much) => {
    const place = document.getElementById(id);
    if (!place) return;
    place.hidden = !text;
    place.textContent = text;
    place.classList.toggle("text-warning", much);
  };
  document.addEventListener("input", ({ target }) => {
    if (!target.dataset?.counted) return;
    const length = [...target.value].length;
    tell(target.dataset.counted, length ? `${length} / ${target.dataset.recommended}` : "", length > target.dataset.recommended);
  });
  document.addEventListener("change", ({ target }) => {
    if (!target.dataset?.files) return;
    const { files: id, words, tooMuch, most, largest } = target.dataset;
    const chosen = [...target.files];
    const size = chosen.reduce((sum, file) => sum + file.size, 0);
    const much = chosen.length > most || size > largest;
    const shown = new Intl.NumberFormat(lang, { style: "unit", unit: "kilobyte", maximumFractionDigits: 0 }).format(Math.ceil(size / 1000));
    const text = words.replace("%(count)s", chosen.length).replace("%(size)s", shown);
    tell(id, chosen.length ? `${text}${much ? ` – ${tooMuch}` : ""}` : "", much);
  });

  // Charts, drawn by ECharts, which is fetched when the first one is there.
  const libraries = new Map();
  const fetched = (address) => {
    if (!libraries.has(address)) {
      libraries.set(address, new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = address;
        script.onload = resolve;
        script.onerror = reject;
        document.head.append(script);
      }));
    }
    return libraries.get(address);
  };
  const PALETTE = {
    light: ["#0b6e75", "#a0522d", "#4b56b5", "#8a6d00", "#8b3a8f", "#3c7a3c"],
    dark: ["#5ec9c8", "#f0a878", "#a3adff", "#e5c453", "#e09be3", "#93d493"],
  };
  const TONES = {
    light: { success: "#1e7a2e", info: "#1d62b0", warning: "#8a4b00", danger: "#b3261e" },
    dark: { success: "#7ed48b", info: "#84b9f5", warning: "#f0b254", danger: "#ff9c93" },
  };
  const SYMBOLS = ["circle", "rect", "triangle", "diamond", "roundRect", "pin"];
  const option = (data, theme) => {
    const style = getComputedStyle(document.body);
    const ink = style.color;
    const line = style.getPropertyValue("--tblr-border-color").trim();
    const percent = data.unit === "percent";
    const number = new Intl.NumberFormat(data.lang, percent ? { style: "percent", maximumFractionDigits: 2 } : {});
    const shown = (value) => (value === null || value === undefined ? "–" : number.format(value));
    return {
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
      color: PALETTE[theme],
      textStyle: { fontFamily: style.fontFamily, color: ink },
      grid: { left: 8, right: 16, top: data.series.length > 1 ? 40 : 16, bottom: 8, containLabel: true },
      legend: data.series.length > 1 ? { type: "scroll", top: 0, textStyle: { color: ink } } : undefined,
      // As markup its styles would be refused by the page's policy; so it is drawn.
      tooltip: { trigger: "axis", renderMode: "richText", valueFormatter: shown },
      xAxis: { type: "category", data: data.labels, axisLabel: { color: ink, hideOverlap: true }, axisLine: { lineStyle: { color: line } } },
      yAxis: { type: "value", min: 0, minInterval: percent ? undefined : 1, axisLabel: { color: ink, formatter: shown }, splitLine: { lineStyle: { color: line } } },
      series: data.series.map((series, place) => ({
        name: series.name,
        data: series.values,
        type: data.kind === "line" ? "line" : "bar",
        stack: data.kind === "stacked" ? "all" : undefined,
        barMaxWidth: 32,
        symbol: SYMBOLS[place % SYMBOLS.length],
        symbolSize: 7,
        // Lines differ by dashes and marks, too, not by colour alone.
        lineStyle: { type: ["solid", "dashed", "dotted"][place % 3], width: 2 },
        itemStyle: series.tone ? { color: TONES[theme][series.tone] } : undefined,
      })),
    };
  };
  const draw = async (element) => {
    await fetched(element.dataset.chartScript);
    const echarts = window.echarts;
    const theme = document.documentElement.dataset.bsTheme === "dark" ? "dark" : "light";
    const chart = echarts.getInstanceByDom(element) ?? echarts.init(element, null, { renderer: "canvas" });
    chart.setOption(option(JSON.parse(element.dataset.chart), theme), true);
    element.dataset.drawn = theme;
    if (!element.dataset.watched) {
      element.dataset.watched = "yes";
      new ResizeObserver(() => chart.resize()).observe(element);
    }
  };

  // Blocks that are dragged; the form sends them in the order in which they stand.
  const sortable = async (list) => {
    await fetched(list.dataset.sortable);
    // The server numbers the blocks anew and tells which arrows lead nowhere.
    const moved = () => document.getElementById("arranged").click();
    window.Sortable.create(list, { handle: ".block-grip", animation: 150, onEnd: moved });
  };

  // What is done to a page when it comes, and to parts that htmx puts into it.
  const enhance = (root) => {
    for (const button of root.querySelectorAll("[data-copy][hidden]")) button.hidden = false;
    for (const element of root.querySelectorAll("[data-chart]")) draw(element);
    for (const list of root.querySelectorAll("[data-sortable]")) sortable(list);
    // Rearranged blocks are a change as any other.
    if (root.id === "editor") root.querySelector("input")?.dispatchEvent(new Event("input", { bubbles: true }));
    for (const button of root.querySelectorAll('[data-follows="now"]')) follow(button);
    // On a small screen the numbers of a chart are folded away until asked for.
    if (window.innerWidth < 768) for (const table of root.querySelectorAll(".chart-table[open]")) table.open = false;
  };
  document.body.append(said);
  enhance(document);
  document.addEventListener("htmx:load", (event) => enhance(event.detail.elt));
  new MutationObserver(() => {
    for (const element of document.querySelectorAll("[data-chart]")) draw(element);
  }).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
  // The session ended while a page was open: htmx follows HX-Redirect by itself; other errors are said.
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status === 404) event.detail.elt.removeAttribute("hx-trigger");
  });
})();
