import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { post } from "./lib/api";
import { Claim } from "./lib/claim";
import { STATE, ago, clock, number, sameWords, sentences } from "./lib/format";
import { AlertBook, live } from "./lib/live";
import { context, listenForDialogs, mount } from "./lib/page";
import { LiveDot, Shape, Spark, TONE_WORD, Top } from "./lib/parts";
import type { Alert, Athlete, Board, PageContext, Tone } from "./lib/types";

/** The order changes at most this often: a board that jumps cannot be read. */
const SETTLE_MS = 4000;
const ALL_CARDS = 12;
const ATTENTION_CARDS = 8;
const ALERTS_SHOWN = 8;
const DONE_SHOWN = 4;
const TONES: Tone[] = ["high", "watch", "ok", "new", "stale"];
const RANK: Record<string, number> = { now: 5, imminent: 4, warning: 3, watch: 2, stale: 1, new: 0, ok: 0 };

interface Order { attention: string[]; rest: string[] }

const needsEye = (one: Athlete): boolean => one.alert !== null || one.tone === "high" || one.tone === "watch";

/** Needs attention first: who has an open alert, then by level, then by place on the level bar. */
function sorted(athletes: Athlete[]): Order {
  const rank = (one: Athlete): number => (one.alert !== null ? 10 : 0) + (RANK[one.level] ?? 0);
  const all = [...athletes].sort(
    (a, b) => rank(b) - rank(a) || (b.gauge ?? 0) - (a.gauge ?? 0) || a.name.localeCompare(b.name) || a.id.localeCompare(b.id),
  );
  const attention = all.filter(needsEye).slice(0, athletes.length <= ALL_CARDS ? athletes.length : ATTENTION_CARDS);
  const chosen = new Set(attention.map((one) => one.id));
  return { attention: attention.map((one) => one.id), rest: all.filter((one) => !chosen.has(one.id)).map((one) => one.id) };
}

/** The order, settled: new only after SETTLE_MS, except that who comes or leaves is seen at once. */
function useOrder(athletes: Athlete[]): Order {
  const kept = useRef<{ at: number; order: Order }>({ at: 0, order: { attention: [], rest: [] } });
  const known = kept.current.order.attention.length + kept.current.order.rest.length;
  if (Date.now() - kept.current.at >= SETTLE_MS || known !== athletes.length) {
    kept.current = { at: Date.now(), order: sorted(athletes) };
  }
  return kept.current.order;
}

const signal = (one: Athlete): string => (one.age_s === null ? "not seen yet" : `${ago(one.age_s)} ago`);

/** What keeps signs quiet and what cannot be seen, by name; the sentences stand in the tip and on the runner's page. */
const quietly = (one: Athlete): string => [
  ...(one.quiet.length ? [`Quiet: ${one.quiet.map((gate) => gate.name).join(", ")}`] : []), ...(one.sees !== null ? [(one.sees.split(":")[0] ?? "").replace(/\.$/, "")] : []),
].join(" · ");
const told = (one: Athlete): string => sentences([...one.because, ...one.quiet.map((gate) => gate.words), ...(one.sees !== null ? [one.sees] : [])]);

/** Why a card looks as it does: its two largest reasons, or what else is to say. */
function why(one: Athlete): string {
  if (one.because[0]) return sentences(one.because.slice(0, 2));
  if (one.tone === "new") return "Getting to know this run";
  if (one.tone !== "stale") return "Nothing unusual";
  return one.elapsed_s === null ? "Waiting for the sensors" : `Last heard at ${clock(one.elapsed_s)}`;
}

/** People before faults, the highest level first, then the newest: a rail that is cut off must not hide the worst. */
function urgentFirst(alerts: Alert[]): Alert[] {
  const rank = (alert: Alert): number => (alert.kind === "fault" ? -1 : (RANK[alert.level] ?? 0));
  return [...alerts].sort((a, b) => rank(b) - rank(a) || b.raised_at_ms - a.raised_at_ms || a.id.localeCompare(b.id));
}

const waits = (alert: Alert): boolean => alert.open && alert.state !== "acknowledged";

/** What is below an alert of the same runner: it stands behind it, and who acknowledges the one has seen the other. */
const behind = (alert: Alert, alerts: Alert[]): Alert[] => alert.kind === "fault" ? [] : alerts.filter(
  (other) => other !== alert && waits(other) && other.athlete === alert.athlete && other.kind !== "fault"
    && (RANK[other.level] ?? 0) <= (RANK[alert.level] ?? 0),
);

/** An alert's words are said to the runner; for who looks on they are quoted. */
const quoted = (alert: Alert, words: string): string => (alert.kind === "fault" ? sentences([words]) : `“${words}”`);

function Card({ one, onAck }: { one: Athlete; onAck(alert: string): void }) {
  return (
    <article class={`card tone-${one.tone}`} data-athlete={one.id} aria-label={`${one.name}: ${one.word}`}>
      <header><Shape tone={one.tone} /><a class="name" href={`/live/${one.id}`}>{one.name}</a><small>{one.tone === "stale" ? signal(one) : clock(one.elapsed_s)}</small></header>
      <div class="row">
        <div class={one.word.length > 6 ? "word long" : "word"}>{one.word}</div>
        <dl><div><dt>HR</dt><dd>{number(one.hr_bpm)}</dd></div><div><dt>Cadence</dt><dd>{number(one.cadence_spm)}</dd></div></dl>
        {one.alert !== null && <button type="button" class="btn pri" aria-label={`Acknowledge the alert of ${one.name}`} onClick={() => one.alert !== null && onAck(one.alert)}>Ack</button>}
      </div>
      <Spark values={one.spark} tone={one.tone} />
      <p class="why">{one.because[0] ? <em title={sentences(one.because)}>{why(one)}</em> : <span>{why(one)}</span>}</p>
      {quietly(one) && <p class="quiet" title={told(one)}>{quietly(one)}</p>}
    </article>
  );
}

function Tile({ one }: { one: Athlete }) {
  const stale = one.tone === "stale";
  return (
    <a class={`tile tone-${one.tone}`} href={`/live/${one.id}`} data-athlete={one.id} title={told(one)}>
      <span class="n"><Shape tone={one.tone} size={10} /><span>{one.name}</span></span>
      <span class="m">{stale ? (one.age_s === null ? "not yet" : ago(one.age_s)) : `${number(one.hr_bpm)} · ${number(one.cadence_spm)}`}</span>
      <span class="word">{one.word}</span>
      <svg class="gauge" viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden="true">
        <rect class="track" width="100" height="3" rx="1.5" />
        {one.gauge !== null && <rect class="fill" width={Math.max(2, one.gauge * 100)} height="3" rx="1.5" />}
      </svg>
    </a>
  );
}

function Rail({ alerts, sent, onAck, problem }: { alerts: Alert[]; sent: ReadonlySet<string>; onAck(id: string): void; problem: string | null }) {
  const waiting = urgentFirst(alerts.filter(waits));
  const hidden = new Set<string>();
  for (const alert of waiting) if (!hidden.has(alert.id)) for (const other of behind(alert, waiting)) hidden.add(other.id);
  const open = waiting.filter((alert) => !hidden.has(alert.id));
  const done = alerts.filter((alert) => !alert.open || alert.state === "acknowledged").slice(0, DONE_SHOWN);
  return (
    <aside class="rail" aria-label="Alerts">
      <h2 class="sec">Alerts <span>{open.length} open</span></h2>
      {problem && <p class="problem" role="alert">{problem}</p>}
      <div aria-live="polite" aria-relevant="additions">
        {open.slice(0, ALERTS_SHOWN).map((alert) => (
          <section class={`al tone-${alert.tone}`} key={alert.id} data-alert={alert.id}>
            <h3><Shape tone={alert.tone} /><a href={`/live/${alert.athlete}`}>{alert.name}</a><span class="word">{alert.word}</span><time>{ago(alert.age_s)}</time></h3>
            <p>{quoted(alert, alert.title)}</p>
            {alert.because.filter((reason) => !sameWords(reason, alert.title)).slice(0, 2).map((reason) => <p class="reason" key={reason}>{sentences([reason])}</p>)}
            {alert.steps[0] && <p class="first">First: {alert.steps[0].text}</p>}
            <button type="button" class="btn full" disabled={sent.has(alert.id)} onClick={() => onAck(alert.id)}>
              {sent.has(alert.id) ? "Sent" : "Acknowledge"}
            </button>
          </section>
        ))}
      </div>
      {open.length > ALERTS_SHOWN && <p class="more">and {open.length - ALERTS_SHOWN} more</p>}
      {open.length === 0 && <p class="calm">Nobody needs you now.</p>}
      {done.map((alert) => (
        <section class="al done" key={alert.id} data-alert={alert.id}>
          <h3>{alert.name}<span>{alert.word}</span><time>{ago(alert.age_s)}</time></h3>
          <p>{quoted(alert, alert.title)} · {STATE[alert.state]}</p>
        </section>
      ))}
    </aside>
  );
}

function useBoard() {
  const [board, setBoard] = useState<Board | null>(null);
  const [up, setUp] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const book = useMemo(() => new AlertBook(), []);
  const sent = useRef(new Set<string>());
  useEffect(() => live<Board>(null, {
    frame(next) { book.frame(next.alerts); setBoard(next); },
    alert(alert) { book.take(alert); redraw(0); },
    up: setUp,
  }), [book]);
  const ack = async (id: string): Promise<void> => {
    try {
      const all = book.newestFirst;
      const chosen = all.find((alert) => alert.id === id);
      for (const one of [id, ...(chosen ? behind(chosen, all) : []).map((alert) => alert.id)]) {
        await post("/api/ack", { alert: one, by: "coach", answer: "ok" });
        sent.current.add(one);
      }
      setProblem(null);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "Not sent. Try again.");
    }
    redraw(0);
  };
  return { board, up, problem, alerts: book.newestFirst, sent: sent.current, ack: (id: string) => void ack(id) };
}

function App({ page }: { page: PageContext }) {
  const { board, up, problem, alerts, sent, ack } = useBoard();
  const [only, setOnly] = useState<Tone | null>(null);
  const [query, setQuery] = useState("");
  const athletes = board?.athletes ?? [];
  const order = useOrder(athletes);
  const byId = new Map(athletes.map((one) => [one.id, one]));
  const shown = (ids: string[]): Athlete[] => ids.flatMap((id) => byId.get(id) ?? []).filter(
    (one) => (only === null || one.tone === only) && one.name.toLowerCase().includes(query.trim().toLowerCase()),
  );
  const attention = shown(order.attention);
  const rest = shown(order.rest);
  const roomy = athletes.length <= ALL_CARDS;
  const away = (board?.services ?? []).filter((service) => service.missed);
  return (
    <>
      <Top sub={board ? `${board.team} · ${athletes.length} ${athletes.length === 1 ? "runner" : "runners"}` : page.team}>
        <div class="chips" role="group" aria-label="Show only">
          {TONES.map((tone) => (
            <button type="button" class="chip" key={tone} aria-pressed={only === tone} onClick={() => setOnly(only === tone ? null : tone)}>
              <Shape tone={tone} /><b>{athletes.filter((one) => one.tone === tone).length}</b>{TONE_WORD[tone]}
            </button>
          ))}
        </div>
        <input class="find" type="search" placeholder="Find name" aria-label="Find a runner by name" value={query} onInput={(event) => setQuery(event.currentTarget.value)} />
        <nav class="nav" aria-label="Pages"><a href="/system">System</a></nav>
        <LiveDot up={up} />
      </Top>
      {away.length > 0 && (
        <p class="banner" role="status"><Shape tone="stale" size={14} />
          <span>{away.map((service) => `${service.id} ${service.word.toLowerCase()}`).join(", ")}: values, levels or alerts may be missing. <a href="/system">See the system</a></span>
        </p>
      )}
      <main class={up ? "wrap" : "wrap dim"}>
        <div>
          <h1 class="hidden">Coach board</h1>
          {board && board.unclaimed.length > 0 && <Claim sensors={board.unclaimed} athletes={athletes.map((one) => [one.id, one.name])} />}
          <h2 class="sec">Needs attention <span>order settles every 4 s</span></h2>
          <div class={roomy ? "cards roomy" : "cards"}>
            {attention.map((one) => <Card key={one.id} one={one} onAck={ack} />)}
            {board && attention.length === 0 && <p class="calm">{query || only ? "Nobody here matches." : "Nobody right now."}</p>}
          </div>
          {order.rest.length > 0 && (
            <h2 class="sec">{order.attention.length ? "Everyone else" : "Everyone"} <span>{roomy ? "by level" : "by level · bpm · steps/min"}</span></h2>
          )}
          <div class={roomy ? "cards roomy" : "tiles"}>
            {rest.map((one) => (roomy ? <Card key={one.id} one={one} onAck={ack} /> : <Tile key={one.id} one={one} />))}
          </div>
          {board && athletes.length === 0 && <p class="calm">Nobody is running yet. A runner appears here with the first heartbeat.</p>}
        </div>
        <Rail alerts={alerts} sent={sent} onAck={ack} problem={problem} />
      </main>
    </>
  );
}

listenForDialogs();
const page = context();
if (page) mount(<App page={page} />);
