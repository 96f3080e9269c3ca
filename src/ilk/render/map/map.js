"use strict";
(() => {
  const facts = JSON.parse(document.getElementById("facts").textContent);
  const sheets = [...document.querySelectorAll(".tiles")];
  const canvas = document.getElementById("map"), pen = canvas.getContext("2d");
  const card = document.getElementById("card"), legend = document.getElementById("legend");
  const each = facts.across ** 2, margin = 90;
  const points = facts.points.map(([x, y, colour, size, name, caption, link], number) =>
    ({ x, y, colour, size, name, caption, link, number }));
  const byColumn = [...points].sort((a, b) => a.x - b.x);
  let view = { scale: 1, x: 0, y: 0 }, drawn = [], over = null, chosen = null, waiting = false;

  const colourOf = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const unit = () => Math.max(1, Math.min(innerWidth, innerHeight) / 2 - margin) * view.scale;
  const stretch = () => Math.max(1, Math.min(2, (innerWidth - 2 * margin) / Math.max(1, innerHeight - 2 * margin)));
  const middle = () => innerHeight / 2 + 24; // below the heading
  const at = (p) => [innerWidth / 2 + (p.x - view.x) * stretch() * unit(), middle() - (p.y - view.y) * unit()];

  function later() {
    if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); }
  }

  // Thumbnails in one fixed order, each where nothing stands yet: zooming in adds some and takes none away.
  function draw() {
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(innerWidth * ratio) || canvas.height !== Math.round(innerHeight * ratio)) {
      canvas.width = Math.round(innerWidth * ratio);
      canvas.height = Math.round(innerHeight * ratio);
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, innerWidth, innerHeight);
    const longest = Math.min(facts.tile * 1.5, 52 * Math.sqrt(view.scale));
    const paper = colourOf("--paper"), grid = new Map(), placed = [];
    const seen = points.filter((p) => {
      [p.left, p.top] = at(p);
      return p.left > -longest && p.top > -longest && p.left < innerWidth + longest && p.top < innerHeight + longest;
    });
    for (const p of seen) {
      p.box = null;
      if (!p.size.length || (chosen !== null && p.colour !== chosen)) continue;
      const scale = longest / Math.max(...p.size), wide = p.size[0] * scale, tall = p.size[1] * scale;
      const box = [p.left - wide / 2, p.top - tall / 2, wide, tall];
      const column = Math.floor(p.left / longest), row = Math.floor(p.top / longest);
      let free = true;
      for (let i = column - 1; free && i <= column + 1; i++)
        for (let j = row - 1; free && j <= row + 1; j++)
          for (const other of grid.get(i + "," + j) || [])
            if (box[0] < other[0] + other[2] + 4 && other[0] < box[0] + wide + 4 &&
                box[1] < other[1] + other[3] + 4 && other[1] < box[1] + tall + 4) { free = false; break; }
      if (!free) continue;
      const key = column + "," + row;
      if (!grid.has(key)) grid.set(key, []);
      grid.get(key).push(box);
      p.box = box;
      placed.push(p);
    }
    const dot = seen.length > 4000 ? 2 : 4;
    for (const p of seen) {
      if (p.box) continue;
      pen.globalAlpha = chosen !== null && p.colour !== chosen ? 0.18 : 0.9;
      pen.beginPath();
      pen.arc(p.left, p.top, dot, 0, 2 * Math.PI);
      pen.fillStyle = facts.legend[p.colour][0];
      pen.fill();
    }
    pen.globalAlpha = 1;
    for (const p of placed) picture(pen, p, p.box, facts.legend.length > 1 ? facts.legend[p.colour][0] : paper, 2);
    if (over) {
      const scale = facts.tile / Math.max(...(over.size.length ? over.size : [1, 1]));
      const box = over.box || (over.size.length ? [over.left - over.size[0] * scale / 2, over.top - over.size[1] * scale / 2,
        over.size[0] * scale, over.size[1] * scale] : [over.left - 6, over.top - 6, 12, 12]);
      picture(pen, over, box, colourOf("--mark"), 4);
    }
    drawn = seen;
  }

  function picture(where, p, [left, top, wide, tall], frame, thick) {
    if (thick) {
      where.fillStyle = frame;
      where.fillRect(left - thick, top - thick, wide + 2 * thick, tall + 2 * thick);
    }
    const sheet = sheets[Math.floor(p.number / each)], place = p.number % each;
    if (!p.size.length || !sheet) return;
    where.drawImage(sheet, (place % facts.across) * facts.tile, Math.floor(place / facts.across) * facts.tile,
      p.size[0], p.size[1], left, top, wide, tall);
  }

  function find(x, y) {
    const inside = drawn.find((p) => p.box && x >= p.box[0] && y >= p.box[1] && x <= p.box[0] + p.box[2] && y <= p.box[1] + p.box[3]);
    if (inside) return inside;
    let best = null, least = 12 ** 2;
    for (const p of drawn) {
      const distance = (p.left - x) ** 2 + (p.top - y) ** 2;
      if (distance < least && (chosen === null || p.colour === chosen)) { best = p; least = distance; }
    }
    return best;
  }

  function element(kind, words) {
    const made = document.createElement(kind);
    if (words !== undefined) made.textContent = words;
    return made;
  }

  function show(p) {
    if (p === over && !card.hidden === Boolean(p)) return;
    over = p;
    card.hidden = !p;
    canvas.classList.toggle("over", Boolean(p && p.link));
    if (p) {
      const large = document.createElement("canvas"), scale = Math.min(2, 218 / Math.max(...(p.size.length ? p.size : [218])));
      if (p.size.length) {
        large.width = Math.round(p.size[0] * scale * 2);
        large.height = Math.round(p.size[1] * scale * 2);
        large.style.width = large.width / 2 + "px";
        picture(large.getContext("2d"), p, [0, 0, large.width, large.height], "", 0);
      }
      const parts = [element("b", p.name)];
      if (p.size.length) parts.unshift(large);
      if (facts.legend.length > 1) parts.push(element("p", facts.legend[p.colour][1]));
      if (p.caption) parts.push(element("p", p.caption));
      card.replaceChildren(...parts);
      const [left, top] = at(p), away = facts.tile / 2 + 16;
      card.style.left = Math.max(8, left + away + 240 < innerWidth ? left + away : left - away - 240) + "px";
      card.style.top = Math.max(8, Math.min(top - card.offsetHeight / 2, innerHeight - card.offsetHeight - 8)) + "px";
    }
    later();
  }

  function zoom(factor, x = innerWidth / 2, y = middle()) {
    const before = unit(), scale = Math.min(80, Math.max(0.5, view.scale * factor));
    view.scale = scale;
    const after = unit(), dx = x - innerWidth / 2, dy = middle() - y;
    view.x += (dx / before - dx / after) / stretch();
    view.y += dy / before - dy / after;
    later();
  }

  const held = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = held.get(event.pointerId);
    if (!last) { show(find(event.clientX, event.clientY)); return; }
    const others = [...held].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    if (others.length === 1) {
      const far = (a, b) => Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1]));
      zoom(far([event.clientX, event.clientY], others[0]) / far(last, others[0]),
        (event.clientX + others[0][0]) / 2, (event.clientY + others[0][1]) / 2);
    } else {
      view.x -= (event.clientX - last[0]) / unit() / stretch();
      view.y += (event.clientY - last[1]) / unit();
    }
    moved += Math.abs(event.clientX - last[0]) + Math.abs(event.clientY - last[1]);
    held.set(event.pointerId, [event.clientX, event.clientY]);
    if (moved > 4) show(null);
    later();
  });
  const release = (event) => {
    if (held.delete(event.pointerId) && event.type === "pointerup" && moved < 5) open_(find(event.clientX, event.clientY));
  };
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => show(null));
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.0015)), event.clientX, event.clientY);
    show(null);
  }, { passive: false });

  function open_(p) {
    if (p && p.link) window.open(p.link, "_blank", "noopener,noreferrer");
  }

  function step(way) {
    const place = over ? byColumn.indexOf(over) : (way > 0 ? -1 : 0);
    const next = byColumn[(place + way + byColumn.length) % byColumn.length];
    if (!next) return;
    const [left, top] = at(next);
    if (left < margin || top < margin || left > innerWidth - margin || top > innerHeight - margin) {
      view.x = next.x;
      view.y = next.y;
    }
    draw();
    show(next);
  }

  canvas.addEventListener("keydown", (event) => {
    const far = 80 / unit();
    const acts = {
      ArrowLeft: () => { view.x -= far / stretch(); }, ArrowRight: () => { view.x += far / stretch(); },
      ArrowUp: () => { view.y += far; }, ArrowDown: () => { view.y -= far; },
      "+": () => zoom(1.3), "=": () => zoom(1.3), "-": () => zoom(1 / 1.3),
      0: () => { view = { scale: 1, x: 0, y: 0 }; },
      n: () => step(1), p: () => step(-1), Enter: () => open_(over), Escape: () => show(null),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
    later();
  });

  if (facts.legend.length > 1) {
    facts.legend.forEach(([colour, label], number) => {
      const button = element("button"), dot = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      const circle = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      for (const [name, value] of [["width", 12], ["height", 12]]) dot.setAttribute(name, value);
      for (const [name, value] of [["cx", 6], ["cy", 6], ["r", 6], ["fill", colour]]) circle.setAttribute(name, value);
      dot.append(circle);
      button.append(dot, element("span", label));
      button.setAttribute("aria-pressed", "false");
      button.addEventListener("click", () => {
        chosen = chosen === number ? null : number;
        [...legend.children].forEach((other, place) => other.setAttribute("aria-pressed", String(place === chosen)));
        show(null);
        later();
      });
      legend.append(button);
    });
  }
  addEventListener("resize", () => { show(null); later(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later);
  Promise.all(sheets.map((sheet) => sheet.decode().catch(() => null))).then(later);
  later();
})();
