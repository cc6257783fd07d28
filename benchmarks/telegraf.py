"""Telegraf as the peer: found or built by ``scripts/telegraf``, configured to lose as little as it can."""

import subprocess
from pathlib import Path

from crampwatch.settings import Influxdb
from crampwatch.topics import Kind, every

_SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "telegraf"

#: What is not named is as it comes: batches of 1,000, a buffer of 10,000 metrics, 1,000 undelivered messages. A flush
#: a second instead of one in ten, so that it is not late by choice. Beats are left out: it would make a row of each.
_CONFIG = """
[agent]
  interval = "1s"
  flush_interval = "1s"
  omit_hostname = true
  logfile = "{log}"

[[inputs.mqtt_consumer]]
  servers = ["tcp://127.0.0.1:{port}"]
  topics = [{topics}]
  qos = 1
  persistent_session = true
  client_id = "bench-telegraf"
  topic_tag = ""
  data_format = "json_v2"
  [[inputs.mqtt_consumer.topic_parsing]]
    topic = "+/+/+/+/+"
    tags = "_/_/group/runner/_"
  [[inputs.mqtt_consumer.json_v2]]
    measurement_name = "telemetry"
    [[inputs.mqtt_consumer.json_v2.object]]
      path = "samples"
      timestamp_key = "at_ms"
      timestamp_format = "unix_ms"
      tags = ["kind", "device"]
      excluded_keys = ["rr_ms"]
      disable_prepend_keys = true

[[outputs.influxdb_v2]]
  urls = ["{url}"]
  token = "{token}"
  organization = "{org}"
  bucket = "{bucket}"
"""


def find_telegraf() -> str:
    """The path of a Telegraf.

    Raises:
        RuntimeError: there is none and none can be built; the script said why.
    """
    found = subprocess.run([str(_SCRIPT)], stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        raise RuntimeError("the peer needs a Telegraf")
    return found.stdout.strip()


def configure(folder: Path, port: int, team: str, influxdb: Influxdb) -> Path:
    """Write its configuration; its path."""
    assert influxdb.token is not None
    topics = ", ".join(f'"{one}"' for one in every(Kind.TELEMETRY, team)[:1])
    file = folder / "telegraf.conf"
    place = {"url": influxdb.url, "org": influxdb.org, "bucket": influxdb.bucket, "log": folder / "telegraf.log"}
    file.write_text(_CONFIG.format(port=port, topics=topics, token=influxdb.token.get_secret_value(), **place))
    return file
