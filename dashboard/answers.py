"""POST: what a person says on a page. Validated here, published at once; nothing changes until the bus says so."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.events import Acknowledged, Answer, CheckedIn, CheckInWord, SensorClaimed
from crampwatch.topics import SYSTEM, Kind, Topic
from crampwatch.units import Id
from crampwatch.usual import ResetAsked

from .guard import MAX_BODY, read_body
from .site import Site

B = TypeVar("B", bound="Body")
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class Body(BaseModel):
    """The body of a POST: JSON, these fields and no others."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AckBody(Body):
    """``POST /api/ack``: somebody answers an alert."""

    alert: Annotated[str, Field(max_length=200)]
    by: Literal["runner", "coach"]
    answer: Answer = Answer.OK


class CheckinBody(Body):
    """``POST /api/checkin``: a runner says that it cramps or has eased, that nothing happened, or how warm it is."""

    athlete: Id
    what: CheckInWord


class ClaimBody(Body):
    """``POST /api/claim``: whose sensor this is: an athlete, or the name of somebody new."""

    device: Id
    athlete: Id | None = None
    name: Name | None = None


class NameBody(Body):
    """``POST /api/name``: what people call an athlete. Kept in the store; it never goes over the bus."""

    athlete: Id
    name: Name


class ResetBody(Body):
    """``POST /api/baseline/reset``: what was usual for an athlete is to be forgotten."""

    athlete: Id


class RequestError(Exception):
    """A request that cannot be granted; ``status`` and the message go back to the page."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Answers:
    """The POST endpoints of a site."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def ack(self, request: Request) -> Response:
        """Publish an answer to an alert."""
        return await _answered(request, AckBody, self._ack)

    async def checkin(self, request: Request) -> Response:
        """Publish a runner's own word."""
        return await _answered(request, CheckinBody, self._checkin)

    async def claim(self, request: Request) -> Response:
        """Publish whose sensor this is."""
        return await _answered(request, ClaimBody, self._claim)

    async def name(self, request: Request) -> Response:
        """Keep a display name."""
        return await _answered(request, NameBody, self._name)

    async def reset(self, request: Request) -> Response:
        """Publish that what is usual for an athlete is to be forgotten."""
        return await _answered(request, ResetBody, self._reset)

    async def _ack(self, body: AckBody) -> dict[str, str]:
        known = self._site.board.alert(body.alert)
        if known is None:
            raise RequestError(404, "there is no such alert; it may be long over")
        athlete, alert = known
        message = Acknowledged(alert_id=alert.id, at_ms=self._site.clock.now_ms(), by=body.by, answer=body.answer)
        await self._site.tell(Topic(self._site.settings.team, athlete, Kind.ACK), message)
        return {"athlete": athlete}

    async def _checkin(self, body: CheckinBody) -> dict[str, str]:
        if not self._site.board.knows(body.athlete):
            raise RequestError(404, f"no runner {body.athlete!r} is known here")
        message = CheckedIn(at_ms=self._site.clock.now_ms(), what=body.what)
        await self._site.tell(Topic(self._site.settings.team, body.athlete, Kind.CHECKIN), message)
        return {"athlete": body.athlete}

    async def _claim(self, body: ClaimBody) -> dict[str, str]:
        collector = self._site.board.collector_of(body.device)
        if collector is None:
            raise RequestError(404, f"no unclaimed sensor {body.device!r} is in the air now")
        if (body.athlete is None) == (body.name is None):
            raise RequestError(400, "say either which athlete, or the name of somebody new")
        athlete = body.athlete
        if athlete is None:
            stored = await self._site.store.runs(team=self._site.settings.team, limit=1_000)
            athlete = self._site.free_id(summary.run.athlete for summary in stored)
        message = SensorClaimed(device=body.device, athlete=athlete, at_ms=self._site.clock.now_ms())
        await self._site.tell(Topic(SYSTEM, collector, Kind.COMMAND), message)
        if body.name is not None:
            await self._site.store.name(athlete, body.name)
            await self._site.refresh_names()
        return {"athlete": athlete}

    async def _name(self, body: NameBody) -> dict[str, str]:
        if not await self._site.knows(body.athlete):
            raise RequestError(404, f"no runner {body.athlete!r} is known here")
        await self._site.store.name(body.athlete, body.name)
        await self._site.refresh_names()
        return {"athlete": body.athlete}

    async def _reset(self, body: ResetBody) -> dict[str, str]:
        if not await self._site.knows(body.athlete):
            raise RequestError(404, f"no runner {body.athlete!r} is known here")
        message = ResetAsked(at_ms=self._site.clock.now_ms())
        await self._site.tell(Topic(self._site.settings.team, body.athlete, Kind.COMMAND), message)
        return {"athlete": body.athlete}


async def _answered(request: Request, shape: type[B], act: Callable[[B], Awaitable[dict[str, str]]]) -> Response:
    """Read, validate, act; each thing that can go wrong has one status and one sentence."""
    try:
        return JSONResponse(await act(shape.model_validate_json(await _read(request))), 202)
    except RequestError as problem:
        return JSONResponse({"error": str(problem)}, problem.status)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        return JSONResponse({"error": f"{where}: {first['msg']}"}, 400)
    except Misconfigured as error:
        return JSONResponse({"error": str(error)}, 409)
    except Unavailable as error:
        return JSONResponse({"error": f"not sent, try again: {error}"}, 503)


async def _read(request: Request) -> bytes:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise RequestError(415, "send JSON (content-type: application/json)")
    try:
        raw = await read_body(request)
    except ClientDisconnect as gone:
        # Nobody is left to read it; raising further would be a traceback in the log for each.
        raise RequestError(400, "the body ended too early") from gone
    if raw is None:
        raise RequestError(413, f"the body is longer than {MAX_BODY} bytes")
    return raw
