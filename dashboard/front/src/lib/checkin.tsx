import { useState } from "preact/hooks";

/** What a runner can say of a run unasked; the server takes these words. */
export type Word = "uneventful" | "cool" | "mild" | "hot";

const WEATHER: [Word, string, string][] = [
  ["cool", "Cool", "below 12 °C"], ["mild", "Mild", "12 to 22 °C"], ["hot", "Hot", "above 22 °C"],
];

interface CheckInProps {
  /** Whether the run is far enough for "How was it?". */
  asks: boolean;
  /** Sends a word; whether it went out. */
  onSay(word: Word): Promise<boolean>;
  onCramp(): void;
}

/** How warm it is, and at the end how it was. What was said before the page was opened it does not know. */
export function CheckIn({ asks, onSay, onCramp }: CheckInProps) {
  const [said, setSaid] = useState<Partial<Record<"weather" | "end", Word>>>({});
  const [status, setStatus] = useState("");
  const say = (about: "weather" | "end", word: Word) => async (): Promise<void> => {
    const sent = await onSay(word);
    if (sent) setSaid((before) => ({ ...before, [about]: word }));
    setStatus(sent ? "Noted. Thank you." : "Not sent. Try again.");
  };
  return (
    <section class="checkin" aria-label="About this run">
      <div role="group" aria-label="Weather">
        <small aria-hidden="true">Weather</small>
        {WEATHER.map(([word, name, means]) => (
          <button type="button" class="chip" key={word} title={means} aria-pressed={said.weather === word} onClick={say("weather", word)}>{name}</button>
        ))}
      </div>
      {asks && (
        <div role="group" aria-label="How was it?">
          <small aria-hidden="true">How was it?</small>
          <button type="button" class="chip" aria-pressed={said.end === "uneventful"} onClick={say("end", "uneventful")}>Nothing happened</button>
          <button type="button" class="chip" onClick={onCramp}>Cramp</button>
        </div>
      )}
      <p role="status">{status}</p>
    </section>
  );
}
