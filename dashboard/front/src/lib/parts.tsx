import type { ComponentChildren } from "preact";
import type { Tone } from "./types";

export const TONE_WORD: Record<Tone, string> = { high: "High", watch: "Watch", ok: "OK", new: "Not yet", stale: "No signal" };

/** A level's shape, in its colour: the same everywhere, and told apart without colour. */
export function Shape({ tone, size = 12 }: { tone: Tone; size?: number }) {
  return (
    <svg class={`shape tone-${tone}`} width={size} height={size} viewBox="0 0 12 12" aria-hidden="true">
      {tone === "ok" && <circle cx="6" cy="6" r="4.6" fill="currentColor" />}
      {tone === "watch" && <path d="M6 .6 11.4 6 6 11.4.6 6Z" fill="currentColor" />}
      {tone === "high" && <path d="M6 .8 11.6 11H.4Z" fill="currentColor" />}
      {tone === "new" && <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.6" />}
      {tone === "stale" && (
        <circle cx="6" cy="6" r="4.4" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2.6 2" />
      )}
    </svg>
  );
}

export function Brand() {
  return (
    <a class="brand" href="/" aria-label="crampwatch, who is running">
      <svg width="26" height="26" viewBox="0 0 26 26" aria-hidden="true">
        <rect width="26" height="26" rx="7" fill="#5aa9ff" />
        <path d="M4 14h4l2.5-7 4 13 2.5-6h5" fill="none" stroke="#06121f" stroke-width="2.4" stroke-linejoin="round" stroke-linecap="round" />
      </svg>
      <span>crampwatch</span>
    </a>
  );
}

export function Top({ sub, children }: { sub: string; children?: ComponentChildren }) {
  return (
    <header class="top">
      <Brand />
      <span class="sub">{sub}</span>
      <span class="gap" />
      {children}
    </header>
  );
}

/** Whether the line to the server is up. A fixed width keeps the header still. */
export function LiveDot({ up }: { up: boolean }) {
  return (
    <span class={up ? "live" : "live off"} role="status">
      <i aria-hidden="true" />
      {up ? "Live" : "Reconnecting…"}
    </span>
  );
}

/** The heart rate of the last minutes. Its own scale, at least 24 bpm high, so that calm looks calm. */
export function Spark({ values, tone }: { values: (number | null)[]; tone: Tone }) {
  const known = values.filter((value): value is number => value !== null);
  const middle = known.length ? (Math.max(...known) + Math.min(...known)) / 2 : 0;
  const half = known.length ? Math.max(12, (Math.max(...known) - Math.min(...known)) / 2 + 2) : 12;
  const width = 240;
  const height = 40;
  const x = (index: number): number => (index / Math.max(1, values.length - 1)) * width;
  const y = (value: number): number => height - 3 - ((value - middle + half) / (2 * half)) * (height - 6);
  let line = "";
  let area = "";
  let start = -1;
  const pieces = [...values, null];
  pieces.forEach((value, index) => {
    if (value !== null && value !== undefined) {
      if (start < 0) start = index;
      line += `${start === index ? "M" : "L"}${x(index).toFixed(1)} ${y(value).toFixed(1)}`;
      return;
    }
    if (start >= 0) {
      const run = pieces.slice(start, index).map((one, at) => `L${x(start + at).toFixed(1)} ${y(one as number).toFixed(1)}`);
      area += `M${x(start).toFixed(1)} ${height}${run.join("")}L${x(index - 1).toFixed(1)} ${height}Z`;
    }
    start = -1;
  });
  return (
    <svg class={`spark tone-${tone}`} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img"
      aria-label={known.length ? `heart rate over the last five minutes, now ${known[known.length - 1]}` : "no heart rate yet"}>
      <path d={area} fill="currentColor" opacity=".15" />
      <path d={line} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

const BANDS = ["Low", "Raised", "High", "Strong"] as const;

/** The level bar: four bands, a marker, no number. */
export function LevelBar({ gauge, word }: { gauge: number | null; word: string }) {
  const place = gauge === null ? 0 : Math.min(0.985, Math.max(0.015, gauge));
  const band = gauge === null ? -1 : Math.min(3, Math.floor(gauge * 4));
  return (
    <div class="bar-wrap">
      <svg class="levelbar" viewBox="0 0 400 26" preserveAspectRatio="none" role="img" aria-label={`fatigue pattern: ${word}`}>
        <rect class="b0" x="0" y="6" width="97" height="14" rx="5" />
        <rect class="b1" x="101" y="6" width="97" height="14" rx="5" />
        <rect class="b2" x="202" y="6" width="97" height="14" rx="5" />
        <rect class="b3" x="303" y="6" width="97" height="14" rx="5" />
        {gauge !== null && <rect class="marker" x={place * 400 - 4} y="0" width="8" height="26" rx="4" />}
      </svg>
      <div class="bands" aria-hidden="true">
        {BANDS.map((name, index) => (
          <span key={name} class={index === band ? "on" : ""}>{name}</span>
        ))}
      </div>
    </div>
  );
}
