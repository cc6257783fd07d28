"""The system page: who is up, what waits, whose data is how old; and what the other pages say of it."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, ONE_LOOP, PHONE, Eyes, shoot
from tests.browser.scripts import ACCESSIBLE
from tests.dashboard.desk import Desk

pytestmark = ONE_LOOP

HOUR_MS = 3_600_000


def speak(table: Desk, *silent: str) -> None:
    """Everybody's word, as they say it every ten seconds, but for who is silent."""
    since_ms = table.clock.now_ms() - HOUR_MS
    words: dict[str, dict[str, str | float]] = {
        "collector-1": {"kind": "collector", "spool_rows": 214, "problem": "no link to the broker: check mqtt.url"},
        "collector-2": {"kind": "collector", "spool_rows": 0},
        "processor-1": {"kind": "processor"},
        "alerter-1": {"kind": "alerter"},
    }
    for instance, detail in words.items():
        if instance not in silent:
            table.service(instance, **{"version": "0.1.0", "since_ms": since_ms, "ready": 1, **detail})


async def words(page: Page) -> dict[str, str]:
    """What each service is said to be."""
    rows = await page.evaluate(
        "[...document.querySelectorAll('[data-service]')].map("
        "e => [e.dataset.service, e.querySelector('.word').textContent])"
    )
    return dict(rows)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
async def test_the_system_page_shows_who_is_up_in_trouble_silent_and_down(
    table: Desk, eyes: Eyes, size: tuple[int, int]
) -> None:
    async with table.open():
        speak(table)
        table.run()
        async with eyes.on(f"{table.url}/system", size) as page:
            await expect(page.locator("[data-service]")).to_have_count(5)
            await expect(page.locator("[data-service=collector-1]")).to_contain_text(
                "214 rows kept until they are stored"
            )
            await expect(page.locator("[data-service=collector-1]")).to_contain_text("check mqtt.url")
            await expect(page.locator("[data-reading=ana]")).to_contain_text("0 s ago")
            await table.clock.advance(31)
            speak(table, "alerter-1")
            table.service("processor-1", "down", kind="processor", ended="in order")
            await table.clock.advance(3)
            await expect(page.locator("[data-service=alerter-1] .word")).to_have_text("Silent")
            await expect(page.locator("[data-service=processor-1] .word")).to_have_text("Down")
            await expect(page.locator("[data-service=processor-1]")).to_contain_text("for 3 s")
            await expect(page.locator("[data-reading=ana]")).to_contain_text("34 s ago")
            found = await words(page)
            assert list(found)[:2] == ["processor-1", "alerter-1"], "who is missed stands first"
            assert (found["collector-1"], found["collector-2"]) == ("Trouble", "Up")
            await expect(page.locator(".verdict")).to_have_text("3 of 5 services need a look.")
            assert await page.evaluate(ACCESSIBLE) == []
            await shoot(page, f"system-{size[0]}")


async def test_a_house_that_is_well_says_so(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.service("processor-1", kind="processor")
        async with eyes.on(f"{table.url}/system") as page:
            await expect(page.locator(".verdict")).to_have_text("All is well.")
            await shoot(page, "system-well-1440")


async def test_the_board_names_who_is_away_and_leads_to_the_system_page(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        speak(table)
        table.run()
        async with eyes.on(f"{table.url}/board") as page:
            await expect(page.locator("[data-athlete]")).to_have_count(1)
            await expect(page.locator(".banner")).to_have_count(0)
            table.service("processor-1", "down", kind="processor")
            await expect(page.locator(".banner")).to_contain_text("processor-1 down")
            assert await page.evaluate(ACCESSIBLE) == []
            await shoot(page, "board-away-1440")
            await page.get_by_role("link", name="See the system").click()
            await expect(page.get_by_role("heading", name="System", exact=True)).to_be_visible()


async def test_a_runner_is_told_in_a_line_what_is_missed_and_nothing_of_the_rest(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        speak(table)
        table.run()
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await expect(page.locator("[data-value=hr]")).to_have_text("150")
            await expect(page.get_by_text("collector-1")).to_have_count(0)
            table.service("alerter-1", "down", kind="alerter")
            await expect(page.get_by_text("No new alerts: alerter-1 is down")).to_be_visible()
            assert await page.evaluate(ACCESSIBLE) == []
            await shoot(page, "runner-away-390")
