"""Every page renders at phone and desktop without a complaint, and leaves a picture to look at."""

import pytest
from playwright.async_api import expect

from crampwatch.events import AlertKind, AlertState, SensorState
from crampwatch.topics import Kind
from crampwatch.units import Gate, Level, Mode
from crampwatch.wording import GATE_WORDS, MODE_WORDS, WALK_BACK
from tests.browser.conftest import DESKTOP, ONE_LOOP, PHONE, SMALL_PHONE, Eyes, fits, shoot
from tests.dashboard.desk import Desk, alert, assessed, baseline, cramp_question, pattern, record_run, sensor

pytestmark = ONE_LOOP

FIRST = ("Ana", "Bea", "Cleo", "Dora", "Elif", "Fay", "Gia", "Hana", "Ida", "Jun")
LAST = ("Adler", "Berg", "Costa", "Diaz", "Ekman", "Fox", "Gray", "Holt", "Ito", "Jung")
MORE = ("Kaya", "Lina", "Mara", "Noor", "Ola", "Pia", "Rosa", "Sara", "Tess", "Uma")


async def name_many(table: Desk, count: int) -> list[str]:
    ids = ["ana", *(f"r{number}" for number in range(1, count))]
    for number, athlete in enumerate(ids):
        await table.store.name(athlete, f"{(FIRST + MORE)[number % 20]} {LAST[(number // 20 + number) % 10]}")
    return ids


async def crowd(table: Desk, count: int) -> None:
    """A group in which some need attention and one is silent."""
    ids = await name_many(table, count)
    for back in range(60, -1, -1):
        for number, athlete in enumerate(ids):
            if number == 2 and back < 6:
                continue
            if count > 30 and back % 20 and number % 67 != 1 and number % 19 != 4:
                continue
            level = Level.WARNING if number % 67 == 1 else Level.WATCH if number % 19 == 4 else Level.OK
            bpm = 148 + (number * 7) % 24 + (5 - back // 12 if level is not Level.OK else (back * (number + 3)) % 4)
            table.run(athlete, bpm, 164 + number * 5 % 15, level=level, score=(number * 37 % 90) / 100)
        await table.clock.advance(5, turns=1)
    for number, athlete in enumerate(ids):
        if number % 67 == 1:
            table.say(pattern(table.clock.now_ms(), Level.WARNING), Kind.FINDING, athlete)
            table.raise_alert(alert(table.clock.now_ms() - 28_000, name=f"alert-{athlete}"), athlete)
        elif number % 19 == 4:
            table.say(pattern(table.clock.now_ms(), Level.WATCH, ("Cadence down 4 %",)), Kind.FINDING, athlete)


@pytest.mark.parametrize(("count", "size"), [(3, DESKTOP), (12, DESKTOP), (30, DESKTOP), (200, DESKTOP), (12, PHONE)])
async def test_the_board_is_good_at(table: Desk, eyes: Eyes, count: int, size: tuple[int, int]) -> None:
    async with table.open():
        await crowd(table, count)
        async with eyes.on(f"{table.url}/board", size) as page:
            await expect(page.locator("[data-athlete]")).to_have_count(count)
            await shoot(page, f"board-{count}-{size[0]}")
            await fits(page)


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
async def test_the_runner_page_shows_one_runner(table: Desk, eyes: Eyes, size: tuple[int, int]) -> None:
    async with table.open():
        table.say(sensor(), Kind.STATUS, "ana", "strap-1")
        table.say(sensor(device="pod-1", name="Foot pod"), Kind.STATUS, "ana", "pod-1")
        for second in range(60):
            table.run(bpm=146 + second // 5, spm=174, level=Level.WATCH, score=0.6)
            await table.clock.advance(5, turns=1)
        table.say(pattern(table.clock.now_ms(), Level.WATCH, ("Cadence down 4 % from the start",)), Kind.FINDING)
        async with eyes.on(f"{table.url}/live/ana", size) as page:
            await expect(page.locator("[data-value=hr]")).to_have_text("157")
            await expect(page.locator(".level .word")).to_have_text("Fatigue pattern raised")
            await shoot(page, f"runner-{size[0]}")
            await table.clock.advance(34)
            await expect(page.locator(".level .word")).to_have_text("No signal")
            await expect(page.locator("[data-value=hr]")).to_have_text("\u2013")
            await shoot(page, f"runner-stale-{size[0]}")


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
async def test_the_page_says_why_it_is_quiet_and_what_cannot_be_seen(
    table: Desk, eyes: Eyes, size: tuple[int, int]
) -> None:
    async with table.open():
        for second in range(30):
            table.run(bpm=146 + second // 5, spm=174)
            await table.clock.advance(5, turns=1)
        table.run(bpm=151, spm=166)
        held = assessed(table.clock.now_ms()).model_copy(update={"quiet": (Gate.HILL,), "mode": Mode.NO_SPEED})
        table.say(held, Kind.ASSESSMENT)
        async with eyes.on(f"{table.url}/live/ana", size) as page:
            why = page.get_by_role("list", name="Why it is quiet").get_by_role("listitem")
            await expect(why).to_have_text([GATE_WORDS[Gate.HILL], MODE_WORDS[Mode.NO_SPEED]])
            await shoot(page, f"runner-quiet-{size[0]}")
            await fits(page)


@pytest.mark.parametrize("font", ["monospace", "serif"])
async def test_the_runner_page_fits_a_small_phone_whatever_its_letters(table: Desk, eyes: Eyes, font: str) -> None:
    async with table.open():
        table.run()
        table.say(baseline(runs=128, sessions=128), Kind.BASELINE)
        every = assessed(table.clock.now_ms()).model_copy(update={"quiet": tuple(Gate), "mode": Mode.NO_SPEED})
        table.say(every, Kind.ASSESSMENT)
        async with eyes.on(f"{table.url}/live/ana", SMALL_PHONE) as page:
            await expect(page.locator(".usual summary small")).to_have_text("from 128 runs")
            await expect(page.locator(".level .quiet li")).to_have_count(len(Gate) + 1)
            await page.evaluate("font => document.documentElement.style.setProperty('--font', font)", font)
            await fits(page)
            over = await page.locator(".usual summary").evaluate("one => one.scrollWidth - one.clientWidth")
            assert over <= 0


async def test_a_card_of_the_board_names_its_gates_and_both_reasons(table: Desk, eyes: Eyes) -> None:
    reasons = (
        "Your rhythm wavers more than it did at the start.",
        "Short breaks in your rhythm: 3 in the last 4 minutes.",
    )
    async with table.open():
        await crowd(table, 6)
        now_ms = table.clock.now_ms()
        levels = {"ana": (Level.OK, ()), "r4": (Level.WATCH, reasons)}
        for athlete, (level, because) in levels.items():
            told = {"because": because, "quiet": (Gate.HILL, Gate.TURN), "mode": Mode.NO_SPEED}
            table.say(assessed(now_ms, level, 0.4).model_copy(update=told), Kind.ASSESSMENT, athlete)
        async with eyes.on(f"{table.url}/board", DESKTOP) as page:
            for athlete in levels:
                quiet = page.locator(f"[data-athlete={athlete}] .quiet")
                await expect(quiet).to_have_text("Quiet: hill, bend or turn · No speed")
            await expect(page.locator("[data-athlete=r4] .why")).to_have_text(" ".join(reasons))
            await shoot(page, "board-quiet")


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
async def test_the_relief_flow_from_alert_to_walking(table: Desk, eyes: Eyes, size: tuple[int, int]) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/live/ana", size) as page:
            table.raise_alert(alert(table.clock.now_ms()))
            await expect(page.get_by_role("heading", name="Ease off for a few minutes")).to_be_visible()
            await page.get_by_role("button", name="Start 2:00").click()
            await shoot(page, f"alert-{size[0]}")
            await page.locator("dialog").get_by_role("button", name="I\u2019m cramping").click()
            await expect(page.get_by_role("heading", name="Stop and stretch")).to_be_visible()
            assert b'"answer":"cramp"' in await table.answer(Kind.ACK)
            table.raise_alert(
                cramp_question(table.clock.now_ms()).model_copy(
                    update={"state": AlertState.ACKNOWLEDGED, "question": "Has it eased?"}
                )
            )
            await expect(page.get_by_text("Press or knead the tight muscle steadily")).to_be_visible()
            await shoot(page, f"relief-{size[0]}")
            await page.get_by_role("button", name="It has eased").click()
            await expect(page.get_by_text(WALK_BACK.text)).to_be_visible()
            assert b'"what":"eased"' in await table.answer(Kind.CHECKIN)
            await shoot(page, f"walk-{size[0]}")


async def test_a_sudden_stop_asks_and_a_pause_is_a_pause(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.NOW)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            table.raise_alert(cramp_question(table.clock.now_ms()))
            await expect(page.get_by_role("heading", name="You stopped suddenly. Is it a cramp?")).to_be_visible()
            await shoot(page, "question-390")
            await page.locator("dialog.relief").get_by_role("button", name="When to get help").click()
            await expect(page.locator("#red-flags")).to_be_visible()
            await shoot(page, "red-flags-390")
            await page.locator("#red-flags").get_by_role("button", name="Close").click()
            await page.get_by_role("button", name="Just a pause").click()
            await expect(page.locator("dialog.relief")).to_have_count(0)
            assert b'"answer":"pause"' in await table.answer(Kind.ACK)


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
async def test_a_runner_says_how_warm_it_is_and_at_the_end_how_it_was(
    table: Desk, eyes: Eyes, size: tuple[int, int]
) -> None:
    async with table.open():
        table.run()
        async with eyes.on(f"{table.url}/live/ana", size) as page:
            weather = page.get_by_role("group", name="Weather")
            await weather.get_by_role("button", name="Hot").click()
            assert b'"what":"hot"' in await table.answer(Kind.CHECKIN)
            await expect(weather.get_by_role("button", name="Hot")).to_have_attribute("aria-pressed", "true")
            await expect(page.get_by_role("group", name="How was it?")).to_have_count(0)
            for _ in range(121):
                table.run()
                await table.clock.advance(5, turns=1)
            fine = page.get_by_role("button", name="Nothing happened")
            await fine.click()
            await expect(fine).to_have_attribute("aria-pressed", "true")
            await expect(page.get_by_text("Noted. Thank you.")).to_be_visible()
            assert b'"what":"uneventful"' in table.answers(Kind.CHECKIN)[-1]
            await shoot(page, f"runner-checkin-{size[0]}")
            await fits(page)


async def test_a_fault_is_a_note_not_a_card(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run()
        table.say(sensor(SensorState.LOST), Kind.STATUS, "ana", "strap-1")
        fault = alert(table.clock.now_ms(), kind=AlertKind.FAULT, name="f1", title="Strap H10 lost", steps=())
        table.raise_alert(fault)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await expect(page.get_by_text("Strap H10 lost")).to_be_visible()
            await expect(page.locator("dialog.relief")).to_have_count(0)
            await shoot(page, "fault-390")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_a_run_opens_and_a_mark_zooms(table: Desk, eyes: Eyes, size: tuple[int, int]) -> None:
    key = await record_run(table.store)
    async with table.open(), eyes.on(f"{table.url}/runs/{key.team}/{key.athlete}/{key.session}", size) as page:
        await expect(page.locator(".chart canvas")).to_have_count(4)
        await shoot(page, f"run-{size[0]}")
        await page.get_by_role("button", name="Ease off for a few minutes").click()
        await expect(page.locator(".range")).to_have_text("43:00 \u2013 47:00")
        await shoot(page, f"run-zoomed-{size[0]}")
        await page.get_by_role("button", name="Reset zoom").click()
        await expect(page.locator(".range")).to_have_text("whole run")


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_home_names_who_runs_and_asks_whose_a_sensor_is(table: Desk, eyes: Eyes, size: tuple[int, int]) -> None:
    await record_run(table.store)
    await record_run(table.store, minutes=25, session="evening")
    async with table.open():
        table.run(level=Level.WATCH, score=0.3)
        table.offer(sensor(SensorState.UNCLAIMED, "strap-9", "HRM-Dual:1234"))
        async with eyes.on(table.url, size) as page:
            await expect(page.get_by_text("HRM-Dual:1234").first).to_be_visible()
            await shoot(page, f"home-{size[0]}")
            await page.get_by_label("Whose is HRM-Dual:1234?").select_option(label="Somebody new…")
            await page.get_by_label("Name", exact=True).fill("Bea Holt")
            await page.get_by_role("button", name="That\u2019s theirs").click()
            await expect(page.get_by_text("Sent. The sensor joins in a moment.")).to_be_visible()
            assert b'"athlete":"runner-1"' in await table.answer(Kind.COMMAND)
            assert (await table.store.names())["runner-1"] == "Bea Holt"
        async with eyes.on(f"{table.url}/runs", size) as page:
            await expect(page.locator(".runs li")).to_have_count(2)
            await shoot(page, f"runs-{size[0]}")
