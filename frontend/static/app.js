// Behaviour of every page: menu, font size, 元/万元, toasts, dialogs, batch ticks, charts, focus. No inline scripts.
(() => {
  "use strict";
  const YEAR = 31536000;
  const FEN_PER_WAN = 1000000n;
  const own = document.currentScript;
  const byId = (id) => document.getElementById(id);
  const cookie = (name) => document.cookie.split("; ").find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
  const keep = (name, value, age) => { document.cookie = `${name}=${value}; path=/; max-age=${age}; samesite=lax`; };

  // ---- menu on small screens
  const menuToggle = document.querySelector("[data-menu-toggle]");
  const showMenu = (open) => {
    document.body.classList.toggle("menu-open", open);
    menuToggle?.setAttribute("aria-expanded", String(open));
  };
  menuToggle?.addEventListener("click", () => showMenu(!document.body.classList.contains("menu-open")));

  // ---- large font: the server reads the cookie, so that the next page does not jump
  const fontToggle = document.querySelector("[data-font-toggle]");
  fontToggle?.addEventListener("click", () => {
    const large = document.documentElement.classList.toggle("font-large");
    fontToggle.setAttribute("aria-pressed", String(large));
    keep("hub_font", large ? "large" : "normal", YEAR);
    drawn.forEach((chart) => chart.resize());
  });

  // ---- 元 / 万元, from the exact 分 that every amount carries
  const group = (digits) => digits.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  const inUnit = (fen, wan) => {
    const size = fen < 0n ? -fen : fen;
    const per = wan ? FEN_PER_WAN : 100n;
    const whole = group(String(size / per));
    let rest = String(size % per).padStart(wan ? 6 : 2, "0");
    if (wan) rest = rest.replace(/0+$/, "").padEnd(2, "0");
    return `${fen < 0n ? "-" : ""}${whole}.${rest}`;
  };
  const inWan = () => cookie("hub_unit") === "wan";
  const writeAmounts = (root) => {
    const wan = inWan();
    root.querySelectorAll(".amount[data-fen]").forEach((one) => {
      one.querySelector("[data-figure]").textContent = inUnit(BigInt(one.dataset.fen), wan);
    });
    root.querySelectorAll("[data-unit]").forEach((one) => { one.textContent = wan ? "万元" : "元"; });
  };
  const unitToggle = document.querySelector("[data-unit-toggle]");
  const labelUnit = () => {
    if (!unitToggle) return;
    unitToggle.setAttribute("aria-pressed", String(inWan()));
    unitToggle.querySelector("[data-unit-label]").textContent = inWan() ? "金额：万元" : "金额：元";
  };
  unitToggle?.addEventListener("click", () => {
    keep("hub_unit", inWan() ? "yuan" : "wan", YEAR);
    labelUnit();
    writeAmounts(document);
  });

  // ---- toasts
  const TOAST_LEVELS = ["success", "info", "warning", "danger"];
  const toast = ({ level, message }) => {
    const one = document.createElement("div");
    one.className = `toast-note toast-${TOAST_LEVELS.includes(level) ? level : "info"}`;
    const words = document.createElement("span");
    words.textContent = message;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "toast-close";
    close.setAttribute("aria-label", "关闭提示");
    close.textContent = "×";
    close.addEventListener("click", () => one.remove());
    one.append(words, close);
    byId("toasts").append(one);
    if (level === "success" || level === "info") setTimeout(() => one.remove(), 8000);
  };
  document.body.addEventListener("hub:toast", (event) => toast(event.detail));
  const carried = cookie("hub_toast");
  if (carried) {
    keep("hub_toast", "", 0);
    try { toast(JSON.parse(decodeURIComponent(carried))); } catch (fault) { console.warn("unreadable toast", fault); }
  }

  // ---- dialogs: a fragment that lands in #dialog-body opens the dialog
  const dialog = byId("dialog");
  const confirmDialog = byId("confirm-dialog");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-dialog-close]")) event.target.closest("dialog").close();
    if (event.target === dialog) dialog.close(); // the backdrop
    if (event.target.closest("[data-print]")) window.print();
  });
  const ask = (question, proceed) => {
    byId("confirm-question").textContent = question;
    confirmDialog.returnValue = "no";
    confirmDialog.showModal();
    confirmDialog.addEventListener("close", () => { if (confirmDialog.returnValue === "yes") proceed(); }, { once: true });
  };
  document.body.addEventListener("htmx:confirm", (event) => {
    if (!event.detail.question) return;
    event.preventDefault();
    ask(event.detail.question, () => event.detail.issueRequest(true));
  });
  document.addEventListener("submit", (event) => {
    const question = event.target.dataset?.confirm;
    if (!question || event.target.dataset.asked) return;
    event.preventDefault();
    ask(question, () => { event.target.dataset.asked = "yes"; event.target.requestSubmit(event.submitter); });
  });

  // ---- pickers: what was chosen stays chosen when the list behind it is read anew
  document.body.addEventListener("htmx:beforeSwap", ({ detail: { target, shouldSwap } }) => {
    const chosen = target.matches("select[data-keeps-choice]") && target.selectedOptions[0];
    if (!shouldSwap || !chosen || !chosen.value || "reading" in chosen.dataset) return;
    target.addEventListener("htmx:afterSwap", () => {
      if (![...target.options].some((option) => option.value === chosen.value)) target.append(chosen);
      target.value = chosen.value;
    }, { once: true });
  });

  // ---- batch ticks
  const countTicks = (form) => {
    const ticks = [...form.querySelectorAll("[data-batch-one]")];
    const chosen = ticks.filter((tick) => tick.checked).length;
    const all = form.querySelector("[data-batch-all]");
    if (all) { all.checked = chosen > 0 && chosen === ticks.length; all.indeterminate = chosen > 0 && chosen < ticks.length; }
    form.querySelectorAll("[data-batch-button]").forEach((button) => { button.disabled = chosen === 0; });
    form.querySelector("[data-batch-count]").textContent = chosen ? `已选 ${chosen} 条` : "未选择";
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("form[data-batch]");
    if (!form) return;
    if (event.target.matches("[data-batch-all]")) {
      form.querySelectorAll("[data-batch-one]").forEach((tick) => { tick.checked = event.target.checked; });
    }
    countTicks(form);
  });

  // ---- charts: ECharts is loaded only where a chart stands
  const drawn = new Set();
  let loading = null;
  const echartsLoaded = () => {
    loading ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = own.dataset.echarts;
      script.onload = () => resolve(window.echarts);
      script.onerror = reject;
      document.head.append(script);
    });
    return loading;
  };
  const style = getComputedStyle(document.documentElement);
  const tone = (name) => style.getPropertyValue(name).trim();
  const dressed = (option) => ({
    color: ["--hub-chart-1", "--hub-chart-2", "--hub-chart-3", "--hub-chart-4", "--hub-chart-5"].map(tone),
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: tone("--hub-ink-2") },
    animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches,
    aria: { enabled: false },
    grid: { left: 12, right: 20, top: 56, bottom: 8, containLabel: true },
    legend: { top: 4, left: 0, itemGap: 18, itemWidth: 34 },
    tooltip: { trigger: "axis", renderMode: "richText", confine: true }, // html tooltips need inline styles
    ...option,
    series: option.series.map((one) => ({
      connectNulls: false, symbolSize: 8, barMaxWidth: 36, ...one,
      lineStyle: { width: 2.5, ...one.lineStyle },
    })),
  });
  const drawCharts = async (root) => {
    const places = [...root.querySelectorAll("[data-chart]:not([data-drawn])")];
    if (!places.length) return;
    let echarts;
    try { echarts = await echartsLoaded(); } catch {
      places.forEach((place) => place.closest(".chart").querySelector("details").setAttribute("open", ""));
      return;
    }
    places.forEach((place) => {
      place.dataset.drawn = "yes";
      const chart = echarts.init(place, null, { renderer: "canvas" });
      chart.setOption(dressed(JSON.parse(byId(place.dataset.chart).textContent)));
      drawn.add(chart);
    });
  };
  window.addEventListener("resize", () => drawn.forEach((chart) => (chart.isDisposed() ? drawn.delete(chart) : chart.resize())));
  window.addEventListener("beforeprint", () => {
    document.querySelectorAll(".chart-data").forEach((part) => part.setAttribute("open", ""));
  });

  // ---- answers: where refusals go, what is announced, what gets the focus
  const say = (words) => { if (byId("announcer").textContent !== words) byId("announcer").textContent = words; };
  const plainProblem = (place, title, detail, id) => {
    place.replaceChildren();
    const box = document.createElement("div");
    box.className = "error-state";
    const words = document.createElement("div");
    words.className = "error-words";
    [["error-title", title], ["error-detail", detail], ["error-id", id ? `请求编号 ${id}` : ""]].forEach(([css, text]) => {
      if (!text) return;
      const line = document.createElement("p");
      line.className = css;
      line.textContent = text;
      words.append(line);
    });
    box.append(words);
    place.append(box);
    place.scrollIntoView({ block: "nearest" });
  };
  const problemPlace = (element) => element?.closest?.("dialog[open]")?.querySelector("[data-problem]") ?? byId("page-problem");
  document.body.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, requestConfig } = event.detail;
    if (xhr.status < 400) return;
    const place = problemPlace(requestConfig?.elt);
    // A page that names the place itself (a form with what somebody else changed, 412) is obeyed.
    if (xhr.status !== 422 && !xhr.getResponseHeader("HX-Retarget")) event.detail.target = place;
    if ((xhr.getResponseHeader("Content-Type") ?? "").startsWith("text/html")) return;
    // Not our page but the gateway's own answer: tell its sentence instead of showing its code.
    event.detail.shouldSwap = false;
    let told = {};
    try { told = JSON.parse(xhr.responseText); } catch { /* no JSON: the general sentence stands */ }
    plainProblem(place, told.title ?? "服务暂时不可用", told.detail ?? "请稍后重试。", told.request_id);
  });
  document.body.addEventListener("htmx:sendError", (event) => {
    plainProblem(problemPlace(event.detail.elt), "网络连接中断", "没有连上服务器，填写的内容还在本页，请检查网络后重试。");
  });
  document.body.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.detail.elt.closest(".job")) problemPlace(event.detail.elt).replaceChildren();
  });
  document.body.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.querySelector?.("[data-upload-progress]");
    if (!bar || !event.detail.lengthComputable) return;
    bar.hidden = false;
    bar.value = (100 * event.detail.loaded) / event.detail.total;
  });
  const settle = (root) => {
    writeAmounts(root);
    drawCharts(root);
    root.querySelectorAll("form[data-batch]").forEach(countTicks);
  };
  document.body.addEventListener("htmx:afterSettle", (event) => {
    const place = event.detail.elt;
    settle(place.parentElement ?? place);
    if (place.id === "dialog-body" && !dialog.open) dialog.showModal();
    const told = place.matches("[data-announce]") ? place : place.querySelector("[data-announce]");
    if (told) say(told.dataset.announce);
    const first = place.matches("[data-focus]") ? place : place.querySelector("[data-focus]");
    if (first) { first.focus(); first.scrollIntoView({ block: "nearest" }); }
    const count = place.querySelector(".pager-count");
    if (count) say(count.textContent);
  });
  document.addEventListener("DOMContentLoaded", () => {
    labelUnit();
    settle(document);
    document.querySelector(".error-summary")?.focus();
  });
})();
