"""What is usual for a runner: read on the page, and forgotten only when it is asked for twice."""

import pytest
from playwright.async_api import expect

from crampwatch.codec import decode
from crampwatch.topics import Kind
from crampwatch.usual import BaselineLearned, ResetAsked
from tests.browser.conftest import ONE_LOOP, PHONE, SMALL_PHONE, Eyes, shoot
from tests.browser.scripts import ACCESSIBLE
from tests.dashboard.desk import Desk, baseline

pytestmark = ONE_LOOP


@pytest.mark.parametrize("size", [PHONE, SMALL_PHONE])
async def test_a_runner_reads_what_is_usual_and_starts_anew(table: Desk, eyes: Eyes, size: tuple[int, int]) -> None:
    async with table.open():
        table.run()
        table.say(baseline(), Kind.BASELINE)
        async with eyes.on(f"{table.url}/live/ana", size) as page:
            section = page.locator("details.usual")
            await expect(section.locator("summary")).to_contain_text("from 11 runs")
            await expect(section.get_by_text("1 h 42 min")).to_be_hidden()
            await shoot(page, f"usual-closed-{size[0]}")
            await section.locator("summary").click()
            await expect(section.get_by_text("1 h 42 min")).to_be_visible()
            await expect(section.get_by_text("from 8 runs; the rest is what is usual for runners")).to_be_visible()
            assert await page.evaluate(ACCESSIBLE) == []
            await page.screenshot(path=f"test-output/pages/usual-{size[0]}.png", full_page=True)
            await page.get_by_role("button", name="Start anew").click()
            await page.get_by_role("button", name="Keep it").click()
            assert table.answers(Kind.COMMAND) == []
            await page.get_by_role("button", name="Start anew").click()
            assert await page.evaluate(ACCESSIBLE) == []
            await section.locator(".anew").scroll_into_view_if_needed()
            await shoot(page, f"usual-sure-{size[0]}")
            await page.get_by_role("button", name="Forget it and start anew").click()
            status = section.get_by_role("status")
            await expect(status).to_have_text("Sent. If nothing changes within a minute, try again.")
            await status.evaluate("one => { window.status0 = one; }")
            asked = decode(Kind.COMMAND, await table.answer(Kind.COMMAND))
            assert asked == ResetAsked(at_ms=table.clock.now_ms())
            table.say(BaselineLearned(at_ms=asked.at_ms, version=13, sessions=0, runs=0), Kind.BASELINE)
            await expect(section.get_by_text("after the first run of five minutes")).to_be_visible()
            await expect(page.get_by_role("button", name="Start anew")).to_have_count(0)
            await expect(status).to_have_text("Done: all of it is forgotten.")
            assert await status.evaluate("one => one === window.status0"), "the live region was made anew"
            await shoot(page, f"usual-empty-{size[0]}")


async def test_before_anybody_has_told_what_is_usual_nothing_is_said_to_be_known(table: Desk, eyes: Eyes) -> None:
    async with table.open():
        table.run()
        async with eyes.on(f"{table.url}/live/ana", PHONE) as page:
            await page.locator("details.usual summary").click()
            await expect(page.locator("details.usual .lead")).to_contain_text("Nothing learned yet")
            assert await page.evaluate(ACCESSIBLE) == []
