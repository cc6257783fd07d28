"""The log as people, files, the journal and machines read it."""

import json
import logging
import os
import re
import socket

import pytest

from crampwatch.cli.console import set_up_logging, tell_error
from crampwatch.errors import Misconfigured
from crampwatch.logs import JsonLines, PlainLines, goes_to_journal
from crampwatch.settings import Collector, Settings


@pytest.fixture
def as_json(tmp_path):
    return Settings(state_dir=tmp_path, log_format="json", collector=Collector(id="track-1"))


def fail():
    raise OSError("gone")


def test_json_is_one_object_a_line_with_time_level_service_and_words(as_json, capsys):
    set_up_logging("info", as_json)
    logging.getLogger("collector.forward").warning("sent \x1b[31m%d rows\n again", 3)
    logging.getLogger("crampwatch.bus").info("found")
    logging.getLogger("crampwatch.bus").debug("too much")
    first, second = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", first.pop("at"))
    assert first == {
        "level": "warning",
        "logger": "collector.forward",
        "service": "track-1",
        "message": "sent  [31m3 rows  again",
    }
    assert (second["service"], second["level"]) == ("crampwatch", "info")


def test_json_holds_an_exception_in_its_own_field_on_the_same_line(as_json, capsys):
    set_up_logging("info", as_json)
    try:
        fail()
    except OSError:
        logging.getLogger("processor.worker").exception("not stored")
    (line,) = capsys.readouterr().err.splitlines()
    told = json.loads(line)
    assert told["message"] == "not stored"
    assert "OSError: gone" in told["exception"]


def test_a_service_that_runs_alone_speaks_for_the_parts_that_it_uses(as_json, capsys):
    set_up_logging("info", as_json, "collector")
    logging.getLogger("crampwatch.bus.mqtt").warning("the link is lost")
    assert json.loads(capsys.readouterr().err)["service"] == "track-1"


def test_what_ends_a_command_is_json_too(as_json, capsys):
    set_up_logging("info", as_json)
    tell_error(Misconfigured("mqtt.url", "write mqtt://host"))
    told = json.loads(capsys.readouterr().err)
    assert (told["level"], told["message"]) == ("error", "mqtt.url: write mqtt://host")


def test_text_in_a_pipe_is_a_dated_line_that_is_never_wrapped(capsys):
    set_up_logging("info")
    logging.getLogger("crampwatch").info("a long story %s", "x" * 300)
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d INFO     crampwatch: a long story x", line)


def test_the_journal_is_told_the_priority_and_no_date_of_ours():
    record = logging.LogRecord("collector", logging.WARNING, __file__, 1, "disk %s", ("full",), None)
    assert PlainLines(journal=True).format(record) == "<4>collector: disk full"
    record.levelno = logging.DEBUG
    assert PlainLines(journal=True).format(record) == "<7>collector: disk full"


def test_the_journal_is_known_by_the_socket_that_systemd_left(monkeypatch, tmp_path):
    mine, other = socket.socketpair()
    with mine, other, open(mine.fileno(), "w", closefd=False) as stream, (tmp_path / "file").open("w") as file:
        found = os.fstat(mine.fileno())
        assert not goes_to_journal(stream)
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{found.st_ino}")
        assert goes_to_journal(stream)
        assert not goes_to_journal(file)


def test_a_log_line_of_a_foreign_name_is_one_line_without_orders_to_a_terminal():
    record = logging.LogRecord("collector", logging.INFO, __file__, 1, "saw %s", ("a\x1b[2J\nb",), None)
    for format_ in (PlainLines(journal=False), JsonLines({}, "x")):
        assert "\x1b" not in format_.format(record)
        assert "\n" not in format_.format(record)


def test_a_process_in_json_says_nothing_else_on_stderr(start):
    """Also what ends it: a broker that nobody runs."""
    process = start(
        "process",
        CRAMPWATCH_LOG_FORMAT="json",
        CRAMPWATCH_MQTT__URL="mqtt://127.0.0.1:9",
        CRAMPWATCH_MQTT__CONNECT_TIMEOUT_S=0.5,
    )
    assert process.ended() == 3
    told = [json.loads(line) for line in process.said]
    assert told[-1]["level"] == "error"
    assert "127.0.0.1" in told[-1]["message"]
