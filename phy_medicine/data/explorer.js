"use strict";
const D = JSON.parse(document.getElementById("data").textContent);
const KINDS = { "<f4": Float32Array, "<i2": Int16Array, "<i4": Int32Array, "<f8": Float64Array };

function decoded(packed) {
  const text = atob(packed.data), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return new KINDS[packed.dtype](bytes.buffer);
}

const P = {}, S = {};
for (const [name, packed] of Object.entries(D.points)) P[name] = decoded(packed);
for (const [name, packed] of Object.entries(D.spikes)) S[name] = decoded(packed);
const CONTACTS = decoded(D.contacts), UM = D.methods.map((m) => decoded(m.um));
const N = D.n_spikes, N_SLOTS = D.n_slots, N_SAMPLES = D.n_samples;
const LABELS = {
  lx: "x from anchor (µm)", ly: "depth from anchor (µm)", lz: "z (µm)", a: "log₁₀ α",
  x: "x (µm)", y: "depth (µm)", z: "z (µm)",
};
const DARK = "#23262f", MARK = "#00e5ff";
const LOOK = [
  { symbol: "star", color: "#ff4fa3", solid: "diamond" },
  { symbol: "cross", color: "#00b8d4", solid: "cross" },
  { symbol: "square", color: "#2e9e3f", solid: "square" },
  { symbol: "x", color: "#ff8c1a", solid: "circle" },
];
const look = (method) => LOOK[method.look];
const CONFIG = { responsive: true, displayModeBar: false, scrollZoom: true };
let picked = 0;

function panel(div, k, x, y, xdomain, ydomain, extra) {
  const n = k ? String(k + 1) : "";
  return { div, x, y, xref: "x" + n, yref: "y" + n, xname: "xaxis" + n, yname: "yaxis" + n, xdomain, ydomain, ...extra };
}

const LOCAL = [["lx", "ly"], ["lx", "lz"], ["lx", "a"], ["ly", "lz"], ["ly", "a"], ["lz", "a"]].map(([x, y], k) => {
  const left = (k % 3) * 0.36, low = k < 3 ? 0.61 : 0.03;
  return panel("local", k, x, y, [left, left + 0.28], [low, low + 0.39]);
});
const GLOBAL = [
  panel("global", 0, "x", "y", [0, 0.47], [0.34, 1], { hidex: true }),
  panel("global", 1, "x", "z", [0, 0.47], [0.05, 0.28], { matchx: "x" }),
  panel("global", 2, "z", "y", [0.52, 1], [0.34, 1], { matchy: "y", hidey: true }),
];
const PANELS = [...LOCAL, ...GLOBAL];

function axis(key, anchor, domain, hide, match) {
  const found = { domain, anchor, range: D.ranges[key], zeroline: false, showgrid: false, ticks: "outside", ticklen: 3 };
  if (match) found.matches = match;
  if (hide) found.showticklabels = false;
  else found.title = { text: LABELS[key], standoff: 4, font: { size: 11 } };
  return found;
}

function scatter(p, colorbar) {
  return {
    type: D.svg ? "scatter" : "scattergl", mode: "markers", x: P[p.x], y: P[p.y], xaxis: p.xref, yaxis: p.yref,
    hoverinfo: "skip", showlegend: false,
    marker: {
      size: D.dot, color: P.a, cmin: D.ranges.color[0], cmax: D.ranges.color[1], colorscale: D.colors,
      showscale: colorbar, colorbar: { title: { text: "log₁₀ α", side: "right" }, thickness: 12, outlinewidth: 0, x: 1.01, len: 1 },
    },
  };
}

function drawLeft(div, panels, contacts) {
  const layout = {
    margin: { l: 52, r: 10, t: 24, b: 34 }, plot_bgcolor: DARK, font: { size: 10 }, dragmode: "pan",
    shapes: [], showlegend: false,
  };
  for (const p of panels) {
    layout[p.xname] = axis(p.x, p.yref, p.xdomain, p.hidex, p.matchx);
    layout[p.yname] = axis(p.y, p.xref, p.ydomain, p.hidey, p.matchy);
  }
  const traces = panels.map((p, k) => scatter(p, !contacts && k === 0));
  if (contacts) {
    const x = [], y = [];
    for (let c = 0; c < CONTACTS.length; c += 2) { x.push(CONTACTS[c]); y.push(CONTACTS[c + 1]); }
    traces.push({
      type: D.svg ? "scatter" : "scattergl", mode: "markers", x, y, hoverinfo: "skip",
      marker: { symbol: "square-open", size: 5, color: "white" },
    });
  }
  return Plotly.newPlot(div, traces, layout, CONFIG);
}

function placeOf(p, i) {
  const full = document.getElementById(p.div)._fullLayout, x = full[p.xname], y = full[p.yname];
  return [x._offset + x.l2p(P[p.x][i]), y._offset + y.l2p(P[p.y][i])];
}

function inside(p, px, py) {
  const full = document.getElementById(p.div)._fullLayout, x = full[p.xname], y = full[p.yname];
  return px >= x._offset && px <= x._offset + x._length && py >= y._offset && py <= y._offset + y._length;
}

function nearest(p, px, py) {
  let best = -1, least = Infinity;
  for (let i = 0; i < N; i++) {
    const [x, y] = placeOf(p, i), away = (x - px) ** 2 + (y - py) ** 2;
    if (away < least && inside(p, x, y)) { least = away; best = i; }
  }
  return best;
}

function mark(i) {
  for (const [div, panels] of [["local", LOCAL], ["global", GLOBAL]]) {
    const shapes = panels.map((p) => ({
      type: "circle", xref: p.xref, yref: p.yref, xsizemode: "pixel", ysizemode: "pixel",
      xanchor: P[p.x][i], yanchor: P[p.y][i], x0: -7, x1: 7, y0: -7, y1: 7, line: { color: MARK, width: 2.5 },
    }));
    Plotly.relayout(div, { shapes });
  }
}

function pitch(values, fallback) {
  const sorted = [...new Set(values.map((v) => Math.round(v * 10) / 10))].sort((a, b) => a - b);
  const steps = sorted.slice(1).map((v, k) => v - sorted[k]).filter((d) => d > 1);
  return steps.length ? Math.min(...steps) : fallback;
}

function slotsOf(i) {
  const slots = [];
  for (let k = 0; k < N_SLOTS; k++) {
    const c = S.channels[i * N_SLOTS + k];
    if (c >= 0) slots.push({ k, x: CONTACTS[2 * c], y: CONTACTS[2 * c + 1] });
  }
  return slots;
}

function course(i, values, scales, slots, origin) {
  const wide = 0.85 * pitch(slots.map((s) => s.x), 20);
  const most = S.amplitudes[i] || 1, high = 1.4 * pitch(slots.map((s) => s.y), 20) / most;
  const x = [], y = [], z = [];
  for (const s of slots) {
    const start = (i * N_SLOTS + s.k) * N_SAMPLES;
    for (let t = 0; t < N_SAMPLES; t++) {
      x.push(s.x - origin[0] + wide * ((t - D.before) / N_SAMPLES));
      y.push(s.y - origin[1] + high * values[start + t] * scales[i]);
      z.push(0);
    }
    x.push(null); y.push(null); z.push(null);
  }
  return { x, y, z };
}

function drawWaves(i) {
  const slots = slotsOf(i), line = (name, values, scales, color, width) => ({
    ...course(i, values, scales, slots, [0, 0]), type: "scatter", mode: "lines", name, hoverinfo: "skip",
    line: { color, width }, z: undefined,
  });
  const traces = [
    line("raw", S.raw, S.raw_scale, "#3b6fd4", 1), line("denoised", S.denoised, S.denoised_scale, "#d62728", 1.6),
    {
      type: "scatter", mode: "markers", name: "anchor", x: [S.anchors[2 * i]], y: [S.anchors[2 * i + 1]],
      marker: { symbol: "circle-open", size: 14, color: "#222", line: { width: 2 } },
    },
  ];
  D.methods.forEach((m, k) => traces.push({
    type: "scatter", mode: "markers", name: m.name, x: [UM[k][3 * i]], y: [UM[k][3 * i + 1]],
    marker: { symbol: look(m).symbol, size: 14, color: look(m).color, line: { color: "white", width: 1 } },
  }));
  return Plotly.react("waves", traces, {
    margin: { l: 52, r: 10, t: 10, b: 38 }, font: { size: 10 }, hovermode: "closest",
    xaxis: { title: { text: "x (µm)" }, zeroline: false, gridcolor: "#eee" },
    yaxis: { title: { text: "depth (µm)" }, zeroline: false, gridcolor: "#eee" },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", font: { size: 11 } },
  }, CONFIG);
}

function drawSpace(i) {
  const anchor = [S.anchors[2 * i], S.anchors[2 * i + 1]], slots = slotsOf(i);
  const line = (name, values, scales, color, width) => ({
    ...course(i, values, scales, slots, anchor), type: "scatter3d", mode: "lines", name, hoverinfo: "skip",
    showlegend: false, line: { color, width },
  });
  const traces = [
    line("raw", S.raw, S.raw_scale, "#3b6fd4", 2), line("denoised", S.denoised, S.denoised_scale, "#d62728", 3),
    {
      type: "scatter3d", mode: "markers", name: "anchor", x: [0], y: [0], z: [0], showlegend: false,
      marker: { symbol: "circle-open", size: 7, color: "#222" },
    },
  ];
  D.methods.forEach((m, k) => {
    const [x, y, z] = [UM[k][3 * i] - anchor[0], UM[k][3 * i + 1] - anchor[1], UM[k][3 * i + 2]];
    const color = m.learned ? { color: [P.a[i]], cmin: D.ranges.color[0], cmax: D.ranges.color[1], colorscale: D.colors }
      : { color: look(m).color };
    traces.push({
      type: "scatter3d", mode: "markers", name: m.name, x: [x], y: [y], z: [z], showlegend: false,
      marker: { symbol: look(m).solid, size: 6, line: { color: look(m).color, width: 2 }, ...color },
    });
    traces.push({
      type: "scatter3d", mode: "lines", x: [x, x], y: [y, y], z: [0, z], hoverinfo: "skip", showlegend: false,
      line: { color: look(m).color, width: 3, dash: "dot" },
    });
  });
  return Plotly.react("space", traces, {
    margin: { l: 0, r: 0, t: 0, b: 0 }, uirevision: "keep",
    scene: {
      uirevision: "keep", aspectmode: "data",
      xaxis: { title: { text: "x (µm)" } }, yaxis: { title: { text: "depth (µm)" } }, zaxis: { title: { text: "z (µm)" } },
      camera: { eye: { x: 1.25, y: -1.8, z: 1.25 }, center: { x: 0, y: 0, z: -0.12 } },
    },
  }, CONFIG);
}

function pick(i) {
  picked = (i + N) % N;
  document.getElementById("picked").textContent =
    `Spike ${S.ids[picked].toLocaleString("en")} at ${S.times[picked].toFixed(3)} s, channel ` +
    `${S.peaks[picked]}, amplitude ${S.amplitudes[picked].toLocaleString("en", { maximumSignificantDigits: 3 })}, log₁₀ α ${P.a[picked].toFixed(2)}`;
  mark(picked);
  drawWaves(picked);
  drawSpace(picked);
}

let down = null;
addEventListener("pointerdown", (e) => { down = [e.clientX, e.clientY]; }, true);
addEventListener("pointerup", (e) => {
  if (!down || Math.hypot(e.clientX - down[0], e.clientY - down[1]) > 4) return;
  for (const div of ["local", "global"]) {
    const box = document.getElementById(div).getBoundingClientRect(), x = e.clientX - box.left, y = e.clientY - box.top;
    const p = PANELS.find((q) => q.div === div && inside(q, x, y));
    const found = p ? nearest(p, x, y) : -1;
    if (found >= 0) pick(found);
  }
}, true);
addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.altKey || e.metaKey) return;
  if (e.key === "ArrowRight" || e.key === "n") pick(picked + 1);
  else if (e.key === "ArrowLeft" || e.key === "p") pick(picked - 1);
});
document.getElementById("next").onclick = () => pick(picked + 1);
document.getElementById("previous").onclick = () => pick(picked - 1);

window.explorer = {
  ready: false,
  picked: () => picked,
  n_panels: PANELS.length,
  places: (k) => {
    const box = document.getElementById(PANELS[k].div).getBoundingClientRect();
    return Array.from({ length: N }, (_, i) => placeOf(PANELS[k], i)).map(([x, y]) =>
      [x + box.left, y + box.top, inside(PANELS[k], x, y)]);
  },
};
Promise.all([drawLeft("local", LOCAL, false), drawLeft("global", GLOBAL, true)]).then(() => {
  pick(0);
  window.explorer.ready = true;
});
