import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { sentences } from "./format";
import { Shape } from "./parts";
import { Steps } from "./steps";
import type { Alert, PageContext, Step, Tone } from "./types";

/** Where a runner stands in the flow from an alert to walking again. */
export type Flow = "none" | "relief" | "walk";
export type Answer = "ok" | "cramp" | "pause";

const LONG_TITLE = 32;

/** These belong after the cramp, not into it. */
const AFTER = new Set(["relief.walk_back"]);

/** Only who stopped can answer this. A runner's answer ends it or leads to the next question; a coach has just seen it. */
const OF_THE_RUNNER = "Is it a cramp?";
const seenByAnother = (alert: Alert): boolean =>
  alert.state === "acknowledged" && alert.kind === "cramp" && (alert.question ?? "").endsWith(OF_THE_RUNNER);

/**
 * The alert that takes the screen until it is answered: the highest level first, then the newest. Only one that was
 * delivered: what the policy kept quiet (a watch, a pattern that eases, too soon after the last) is shown in its place
 * on the page. A fault is no matter of the legs.
 */
export function asking(alerts: Alert[], answered: ReadonlySet<string>): Alert | null {
  const ranks = ["ok", "watch", "warning", "imminent", "now"];
  const waiting = alerts.filter(
    (alert) => (alert.state === "delivered" || seenByAnother(alert))
      && alert.kind !== "fault" && alert.level !== "watch" && !answered.has(alert.id),
  );
  waiting.sort((a, b) => ranks.indexOf(b.level) - ranks.indexOf(a.level) || b.raised_at_ms - a.raised_at_ms);
  return waiting[0] ?? null;
}

/** The alerter's own relief steps once they are here; until then what the page brought along. */
export function reliefSteps(alerts: Alert[], page: PageContext): Step[] {
  const open = alerts.filter((alert) => alert.open && alert.steps.some((step) => step.id === "relief.stop"));
  const best = open.find((alert) => alert.kind === "cramp") ?? open[0];
  const steps = best ? best.steps.slice(best.steps.findIndex((step) => step.id === "relief.stop")) : page.first_relief;
  return steps.filter((step) => !AFTER.has(step.id));
}

/** Whether the alerter knows already that it has eased: then its steps begin with the walk back. */
export const hasEased = (alerts: Alert[]): boolean =>
  alerts.some((alert) => alert.open && alert.kind === "cramp" && alert.steps[0]?.id === "relief.walk_back");

/** What comes once it has eased. */
export function walkSteps(alerts: Alert[], page: PageContext): Step[] {
  const eased = alerts.find((alert) => alert.open && alert.steps[0]?.id === "relief.walk_back");
  return eased ? eased.steps : [page.walk_back];
}

interface CardProps {
  tone: Tone; eyebrow: string; title: string; because?: string[]; problem: string | null;
  steps: Step[]; stepsAre?: string; children: ComponentChildren;
}

/** The full-screen card. A modal dialog: the page behind it can be neither seen nor reached until it is answered. */
export function ReliefCard({ tone, eyebrow, title, because = [], problem, steps, stepsAre = "", children }: CardProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (dialog.current && !dialog.current.open) dialog.current.showModal();
    // The title is read first, and no button is armed by a stray key.
    dialog.current?.querySelector<HTMLElement>("h1")?.focus();
  }, [title]);
  return (
    <dialog ref={dialog} class={`relief tone-${tone}`} role="alertdialog" aria-labelledby="relief-title"
      aria-describedby="relief-because" onCancel={(event) => event.preventDefault()}>
      <div class="relief-body">
        <p class="eyebrow"><Shape tone={tone} size={16} /> {eyebrow}</p>
        <h1 id="relief-title" class={title.length > LONG_TITLE ? "q" : ""} tabIndex={-1}>{title}</h1>
        <p class="because" id="relief-because">{sentences(because)}</p>
        <Steps steps={steps} heading={stepsAre} />
      </div>
      <div class="actions">
        {problem && <p class="problem" role="alert">{problem}</p>}
        {children}
        <button type="button" class="plainlink" data-opens="red-flags">When to get help</button>
      </div>
    </dialog>
  );
}
