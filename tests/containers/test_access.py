"""The broker's configuration of compose.yaml in a real mosquitto: each service says and reads what is its own."""

import asyncio
import contextlib

import pytest

from crampwatch.bus.address import Address
from crampwatch.bus.links import MqttLinks
from crampwatch.errors import Misconfigured, Refused
from crampwatch.topics import SYSTEM, Kind, Topic, every
from tests.containers.secrets import make_secrets, password
from tests.support import needs
from tests.support.brokers import hurried, strict_mosquitto

TEAM, ATHLETE = "club", "r7"
SERVICES = ("collector-1", "processor-1", "alerter-1", "dashboard-1", "replay")

#: Every topic that some service writes, by what it is.
TOPICS = {
    "telemetry": Topic(TEAM, ATHLETE, Kind.TELEMETRY),
    "backlog": Topic(TEAM, ATHLETE, Kind.BACKLOG),
    "a sensor's state": Topic(TEAM, ATHLETE, Kind.STATUS, "hrm-1"),
    "an unclaimed sensor": Topic(SYSTEM, "collector-1", Kind.STATUS, "hrm-1"),
    "finding": Topic(TEAM, ATHLETE, Kind.FINDING),
    "assessment": Topic(TEAM, ATHLETE, Kind.ASSESSMENT),
    "what is stored": Topic(SYSTEM, "collector-1", Kind.WATERMARK, "processor-1"),
    "what is forgotten": Topic(SYSTEM, "collector-1", Kind.WATERMARK, "collector-1"),
    "alert": Topic(TEAM, ATHLETE, Kind.ALERT, "cramp"),
    "delivery": Topic(TEAM, ATHLETE, Kind.DELIVERY),
    "ack": Topic(TEAM, ATHLETE, Kind.ACK),
    "checkin": Topic(TEAM, ATHLETE, Kind.CHECKIN),
    "command": Topic(SYSTEM, "collector-1", Kind.COMMAND),
    "what is usual": Topic(TEAM, ATHLETE, Kind.BASELINE),
    "reset": Topic(TEAM, ATHLETE, Kind.COMMAND),
    **{f"status of {one}": Topic(SYSTEM, one, Kind.STATUS) for one in SERVICES},
}

WRITES = {
    "collector-1": {"telemetry", "backlog", "a sensor's state", "an unclaimed sensor", "what is forgotten"},
    "processor-1": {"finding", "assessment", "what is stored", "what is usual"},
    "alerter-1": {"alert", "delivery"},
    "dashboard-1": {"ack", "checkin", "command", "reset"},
}

READS = {
    "collector-1": {"what is stored", "what is forgotten", "command"},
    "processor-1": {"telemetry", "backlog", "what is stored", "what is forgotten", "ack", "checkin", "reset"},
    "alerter-1": {"finding", "assessment", "a sensor's state", "an unclaimed sensor", "alert", "ack", "checkin"},
    "dashboard-1": {
        *("telemetry", "assessment", "finding", "alert", "delivery", "what is usual"),
        *("a sensor's state", "an unclaimed sensor"),
    },
}


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    needs.mosquitto()
    folder = tmp_path_factory.mktemp("secrets")
    make_secrets(folder, "--team", TEAM, "collector-2")
    return folder


@pytest.fixture
async def port(tmp_path, secrets):
    """The broker of compose.yaml, with its paths and its port those of this test."""
    config = (needs.ROOT / "deploy" / "mosquitto" / "mosquitto.conf").read_text(encoding="utf-8")
    for name, kept in (("passwords", "broker.passwords"), ("access", "broker.access")):
        copy = tmp_path / name
        copy.write_bytes((secrets / kept).read_bytes())
        copy.chmod(0o644)
        config = config.replace(f"/run/mosquitto/{name}", str(copy))
    data = tmp_path / "data"
    data.mkdir()
    tmp_path.chmod(0o755)
    data.chmod(0o777)
    config = config.replace("/mosquitto/data/", f"{data}/").replace("listener 1883", "listener {port} 127.0.0.1")
    async with strict_mosquitto(tmp_path, *config.splitlines(), "user root") as at:
        yield at


def links(port, user, secret):
    return MqttLinks(Address("127.0.0.1", port, user, secret), sleep=hurried)


async def takes(bus, topic):
    """Whether the broker takes it; of QoS 0 it says nothing."""
    try:
        await bus.publish(topic, b"{}")
    except Refused:
        return False
    return True


async def taken_from(bus):
    return {name for name, topic in TOPICS.items() if topic.terms.qos and await takes(bus, topic)}


def own_status(user):
    return f"status of {user}"


@pytest.mark.parametrize("user", WRITES)
async def test_a_service_says_what_is_its_own_and_nothing_else(port, secrets, user):
    async with links(port, user, password(secrets, user))(f"test-{user}") as bus:
        taken = await taken_from(bus)
    assert taken == WRITES[user] - {"assessment"} | {own_status(user)}


@pytest.mark.parametrize("user", READS)
async def test_a_service_hears_what_it_needs_and_nothing_else(port, secrets, user):
    filters = [one for kind in Kind for team in (TEAM, SYSTEM) for one in every(kind, team)]
    heard = set()
    async with contextlib.AsyncExitStack() as stack:
        reader = await stack.enter_async_context(
            links(port, user, password(secrets, user))("reader", subscribe=filters)
        )
        for writer in {*WRITES, "replay"} - {user}:
            bus = await stack.enter_async_context(links(port, writer, password(secrets, writer))(f"writer-{writer}"))
            for name in (*WRITES.get(writer, ()), own_status(writer)):
                assert await takes(bus, TOPICS[name]), (writer, name)
        for name in WRITES[user]:
            assert await takes(reader, TOPICS[name])
        # All of it is with the broker; what comes back in order ends with what is said last.
        last = Topic(SYSTEM, user, Kind.STATUS)
        assert await takes(reader, last)
        names = {str(topic): name for name, topic in TOPICS.items()}
        async with asyncio.timeout(20):
            async for delivery in reader.deliveries():
                heard.add(names[delivery.topic])
                await delivery.ack()
                if delivery.topic == str(last):
                    break
    statuses = {own_status(one) for one in SERVICES} if user in {"alerter-1", "dashboard-1"} else {own_status(user)}
    assert heard == READS[user] | statuses


async def test_nobody_but_the_processor_can_say_how_a_runner_stands(port, secrets):
    reader = links(port, "dashboard-1", password(secrets, "dashboard-1"))
    async with reader("reader", subscribe=[*every(Kind.ASSESSMENT, TEAM), *every(Kind.STATUS, SYSTEM)]) as bus:
        for writer in ("collector-1", "alerter-1", "replay"):
            async with links(port, writer, password(secrets, writer))(f"writer-{writer}") as other:
                await other.publish(TOPICS["assessment"], b"{}")
                await other.publish(TOPICS[own_status(writer)], b"{}")
        heard = []
        async with asyncio.timeout(20):
            async for delivery in bus.deliveries():
                heard.append(delivery.topic)
                await delivery.ack()
                if delivery.topic == str(TOPICS[own_status("replay")]):
                    break
    assert str(TOPICS["assessment"]) not in heard


async def test_a_replay_speaks_as_collectors_of_any_name_and_neither_finds_nor_alerts(port, secrets):
    own = {"telemetry", "backlog", "a sensor's state", "an unclaimed sensor", "what is stored", "what is forgotten"}
    async with links(port, "replay", password(secrets, "replay"))("test-replay") as bus:
        taken = await taken_from(bus)
    assert taken == own | {own_status(one) for one in SERVICES}


async def test_a_second_collector_has_its_own_name_and_not_the_firsts(port, secrets):
    async with links(port, "collector-2", password(secrets, "collector-2"))("test-collector-2") as bus:
        assert await takes(bus, TOPICS["telemetry"])
        assert await takes(bus, Topic(SYSTEM, "collector-2", Kind.STATUS))
        assert not await takes(bus, Topic(SYSTEM, "collector-1", Kind.STATUS))
        assert not await takes(bus, TOPICS["what is forgotten"])


async def test_another_teams_runners_are_out_of_reach(port, secrets):
    async with links(port, "collector-1", password(secrets, "collector-1"))("test-collector-1") as bus:
        assert not await takes(bus, Topic("rivals", ATHLETE, Kind.TELEMETRY))


@pytest.mark.parametrize("user", ["collector-1", None], ids=["a wrong password", "nobody"])
async def test_who_has_no_right_password_is_not_let_in(port, user):
    with pytest.raises(Misconfigured, match="user or password"):
        async with links(port, user, "wrong" if user else None)("stranger"):
            pytest.fail("it was let in")
