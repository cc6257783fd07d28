"""Take the README's pictures from a real demo: ``python docs/pictures.py`` (about three minutes; needs Chromium).

Twelve simulated runners run on the virtual radio. ``images/pages.png`` shows the coach board beside the pages of the
runner who tires first, ``images/run.png`` the review of that run. Look at both before they are committed.
"""

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import IO

from playwright.sync_api import Browser, Page, expect, sync_playwright

from dashboard.build import build

IMAGES = Path(__file__).parent / "images"
DEMO = [sys.executable, "-c", "from crampwatch.cli.main import main; main()", "demo", "--runners", "12", "--port", "0"]
#: How long the demo may take to its first question, and from there to the end of the runs.
PATIENCE_S = 240
PATIENCE_MS = PATIENCE_S * 1_000
BOARD, PHONE, REVIEW = (1440, 930), (390, 844), (1440, 1010)
#: The composed picture: its width and the height of each page in it.
WIDTH, HEIGHT = 1600, 606


@contextmanager
def demo(state_dir: str) -> Iterator[tuple[str, Event]]:
    """A demo at its usual pace; yields the address of its pages, and what is set when the runs are over."""
    environment = os.environ | {"CRAMPWATCH_STATE_DIR": state_dir, "COLUMNS": "500"}
    with subprocess.Popen(DEMO, env=environment, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ours
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"live page: (http://[^/]+)/", line):
                    over = Event()
                    Thread(target=_until_over, args=(process.stdout, over), daemon=True).start()
                    yield found[1], over
                    return
            raise SystemExit("the demo ended before its pages were up")
        finally:
            process.send_signal(signal.SIGINT)


def _until_over(said: IO[str], over: Event) -> None:
    """Read to the end, so that the demo is never held by a full pipe."""
    for line in said:
        if "the run is over" in line:
            over.set()


def opened(browser: Browser, url: str, size: tuple[int, int]) -> Page:
    """A page at a size, sharp enough to be drawn smaller."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]}, device_scale_factor=2, reduced_motion="reduce"
    )
    page.set_default_timeout(PATIENCE_MS)
    page.goto(url)
    return page


def composed(browser: Browser, pictures: list[bytes]) -> bytes:
    """The pictures side by side, all of one height."""
    drawn = "".join(f'<img src="data:image/png;base64,{base64.b64encode(one).decode()}">' for one in pictures)
    page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
    page.set_content(
        "<style>body { margin: 0; display: flex; justify-content: space-between; background: #2a333e; }"
        f"img {{ height: {HEIGHT}px; }}</style>{drawn}"
    )
    expect(page.locator("img").last).to_be_visible()
    return page.screenshot()


def take(browser: Browser, address: str, over: Event) -> tuple[bytes, bytes]:
    """The two pictures, while a demo runs at ``address``."""
    board = opened(browser, f"{address}/board", BOARD)
    runner = opened(browser, f"{address}/live/runner-01", PHONE)
    card = runner.locator("dialog.relief")
    expect(runner.locator(".level.tone-watch .advice")).to_be_visible(timeout=PATIENCE_MS)
    live = runner.screenshot()
    expect(card.get_by_role("heading", name="Is it a cramp?")).to_be_visible(timeout=PATIENCE_MS)
    expect(board.locator(".card.tone-high .word", has_text="Check now")).to_be_visible()
    group = board.screenshot()
    card.get_by_role("button", name="Yes").click()
    expect(card.locator('[data-step="relief.stretch"]')).to_be_visible()
    pages = composed(browser, [group, live, runner.screenshot()])

    card.get_by_role("button", name="It has eased").click()
    card.get_by_role("button", name="Done").click()
    if not over.wait(PATIENCE_S):
        raise SystemExit("the runs did not end in time")
    review = browser.new_page(viewport={"width": REVIEW[0], "height": REVIEW[1]})
    review.goto(f"{address}/runs")
    review.locator('.runs a[href*="/runner-01/"]').click()
    expect(review.locator("canvas")).to_have_count(4)
    return pages, review.screenshot()


def main() -> None:
    """Take both."""
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no Chromium: install one, or set CHROMIUM to a Chrome")
    build()
    IMAGES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as state_dir,
        demo(state_dir) as (address, over),
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for name, picture in zip(("pages", "run"), take(browser, address, over), strict=True):
            (IMAGES / f"{name}.png").write_bytes(picture)
            print(f"{IMAGES / name}.png, {len(picture) // 1024} KB")


if __name__ == "__main__":
    main()
