"""A web server inside a process: it ends with its block, also when that is torn in the middle of its start."""

import asyncio

import pytest

from crampwatch.web import listening, serving


async def nothing(_scope, _receive, _send):
    """An application that is never asked."""


@pytest.mark.parametrize("turns", [0, 1, 2, 5])
async def test_a_run_that_ends_while_the_pages_start_leaves_no_server_behind(turns):
    told = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context["message"]))

    async def pages():
        with listening("127.0.0.1", 0) as (socket, _):
            async with serving(nothing, socket, "pages-web"):
                await asyncio.Event().wait()

    starting = asyncio.create_task(pages())
    for _ in range(turns):
        await asyncio.sleep(0)
    # Two of them: the group ends, and whoever stops its services in order cancels this one too.
    starting.cancel()
    await asyncio.sleep(0)
    starting.cancel()
    await asyncio.wait({starting})
    assert starting.cancelled()
    assert [one.get_name() for one in asyncio.all_tasks() if one.get_name().startswith("pages-web")] == []
    assert told == []
