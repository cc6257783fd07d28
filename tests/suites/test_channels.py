"""What every channel promises, over every implementation: memory, MQTT, terminal, Apprise with a real HTTP server."""

import asyncio
import contextlib
import importlib.util
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from pydantic import SecretStr

from alerts.case import Case
from alerts.channels import Push, Unanswered
from alerts.channels.apprise import AppriseChannel, apprise_channels
from alerts.channels.mqtt import MqttChannel
from alerts.channels.terminal import TerminalChannel
from alerts.triage import body
from crampwatch.bus.memory import MemoryBroker
from crampwatch.codec import decode
from crampwatch.errors import Misconfigured, Unavailable
from crampwatch.topics import Kind, every
from tests.alerts.builders import MemoryChannel, eventually, filed
from tests.support.clocks import ManualClock
from tests.support.needs import missing


def push(name="a1"):
    alert = filed(Case("ada", "run-1"), name=name).alert
    return Push("ada", alert, alert.title, body(alert))


def needs_apprise():
    if importlib.util.find_spec("apprise") is None:
        missing("the push extra", "pip install 'crampwatch[push]'")


class Phone:
    """The other end of a channel: how many pushes a person felt, and a switch to be away."""

    def __init__(self, channel, titles, away):
        self.channel = channel
        self.titles = titles
        self.away = away


class WebHook:
    """A real HTTP server on the loopback that keeps what is posted to it, and may fail or dawdle."""

    def __init__(self):
        self.posts, self.failing, self.gate = [], False, threading.Event()
        self.gate.set()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                posted = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                hook.gate.wait(10)
                if not hook.failing:
                    hook.posts.append(posted)
                self.send_response(500 if hook.failing else 200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @property
    def address(self):
        return SecretStr(f"json://127.0.0.1:{self.server.server_port}/hush-hush")

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()


@contextlib.asynccontextmanager
async def memory():
    channel = MemoryChannel()

    def away(is_away):
        channel.failures = [Unavailable("away")] * 9 if is_away else []

    yield Phone(channel, lambda: [one.title for one in channel.felt], away)


@contextlib.asynccontextmanager
async def mqtt():
    broker = MemoryBroker()
    links = broker.links()
    async with links("page", subscribe=every(Kind.DELIVERY)) as page, links("alerter") as bus:
        titles = []

        async def listen():
            async for delivery in page.deliveries():
                titles.append(decode(Kind.DELIVERY, delivery.payload).title)
                await delivery.ack()

        listener = asyncio.create_task(listen())

        def away(is_away):
            broker.cut("alerter") if is_away else broker.mend("alerter")

        yield Phone(MqttChannel(bus, "home", ManualClock()), lambda: titles, away)
        listener.cancel()


@contextlib.asynccontextmanager
async def terminal():
    lines = []

    def write(text):
        lines.append(text)

    yield Phone(TerminalChannel(write), lambda: [line.split("\n")[0].partition(": ")[2] for line in lines], None)


@contextlib.asynccontextmanager
async def apprise():
    needs_apprise()
    hook = WebHook()

    def away(is_away):
        hook.failing = is_away

    channel = AppriseChannel("apprise-1", hook.address)
    try:
        yield Phone(channel, lambda: [one["title"].removesuffix(" (ada)") for one in hook.posts], away)
    finally:
        await channel.close()
        hook.close()


@pytest.fixture(params=[memory, mqtt, terminal, apprise], ids=lambda make: make.__name__)
async def phone(request):
    async with request.param() as made:
        yield made


async def turns():
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_push_has_been_taken_when_deliver_returns(phone):
    one = push()
    await phone.channel.deliver(one)
    await turns()
    assert phone.titles() == [one.title]


async def test_every_push_arrives_once_and_in_order(phone):
    pushes = [push(f"a{number}") for number in range(3)]
    for one in pushes:
        await phone.channel.deliver(one)
    await turns()
    assert phone.titles() == [one.title for one in pushes]


async def test_a_channel_that_is_away_says_so_and_works_when_it_is_back(phone):
    if phone.away is None:
        return  # a terminal is never away
    phone.away(True)
    with pytest.raises(Unavailable):
        await phone.channel.deliver(push())
    phone.away(False)
    await phone.channel.deliver(push())
    await turns()
    assert len(phone.titles()) == 1


async def test_a_channel_says_what_it_is_and_may_be_closed_twice(phone):
    assert phone.channel.name
    assert isinstance(phone.channel.audible, bool)
    assert isinstance(phone.channel.repeatable, bool)
    await phone.channel.close()
    await phone.channel.close()


# --- what only one of them must bear ------------------------------------------------------------------------


async def test_the_terminal_shows_who_what_why_and_the_first_step():
    lines = []
    await TerminalChannel(lines.append).deliver(push())
    assert lines[0].splitlines() == [
        "ada: Several fatigue signs together: ease off",
        "  because because.",
        "  1. Ease off for 2 to 3 minutes and shorten your stride. If a muscle grabs, do what follows.",
    ]


@pytest.fixture
def hook():
    needs_apprise()
    made = WebHook()
    yield made
    made.close()


async def test_a_slow_service_is_given_up_and_the_same_push_is_not_sent_twice(hook):
    channel = AppriseChannel("apprise-1", hook.address, timeout_s=0.05)
    hook.gate.clear()
    with pytest.raises(Unavailable, match="no answer"):
        await channel.deliver(push())
    with pytest.raises(Unavailable, match="busy"):
        await channel.deliver(push("another"))
    hook.gate.set()
    for _ in range(100):
        with contextlib.suppress(Unavailable):
            await channel.deliver(push())
            break
    assert len(hook.posts) == 1
    await channel.close()


async def test_a_push_whose_answer_came_between_two_rounds_is_not_sent_anew_after_a_more_urgent_one(hook):
    channel = AppriseChannel("apprise-1", hook.address, timeout_s=0.05)
    calm, urgent = push("calm"), push("urgent")
    hook.gate.clear()
    with pytest.raises(Unanswered):
        await channel.deliver(calm)
    hook.gate.set()
    await until_taken(channel, urgent)
    await until_taken(channel, calm)
    assert len(hook.posts) == 2
    await until_taken(channel, calm)
    assert len(hook.posts) == 3, "whoever asks after the answer was had means another push"
    await channel.close()


async def test_answers_that_nobody_asks_for_are_not_kept_for_ever(hook, monkeypatch):
    monkeypatch.setattr("alerts.channels.apprise.UNREAD", 2)
    channel = AppriseChannel("apprise-1", hook.address, timeout_s=0)
    for number in range(4):
        hook.gate.clear()
        await until_begun(channel, push(f"a{number}"))
        hook.gate.set()
        await eventually(lambda: len(hook.posts) > number, seconds=20)  # noqa: B023 - awaited at once
    await until_taken(channel, push("a2"))
    await until_taken(channel, push("a3"))
    assert len(hook.posts) == 4
    await until_taken(channel, push("a0"))
    assert len(hook.posts) == 5
    await channel.close()


async def until_taken(channel, wanted):
    """As a courier does: ask again until it was taken."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await channel.deliver(wanted)
            except Unavailable:
                await asyncio.sleep(0.01)


async def until_begun(channel, wanted):
    """Ask until the thread has it; no answer is there."""
    async with asyncio.timeout(20):
        while True:
            try:
                await channel.deliver(wanted)
            except Unanswered:
                return
            except Unavailable:
                await asyncio.sleep(0.01)


async def test_each_apprise_address_is_a_channel_of_its_own(hook):
    channels = apprise_channels([hook.address, hook.address])
    assert [one.name for one in channels] == ["apprise-1", "apprise-2"]
    for one in channels:
        await one.close()


@pytest.mark.parametrize("address", ["nonsense://s3cret@host", "s3cret", "", "json://"])
def test_a_bad_address_is_refused_without_showing_it(address, caplog, capfd):
    needs_apprise()
    with pytest.raises(Misconfigured, match=r"alerts\.apprise: address number 2") as refused:
        AppriseChannel("apprise-2", SecretStr(address))
    assert "s3cret" not in f"{refused.value}{caplog.text}{capfd.readouterr()}"
