"""A real browser on a dashboard that stands on a desk."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, async_playwright

from tests.dashboard.desk import Desk, desk
from tests.support import needs

SHOTS = needs.ROOT / "test-output" / "pages"
LAUNCH = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
#: The browser outlives a test, and so must the loop that its driver runs on.
ONE_LOOP = pytest.mark.asyncio(loop_scope="session")
PHONE, SMALL_PHONE, DESKTOP = (390, 844), (360, 740), (1440, 900)


class Eyes:
    """Opens pages and remembers everything the browser complained about."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self.complaints: list[str] = []

    @contextlib.asynccontextmanager
    async def on(self, url: str, size: tuple[int, int] = DESKTOP, *, own_clock: bool = False) -> AsyncIterator[Page]:
        """A page at a size, with timers of its own to turn if asked; what it complains about fails the test."""
        context = await self._browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
        )
        page = await context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        try:
            if own_clock:
                await page.clock.install()
            await page.goto(url)
            yield page
        finally:
            await context.close()

    def _console(self, message: object) -> None:
        kind, text = getattr(message, "type", ""), getattr(message, "text", "")
        if kind in {"error", "warning"}:
            self.complaints.append(f"{kind}: {text}")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """One browser for all tests of a process; each page has a profile of its own."""
    path = needs.chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, headless=True, args=LAUNCH)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def eyes(chromium: Browser) -> AsyncIterator[Eyes]:
    made = Eyes(chromium)
    yield made
    assert made.complaints == [], "the browser complained"


@pytest.fixture(scope="session")
def _assets() -> None:
    from dashboard.build import BuildError, build

    try:
        build()
    except BuildError as error:
        needs.missing(f"the page assets ({error})", "python -m dashboard.build")


@pytest_asyncio.fixture(loop_scope="session")
async def table(tmp_path: Path, _assets: None) -> AsyncIterator[Desk]:
    """A dashboard that is not running yet."""
    async with desk(tmp_path) as made:
        yield made


async def shoot(page: Page, name: str) -> None:
    """Keep a picture for a person to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png")


#: How far the page reaches beyond its right edge, and what does, by tag, class and words; nothing is an empty list.
_BEYOND = """() => {
  const page = document.documentElement, over = page.scrollWidth - page.clientWidth;
  const beyond = (one) => one.getBoundingClientRect().right > page.clientWidth + 0.5;
  const named = (one) => `${one.tagName}.${one.className} ${one.textContent}`.slice(0, 90);
  return over > 0 ? [`${over} px`, ...[...document.querySelectorAll("body *")].filter(beyond).map(named)] : [];
}"""


async def fits(page: Page) -> None:
    """Nothing on the page makes it scroll sideways; what does is named."""
    beyond = await page.evaluate(_BEYOND)
    assert beyond == []
