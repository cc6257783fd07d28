"""``crampwatch outbox``: what waits for InfluxDB and what it refused, from outside."""

import asyncio
import json
import subprocess

import pytest

from crampwatch.cli.locks import sole_user
from crampwatch.clock import WallClock
from crampwatch.storage.outbox import Outbox, file_name
from crampwatch.storage.outbox_parts import ALL, DAMAGED, Refusal
from tests.cli.rig import SCRIPT

LINES = [f"telemetry,runner=anna bpm=15{number}.0 {number}" for number in range(3)]


@pytest.fixture
def state_dir(tmp_path):
    return tmp_path / "state"


def filled(state_dir, service, *, refused=(), held=None):
    """An outbox in which three lines wait, after some were refused."""

    async def fill():
        box = await Outbox.open(state_dir / file_name(service), WallClock())
        for line in refused:
            await box.put("runs", [line])
            (block,) = await box.take("runs")
            one = Refusal("bad_line", "InfluxDB refuses [it]", [line])
            lost = Refusal(DAMAGED, "check the disk", damaged=block)
            await box.settle([block], [lost if line == DAMAGED else one])
        await box.put("runs", LINES)
        if held:
            await box.trouble(ALL, held)
        await box.close()

    asyncio.run(fill())


def looked(crampwatch):
    told = crampwatch("outbox", "--json")
    assert told.code == 0
    return {one["service"]: one for one in json.loads(told.out)}


def test_without_any_outbox_it_says_why(crampwatch):
    told = crampwatch("outbox")
    assert (told.code, "storage.backend is sqlite" in told.out) == (0, True)
    assert crampwatch("outbox", "--json").out.strip() == "[]"


def test_it_shows_what_waits_what_holds_it_up_and_what_was_refused_and_why(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one", "bad \x1b[31mtwo"], held="no route to InfluxDB")
    filled(state_dir, "alerter")
    told = crampwatch("outbox").out
    assert "processor: 3 points wait" in told
    assert "2 points were refused" in told
    assert "no route to InfluxDB" in told
    assert "bad_line: InfluxDB refuses [it]" in told
    assert "\x1b" not in told
    assert "alerter: 3 points wait" in told


def test_json_holds_the_same_and_the_ids_to_act_on(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one"], held="no route to InfluxDB")
    one = looked(crampwatch)["processor"]
    assert (one["points"], one["blocks"], one["refused_points"]) == (3, 1, 1)
    assert one["oldest_at_ms"] > 0
    assert [(held["bucket"], held["message"]) for held in one["held"]] == [(None, "no route to InfluxDB")]
    (letter,) = one["dead_letters"]
    assert (letter["id"], letter["first_line"], letter["reason"]) == ("processor:1", "bad one", "bad_line")


def test_one_refused_line_is_put_back_and_the_others_stay(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one", "bad two"])
    assert crampwatch("outbox", "--retry", "processor:2").out == "put back: 1\n"
    one = looked(crampwatch)["processor"]
    assert ([letter["id"] for letter in one["dead_letters"]], one["points"]) == (["processor:1"], 4)


def test_all_are_put_back_from_every_outbox(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one", "bad two"])
    filled(state_dir, "alerter", refused=["bad one"])
    assert crampwatch("outbox", "--retry", "all").out == "put back: 3\n"
    assert {one["refused_points"] for one in looked(crampwatch).values()} == {0}


def test_nothing_is_deleted_unless_somebody_says_yes(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one"])
    asked = subprocess.run(
        [SCRIPT, "outbox", "--drop", "all"], input="n\n", capture_output=True, text=True, check=False
    )
    assert asked.returncode != 0
    assert "for good?" in asked.stdout
    assert looked(crampwatch)["processor"]["refused_points"] == 1
    assert crampwatch("outbox", "--drop", "processor:1", "--yes").out == "deleted: 1\n"
    assert looked(crampwatch)["processor"]["refused_points"] == 0


@pytest.mark.parametrize("wrong", ["processor:9", "processor", "3", "nobody:1", "processor:x"])
def test_an_id_that_is_none_is_named(crampwatch, state_dir, wrong):
    filled(state_dir, "processor", refused=["bad one"])
    told = crampwatch("outbox", "--retry", wrong)
    assert told.code == 2
    assert f"'{wrong}'" in told.err
    assert "crampwatch outbox" in told.err


def test_it_works_while_a_service_has_the_outbox_open(crampwatch, state_dir):
    holder = f"""
import asyncio, sys
from pathlib import Path
from crampwatch.cli.locks import sole_user
from crampwatch.clock import WallClock
from crampwatch.storage.outbox import Outbox
async def hold():
    box = await Outbox.open(Path({str(state_dir / file_name("processor"))!r}), WallClock())
    print("open", flush=True)
    sys.stdin.readline()
    await box.refresh()
    print(box.depth.points, box.depth.dead, flush=True)
asyncio.run(hold())
"""
    filled(state_dir, "processor", refused=["bad one"])
    with subprocess.Popen(
        [SCRIPT.parent / "python", "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdout.readline() == "open\n"
        assert looked(crampwatch)["processor"]["refused_points"] == 1
        assert crampwatch("outbox", "--retry", "all").code == 0
        assert service.communicate("go on\n")[0] == "4 0\n"


def test_what_nobody_can_read_is_not_put_back_and_says_so(crampwatch, state_dir):
    filled(state_dir, "processor", refused=["bad one", DAMAGED])
    told = crampwatch("outbox", "--retry", "processor:2")
    assert (told.code, "processor:2 is damaged" in told.err, "--drop" in told.err) == (2, True, True)
    assert crampwatch("outbox", "--retry", "all").out.startswith("put back: 1\n1 damaged stay")
    assert [one["id"] for one in looked(crampwatch)["processor"]["dead_letters"]] == ["processor:2"]


def test_what_nobody_delivers_says_what_to_start(crampwatch, state_dir, monkeypatch):
    filled(state_dir, "alerter")
    assert 'set storage.backend to "both" and start `crampwatch alert`' in crampwatch("outbox").out
    monkeypatch.setenv("CRAMPWATCH_STORAGE__BACKEND", "both")
    assert "nobody delivers that: start `crampwatch alert` or `crampwatch run`" in crampwatch("outbox").out
    with sole_user(state_dir, ["alerter"]):
        assert "nobody delivers" not in crampwatch("outbox").out


def test_a_number_that_no_row_can_have_is_told_in_one_line(crampwatch, state_dir):
    filled(state_dir, "processor")
    told = crampwatch("outbox", "--retry", "processor:99999999999999999999999")
    assert told.code == 2
    assert "`crampwatch outbox` lists the ids" in " ".join(told.err.split())


def test_a_state_folder_that_cannot_be_read_is_told_in_one_line(crampwatch, state_dir):
    state_dir.write_text("a file")
    told = crampwatch("outbox")
    assert told.code == 2
    assert "cannot read" in told.err
    assert "sudo -u crampwatch" in " ".join(told.err.split())


def test_an_outbox_that_cannot_be_read_is_named_and_hides_no_other(crampwatch, state_dir):
    filled(state_dir, "processor")
    (state_dir / file_name("alerter")).write_bytes(b"no database at all, but of some length" * 99)
    told = crampwatch("outbox", "--json")
    assert [one["service"] for one in json.loads(told.out)] == ["processor"]
    assert told.err.startswith("outbox-alerter.db: ")
