import { useState } from "preact/hooks";
import { post } from "./api";
import { day } from "./format";
import type { Usual, UsualRow } from "./types";

const EMPTY = "Nothing learned yet: that begins after the first run of five minutes. Until then what is usual for runners is used.";

const DONE = "Done: all of it is forgotten.";

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
function StartAnew({ athlete, onSay }: { athlete: string; onSay: (said: string) => void }) {
  const [asking, setAsking] = useState(false);
  const send = async (): Promise<void> => {
    setAsking(false);
    try {
      await post("/api/baseline/reset", { athlete });
      onSay("Sent. If nothing changes within a minute, try again.");
    } catch (error) {
      onSay(error instanceof Error ? error.message : "Not sent. Try again.");
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
    </div>
  );
}

/** What is usual for this runner across runs, closed until somebody wants to know. */
export function UsualForYou({ athlete, usual }: { athlete: string; usual: Usual | null }) {
  const runs = usual?.runs ?? 0;
  const version = usual?.version ?? 0;
  const [said, setSaid] = useState<{ words: string; version: number } | null>(null);
  // What was asked for shows as a newer version that holds nothing; one that a run has made is no answer.
  const words = said === null ? null : version === said.version ? said.words : runs === 0 ? DONE : null;
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
          <StartAnew key={version} athlete={athlete} onSay={(said) => setSaid({ words: said, version })} />
        </>
      )}
      {/* Outside of what comes and goes, with a key, so that it stays: a live region is heard only where it stood before its words. */}
      <p key="said" class="said" role="status">{words}</p>
    </details>
  );
}
