import type { Alert, Push } from "./types";

/** No frame for this long: the socket may be half open, which a browser does not notice. Open a new one. */
const SILENCE_MS = 8000;
const LOOK_MS = 1000;

export interface LiveHandlers<Frame> {
  frame(frame: Frame): void;
  /** Each alert state once, also those that came while the line was down. */
  alert(alert: Alert): void;
  /** Each push of an alert once for each level; one that is too old to be heard is left out. */
  delivery?(push: Push): void;
  up(up: boolean): void;
}

/** Follow the live stream until the returned function is called. */
export function live<Frame>(athlete: string | null, on: LiveHandlers<Frame>): () => void {
  let source: EventSource | undefined;
  let heard = Date.now();
  let last = "";

  const note = (event: MessageEvent<string>): void => {
    heard = Date.now();
    if (event.lastEventId) last = event.lastEventId;
  };
  const open = (): void => {
    const query = new URLSearchParams();
    if (athlete !== null) query.set("athlete", athlete);
    // The browser says the last id by itself only when it reconnects the same source.
    if (last) query.set("after", last);
    source = new EventSource(`/api/live?${query}`);
    source.addEventListener("tick", (event: MessageEvent<string>) => {
      note(event);
      on.up(true);
      on.frame(JSON.parse(event.data) as Frame);
    });
    source.addEventListener("alert", (event: MessageEvent<string>) => {
      note(event);
      on.alert(JSON.parse(event.data) as Alert);
    });
    source.addEventListener("delivery", (event: MessageEvent<string>) => {
      note(event);
      on.delivery?.(JSON.parse(event.data) as Push);
    });
    source.onerror = () => {
      on.up(false);
    };
  };
  open();
  const watchdog = setInterval(() => {
    const dead = source?.readyState === EventSource.CLOSED;
    if (Date.now() - heard > SILENCE_MS || (dead && Date.now() - heard > 2 * LOOK_MS)) {
      heard = Date.now();
      on.up(false);
      source?.close();
      open();
    }
  }, LOOK_MS);
  return () => {
    clearInterval(watchdog);
    source?.close();
  };
}

/** Alerts by id, the newest state of each. What a frame no longer lists is over. */
export class AlertBook {
  readonly #known = new Map<string, Alert>();

  take(alert: Alert): void {
    const known = this.#known.get(alert.id);
    if (!known || alert.updated_at_ms >= known.updated_at_ms) this.#known.set(alert.id, alert);
  }

  frame(alerts: readonly Alert[]): void {
    const listed = new Set(alerts.map((alert) => alert.id));
    for (const alert of alerts) this.take(alert);
    for (const [id, alert] of this.#known) {
      if (alert.open && !listed.has(id)) this.#known.set(id, { ...alert, open: false, state: "cleared" });
    }
  }

  get newestFirst(): Alert[] {
    return [...this.#known.values()].sort((a, b) => b.raised_at_ms - a.raised_at_ms || a.id.localeCompare(b.id));
  }
}
