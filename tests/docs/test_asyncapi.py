"""The AsyncAPI document: what it says of every message is what the code does, and what a real broker sees."""

import asyncio
import contextlib
import json
import re
from collections import defaultdict

import jsonschema
import pytest

from collector.ble import BleSource
from crampwatch.bus.broker import find_or_start
from crampwatch.cli.compose import House
from crampwatch.cli.stage import demo_settings, radio, the_cast
from crampwatch.clock import PacedClock, WallClock
from crampwatch.codec import BODIES, decode, encode
from crampwatch.events import Acknowledged, CheckedIn, SensorClaimed
from crampwatch.service import running
from crampwatch.settings import Settings
from crampwatch.storage.sqlite import SqliteStore
from crampwatch.topics import ROOT, SYSTEM, TERMS, Kind, Topic, every
from crampwatch.traffic import LANES, Party
from crampwatch.usual import ResetAsked
from docs import asyncapi
from tests.support import needs

DOCUMENT = json.loads((needs.ROOT / "docs/reference/asyncapi.json").read_text(encoding="utf-8"))
ID = r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?"


def channel_of(topic):
    """The channels of the document whose address a topic has."""
    for name, channel in DOCUMENT["channels"].items():
        pattern = "/".join(ID if part.startswith("{") else re.escape(part) for part in channel["address"].split("/"))
        fits = re.fullmatch(pattern, topic)
        # The team of the system has channels of its own.
        if fits and (topic.split("/")[2] == SYSTEM) == (channel["address"].split("/")[2] == SYSTEM):
            yield name


def validator(body):
    schema = {"allOf": [{"$ref": f"{asyncapi.SCHEMAS}{body}"}], "components": DOCUMENT["components"]}
    return jsonschema.Draft7Validator(schema)


def errors(topic, payload):
    """What the document has against a message; a channel may only be one."""
    (name,) = channel_of(topic)
    (body,) = DOCUMENT["channels"][name]["messages"]
    return [one.message for one in validator(body).iter_errors(json.loads(payload))]


# --- the document against its rules and the code --------------------------------------------------------------


def test_the_document_is_one_by_the_official_schema():
    schema = json.loads(needs.asyncapi_schema().read_text(encoding="utf-8"))
    assert [one.message for one in jsonschema.Draft7Validator(schema).iter_errors(DOCUMENT)] == []
    broken = {**DOCUMENT, "channels": {"telemetry": {"adress": "a typing error"}}}
    assert not jsonschema.Draft7Validator(schema).is_valid(broken)


def test_every_reference_leads_somewhere():
    for found in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)):
        node = DOCUMENT
        for part in found.split("/"):
            node = node[part]


def test_every_kind_of_topic_and_every_body_has_its_channel():
    for kind, bodies in BODIES.items():
        assert {lane.body for lane in LANES if lane.kind is kind} == set(bodies)
    assert set(DOCUMENT["channels"]) == {lane.name for lane in LANES}


def test_operations_carry_the_terms_of_their_topic():
    for lane in LANES:
        sends = [one for one in DOCUMENT["operations"].values() if one["channel"]["$ref"] == f"#/channels/{lane.name}"]
        terms = TERMS[lane.kind]
        for one in (one["bindings"]["mqtt"] for one in sends if one["action"] == "send"):
            assert (one["qos"], one["retain"], one.get("messageExpiryInterval")) == (
                terms.qos,
                terms.retain,
                terms.expiry_s,
            )


@pytest.mark.parametrize("example", asyncapi.EXAMPLES, ids=lambda one: type(one).__name__)
def test_every_example_is_taken_by_the_code_and_by_the_schema(example):
    lanes = [lane for lane in LANES if lane.body is type(example)]
    assert lanes
    assert decode(lanes[0].kind, encode(example)) == example
    assert list(validator(type(example).__name__).iter_errors(json.loads(encode(example)))) == []


def test_every_body_has_an_example():
    assert {type(one) for one in asyncapi.EXAMPLES} == {lane.body for lane in LANES}


# --- the document against a real broker -----------------------------------------------------------------------


class Wire:
    """Links to a broker that note who asks for what and who says what."""

    def __init__(self, links, parties):
        self.links, self.parties = links, parties
        self.asked, self.said = defaultdict(set), defaultdict(set)

    @contextlib.asynccontextmanager
    async def __call__(self, client_id, *, subscribe=(), **more):
        party = next((party for name, party in self.parties.items() if name in client_id), None)
        if party is not None:
            self.asked[party] |= set(subscribe)
        async with self.links(client_id, subscribe=subscribe, **more) as bus:
            publish = bus.publish

            async def noted(topic, payload):
                if party is not None:
                    self.said[party] |= {lane.name for lane in LANES if lane.fits(topic)}
                await publish(topic, payload)

            bus.publish = noted
            yield bus


def may(party, topic, role):
    """Whether the table lets a party ask for topics of this shape."""
    kind = topic.split("/")[4]
    system = topic.split("/")[2] == SYSTEM
    return any(party in getattr(lane, role) and (lane.kind, lane.system) == (kind, system) for lane in LANES)


def wanted(party, team):
    """The filters of everything that a party receives, but for what stands under its own name only."""
    lanes = [lane for lane in LANES if party in lane.receivers]
    return {one for lane in lanes for one in every(lane.kind, SYSTEM if lane.system else team)}


#: What a run shows without an outage.
SEEN = set(DOCUMENT["channels"]) - {"backlog", "unclaimedSensorStatus"}


@pytest.mark.timeout(400)
async def test_every_message_of_a_run_on_a_real_broker_is_as_described_and_a_changed_one_is_not(tmp_path):
    needs.mosquitto()
    cast = the_cast(1, None, 1)
    settings = demo_settings(Settings(state_dir=tmp_path), cast, 0)
    parties = {
        settings.collector.id: Party.COLLECTOR,
        settings.processor.id: Party.PROCESSOR,
        settings.alerts.id: Party.ALERTER,
        settings.dashboard.id: Party.DASHBOARD,
    }
    seen = defaultdict(list)
    async with (
        PacedClock(60, WallClock().now_ms() - 3_600_000).running() as clock,
        find_or_start(settings.mqtt, settings.state_dir) as links,
        radio(cast, clock) as (adapter, _),
        links("spy", subscribe=[f"{ROOT}/#"]) as spy,
    ):
        wire = Wire(links, parties)
        store = await SqliteStore.open(settings.store_path)
        home = House(settings, wire, clock, store)
        services = [
            home.processor(),
            home.alerter(()),
            home.dashboard(),
            home.collector(BleSource(clock=clock, adapter=adapter, connections=4)),
        ]
        try:
            async with running(services), asyncio.timeout(240):
                await others_answer(spy, clock, settings)
                await listen(spy, seen, settings)
        finally:
            await store.close()
    assert set(seen) >= SEEN
    for messages in seen.values():
        for topic, payload in messages:
            assert errors(topic, payload) == [], topic
        topic, payload = messages[-1]
        assert errors(topic, json.dumps({**json.loads(payload), "stranger": 1}))
        assert errors(topic, json.dumps({**json.loads(payload), "v": 2}))
    everybody_asks_and_says_what_the_table_says(wire, settings)


async def others_answer(bus, clock, settings):
    """What a phone and a coach's tool may say, said once."""
    now_ms, athlete = clock.now_ms(), settings.athletes[0].id
    await bus.publish(Topic(settings.team, athlete, Kind.CHECKIN), encode(CheckedIn(at_ms=now_ms, what="cramp")))
    answer = Acknowledged(alert_id=f"cramp-{athlete}-{now_ms}", at_ms=now_ms, by="runner", answer="ok")
    await bus.publish(Topic(settings.team, athlete, Kind.ACK), encode(answer))
    claim = SensorClaimed(device="no-such-sensor", athlete=athlete, at_ms=now_ms)
    await bus.publish(Topic(SYSTEM, settings.collector.id, Kind.COMMAND), encode(claim))
    await bus.publish(Topic(settings.team, athlete, Kind.COMMAND), encode(ResetAsked(at_ms=now_ms)))


async def listen(bus, seen, settings):
    """Until every channel that a run shows was seen."""
    async for delivery in bus.deliveries():
        await delivery.ack()
        if delivery.payload:
            channels = list(channel_of(delivery.topic))
            assert len(channels) == 1, f"{delivery.topic} is described {len(channels)} times"
            seen[channels[0]].append((delivery.topic, delivery.payload))
        if set(seen) >= SEEN:
            return


def everybody_asks_and_says_what_the_table_says(wire, settings):
    for party in set(Party) - {Party.OTHERS}:
        assert wire.said[party] <= {lane.name for lane in LANES if party in lane.senders}, party
        assert all(may(party, one, "receivers") for one in wire.asked[party]), (party, wire.asked[party])
        if party is not Party.COLLECTOR:  # which asks for what stands under its own id
            assert wire.asked[party] == wanted(party, settings.team), party
    own = {lane.kind for lane in LANES if Party.COLLECTOR in lane.receivers}
    assert {one.split("/")[4] for one in wire.asked[Party.COLLECTOR]} == own
    assert {"telemetry", "sensorStatus", "serviceStatus"} <= wire.said[Party.COLLECTOR]
    assert {"finding", "assessment", "watermark", "serviceStatus"} <= wire.said[Party.PROCESSOR]
    assert {"alert", "delivery", "serviceStatus"} <= wire.said[Party.ALERTER]
