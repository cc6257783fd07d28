"""What disturbs a runner: only a push sounds, and only a push takes the screen."""

from playwright.async_api import Page, expect

from crampwatch.events import AlertKind, AlertState
from crampwatch.topics import Kind
from crampwatch.units import Level
from tests.browser.conftest import ONE_LOOP, PHONE, Eyes
from tests.dashboard.desk import EASE_OFF, RELIEF, Desk, alert, cramp_question, delivered

pytestmark = ONE_LOOP

#: The phone's motor, counted; a desktop browser has none.
MOTOR = "window.buzzes = 0; Navigator.prototype.vibrate = () => { window.buzzes += 1; return true; };"
RAISED, ANSWERED, CLEARED = AlertState.RAISED, AlertState.ACKNOWLEDGED, AlertState.CLEARED


async def buzzes(page: Page) -> int:
    counted: int = await page.evaluate("window.buzzes")
    return counted


async def with_sound(page: Page, url: str) -> None:
    await page.add_init_script(MOTOR)
    await page.goto(url)
    await page.get_by_role("button", name="Sound off").click()
    await expect(page.get_by_role("button", name="Sound on")).to_be_visible()


async def test_a_push_sounds_once_for_each_level_and_what_is_kept_quiet_never(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await with_sound(page, f"{table.url}/live/ana")
            now_ms = table.clock.now_ms()
            quiet = alert(now_ms, name="quiet", state=RAISED, title="Kept quiet")
            table.raise_alert(quiet)
            await expect(page.get_by_text("Kept quiet.")).to_be_visible()
            assert await buzzes(page) == 0
            table.push(alert(now_ms, name="loud", title="Several signs"))
            await expect(page.get_by_role("heading", name="Several signs")).to_be_visible()
            table.say(delivered(alert(now_ms, name="loud"), now_ms + 5), Kind.DELIVERY)
            table.push(alert(now_ms, name="louder", level=Level.IMMINENT, title="Strong signs now"))
            table.raise_alert(alert(now_ms, name="last", kind=AlertKind.FAULT, title="Strap lost"))
            # Events keep their order: who sees the last has heard all before it. The card lies over it.
            await expect(page.locator('.fault[data-alert="last"]')).to_have_count(1)
            await expect(page.get_by_role("heading", name="Strong signs now")).to_be_visible()
            assert await buzzes(page) == 2


async def test_a_push_that_came_while_the_line_was_down_is_heard_when_it_is_up(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WARNING)
        async with eyes.on(f"{table.url}/live/ana", PHONE, own_clock=True) as page:
            await with_sound(page, f"{table.url}/live/ana")
            await page.context.set_offline(True)
            await page.clock.fast_forward(10_000)
            await expect(page.locator(".live.off")).to_be_visible()
            table.push(alert(table.clock.now_ms()))
            await page.context.set_offline(False)
            await page.clock.fast_forward(10_000)
            await expect(page.locator("dialog.relief")).to_be_visible()
            # The first frame of a new line shows the alert, what was missed follows it.
            for _ in range(100):
                if await buzzes(page):
                    break
                await page.wait_for_timeout(20)
            assert await buzzes(page) == 1
    eyes.complaints = [one for one in eyes.complaints if "ERR_" not in one]


async def test_a_watch_is_shown_in_its_place_and_does_not_take_the_screen(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.WATCH)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            drifting = "Your stride and heart rate are drifting from your usual"
            table.raise_alert(alert(table.clock.now_ms(), level=Level.WATCH, state=RAISED, title=drifting))
            await expect(page.locator(".level .advice")).to_have_text(f"{drifting}. {EASE_OFF[0].text}")
            await expect(page.locator("dialog.relief")).to_have_count(0)


async def test_a_pattern_that_eases_does_not_take_the_screen_again(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.IMMINENT)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            now_ms = table.clock.now_ms()
            strong = alert(now_ms, name="strong", level=Level.IMMINENT, title="Strong fatigue pattern")
            table.push(strong)
            await page.locator("dialog.relief").get_by_role("button", name="I\u2019m OK").click()
            table.raise_alert(strong.model_copy(update={"state": CLEARED, "updated_at_ms": now_ms + 1}))
            table.raise_alert(alert(now_ms + 1, name="eased", state=RAISED, title="Several signs"))
            table.run(level=Level.WARNING)
            await expect(page.locator(".level .advice")).to_contain_text("Several signs.")
            await expect(page.locator("dialog.relief")).to_have_count(0)


async def test_an_answered_question_is_not_asked_again_and_its_relief_can_be_reached(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run(level=Level.NOW)
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            asked = cramp_question(table.clock.now_ms())
            table.push(asked)
            card = page.locator("dialog.relief")
            await expect(card.get_by_role("heading", name="If it is, do this")).to_be_visible()
            await expect(card.locator(".steps li")).to_have_count(len(RELIEF))
            answered = {"state": ANSWERED, "question": "Has it eased?", "updated_at_ms": asked.updated_at_ms + 1}
            table.raise_alert(asked.model_copy(update=answered))
            await expect(card).to_have_count(0)
            await page.get_by_role("button", name="Relief steps").click()
            await expect(card.get_by_role("button")).to_have_text(
                ["Start 0:30", "Start 3:00", "It has eased", "Close", "When to get help"]
            )
