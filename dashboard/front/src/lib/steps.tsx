import { useEffect, useRef, useState } from "preact/hooks";
import { StretchDrawing } from "./drawing";
import { clock } from "./format";
import type { Step } from "./types";

const TURN_MS = 200;

/** Seconds left of a countdown, null before it was started. Measured, not counted, so that a held page stays right. */
function useCountdown(seconds: number): [number | null, () => void] {
  const [left, setLeft] = useState<number | null>(null);
  const timer = useRef<ReturnType<typeof setInterval>>();
  useEffect(() => () => clearInterval(timer.current), []);
  const start = (): void => {
    const until = performance.now() + seconds * 1000;
    clearInterval(timer.current);
    setLeft(seconds);
    timer.current = setInterval(() => {
      const rest = Math.max(0, (until - performance.now()) / 1000);
      setLeft(Math.ceil(rest));
      if (rest === 0) clearInterval(timer.current);
    }, TURN_MS);
  };
  return [left, start];
}

function Timer({ seconds, what }: { seconds: number; what: string }) {
  const [left, start] = useCountdown(seconds);
  if (left === null) {
    return <button type="button" class="timer" onClick={start} aria-label={`Start ${clock(seconds)}: ${what}`}>Start {clock(seconds)}</button>;
  }
  return (
    <span class={left === 0 ? "timer done" : "timer running"} role="timer">
      <span aria-hidden={left !== 0}>{left === 0 ? "Done" : clock(left)}</span>
      <progress max={seconds} value={seconds - left} aria-label={`time held: ${what}`} />
    </span>
  );
}

/** Longer sentences get the whole width; their timer stands below. */
const LONG_STEP = 44;
const RELIEF = "relief.stop";
const DRAWN = "relief.stretch";
/** Not a step among others: it holds beside every one of them. */
const FLAGS = "medical.red_flags";

function Row({ step, number }: { step: Step; number: number }) {
  return (
    <li data-step={step.id} class={step.text.length > LONG_STEP || step.id === DRAWN ? "long" : ""}>
      <b aria-hidden="true">{step.id === FLAGS ? "!" : number}</b>
      <div>
        <span class="text">{step.text}</span>
        {step.note && <small>{step.note}</small>}
        {step.id === DRAWN && <StretchDrawing />}
      </div>
      {step.timer_s ? <Timer seconds={step.timer_s} what={step.text} /> : null}
    </li>
  );
}

/** What to do now, numbered, with a running countdown where a step is held for a time. What is only for a cramp
 * stands under a heading of its own when something milder comes first. */
export function Steps({ steps, heading }: { steps: Step[]; heading: string }) {
  const from = steps.findIndex((step) => step.id === RELIEF);
  const now = from > 0 ? steps.slice(0, from) : steps;
  const then = from > 0 ? steps.slice(from) : [];
  return (
    <>
      {heading && <h2 class="then">{heading}</h2>}
      <ol class="steps">{now.map((step, index) => <Row key={step.id} step={step} number={index + 1} />)}</ol>
      {then.length > 0 && (
        <>
          <h2 class="then">If a muscle grabs</h2>
          <ol class="steps">{then.map((step, index) => <Row key={step.id} step={step} number={index + 1} />)}</ol>
        </>
      )}
    </>
  );
}
