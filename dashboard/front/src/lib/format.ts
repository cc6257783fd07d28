/** Numbers and times for people; what is not known is a dash. */
export const DASH = "–";

export const number = (value: number | null): string => (value === null ? DASH : String(value));

/** 75 -> "1:15", 3675 -> "1:01:15". */
export function clock(seconds: number | null): string {
  if (seconds === null) return DASH;
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const tail = String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** How long ago, in one unit. */
export function ago(seconds: number): string {
  if (seconds < 60) return `${Math.max(0, Math.round(seconds))} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

export const kilometres = (metres: number | null): string => (metres === null ? DASH : (metres / 1000).toFixed(2));

const DAY = new Intl.DateTimeFormat("en-GB", { weekday: "short", day: "numeric", month: "short", year: "numeric" });
const HOUR = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
export const day = (ms: number): string => DAY.format(ms);
export const hour = (ms: number): string => HOUR.format(ms);

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

/** Reasons as running text, whether or not they came as sentences. */
export const sentences = (reasons: readonly string[]): string => reasons.map(sentence).join(" ");

/** How far an alert has got, for who looks on. */
export const STATE: Record<string, string> = {
  raised: "shown", delivered: "told", acknowledged: "acknowledged", cleared: "over", expired: "ran out unanswered",
};

/** The same words, whatever stop they end with. */
export const sameWords = (one: string, other: string): boolean => sentences([one]) === sentences([other]);
