import uPlot from "uplot";
import type { Column, Review, Tone } from "./types";

/** Nothing measured for this long is a gap in the line; shorter is how often the sensor speaks. */
const GAP_S = 30;
const LEAST_ZOOM_S = 20;
/** Steps of the time axis, seconds: what people count time in. */
const TIME_STEPS = [5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
const BANDS = ["Low", "Raised", "High", "Strong"];
const FONT = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';

export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** What the charts tell the page. */
export interface ChartEvents {
  cursor(index: number | null): void;
  zoom(from: number, to: number): void;
}

/** uPlot joins over undefined and breaks at null: short silences are joined, long ones are shown as what they are. */
function joined(at: number[], column: Column): (number | null | undefined)[] {
  const out: (number | null | undefined)[] = [...column];
  let before = -1;
  for (let index = 0; index <= column.length; index += 1) {
    if (index < column.length && column[index] === null) continue;
    const from = at[Math.max(0, before)] ?? 0;
    const to = at[Math.min(index, at.length - 1)] ?? 0;
    if (before >= 0 && index < column.length && to - from <= GAP_S) {
      for (let hole = before + 1; hole < index; hole += 1) out[hole] = undefined;
    }
    before = index;
  }
  return out;
}

function shade(chart: uPlot, review: Review): void {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const span of review.spans) {
    const left = chart.valToPos(span.from_s, "x", true);
    const right = chart.valToPos(span.to_s, "x", true);
    ctx.globalAlpha = span.tone === "high" ? 0.16 : 0.09;
    ctx.fillStyle = colour(span.tone);
    ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
  }
  ctx.restore();
}

function glyph(ctx: CanvasRenderingContext2D, tone: Tone, x: number, y: number, size: number): void {
  ctx.beginPath();
  if (tone === "high") {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y + size * 0.8);
    ctx.lineTo(x - size, y + size * 0.8);
  } else if (tone === "watch") {
    ctx.moveTo(x, y - size);
    ctx.lineTo(x + size, y);
    ctx.lineTo(x, y + size);
    ctx.lineTo(x - size, y);
  } else {
    ctx.arc(x, y, size * 0.8, 0, 2 * Math.PI);
  }
  ctx.closePath();
  if (tone === "stale" || tone === "new") ctx.stroke();
  else ctx.fill();
}

/** Alerts are full lines, findings dashed; what concerns nobody is only in the list. A lost signal is no news of the
 * runner and shows as a gap already: a mark at the top, no line. */
function mark(chart: uPlot, review: Review, withGlyphs: boolean): void {
  const { ctx, bbox } = chart;
  const scale = devicePixelRatio;
  const { min = 0, max = 0 } = chart.scales["x"] ?? {};
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left - 6 * scale, bbox.top, bbox.width + 12 * scale, bbox.height);
  ctx.clip();
  for (const one of review.marks) {
    if ((one.what === "finding" && one.tone === "ok") || one.at_s < min || one.at_s > max) continue;
    const x = Math.round(chart.valToPos(one.at_s, "x", true)) + 0.5;
    ctx.strokeStyle = ctx.fillStyle = colour(one.tone);
    ctx.globalAlpha = one.what === "alert" ? 0.95 : 0.6;
    ctx.lineWidth = scale * (one.what === "alert" ? 1.6 : 1);
    ctx.setLineDash(one.what === "alert" ? [] : [4 * scale, 4 * scale]);
    if (one.kind !== "fault") {
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.setLineDash([]);
    if (withGlyphs) glyph(ctx, one.tone, x, bbox.top + 9 * scale, (one.what === "alert" ? 6 : 4.5) * scale);
  }
  ctx.restore();
}

/** The level bands behind the pattern's line. */
function bands(chart: uPlot): void {
  const { ctx, bbox } = chart;
  const tones = ["ok", "watch", "high", "high"];
  ctx.save();
  tones.forEach((tone, index) => {
    const top = chart.valToPos(index + 1, "y", true);
    const bottom = chart.valToPos(index, "y", true);
    ctx.globalAlpha = index === 3 ? 0.22 : 0.13;
    ctx.fillStyle = colour(tone);
    ctx.fillRect(bbox.left, top, bbox.width, bottom - top);
  });
  ctx.restore();
}

/** Four linked charts: one cursor, one zoom. */
export class Charts {
  readonly #charts: uPlot[] = [];
  readonly #last: number;
  #syncing = false;

  constructor(review: Review, hosts: Record<"bpm" | "spm" | "pattern" | "fatigue", HTMLElement>, on: ChartEvents, time: (s: number) => string) {
    this.#last = Math.max(1, review.at_s[review.at_s.length - 1] ?? review.run.duration_s);
    const add = (host: HTMLElement, key: keyof Review["columns"], height: number, series: uPlot.Series, y: Partial<uPlot.Axis>, scale: uPlot.Scale, last = false): void => {
      const line = { stroke: colour("tx2"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: FONT };
      const chart = new uPlot({
        width: Math.max(200, host.clientWidth), height, legend: { show: false }, padding: [8, 22, 0, 0],
        cursor: { sync: { key: "run" }, drag: { x: true, y: false, dist: 6 }, points: { size: 7 } },
        scales: { x: { time: false, min: 0, max: this.#last }, y: scale },
        axes: [
          { ...line, size: last ? 28 : 8, space: 90, incrs: TIME_STEPS, values: (_, ticks) => ticks.map((tick) => (last ? time(tick) : "")) },
          { ...line, size: 54, space: 30, ...y },
        ],
        series: [{}, { width: 1.8, points: { show: false }, ...series }],
        hooks: {
          drawAxes: [(drawn) => (key === "pattern" ? bands(drawn) : shade(drawn, review))],
          draw: [(drawn) => mark(drawn, review, key === "pattern")],
          setCursor: [(moved) => on.cursor(moved.cursor.idx ?? null)],
          setScale: [(zoomed, which) => which === "x" && this.#follow(zoomed, on)],
        },
      }, [review.at_s, joined(review.at_s, review.columns[key])] as uPlot.AlignedData, host);
      this.#charts.push(chart);
      host.addEventListener("wheel", (event) => this.#wheel(chart, event), { passive: false });
    };
    const wide: uPlot.Scale = { range: (_, low, high) => [Math.floor((low ?? 0) - 4), Math.ceil((high ?? 1) + 4)] };
    add(hosts.bpm, "bpm", 150, { stroke: colour("hr") }, {}, wide);
    add(hosts.spm, "spm", 150, { stroke: colour("cad") }, {}, wide);
    add(hosts.pattern, "pattern", 170, { stroke: colour("tx") }, {
      splits: () => [0.5, 1.5, 2.5, 3.5], values: (_, splits) => splits.map((_at, index) => BANDS[index] ?? ""), grid: { show: false },
    }, { range: [0, 4] });
    add(hosts.fatigue, "fatigue", 150, { stroke: colour("fat"), fill: `${colour("fat")}1f` }, {}, { range: [0, 100] }, true);
  }

  get whole(): number { return this.#last; }

  show(from: number, to: number): void {
    const width = Math.max(LEAST_ZOOM_S, to - from);
    const left = Math.max(0, Math.min(from, this.#last - width));
    this.#charts[0]?.setScale("x", { min: left, max: Math.min(this.#last, left + width) });
  }

  zoom(factor: number): void {
    const { min, max } = this.#charts[0]?.scales["x"] ?? {};
    if (typeof min !== "number" || typeof max !== "number") return;
    const middle = (min + max) / 2;
    const half = Math.min(this.#last, (max - min) * factor) / 2;
    this.show(middle - half, middle + half);
  }

  resize(width: (chart: HTMLElement) => number): void {
    for (const chart of this.#charts) {
      const host = chart.root.parentElement;
      if (host) chart.setSize({ width: Math.max(200, width(host)), height: chart.height });
    }
  }

  destroy(): void {
    for (const chart of this.#charts) chart.destroy();
  }

  #follow(chart: uPlot, on: ChartEvents): void {
    const { min, max } = chart.scales["x"] ?? {};
    if (this.#syncing || typeof min !== "number" || typeof max !== "number") return;
    this.#syncing = true;
    for (const other of this.#charts) if (other !== chart) other.setScale("x", { min, max });
    this.#syncing = false;
    on.zoom(min, max);
  }

  #wheel(chart: uPlot, event: WheelEvent): void {
    // Plain scrolling stays scrolling; with a modifier, or a pinch, the chart zooms where the pointer is.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const { min, max } = chart.scales["x"] ?? {};
    if (typeof min !== "number" || typeof max !== "number") return;
    const at = chart.posToVal(event.offsetX, "x");
    const factor = event.deltaY < 0 ? 0.8 : 1.25;
    this.show(at - (at - min) * factor, at + (max - at) * factor);
  }
}
