"""The site: pages, the JSON behind them, and the live stream, as one ASGI application."""

from http import HTTPStatus

from pydantic_core import to_json
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Scope

from crampwatch.errors import Refused, Unavailable
from crampwatch.health import Health
from crampwatch.storage import RunKey
from crampwatch.topics import Kind, Topic
from crampwatch.wording import FIRST_RELIEF, WALK_BACK

from . import pages
from .answers import Answers
from .context import PageContext, RunRow, RunsView
from .guard import Guard
from .hub import frame
from .review import review, run_row
from .site import Site

RUNS_SHOWN = 200
#: Digits of the longest row number that SQLite can give.
ROW_DIGITS = 19
_NO_STORE = {"cache-control": "no-store"}


class Assets(StaticFiles):
    """The built files; a browser asks again each time and is told when nothing changed."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, to be checked before it is used from a cache."""
        response = await super().get_response(path, scope)
        response.headers["cache-control"] = "no-cache"
        return response


class Pages:
    """The GET endpoints of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def home(self, _request: Request) -> Response:
        """Who is running, and the last runs."""
        return self._page("home", "Who is running")

    async def runs(self, _request: Request) -> Response:
        """Every run."""
        return self._page("runs", "Runs")

    async def board(self, _request: Request) -> Response:
        """The coach board."""
        return self._page("board", "Coach board")

    async def system(self, _request: Request) -> Response:
        """Who is up, what waits, whose data is how old."""
        return self._page("system", "System")

    async def live(self, request: Request) -> Response:
        """One runner's page."""
        athlete = request.path_params["athlete"]
        if not _is_id(athlete) or not await self._site.knows(athlete):
            raise HTTPException(404, f"No runner {athlete!r} is known here.")
        return self._page("runner", self._site.board.name_of(athlete), athlete=athlete)

    async def review(self, request: Request) -> Response:
        """One stored run."""
        row = await self._row(_key(request))
        return self._page("review", f"{row.name}, run", athlete=row.athlete, session=row.session, team=row.team)

    async def api_board(self, _request: Request) -> Response:
        """``BoardView`` now."""
        return _json(self._site.encode(None))

    async def api_runs(self, request: Request) -> Response:
        """``RunsView``; ``?athlete=`` narrows it."""
        athlete = request.query_params.get("athlete")
        summaries = await self._site.store.runs(team=self._site.settings.team, athlete=athlete, limit=RUNS_SHOWN)
        rows = tuple(run_row(one, self._site.board.name_of(one.run.athlete)) for one in summaries)
        return _json(to_json(RunsView(rows)))

    async def api_review(self, request: Request) -> Response:
        """``ReviewView`` of one run."""
        key = _key(request)
        row = await self._row(key)
        store = self._site.store
        view = review(row, await store.series(key), await store.findings(key), await store.alerts(key))
        return _json(to_json(view))

    async def api_live(self, request: Request) -> Response:
        """The live stream: ``BoardView`` frames, with ``?athlete=`` ``RunnerView`` frames, and every row of the feed.

        The last row seen comes as ``Last-Event-ID``, or as ``?after=`` from a page that reopened by itself.
        """
        athlete = request.query_params.get("athlete")
        if athlete is not None and not _is_id(athlete):
            return JSONResponse({"error": "athlete: not an id"}, 400)
        said = request.headers.get("last-event-id") or request.query_params.get("after") or ""
        if len(said) > ROW_DIGITS:
            return JSONResponse({"error": "after: not a row"}, 400)
        site = self._site
        listener = site.hub.join(athlete)
        try:
            latest = await site.feed.latest()
            seen = min(int(said), latest) if said.isdecimal() else latest
            missed = await site.missed(seen, athlete)
            hello = b"retry: 1000\n" + frame("tick", site.encode(athlete), seen)
        except BaseException:
            site.hub.leave(listener)
            raise
        return StreamingResponse(
            site.hub.stream(listener, hello, seen, missed),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _row(self, key: RunKey) -> RunRow:
        summary = await self._site.store.run(key)
        if summary is None:
            raise HTTPException(404, "There is no such run. It may have been kept under another team or store.")
        return run_row(summary, self._site.board.name_of(key.athlete))

    def _page(
        self,
        page: str,
        title: str,
        *,
        athlete: str | None = None,
        session: str | None = None,
        team: str | None = None,
    ) -> Response:
        board = self._site.board
        context = PageContext(
            page=page,
            team=team or board.team,
            athlete=athlete,
            name=board.name_of(athlete) if athlete is not None else None,
            session=session,
            first_relief=FIRST_RELIEF,
            walk_back=WALK_BACK,
            athletes=tuple((one, board.name_of(one)) for one in board.athletes),
        )
        return HTMLResponse(pages.page(context, title), headers=_NO_STORE)


def application(site: Site, health: Health) -> ASGIApp:
    """The whole site behind its guard, with the three paths of the process's health."""
    get, post = Pages(site), Answers(site)
    run = "/{team}/{athlete}/{session}"
    routes = [
        Route("/", get.home),
        Route("/board", get.board),
        Route("/system", get.system),
        Route("/live/{athlete}", get.live),
        Route("/runs", get.runs),
        Route(f"/runs{run}", get.review),
        Route("/api/board", get.api_board),
        Route("/api/live", get.api_live),
        Route("/api/runs", get.api_runs),
        Route(f"/api/runs{run}", get.api_review),
        Route("/api/ack", post.ack, methods=["POST"]),
        Route("/api/checkin", post.checkin, methods=["POST"]),
        Route("/api/claim", post.claim, methods=["POST"]),
        Route("/api/name", post.name, methods=["POST"]),
        Route("/api/baseline/reset", post.reset, methods=["POST"]),
        *health.routes(),
        Mount("/assets", Assets(directory=pages.ASSETS, check_dir=False)),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refusal, Unavailable: _away})
    return Guard(app, site.settings.dashboard.hosts)


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if request.url.path.startswith(("/api/", "/assets/")):
        return JSONResponse({"error": error.detail}, error.status_code, error.headers)
    ours = error.detail != HTTPStatus(error.status_code).phrase
    text = error.detail if ours else "The address leads nowhere."
    title = "Nothing here" if error.status_code == HTTPStatus.NOT_FOUND else "That did not work"
    return HTMLResponse(pages.message(title, text), error.status_code, error.headers)


async def _away(request: Request, error: Exception) -> Response:
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": f"try again: {error}"}, 503)
    return HTMLResponse(pages.message("Not just now", f"The store is away for a moment: {error}"), 503)


def _key(request: Request) -> RunKey:
    return RunKey(**request.path_params)


def _is_id(text: str) -> bool:
    try:
        Topic(text, text, Kind.STATUS)
    except Refused:
        return False
    return True


def _json(body: bytes) -> Response:
    return Response(body, media_type="application/json", headers=_NO_STORE)
