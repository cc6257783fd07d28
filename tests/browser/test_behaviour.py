"""What a coach and a runner do with the pages, in a real browser."""

import contextlib

import pytest
from playwright.async_api import Page, Request, expect

from crampwatch.codec import decode
from crampwatch.events import AlertKind, AlertState, Answer
from crampwatch.storage import Batch, RunKey
from crampwatch.topics import Kind
from crampwatch.units import Level
from crampwatch.wording import FIRST_RELIEF
from tests.browser.conftest import DESKTOP, ONE_LOOP, PHONE, Eyes, shoot
from tests.browser.scripts import ACCESSIBLE, LOOKS
from tests.dashboard.desk import SESSION, TEAM, Desk, alert, cramp_question, pattern, record_run, telemetry
from tests.support.brokers import until

pytestmark = ONE_LOOP

YELLOW, PINK, BLUE, GREY = "rgb(245, 197, 66)", "rgb(255, 92, 122)", "rgb(62, 143, 208)", "rgb(135, 148, 166)"
PALE = "rgb(195, 204, 216)"
EXPECTED = {
    "watch": ({"Watch"}, YELLOW, YELLOW, "M6 .6", False, False),
    "high": ({"High", "Strong signs", "Check now"}, PINK, PINK, "M6 .8", False, False),
    "ok": ({"OK"}, "rgb(98, 169, 228)", BLUE, "circle", False, False),
    "new": ({"Not yet"}, PALE, PALE, "circle", False, True),
    "stale": ({"No signal", "Waiting", "Not assessed"}, GREY, GREY, "circle", True, True),
}
LEVELS = [Level.OK, Level.WATCH, Level.WARNING, Level.IMMINENT]


async def wait_live(page: Page) -> None:
    await expect(page.locator(".live:not(.off)")).to_be_visible()


async def alert_ids(page: Page) -> list[str]:
    found: list[str] = await page.evaluate("[...document.querySelectorAll('[data-alert]')].map(e => e.dataset.alert)")
    return found


@pytest.mark.parametrize("count", [8, 20])
async def test_class_word_shape_and_colour_of_every_tile_agree_while_levels_and_places_change(
    table: Desk, eyes: Eyes, count: int
) -> None:
    ids = [f"r{number}" for number in range(count)]
    async with table.open():
        for athlete in ids:
            table.run(athlete)
        async with eyes.on(f"{table.url}/board", DESKTOP) as page:
            await expect(page.locator("[data-athlete]")).to_have_count(count + 1)
            await page.clock.install()
            for turn in range(6):
                await table.clock.advance(1)
                for number, athlete in enumerate(ids):
                    level, settled = LEVELS[(number * 5 + turn * 3) % 4], (number + turn) % 3 > 0
                    table.run(athlete, level=level, score=(number * turn % 10) / 10, settled=settled)
                await page.clock.run_for(5_000)
                await expect(page.locator(f'[data-athlete="r{turn}"] .word')).to_be_visible()
                for name, tone, word, *look in await page.evaluate(LOOKS):
                    words, *expected = EXPECTED[tone]
                    assert word in words, (name, tone, word)
                    assert look == expected, (name, tone, look)


async def test_before_anything_can_be_said_no_page_gives_an_all_clear(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(settled=False)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await expect(page.locator(".level.tone-new .word")).to_have_text("Not yet")
            await expect(page.locator(".level .why")).to_have_text("Getting to know this run.")
            await expect(page.locator(".marker")).to_have_count(0)
            assert await page.evaluate(ACCESSIBLE) == []
            await shoot(page, "runner-not-yet-390")
            table.run(settled=True)
            await expect(page.locator(".level.tone-ok .word")).to_have_text("Fatigue pattern low")
            await expect(page.locator(".marker")).to_have_count(1)
        async with eyes.on(f"{table.url}/board") as page:
            table.run(settled=False)
            await expect(page.locator(".card.tone-new")).to_contain_text("Getting to know this run")
            await expect(page.locator("main")).not_to_contain_text("Nothing unusual")
            assert await page.evaluate(ACCESSIBLE) == []
            await shoot(page, "board-not-yet-1440")


async def test_the_order_settles_and_then_needs_attention_comes_first(table: Desk, eyes: Eyes) -> None:
    order = "[...document.querySelectorAll('[data-athlete]')].map(e => e.dataset.athlete)"
    async with table.open():
        for athlete in ("r1", "r2", "r3"):
            table.run(athlete)
        async with eyes.on(f"{table.url}/board") as page:
            await expect(page.locator("[data-athlete]")).to_have_count(4)
            await page.clock.install()
            await page.clock.run_for(100)
            before = await page.evaluate(order)
            assert before[-1] != "r3" or before[0] != "r3"
            table.run("r3", level=Level.WARNING)
            await expect(page.locator('[data-athlete="r3"].tone-high')).to_be_visible()
            assert await page.evaluate(order) == before, "colour changes at once, the place does not"
            await page.clock.fast_forward(4_100)
            await until_order(page, order, first="r3")


async def until_order(page: Page, script: str, first: str) -> None:
    for _ in range(60):
        if (await page.evaluate(script))[0] == first:
            return
        await page.wait_for_timeout(50)
    pytest.fail(f"{first} never came first")


async def test_an_alert_appears_with_its_first_step_and_is_acknowledged(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/board") as page:
            await wait_live(page)
            table.raise_alert(alert(table.clock.now_ms()))
            shown = page.locator('[data-alert="a1"]')
            await expect(shown).to_contain_text("First: Ease off: jog easily")
            await shown.get_by_role("button", name="Acknowledge").click()
            await expect(shown.get_by_role("button", name="Sent")).to_be_disabled()
            answer = decode(Kind.ACK, await table.answer(Kind.ACK))
            assert (answer.by, answer.answer) == ("coach", Answer.OK)
            now_ms = table.clock.now_ms()
            table.raise_alert(alert(now_ms, state=AlertState.ACKNOWLEDGED, updated_at_ms=now_ms + 1))
            await expect(shown).to_contain_text("acknowledged")
            await expect(page.locator(".rail .sec")).to_contain_text("0 open")


async def test_a_server_restart_neither_loses_nor_doubles_an_alert(table: Desk, eyes: Eyes) -> None:
    start_ms = table.clock.now_ms()
    key = RunKey(TEAM, "ana", SESSION)
    async with contextlib.AsyncExitStack() as page_life:
        async with table.open():
            table.run()
            page = await page_life.enter_async_context(eyes.on(f"{table.url}/board"))
            requests: list[Request] = []

            def asked(request: Request) -> None:
                requests.append(request)

            page.on("request", asked)
            table.raise_alert(alert(start_ms, name="before"))
            await expect(page.locator('[data-alert="before"]')).to_be_visible()
        await expect(page.locator(".live.off")).to_be_visible()
        await table.clock.advance(1)
        # While nobody serves: one alert comes and is over again, the next takes its slot on the broker.
        passed = alert(start_ms, name="missed", state=AlertState.EXPIRED, updated_at_ms=start_ms + 5)
        await table.store.record([Batch(key, samples=telemetry(start_ms).samples, alerts=[passed])])
        table.raise_alert(alert(start_ms + 9, name="after"))
        async with table.open():
            await wait_live(page)
            for name in ("before", "missed", "after"):
                await expect(page.locator(f'[data-alert="{name}"]')).to_have_count(1)
            assert len(await alert_ids(page)) == 3
            assert (await requests[-1].all_headers())["last-event-id"] == "1"
            table.raise_alert(alert(start_ms + 20, name="again"))
            await expect(page.locator('[data-alert="again"]')).to_have_count(1)
    eyes.complaints = [one for one in eyes.complaints if "ERR_" not in one]


async def test_a_runner_answers_by_keyboard_alone(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await wait_live(page)
            table.raise_alert(alert(table.clock.now_ms()))
            await expect(page.locator("dialog.relief h1")).to_be_focused()
            await page.keyboard.press("Escape")
            await expect(page.locator("dialog.relief")).to_be_visible()
            names = []
            for _ in range(4):
                await page.keyboard.press("Tab")
                names.append(await page.evaluate("document.activeElement.textContent"))
            assert names == ["Start 2:00", "I\u2019m OK", "I\u2019m cramping", "When to get help"]
            await page.keyboard.press("Shift+Tab")
            await page.keyboard.press("Shift+Tab")
            await page.keyboard.press("Enter")
            await expect(page.locator("dialog.relief")).to_have_count(0)
            assert decode(Kind.ACK, await table.answer(Kind.ACK)).answer is Answer.OK


async def test_a_coach_who_has_seen_the_question_does_not_answer_it_for_the_runner(table: Desk, eyes: Eyes) -> None:
    asked = cramp_question(table.clock.now_ms())
    async with table.open():
        table.run(level=Level.NOW)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            table.raise_alert(asked)
            await expect(page.get_by_role("button", name="Just a pause")).to_be_visible()
            seen = {"state": AlertState.ACKNOWLEDGED, "updated_at_ms": asked.updated_at_ms + 1}
            table.raise_alert(asked.model_copy(update=seen))
            await expect(page.get_by_role("button", name="Relief steps", include_hidden=True)).to_have_count(1)
            await page.get_by_role("button", name="No", exact=True).click()
            answer = decode(Kind.ACK, await table.answer(Kind.ACK))
            assert (answer.by, answer.answer) == ("runner", Answer.OK)
            await expect(page.locator("dialog.relief")).to_have_count(0)


async def test_relief_that_somebody_asked_for_is_no_question_to_answer_again(table: Desk, eyes: Eyes) -> None:
    asked = cramp_question(table.clock.now_ms())
    async with table.open():
        table.run(level=Level.NOW)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            table.raise_alert(asked.model_copy(update={"state": AlertState.ACKNOWLEDGED, "question": "Has it eased?"}))
            await expect(page.get_by_role("button", name="Relief steps")).to_be_visible()
            await expect(page.locator("dialog.relief")).to_have_count(0)


async def test_help_comes_before_the_network(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run()
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await wait_live(page)
            table.broker.cut()
            await page.get_by_role("button", name="I\u2019m cramping").click()
            await expect(page.get_by_text(FIRST_RELIEF[0].text)).to_be_visible()
            await expect(page.get_by_role("alert")).to_contain_text("try again")
            await shoot(page, "relief-offline-390")
    eyes.complaints = [one for one in eyes.complaints if "503" not in one]


async def test_the_countdown_runs_and_ends(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await page.clock.install()
            table.raise_alert(cramp_question(table.clock.now_ms()).model_copy(update={"question": None}))
            await page.get_by_role("button", name="Start 0:30").click()
            await page.clock.run_for(10_000)
            await expect(page.get_by_role("timer")).to_contain_text("0:20")
            await page.clock.run_for(21_000)
            await expect(page.get_by_role("timer")).to_contain_text("Done")


async def test_the_board_finds_a_name_and_shows_one_level(table: Desk, eyes: Eyes) -> None:
    await table.store.name("r1", "Bea Holt")
    async with table.open():
        table.run("ana")
        table.run("r1", level=Level.WATCH)
        async with eyes.on(f"{table.url}/board") as page:
            await expect(page.locator("[data-athlete]")).to_have_count(2)
            await page.get_by_label("Find a runner by name").fill("holt")
            await expect(page.locator("[data-athlete]")).to_have_count(1)
            await page.get_by_label("Find a runner by name").fill("")
            await page.get_by_role("button", name="OK", exact=False).first.click()
            await expect(page.locator("[data-athlete]")).to_have_attribute("data-athlete", "ana")


async def test_a_runner_is_renamed_on_the_page(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run()
        async with eyes.on(table.url) as page:
            await page.get_by_role("button", name="Rename Ana Adler").click()
            await page.get_by_label("Name of ana").fill("Annie")
            await page.get_by_role("button", name="Save").click()
            await expect(page.get_by_role("link", name="Annie")).to_be_visible()


async def test_a_board_that_hears_nothing_says_so_and_reopens(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run()
        async with eyes.on(f"{table.url}/board", own_clock=True) as page:
            await wait_live(page)
            opened: list[str] = []
            page.on("request", lambda request: opened.append(request.url))
            # Ten seconds pass in the page in one jump: to it, nothing was heard for that long.
            await page.clock.fast_forward(10_000)
            await until(lambda: bool(opened))
            assert "after=" in opened[0]


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("path", ["/", "/board", "/runs", "/live/ana", f"/runs/{TEAM}/ana/morning", "/nowhere"])
async def test_names_contrast_and_targets_are_right(table: Desk, eyes: Eyes, path: str, size: tuple[int, int]) -> None:
    await record_run(table.store, minutes=10)
    async with table.open():
        for number, level in enumerate(LEVELS):
            table.run(f"r{number}", level=level)
            table.say(pattern(table.clock.now_ms(), level), Kind.FINDING, f"r{number}")
        table.raise_alert(alert(table.clock.now_ms(), name="x"), "r2")
        async with eyes.on(table.url + path, size) as page:
            await expect(page.locator("main")).to_be_visible()
            if path.startswith("/runs/"):
                await expect(page.locator("canvas")).to_have_count(4)
            elif path == "/board":
                await expect(page.locator("[data-athlete]")).to_have_count(5)
            assert await page.evaluate(ACCESSIBLE) == []
    eyes.complaints = [one for one in eyes.complaints if "404" not in one]


@pytest.mark.parametrize("level", [Level.WARNING, Level.NOW])
async def test_the_relief_card_is_readable_too(table: Desk, eyes: Eyes, level: Level) -> None:
    async with table.open():
        table.run(level=level)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            table.raise_alert(alert(table.clock.now_ms(), level=level))
            await page.get_by_role("button", name="Start 2:00").click()
            assert await page.evaluate(ACCESSIBLE) == []


async def test_values_come_and_go_without_moving_the_page(table: Desk, eyes: Eyes) -> None:
    shifts = """new Promise(done => { let sum = 0; new PerformanceObserver(list => {
      for (const entry of list.getEntries()) sum += entry.value; }).observe({type: 'layout-shift', buffered: true});
      setTimeout(() => done(sum), 400); })"""
    async with table.open():
        for athlete in ("ana", "r1", "r2"):
            table.run(athlete)
        async with eyes.on(f"{table.url}/board") as page:
            await expect(page.locator("[data-athlete]")).to_have_count(3)
            await page.evaluate("performance.mark('settled')")
            for bpm in (98, 151, 204):
                await table.clock.advance(1)
                for athlete in ("ana", "r1", "r2"):
                    table.run(athlete, bpm)
                await expect(page.locator('[data-athlete="r1"] dd').first).to_have_text(str(bpm))
            assert await page.evaluate(shifts) < 0.02


async def test_who_acknowledges_the_worst_of_a_runner_has_seen_what_stands_behind_it(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.NOW)
        table.run("bea", level=Level.WARNING)
        async with eyes.on(f"{table.url}/board") as page:
            await wait_live(page)
            now_ms = table.clock.now_ms()
            table.raise_alert(alert(now_ms + 2, name="lost", kind=AlertKind.FAULT, title="No signal"), "bea")
            table.raise_alert(alert(now_ms + 1, name="other"), "bea")
            table.raise_alert(alert(now_ms, name="pattern"))
            table.raise_alert(cramp_question(now_ms, "stop"))
            await expect(page.locator(".rail .sec")).to_contain_text("3 open")
            assert await alert_ids(page) == ["stop", "other", "lost"], "people before faults, the worst first"
            await page.get_by_role("button", name="Acknowledge the alert of Ana Adler").click()
            await until(lambda: len(table.answers(Kind.ACK)) == 2)
            assert [decode(Kind.ACK, one).alert_id for one in table.answers(Kind.ACK)] == ["stop", "pattern"]
