/** What the server sends; the contract stands in dashboard/context.py. null means "not known", never zero. */
export type Tone = "ok" | "watch" | "high" | "new" | "stale";

export interface Step { id: string; text: string; timer_s: number | null; note: string | null }
export interface Sensor { device: string; name: string; state: string; measures: string[]; battery_percent: number | null }
export interface Unclaimed { device: string; name: string; collector: string; measures: string[]; rssi_dbm: number | null }
export interface Service {
  id: string; kind: string; tone: Tone; word: string; missed: boolean; since_s: number | null; quiet_s: number;
  version: string | null; waits: string[]; problem: string | null;
}

export interface Alert {
  id: string; athlete: string; name: string; kind: "pattern" | "cramp" | "fault"; level: string; tone: Tone; word: string;
  state: "raised" | "delivered" | "acknowledged" | "cleared" | "expired"; open: boolean; title: string;
  because: string[]; steps: Step[]; question: string | null; raised_at_ms: number; updated_at_ms: number; age_s: number;
}

/** An alert was pushed to a person: the moment to sound. One per alert and level. */
export interface Push { alert: string; athlete: string; level: string; at_ms: number }

/** A circumstance that keeps signs quiet: its short name, and what it means. */
export interface Quiet { name: string; words: string }

export interface Athlete {
  id: string; name: string; session: string | null; level: string; tone: Tone; word: string; gauge: number | null;
  hr_bpm: number | null; cadence_spm: number | null; motion: string; elapsed_s: number | null; age_s: number | null;
  because: string[]; quiet: Quiet[]; sees: string | null; alert: string | null; spark: (number | null)[];
}

export interface Board {
  at_ms: number; team: string; athletes: Athlete[]; alerts: Alert[]; unclaimed: Unclaimed[]; services: Service[];
}
/** One thing that is usual for a runner; share is how much of it is the runner's own. */
export interface UsualRow { name: string; value: string; note: string; share: number | null }
export interface Usual { version: number; runs: number; learned_at_ms: number | null; rows: UsualRow[] }

export interface RunnerFrame {
  at_ms: number; team: string; athlete: Athlete; sensors: Sensor[]; alerts: Alert[]; misses: string[]; usual: Usual | null;
}

export interface RunRow {
  team: string; athlete: string; name: string; session: string; started_ms: number; duration_s: number;
  mean_bpm: number | null; mean_spm: number | null; distance_m: number | null; worst: string; tone: Tone; word: string;
  findings: number; alerts: number;
}
export interface Mark {
  id: string; at_s: number; what: "finding" | "alert"; kind: string; word: string; tone: Tone; because: string[];
  note: string | null; late: boolean;
}
export interface Span { from_s: number; to_s: number; level: string; tone: Tone }
export type Column = (number | null)[];
export interface Review {
  run: RunRow; at_s: number[]; columns: { bpm: Column; spm: Column; fatigue: Column; pattern: Column };
  spans: Span[]; marks: Mark[];
}

export interface PageContext {
  page: string; team: string; athlete: string | null; name: string | null; session: string | null;
  first_relief: Step[]; walk_back: Step; athletes: [string, string][];
}
