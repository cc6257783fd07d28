import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "./lib/api";
import { Charts } from "./lib/charts";
import { DASH, STATE, clock, day, hour, kilometres, number, sentences } from "./lib/format";
import { context, listenForDialogs, mount } from "./lib/page";
import { Shape, Top } from "./lib/parts";
import type { Mark, PageContext, Review } from "./lib/types";

const AROUND_S = 120;
const KEYS = ["bpm", "spm", "pattern", "fatigue"] as const;
type Key = (typeof KEYS)[number];
const PANELS: Record<Key, [string, string]> = {
  bpm: ["Heart rate", "bpm"], spm: ["Cadence", "steps/min"], pattern: ["Fatigue pattern", "level"], fatigue: ["Fatigue index", "0–100"],
};
const BAND = ["Low", "Raised", "High", "Strong"];

function reading(review: Review, key: Key, index: number | null): string {
  const value = index === null ? undefined : review.columns[key][index];
  if (value === null || value === undefined) return "";
  return key === "pattern" ? (BAND[Math.min(3, Math.floor(value))] ?? "") : value.toFixed(0);
}

/** With no cursor: what the part in view comes to. */
function inView(review: Review, key: Key, [from, to]: [number, number]): string {
  const values = review.columns[key].filter((value, index): value is number => {
    const at = review.at_s[index] ?? -1;
    // Standing still is no cadence: the mean is that of the moving part, as in the figures above the charts.
    return value !== null && at >= from && at <= to && !(key === "spm" && value === 0);
  });
  if (!values.length) return "not measured";
  if (key === "pattern") return `up to ${(BAND[Math.min(3, Math.floor(Math.max(...values)))] ?? "").toLowerCase()}`;
  return `mean ${(values.reduce((sum, value) => sum + value, 0) / values.length).toFixed(0)}`;
}

/** For who cannot see the chart: what it says in a sentence. */
function summary(review: Review, key: Key): string {
  const values = review.columns[key].filter((value): value is number => value !== null);
  const [name, unit] = PANELS[key];
  if (!values.length) return `${name}: not measured in this run`;
  if (key === "pattern") return `${name} over the run; highest level ${BAND[Math.min(3, Math.floor(Math.max(...values)))]}`;
  return `${name} over the run, ${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)} ${unit}`;
}

function Stats({ review }: { review: Review }) {
  const { run } = review;
  const alerts = review.marks.filter((mark) => mark.what === "alert");
  const lost = alerts.filter((mark) => mark.kind === "fault").length;
  const high = review.spans.filter((span) => span.tone === "high").reduce((sum, span) => sum + span.to_s - span.from_s, 0);
  const tiles: [string, string, string][] = [
    ["Time", clock(run.duration_s), ""],
    ["Distance", kilometres(run.distance_m), run.distance_m === null ? "not measured" : "km"],
    ["Mean heart rate", number(run.mean_bpm), "bpm"],
    ["Mean cadence", number(run.mean_spm), "steps/min"],
    ["Alerts", String(alerts.length - lost), lost ? `and ${lost} of lost signal` : high ? `${clock(high)} at high` : "none at high"],
  ];
  return (
    <dl class="stats">
      {tiles.map(([label, value, note]) => (
        <div class="stat" key={label}><dt>{label}</dt><dd><b>{value}</b> <em>{value === DASH && note !== "not measured" ? "not measured" : note}</em></dd></div>
      ))}
      <div class={`stat tone-${run.tone}`}><dt>Highest pattern</dt><dd class="lv"><Shape tone={run.tone} size={16} /><b class="word">{run.word}</b></dd></div>
    </dl>
  );
}

function MarkRow({ mark, onShow }: { mark: Mark; onShow(mark: Mark): void }) {
  return (
    <li>
      <button type="button" onClick={() => onShow(mark)} data-mark={mark.id}>
        <Shape tone={mark.tone} />
        <time>{clock(mark.at_s)}</time>
        <span><b>{mark.word}</b>{mark.what === "alert" && <i class="tag">alert · {STATE[mark.note ?? ""] ?? mark.note}</i>}{mark.late && <i class="tag">from backlog</i>}
          {mark.because.length > 0 && <small>{sentences(mark.because)}</small>}</span>
      </button>
    </li>
  );
}

function Marks({ review, onShow }: { review: Review; onShow(mark: Mark): void }) {
  const [all, setAll] = useState(false);
  const telling = review.marks.filter((mark) => mark.kind !== "fault" && (mark.what === "alert" || mark.tone !== "ok"));
  const shown = all ? review.marks : telling;
  return (
    <>
      <h2 class="sec">Findings and alerts <span>{shown.length} of {review.marks.length}</span></h2>
      <div class="panel list">
        {shown.length === 0 && <p class="calm">Nothing stood out in this run.</p>}
        <ol class="marks">{shown.map((mark) => <MarkRow key={mark.what + mark.id} mark={mark} onShow={onShow} />)}</ol>
        {telling.length < review.marks.length && (
          <button type="button" class="chip" aria-pressed={all} onClick={() => setAll(!all)}>Also quiet findings and lost signal</button>
        )}
      </div>
    </>
  );
}

function useCharts(review: Review) {
  const hosts = useRef<Partial<Record<Key, HTMLDivElement>>>({});
  const charts = useRef<Charts | null>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const [range, setRange] = useState<[number, number]>([0, review.run.duration_s]);
  useEffect(() => {
    const made = new Charts(review, hosts.current as Record<Key, HTMLElement>, { cursor: setCursor, zoom: (a, b) => setRange([a, b]) }, clock);
    charts.current = made;
    const watcher = new ResizeObserver(() => made.resize((host) => host.clientWidth));
    if (hosts.current.bpm) watcher.observe(hosts.current.bpm);
    return () => { watcher.disconnect(); made.destroy(); };
  }, [review]);
  const host = (key: Key) => (element: HTMLDivElement | null): void => { if (element) hosts.current[key] = element; };
  return { host, charts, cursor, range };
}

function Run({ review }: { review: Review }) {
  const { run } = review;
  const { host, charts, cursor, range } = useCharts(review);
  const whole = charts.current?.whole ?? run.duration_s;
  const zoomed = range[1] - range[0] < whole - 1;
  const showMark = (mark: Mark): void => charts.current?.show(mark.at_s - AROUND_S, mark.at_s + AROUND_S);
  return (
    <>
      <Top sub={`${run.name} · ${day(run.started_ms)}, ${hour(run.started_ms)}`}>
        <div class="chips" role="group" aria-label="Zoom">
          <span class="range" role="status">{zoomed ? `${clock(range[0])} – ${clock(range[1])}` : "whole run"}</span>
          <button type="button" class="chip" onClick={() => charts.current?.zoom(0.5)}>Zoom in</button>
          <button type="button" class="chip" disabled={!zoomed} onClick={() => charts.current?.zoom(2)}>Zoom out</button>
          <button type="button" class="chip" disabled={!zoomed} onClick={() => charts.current?.show(0, whole)}>Reset zoom</button>
        </div>
        <nav class="nav" aria-label="Pages"><a href="/runs">All runs</a></nav>
      </Top>
      <main class="wrap">
        <div>
          <h1 class="hidden">Run of {run.name}, {day(run.started_ms)}</h1>
          <Stats review={review} />
          {KEYS.map((key) => (
            <section class="panel" key={key} aria-label={summary(review, key)}>
              <div class="ph"><h2>{PANELS[key][0]}</h2><span class="unit">{PANELS[key][1]}</span><span class="gap" />
                <span class={`reading c-${key}`}><i aria-hidden="true" />{cursor === null ? inView(review, key, range) : <>{clock(review.at_s[cursor] ?? 0)} <b>{reading(review, key, cursor)}</b></>}</span></div>
              <div class={`chart chart-${key}`} ref={host(key)} />
            </section>
          ))}
        </div>
        <aside class="rail">
          <Marks review={review} onShow={showMark} />
          <section class="panel hint"><h2>Read this with care</h2>
            <p>Levels show how far heart rate and cadence had drifted from the start of this run. They say nothing certain about cramp.</p>
            <button type="button" class="btn full" data-opens="red-flags">When to get help</button></section>
        </aside>
      </main>
    </>
  );
}

function App({ page }: { page: PageContext }) {
  const [review, setReview] = useState<Review | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    const key = [page.team, page.athlete ?? "", page.session ?? ""].map(encodeURIComponent).join("/");
    get<Review>(`/api/runs/${key}`).then(setReview, (error: Error) => setProblem(error.message));
  }, [page]);
  if (review) return <Run review={review} />;
  return (
    <>
      <Top sub={page.name ?? ""} />
      <main class="plain">{problem ? <p class="problem" role="alert">{problem}</p> : <p>Loading the run…</p>}</main>
    </>
  );
}

listenForDialogs();
const page = context();
if (page) mount(<App page={page} />);
