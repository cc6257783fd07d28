"""What each metric means, in one line: the help of /metrics, and the table in docs/operating.md.

A name without its kind of service in front holds for every kind that has it.
"""

from collections.abc import Mapping

MEANINGS: Mapping[str, str] = {
    "build_info": "release of crampwatch and of Python",
    "tasks": "asyncio tasks of the process; it must not grow while nobody comes",
    "ready": "1 while the service takes what it is there to take",
    "problems": "how many problems the service names in /readyz",
    # Every service
    "refused": "messages, frames or orders left out for good, by reason; the log names the first of each",
    "link_reconnects": "how often the link to the broker was lost and is there again",
    "link_taken_over": "how often another client with the same id took the link; give each service its own id",
    # Collector
    "collector_spool_rows": "rows on disk that no processor has said to be stored",
    "collector_spool_oldest_seconds": "age of the oldest of those rows",
    "collector_connected_sensors": "sensors connected now",
    "collector_frames": "frames taken from sensors",
    "collector_samples": "samples made of them",
    "collector_gaps": "pauses in a sensor's readings",
    "collector_reconnects": "times a lost sensor was there again",
    "collector_sent": "rows that the broker took",
    "collector_resends": "times rows were sent again because nobody had stored them",
    "collector_frames_dropped": "frames left out because the process could not keep up, by reason",
    "collector_other_spools": "times another spool was heard under this collector's id",
    "collector_clock_behind": "times the host's clock was found behind what is already kept",
    # Processor
    "processor_lag_seconds": "age of the newest stored sample of an athlete who was heard in the last half hour",
    "processor_slowest_lag_seconds": "the largest of those ages",
    "processor_sessions": "runs whose machine is in memory",
    "processor_sessions_behind": "runs with backlog that their machine has not judged yet",
    "processor_queue_messages": "messages taken from the broker and not yet stored",
    "processor_watermark_rows": "the row up to which a collector's spool is stored",
    "processor_messages": "telemetry messages taken",
    "processor_samples": "samples taken",
    "processor_findings": "findings, by kind",
    "processor_ignored": "samples that a machine could not use, by reason; they are stored",
    "processor_caught_up": "stored samples that machines were given after a restart",
    "processor_mended": "runs whose machine was made anew to judge backlog",
    "processor_failed": "machines that failed, by error; their runs are stored on and not judged",
    "processor_held": "times work waited for a store or broker that was away, by what it did",
    "processor_assessments_dropped": "assessments not told because the link was down; the next one replaces them",
    "processor_unpublished": "findings or watermarks that the broker will never take, by reason",
    "processor_snapshots_unread": "states of machines that could not be read; the run is replayed from the store",
    "stored_seconds": "from the arrival of a message to its commit in the store",
    # Store, told by who stores
    "outbox_points": "points that wait for InfluxDB",
    "outbox_blocks": "blocks that wait for InfluxDB",
    "outbox_bytes": "bytes on disk that wait for InfluxDB",
    "outbox_oldest_seconds": "age of the oldest point that waits for InfluxDB",
    "dead_letters": "points that InfluxDB refused for good; see crampwatch outbox",
    # Alerter
    "alerter_alerts_open": "alerts that still concern somebody",
    "alerter_pushes_owed": "pushes decided and not yet out, by channel",
    "alerter_alert_states_waiting": "states of alerts not yet published or recorded",
    "alerter_journal_facts": "facts in the journal; what is settled is forgotten after some days",
    "alerter_taken": "messages taken, by kind",
    "alerter_decided": "decisions, by reason; quiet ones too",
    "alerter_pushed": "pushes that went out, by channel",
    "alerter_push_failed": "tries of a push that failed and are repeated, by channel",
    "alerter_push_refused": "pushes that a channel will never take, by channel",
    "alerter_push_given_up": "pushes that were not out at their deadline, by channel",
    "alerter_published": "states of alerts published",
    "alerter_recorded": "states of alerts recorded in the store",
    "alerter_outlet_failed": "tries to publish or record that failed and are repeated, by which",
    "alerter_outlet_refused": "states that will never be taken, by which",
    "alerter_corrected": "stale alerts of the broker that were cleared",
    "alerter_missed_unread": "times the store could not be read for findings that came while the link was down",
    "alerter_journal_forgotten": "settled facts that the journal has forgotten",
    "alert_latency_seconds": "from the sample that proved it to the push of an alert, by the run's clock",
    "push_seconds": "how long a channel took for a push",
    # Pages
    "dashboard_streams": "pages that are open and live",
    "dashboard_athletes": "athletes on the board",
    "dashboard_store_away": "messages for which the store could not be asked",
}
