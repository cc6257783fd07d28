"""The first promise, kept for real: one command, and a runner is helped on the page; the run is there the day after."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, ONE_LOOP, PHONE, Eyes, shoot
from tests.support import needs
from tests.support.brokers import until

SPEED = 40
#: The first alert comes after 17 minutes of the run, some 26 s of wall time at this speed where nothing else runs.
FIRST_ALERT_S = 60
#: Whether anything was painted on a canvas.
DRAWN = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
pytestmark = [ONE_LOOP, pytest.mark.timeout(150), pytest.mark.usefixtures("_assets")]


class Demo:
    """``crampwatch demo`` in a terminal of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said = ""

    async def listen(self) -> None:
        """Read what the terminal shows until it is over."""
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            self.said += line.decode()

    async def finds(self, pattern: str, within_s: float = 30) -> str:
        """The first match of a pattern in what was said, as soon as it is said."""
        await until(lambda: re.search(pattern, self.said) is not None, within_s)
        found = re.search(pattern, self.said)
        assert found is not None
        return found[1]

    async def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self._process.send_signal(signal.SIGINT)
        return await asyncio.wait_for(self._process.wait(), 20)


@contextlib.asynccontextmanager
async def demo(state_dir: Path) -> AsyncIterator[Demo]:
    """The demo of one simulated runner, ended whatever happens."""
    # Wide, so that no line is folded.
    environment = os.environ | {"CRAMPWATCH_STATE_DIR": str(state_dir), "COLUMNS": "500"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from crampwatch.cli.main import main; main()"),
        *("demo", "--speed", str(SPEED), "--port", "0"),
        cwd=needs.ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    made = Demo(process)
    listening = asyncio.create_task(made.listen(), name="terminal")
    try:
        yield made
    except BaseException:
        print(made.said)
        raise
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await listening


async def answered_with_yes(page: Page) -> None:
    """The sudden stop is asked about, the runner says yes, and the relief flow goes from stopping to walking."""
    card = page.locator("dialog.relief")
    await expect(card.get_by_role("heading", name="Is it a cramp?")).to_be_visible(timeout=30_000)
    await card.get_by_role("button", name="Yes").click()
    await expect(card.get_by_role("heading", name="Stop and stretch")).to_be_visible()
    await expect(card.locator('[data-step="relief.stop"]')).to_be_visible()
    await expect(card.locator('[data-step="relief.stretch"]')).to_be_visible()
    await shoot(page, "demo-relief-390")
    await card.get_by_role("button", name="It has eased").click()
    await expect(card.get_by_role("heading", name="Walk before you run")).to_be_visible()
    await card.get_by_role("button", name="Done").click()
    # What the level before the stop had to say stands until it has eased.
    await expect(card).to_have_count(0, timeout=30_000)


async def test_a_runner_is_helped_and_the_run_opens_on_the_next_start(tmp_path: Path, eyes: Eyes) -> None:
    async with demo(tmp_path) as running:
        address = await running.finds(r"live page: (http://\S+)")
        async with eyes.on(address, PHONE) as page:
            card = page.locator("dialog.relief")
            steps = card.locator(".steps li")
            await expect(steps.first).to_be_visible(timeout=FIRST_ALERT_S * 1_000)
            first = await steps.first.locator(".text").inner_text()
            assert await steps.first.locator("b").inner_text() == "1"
            await running.finds(f"(First: {re.escape(first)})", 5)
            await answered_with_yes(page)
        assert await running.stop() == 0
        path = await running.finds(r"review it on the next start at (\S+)")

    async with demo(tmp_path) as again:
        address = await again.finds(r"live page: (http://[^/]+)/")
        async with eyes.on(f"{address}/runs", DESKTOP) as page:
            await page.locator(f'.runs a[href="{path}"]').click()
            for name in ("Heart rate", "Cadence", "Fatigue pattern"):
                chart = page.get_by_role("region", name=re.compile(f"^{name} over the run")).locator("canvas")
                assert await chart.evaluate(DRAWN)
            marks = page.locator(".marks li")
            await expect(marks.filter(has_text="Sudden stop after signs of fatigue").first).to_be_visible()
            await expect(marks.locator(".tag", has_text="alert").first).to_be_visible()
            await shoot(page, "demo-run-1440")
        assert await again.stop() == 0
