// Runs inside a copy of the page and leaves what it saw as JSON in an element named "probe".
// Contrast by WCAG 2.2 (relative luminance), size by the element boxes, loads by the browser's log.
addEventListener("load", () => {
  const luminance = ([r, g, b]) => [r, g, b]
    .map((c) => c / 255)
    .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const parse = (text) => (text.match(/[\d.]+/g) || []).map(Number);
  const solid = (color) => color.length === 3 || (color.length > 3 && color[3] === 1);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (solid(color)) return color;
    }
    return [255, 255, 255];
  };
  const ratio = (a, b) => {
    const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
    return (high + 0.05) / (low + 0.05);
  };
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.textContent.trim() || element.closest("script,style,title,desc")) continue;
    const style = getComputedStyle(element);
    const ink = parse(element.closest("svg") ? style.fill : style.color);
    texts.push({ text: node.textContent.trim().slice(0, 40), ratio: ratio(ink, ground(element)) });
  }
  const bars = [...document.querySelectorAll("rect.bar, .line, path.curve, path.area")].map((element) => {
    const style = getComputedStyle(element);
    const inks = [style.fill, style.stroke].filter((ink) => ink.startsWith("rgb")).map(parse);
    const track = element.matches("rect") ? getComputedStyle(document.querySelector(".track")).fill : "";
    const grounds = [ground(element), ...(track ? [parse(track)] : [])];
    return {
      text: element.getAttribute("class"),
      ratio: Math.max(...inks.map((ink) => Math.min(...grounds.map((g) => ratio(ink, g))))),
    };
  });
  const low = (found, least) => found.filter((one) => !(one.ratio >= least))
    .map((one) => `${one.text}: ${one.ratio.toFixed(2)}`);
  const outside = [...document.querySelectorAll("body *")]
    .filter((element) => !element.closest("svg svg, defs, .skip, .defs"))
    .filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width && (box.right > innerWidth + 0.5 || box.left < -0.5);
    })
    .map((element) => `${element.tagName} ${element.textContent.trim().slice(0, 40)}`);
  const lines = (drawing) => [...drawing.querySelectorAll(":scope > use")].flatMap((use) => {
    const bands = drawing.querySelector("defs path").getAttribute("d").matchAll(/M0 (\d+)v(\d+)/g);
    const x = parseFloat(use.getAttribute("x")) / 100 * drawing.clientWidth;
    return [...bands].map(([, top, tall]) => [x, Number(top), Number(top) + Number(tall)]);
  });
  document.querySelectorAll("details").forEach((one) => { one.open = true; });
  const crossed = [...document.querySelectorAll("svg.drawing:has(> defs)")].flatMap((drawing) => {
    const edge = drawing.getBoundingClientRect();
    return [...drawing.querySelectorAll("text")].filter((text) => {
      const box = text.getBoundingClientRect();
      const [left, right] = [box.left - edge.left, box.right - edge.left];
      const [top, bottom] = [box.top - edge.top, box.bottom - edge.top];
      return lines(drawing).some(([x, from, to]) => x > left && x < right && from < bottom - 2 && to > top + 2);
    }).map((text) => text.textContent);
  });
  const broken = [...document.querySelectorAll(".option")].filter((one) => one.getClientRects().length > 1);
  const keyboard = [...document.querySelectorAll("a, summary")].filter((e) => e.tabIndex < 0);
  const field = document.querySelector("#find input");
  const found = ["never-back", "NEVER-BACK", "zzz", ""].map((word) => {
    field.value = word;
    field.dispatchEvent(new Event("input"));
    const rows = [...document.querySelectorAll(".kinds tr[data-find]")];
    return rows.filter((row) => row.offsetParent).length;
  });
  const seen = document.createElement("pre");
  seen.id = "probe";
  seen.textContent = JSON.stringify({
    width: innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    overflow: document.documentElement.scrollWidth > innerWidth,
    outside: [...new Set(outside)],
    texts: texts.length,
    faint: [...new Set(low(texts, 4.5))],
    bars: bars.length,
    faint_bars: [...new Set(low(bars, 3))],
    loads: performance.getEntriesByType("resource").map((one) => one.name),
    keyboard: keyboard.length,
    found,
    drawings: document.querySelectorAll("svg.drawing:has(> defs)").length,
    crossed,
    options: document.querySelectorAll(".option").length,
    broken_options: broken.length,
  });
  (parent === window ? document : parent.document).body.append(seen);
});
