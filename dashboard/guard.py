"""What every request passes: which host it names, where a POST comes from, and what the browser may do with a page."""

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

#: Longest body of a POST, in bytes; ours are under 200.
MAX_BODY = 4_096

SECURITY_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), screen-wake-lock=(self)",
}


def host_name(value: str) -> str:
    """The name in a Host header, without the port.

    >>> host_name("[::1]:8017"), host_name("Watch.local:80")
    ('::1', 'watch.local')
    """
    try:
        return (urlsplit(f"//{value}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """ASGI middleware around the whole site.

    A page on the internet can point its own name at this machine and read what we serve (DNS rebinding), so only
    names that such a page cannot have are answered: addresses, localhost, this machine, ``*.local``, and what the
    settings name.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str] = ()) -> None:
        self._app = app
        self._hosts = {"localhost", socket.gethostname().lower(), *(host.lower() for host in hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass on with the security headers set."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY_HEADERS)
            await send(message)

        request = Request(scope)
        if not self._host_known(request.headers):
            refusal = "this name is not one of this site's; add it to dashboard.hosts"
            await JSONResponse({"error": refusal}, 421)(scope, receive, send_guarded)
        elif request.method not in {"GET", "HEAD"} and not same_origin(request.headers):
            refusal = "refused: the request comes from another site"
            await JSONResponse({"error": refusal}, 403)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _host_known(self, headers: Headers) -> bool:
        name = host_name(headers.get("host", ""))
        if name in self._hosts or name.endswith((".local", ".localhost")):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


def same_origin(headers: Headers) -> bool:
    """Whether a request that changes something comes from our own page, or from no browser at all."""
    site = headers.get("sec-fetch-site")
    if site is not None and site != "same-origin":
        return False
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
    except ValueError:
        return False


async def read_body(request: Request) -> bytes | None:
    """The body of a POST, or None when it is longer than :data:`MAX_BODY`. Never holds more than that."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
