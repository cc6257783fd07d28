import { useEffect, useState } from "preact/hooks";
import { get, post } from "./lib/api";
import { Claim } from "./lib/claim";
import { DASH, clock, day, hour, kilometres, number } from "./lib/format";
import { live } from "./lib/live";
import { context, listenForDialogs, mount } from "./lib/page";
import { LiveDot, Shape, Top } from "./lib/parts";
import type { Athlete, Board, PageContext, RunRow } from "./lib/types";

const LATEST = 6;

function Runs({ limit }: { limit: number | null }) {
  const [runs, setRuns] = useState<RunRow[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    get<{ runs: RunRow[] }>("/api/runs").then((got) => setRuns(got.runs), (error: Error) => setProblem(error.message));
  }, []);
  if (problem) return <p class="problem" role="alert">{problem}</p>;
  if (!runs) return <p class="calm">Loading…</p>;
  if (!runs.length) return <p class="calm">No runs yet. Each run is kept here as soon as it begins.</p>;
  return (
    <ul class="runs">
      {runs.slice(0, limit ?? runs.length).map((run) => (
        <li key={`${run.athlete}/${run.session}`}>
          <a href={`/runs/${run.team}/${run.athlete}/${run.session}`}>
            <span class={`worst tone-${run.tone}`}><Shape tone={run.tone} /><span class="word">{run.word}</span></span>
            <span class="who"><b>{run.name}</b><small>{day(run.started_ms)}, {hour(run.started_ms)}</small></span>
            <span class="fig"><b>{clock(run.duration_s)}</b><small>time</small></span>
            <span class="fig"><b>{kilometres(run.distance_m)}</b><small>km</small></span>
            <span class="fig"><b>{number(run.mean_bpm)}</b><small>bpm</small></span>
            <span class="fig"><b>{number(run.mean_spm)}</b><small>spm</small></span>
            <span class="fig"><b>{run.alerts}</b><small>{run.alerts === 1 ? "alert" : "alerts"}</small></span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Rename({ one, onDone }: { one: Athlete; onDone(): void }) {
  const [name, setName] = useState(one.name);
  const [problem, setProblem] = useState<string | null>(null);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await post("/api/name", { athlete: one.id, name });
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "Not saved. Try again.");
    }
  };
  return (
    <form class="rename" onSubmit={(event) => void save(event)}>
      <label><span class="hidden">Name of {one.id}</span><input required maxLength={60} value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      <button class="btn pri">Save</button>
      {problem && <span class="problem" role="alert">{problem}</span>}
    </form>
  );
}

function Running({ one }: { one: Athlete }) {
  const [renaming, setRenaming] = useState(false);
  const stale = one.tone === "stale";
  return (
    <li class={`now tone-${one.tone}`} data-athlete={one.id}>
      {renaming ? <Rename one={one} onDone={() => setRenaming(false)} /> : (
        <>
          <a href={`/live/${one.id}`}>
            <Shape tone={one.tone} size={16} />
            <span class="who"><b>{one.name}</b><small class="word">{one.word}</small></span>
            <span class="fig"><b>{number(one.hr_bpm)}</b><small>bpm</small></span>
            <span class="fig"><b>{number(one.cadence_spm)}</b><small>spm</small></span>
            <span class="fig"><b>{stale ? DASH : clock(one.elapsed_s)}</b><small>time</small></span>
          </a>
          <button type="button" class="plainlink" onClick={() => setRenaming(true)} aria-label={`Rename ${one.name}`}>Rename</button>
        </>
      )}
    </li>
  );
}

function Home() {
  const [board, setBoard] = useState<Board | null>(null);
  const [up, setUp] = useState(false);
  useEffect(() => live<Board>(null, { frame: setBoard, alert: () => undefined, up: setUp }), []);
  const athletes = board?.athletes ?? [];
  return (
    <>
      <Top sub={board?.team ?? ""}><nav class="nav" aria-label="Pages"><a href="/board">Coach board</a><a href="/runs">All runs</a><a href="/system">System</a></nav><LiveDot up={up} /></Top>
      <main class="narrow">
        <h1 class="sec">Who is running</h1>
        {board && board.unclaimed.length > 0 && <Claim sensors={board.unclaimed} athletes={athletes.map((one) => [one.id, one.name])} />}
        <ul class="nows">{athletes.map((one) => <Running key={one.id} one={one} />)}</ul>
        {board && athletes.length === 0 && <p class="calm">Nobody is running yet. Switch a sensor on; it appears here by itself.</p>}
        <h2 class="sec">Latest runs <span><a href="/runs">all runs</a></span></h2>
        <Runs limit={LATEST} />
      </main>
    </>
  );
}

function AllRuns({ page }: { page: PageContext }) {
  return (
    <>
      <Top sub={page.team}><nav class="nav" aria-label="Pages"><a href="/">Who is running</a><a href="/board">Coach board</a></nav></Top>
      <main class="narrow"><h1 class="sec">Runs <span>newest first</span></h1><Runs limit={null} /></main>
    </>
  );
}

listenForDialogs();
const page = context();
if (page) mount(page.page === "runs" ? <AllRuns page={page} /> : <Home />);
