import { useState } from "preact/hooks";
import { post } from "./api";
import type { Unclaimed } from "./types";

const MEASURES: Record<string, string> = { heart_rate: "heart rate", cadence: "cadence" };
const SOMEBODY_NEW = "";

function ClaimRow({ sensor, athletes }: { sensor: Unclaimed; athletes: [string, string][] }) {
  const [athlete, setAthlete] = useState(athletes[0]?.[0] ?? SOMEBODY_NEW);
  const [name, setName] = useState("");
  const [said, setSaid] = useState<string | null>(null);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await post("/api/claim", athlete === SOMEBODY_NEW ? { device: sensor.device, name } : { device: sensor.device, athlete });
      setSaid("Sent. The sensor joins in a moment.");
    } catch (error) {
      setSaid(error instanceof Error ? error.message : "Not sent. Try again.");
    }
  };
  const measures = sensor.measures.map((one) => MEASURES[one] ?? one).join(" and ") || "unknown";
  return (
    <form class="claim-row" onSubmit={(event) => void submit(event)} data-device={sensor.device}>
      <div><b>{sensor.name}</b><small>{measures}{sensor.rssi_dbm !== null ? ` · ${sensor.rssi_dbm > -60 ? "close by" : "further off"}` : ""}</small></div>
      <label><span class="hidden">Whose is {sensor.name}?</span>
        <select value={athlete} onChange={(event) => setAthlete(event.currentTarget.value)}>
          {athletes.map(([id, called]) => <option key={id} value={id}>{called}</option>)}
          <option value={SOMEBODY_NEW}>Somebody new…</option>
        </select>
      </label>
      {athlete === SOMEBODY_NEW && (
        <label><span class="hidden">Name</span><input required maxLength={60} placeholder="Name" value={name} onInput={(event) => setName(event.currentTarget.value)} /></label>
      )}
      <button class="btn pri">That’s theirs</button>
      <span class="said" role="status">{said}</span>
    </form>
  );
}

/** Sensors in the air that belong to nobody: a person says whose they are. */
export function Claim({ sensors, athletes }: { sensors: Unclaimed[]; athletes: [string, string][] }) {
  return (
    <section class="claim" aria-labelledby="claim-title">
      <h2 class="sec" id="claim-title">Whose sensor is this? <span>{sensors.length} unclaimed</span></h2>
      {sensors.map((sensor) => <ClaimRow key={sensor.device} sensor={sensor} athletes={athletes} />)}
    </section>
  );
}
