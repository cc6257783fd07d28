import { useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { post } from "./lib/api";
import type { Word } from "./lib/checkin";
import { CheckIn } from "./lib/checkin";
import { clock, number, sentences } from "./lib/format";
import { AlertBook, live } from "./lib/live";
import { context, listenForDialogs, mount } from "./lib/page";
import { Brand, LevelBar, LiveDot, Shape, Spark } from "./lib/parts";
import type { Answer, Flow } from "./lib/relief";
import { ReliefCard, asking, hasEased, reliefSteps, walkSteps } from "./lib/relief";
import { sound } from "./lib/sound";
import { UsualForYou } from "./lib/usual";
import type { Alert, Athlete, PageContext, RunnerFrame, Sensor } from "./lib/types";

const PATTERN: Record<string, string> = {
  ok: "Fatigue pattern low", watch: "Fatigue pattern raised", warning: "Fatigue pattern high",
  imminent: "Strong fatigue pattern", now: "Check now",
};
/** Of a shorter run nobody is asked how it was. */
const ASKS_S = 600;
const SENSOR: Record<string, string> = {
  connected: "on", searching: "searching", lost: "lost", unclaimed: "unclaimed",
};

function Sensors({ sensors, misses, up }: { sensors: Sensor[]; misses: string[]; up: boolean }) {
  return (
    <ul class="pills" aria-label="Sensors and services">
      <li><LiveDot up={up} /></li>
      {sensors.map((sensor) => (
        <li key={sensor.device} class={sensor.state === "connected" ? "pill" : "pill bad"}>
          <i aria-hidden="true" />
          {sensor.name}
          {sensor.state !== "connected" ? ` · ${SENSOR[sensor.state] ?? sensor.state}`
            : sensor.battery_percent !== null ? ` · ${sensor.battery_percent} %` : ""}
        </li>
      ))}
      {sensors.length === 0 && <li class="pill bad"><i aria-hidden="true" />No sensor yet</li>}
      {misses.map((line) => <li key={line} class="pill bad"><i aria-hidden="true" />{line}</li>)}
    </ul>
  );
}

/** What to do at a level that does not take the screen, or no longer does; from a frame, so that it agrees with the level. */
const advice = (alerts: Alert[]): Alert | undefined => alerts.find((alert) => alert.open && alert.kind === "pattern");

function Level({ athlete, alert }: { athlete: Athlete; alert: Alert | undefined }) {
  const stale = athlete.tone === "stale";
  const word = stale ? athlete.word : (PATTERN[athlete.level] ?? athlete.word);
  return (
    <section class={`box level tone-${athlete.tone}`} aria-label="Fatigue pattern">
      <h2 aria-live="polite"><Shape tone={athlete.tone} size={18} /><span class="word">{word}</span></h2>
      <LevelBar gauge={athlete.gauge} word={word} />
      <p class="why">
        {stale && athlete.age_s !== null ? `Last value ${clock(athlete.age_s)} ago. Check the strap and the foot pod.`
          : sentences(athlete.because) || (athlete.tone === "new" ? "Getting to know this run." : "Nothing unusual against the start of this run.")}
      </p>
      {(athlete.quiet.length > 0 || athlete.sees !== null) && (
        <ul class="quiet" aria-label="Why it is quiet">
          {athlete.quiet.map((one) => <li key={one.name}>{one.words}</li>)}
          {athlete.sees !== null && <li>{athlete.sees}</li>}
        </ul>
      )}
      {!stale && alert?.steps[0] && <p class="advice" data-alert={alert.id}><b>{sentences([alert.title])}</b> {alert.steps[0].text}</p>}
    </section>
  );
}

function Faults({ alerts, onAnswer }: { alerts: Alert[]; onAnswer(alert: Alert, answer: Answer): void }) {
  const faults = alerts.filter((alert) => alert.kind === "fault" && (alert.state === "raised" || alert.state === "delivered"));
  return (
    <>
      {faults.map((alert) => (
        <section class="fault" role="status" key={alert.id} data-alert={alert.id}>
          <Shape tone="stale" size={16} />
          <div><b>{alert.title}</b>{alert.steps.map((step) => <p key={step.id}>{step.text}</p>)}</div>
          <button type="button" class="btn" onClick={() => onAnswer(alert, "ok")}>Seen</button>
        </section>
      ))}
    </>
  );
}

/** Everything the page knows, and what the person does with it. */
function useRunner(page: PageContext) {
  const [frame, setFrame] = useState<RunnerFrame | null>(null);
  const [up, setUp] = useState(false);
  const [flow, setFlow] = useState<Flow>("none");
  const [problem, setProblem] = useState<string | null>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);
  const book = useMemo(() => new AlertBook(), []);
  const answered = useRef(new Set<string>());
  useEffect(() => live<RunnerFrame>(page.athlete, {
    frame(next) { book.frame(next.alerts); setFrame(next); },
    alert(alert) {
      book.take(alert);
      redraw(0);
    },
    delivery() { sound.alarm(); },
    up: setUp,
  }), [book, page.athlete]);
  const say = async (path: string, body: unknown): Promise<boolean> => {
    try {
      await post(path, body);
      setProblem(null);
      return true;
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "Not sent. Try again.");
      return false;
    }
  };
  const answer = async (alert: Alert, word: Answer): Promise<void> => {
    // Help comes first: the relief steps do not wait for the network.
    if (word === "cramp") setFlow("relief");
    if (await say("/api/ack", { alert: alert.id, by: "runner", answer: word })) answered.current.add(alert.id);
    redraw(0);
  };
  const cramping = (): void => {
    setFlow("relief");
    void say("/api/checkin", { athlete: page.athlete, what: "cramp" });
  };
  const eased = (): void => {
    setFlow("walk");
    void say("/api/checkin", { athlete: page.athlete, what: "eased" });
  };
  const tell = (what: Word): Promise<boolean> => say("/api/checkin", { athlete: page.athlete, what });
  const done = (): void => { setFlow("none"); setProblem(null); };
  return { frame, up, flow, setFlow, problem, alerts: book.newestFirst, answered: answered.current, answer, cramping, eased, tell, done };
}

function Card({ page, runner }: { page: PageContext; runner: ReturnType<typeof useRunner> }) {
  const { flow, alerts, problem } = runner;
  if (flow === "relief" && !hasEased(alerts)) {
    return (
      <ReliefCard key="relief" tone="high" eyebrow="Cramp" title="Stop and stretch" steps={reliefSteps(alerts, page)} problem={problem}>
        <button type="button" class="act" onClick={runner.eased}>It has eased</button>
        <button type="button" class="act alt" onClick={runner.done}>Close</button>
      </ReliefCard>
    );
  }
  if (flow !== "none") {
    return (
      <ReliefCard key="walk" tone="watch" eyebrow="It has eased" title="Walk before you run" steps={walkSteps(alerts, page)} problem={problem}>
        <button type="button" class="act" onClick={runner.done}>Done</button>
        <button type="button" class="act alt" onClick={runner.cramping}>It is back</button>
      </ReliefCard>
    );
  }
  const alert = asking(alerts, runner.answered);
  if (!alert) return null;
  const say = (word: Answer) => () => void runner.answer(alert, word);
  const question = alert.kind === "cramp" && alert.question !== null;
  return (
    <ReliefCard key={alert.id} tone={alert.tone} eyebrow={alert.kind === "cramp" ? alert.word : `Fatigue pattern · ${alert.word}`}
      title={question ? (alert.question ?? alert.title) : alert.title} because={alert.because}
      steps={alert.steps} stepsAre={question ? "If it is, do this" : ""} problem={problem}>
      {question ? (
        <>
          <button type="button" class="act" onClick={say("cramp")}>Yes</button>
          <button type="button" class="act alt" onClick={say("ok")}>No</button>
          <button type="button" class="act alt" onClick={say("pause")}>Just a pause</button>
        </>
      ) : (
        <>
          <button type="button" class="act" onClick={say("ok")}>I’m OK</button>
          <button type="button" class="act alt" onClick={say("cramp")}>I’m cramping</button>
        </>
      )}
    </ReliefCard>
  );
}

function SoundChip() {
  const [on, setOn] = useState(false);
  return (
    <button type="button" class="chip" aria-pressed={on} onClick={() => setOn(sound.toggle())}>{on ? "Sound on" : "Sound off"}</button>
  );
}

function App({ page }: { page: PageContext }) {
  const runner = useRunner(page);
  const { frame, up, alerts } = runner;
  const athlete = frame?.athlete;
  const cramp = alerts.some((alert) => alert.open && alert.kind === "cramp" && alert.state === "acknowledged");
  return (
    <>
      <main class={athlete?.tone === "stale" || !up ? "rn stale" : "rn"}>
        <header class="rn-top"><Brand /><h1>{athlete?.name ?? page.name}</h1><span class="gap" /><SoundChip /></header>
        <Sensors sensors={frame?.sensors ?? []} misses={frame?.misses ?? []} up={up} />
        <Faults alerts={alerts} onAnswer={(alert, word) => void runner.answer(alert, word)} />
        <div class="hero">
          <span class="v" data-value="hr">{number(athlete?.hr_bpm ?? null)}</span>
          <small>bpm</small>
          <Spark values={athlete?.spark ?? []} tone={athlete?.tone ?? "stale"} />
        </div>
        <div class="two">
          <div class="box"><small>Cadence</small><div class="v" data-value="cadence">{number(athlete?.cadence_spm ?? null)}<i>spm</i></div></div>
          <div class="box"><small>Time</small><div class={(athlete?.elapsed_s ?? 0) < 3600 ? "v" : "v long"} data-value="time">{clock(athlete?.elapsed_s ?? null)}</div></div>
        </div>
        {athlete ? <Level athlete={athlete} alert={advice(frame?.alerts ?? [])} /> : <section class="box level" aria-label="Fatigue pattern"><h2>Waiting for the first value</h2></section>}
        <button type="button" class="btn full big" onClick={runner.cramping}>I’m cramping</button>
        {cramp && <button type="button" class="btn full" onClick={() => runner.setFlow("relief")}>{hasEased(alerts) ? "Back to running, step by step" : "Relief steps"}</button>}
        {athlete && (
          <CheckIn key={athlete.session} asks={(athlete.elapsed_s ?? 0) >= ASKS_S} onSay={runner.tell} onCramp={runner.cramping} />
        )}
        {frame && <UsualForYou athlete={frame.athlete.id} usual={frame.usual} />}
      </main>
      <Card page={page} runner={runner} />
    </>
  );
}

listenForDialogs();
const page = context();
if (page) mount(<App page={page} />);
