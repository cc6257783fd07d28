import { useEffect, useState } from "preact/hooks";
import { post } from "./api";
import { day } from "./format";
import type { Usual, UsualRow } from "./types";

const EMPTY = "Nothing learned yet: that begins after the first run of five minutes. Until then what is usual for runners is used.";

/** How much of a value is the runner's own; the note beside it says the same in words. */
function Share({ share }: { share: number }) {
  return (
    <svg class="share" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
      <rect class="all" width="100" height="6" />
      <rect class="own" width={Math.max(2, share * 100)} height="6" />
    </svg>
  );
}

function Row({ row }: { row: UsualRow }) {
  return (
    <div>
      <dt>{row.name}</dt>
      <dd><b>{row.value}</b></dd>
      <dd class="from">{row.share !== null && <Share share={row.share} />}<small>{row.note}</small></dd>
    </div>
  );
}

/** Forgetting cannot be undone here, so it is asked twice. */
function StartAnew({ athlete, version }: { athlete: string; version: number }) {
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  useEffect(() => { setSaid(null); setAsking(false); }, [version]);
  const send = async (): Promise<void> => {
    setAsking(false);
    try {
      await post("/api/baseline/reset", { athlete });
      setSaid("Sent. It starts anew in a moment.");
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "Not sent. Try again.");
    }
  };
  return (
    <div class="anew">
      {asking ? (
        <>
          <p>Forget all of this? The next runs begin with what is usual for runners. A run under way keeps what it began with, and teaches nothing.</p>
          <button type="button" class="btn sure" onClick={() => void send()}>Forget it and start anew</button>
          <button type="button" class="btn" onClick={() => setAsking(false)}>Keep it</button>
        </>
      ) : <button type="button" class="btn" onClick={() => setAsking(true)}>Start anew…</button>}
      <p class="said" role="status">{said}</p>
    </div>
  );
}

/** What is usual for this runner across runs, closed until somebody wants to know. */
export function UsualForYou({ athlete, usual }: { athlete: string; usual: Usual | null }) {
  const runs = usual?.runs ?? 0;
  return (
    <details class="box usual">
      <summary><h2>What is usual for you</h2><small>{runs === 0 ? "nothing yet" : `from ${runs} ${runs === 1 ? "run" : "runs"}`}</small></summary>
      {usual === null || runs === 0 ? <p class="lead">{EMPTY}</p> : (
        <>
          <p class="lead">
            {usual.learned_at_ms !== null && `Learned last on ${day(usual.learned_at_ms)}. `}
            The bar is how much is yours; the more runs, the more of it.
          </p>
          <dl>{usual.rows.map((row) => <Row key={row.name} row={row} />)}</dl>
          <StartAnew athlete={athlete} version={usual.version} />
        </>
      )}
    </details>
  );
}
