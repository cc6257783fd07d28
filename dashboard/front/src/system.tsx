import { useEffect, useState } from "preact/hooks";
import { DASH, ago, sentences } from "./lib/format";
import { live } from "./lib/live";
import { context, listenForDialogs, mount } from "./lib/page";
import { LiveDot, Shape, Top } from "./lib/parts";
import type { Athlete, Board, PageContext, Service, Tone } from "./lib/types";

const KIND: Record<string, string> = {
  collector: "reads the sensors", processor: "judges and stores", alerter: "brings help", dashboard: "shows these pages",
};
/** A reading older than this is told as old. */
const FRESH_S = 15;
const SHOWN = 60;

/** Since when it stands so. Of who went silent nobody knows; a last will from before this page looked has no date. */
function standsFor(one: Service): string {
  if (one.tone === "stale") return "may be down";
  if (one.since_s === null) return "since when is not known";
  return one.tone === "watch" ? `up for ${ago(one.since_s)}` : `for ${ago(one.since_s)}`;
}

function Row({ one }: { one: Service }) {
  return (
    <li class={`svc tone-${one.tone}`} data-service={one.id}>
      <Shape tone={one.tone} size={16} />
      <div class="who"><b>{one.id}</b><small>{KIND[one.kind] ?? one.kind}{one.version ? ` · ${one.version}` : ""}</small></div>
      <div class="state"><b class="word">{one.word}</b><small>{standsFor(one)}</small></div>
      <div class="heard"><b>{ago(one.quiet_s)} ago</b><small>last word</small></div>
      {(one.waits.length > 0 || one.problem !== null) && (
        <div class="notes">
          {one.problem !== null && <p class="reason">{sentences([one.problem])}</p>}
          {one.waits.map((text) => <p key={text}>{sentences([text])}</p>)}
        </div>
      )}
    </li>
  );
}

const age = (one: Athlete): number => one.age_s ?? Number.POSITIVE_INFINITY;
const tone = (one: Athlete): Tone => (one.age_s !== null && one.age_s <= FRESH_S ? "ok" : "stale");

function Newest({ athletes }: { athletes: Athlete[] }) {
  const oldest = [...athletes].sort((a, b) => age(b) - age(a) || a.name.localeCompare(b.name));
  return (
    <ul class="newest" aria-label="Newest reading of each runner">
      {oldest.slice(0, SHOWN).map((one) => (
        <li key={one.id} class={`tone-${tone(one)}`} data-reading={one.id}>
          <Shape tone={tone(one)} /><a href={`/live/${one.id}`}>{one.name}</a>
          <span class="num">{one.age_s === null ? DASH : `${ago(one.age_s)} ago`}</span>
        </li>
      ))}
    </ul>
  );
}

function verdict(services: Service[]): string {
  const ill = services.filter((one) => one.tone !== "ok" && (one.missed || one.tone === "watch"));
  if (services.length === 0) return "No service has spoken yet.";
  return ill.length === 0 ? "All is well." : `${ill.length} of ${services.length} ${services.length === 1 ? "service needs" : "services need"} a look.`;
}

function App({ page }: { page: PageContext }) {
  const [board, setBoard] = useState<Board | null>(null);
  const [up, setUp] = useState(false);
  useEffect(() => live<Board>(null, { frame: setBoard, alert: () => undefined, up: setUp }), []);
  const athletes = board?.athletes ?? [];
  return (
    <>
      <Top sub={board?.team ?? page.team}>
        <nav class="nav" aria-label="Pages"><a href="/">Who is running</a><a href="/board">Coach board</a></nav>
        <LiveDot up={up} />
      </Top>
      <main class={up ? "narrow" : "narrow dim"}>
        <h1 class="sec">System</h1>
        {board && <p class="verdict" role="status">{verdict(board.services)}</p>}
        <ul class="svcs">{(board?.services ?? []).map((one) => <Row key={one.id} one={one} />)}</ul>
        <h2 class="sec">Newest reading <span>the oldest first</span></h2>
        <Newest athletes={athletes} />
        {athletes.length > SHOWN && <p class="more">and {athletes.length - SHOWN} newer ones</p>}
        {board && athletes.length === 0 && <p class="calm">Nobody is running yet.</p>}
      </main>
    </>
  );
}

listenForDialogs();
const page = context();
if (page) mount(<App page={page} />);
