"""The HTML shells. Everything a person needs without any script or data stands in them: disclaimer and red flags."""

from html import escape
from pathlib import Path

from pydantic_core import to_json

from crampwatch.wording import DISCLAIMER, RED_FLAGS, RED_FLAGS_LEAD, RED_FLAGS_TITLE

from .context import PageContext

ASSETS = Path(__file__).resolve().parent / "assets"

#: Which script draws which page.
SCRIPTS = {"home": "home", "runs": "home", "runner": "runner", "board": "board", "review": "review", "system": "system"}

_SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="dark">
<meta name="theme-color" content="#0b1016">
<title>{title}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/style.css">
{script}
</head>
<body class="page-{page}">
<div id="app">{body}</div>
<footer class="foot">
<p>{disclaimer}</p>
<button type="button" class="chip help" data-opens="red-flags">{help}</button>
</footer>
<dialog id="red-flags" class="sheet" aria-labelledby="red-flags-title">
<h2 id="red-flags-title">{help}</h2>
<p class="lead">{lead}</p>
<ul class="flags">
{flags}
</ul>
<form method="dialog"><button class="btn full">Close</button></form>
</dialog>
{context}
</body>
</html>
"""


def _flags() -> str:
    rows = []
    for flag in RED_FLAGS:
        kind = "urgent" if flag.urgent else "soon"
        rows.append(f'<li class="{kind}"><span>{escape(flag.signs)}</span><b>{escape(flag.action)}</b></li>')
    return "\n".join(rows)


_FLAGS = _flags()


def page(context: PageContext, title: str) -> str:
    """The shell of a page that a script draws.

    Args:
        context: what the script is told at once.
        title: the page's name, before the site's.
    """
    name = SCRIPTS[context.page]
    if (ASSETS / f"{name}.js").is_file():
        waiting = '<noscript><p class="plain">This page needs JavaScript to show live values.</p></noscript>'
    else:
        waiting = (
            '<main class="plain"><h1>The page assets are not built</h1>'
            "<p>Run <code>python -m dashboard.build</code> and load this page again.</p></main>"
        )
    # A data block is no script to the browser; "<" is escaped so that no name can end it.
    data = to_json(context).decode().replace("<", "\\u003c")
    return _shell(
        context.page,
        title,
        waiting,
        script=f'<script type="module" src="/assets/{name}.js"></script>',
        context=f'<script type="application/json" id="context">{data}</script>',
    )


def message(title: str, text: str) -> str:
    """A page that only says something, such as that there is nothing here."""
    body = (
        f'<main class="plain"><h1>{escape(title)}</h1><p>{escape(text)}</p>'
        '<p><a href="/">Who is running</a> · <a href="/runs">All runs</a></p></main>'
    )
    return _shell("message", title, body, script='<script type="module" src="/assets/home.js"></script>', context="")


def _shell(name: str, title: str, body: str, *, script: str, context: str) -> str:
    return _SHELL.format(
        title=escape(f"{title} · crampwatch"),
        page=name,
        body=body,
        script=script,
        context=context,
        disclaimer=escape(DISCLAIMER),
        help=escape(RED_FLAGS_TITLE),
        lead=escape(RED_FLAGS_LEAD),
        flags=_FLAGS,
    )
