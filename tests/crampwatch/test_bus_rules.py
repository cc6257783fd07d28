"""Ids, filters, addresses: what a bus takes before anything is sent."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crampwatch.bus.address import address_of
from crampwatch.bus.brands import Iotcore, Mosquitto, pick
from crampwatch.bus.reasons import ClosedAtOnce, refused_connect, refused_publish
from crampwatch.bus.rules import check_client_id, check_filter, matches
from crampwatch.errors import Misconfigured, Refused, Unavailable
from crampwatch.settings import Mqtt
from crampwatch.topics import Kind, Topic, every
from tests.support.facts import ids

levels = st.sampled_from(["a", "b", "c", "", "$d"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join)
filters = st.tuples(st.lists(levels | st.just("+"), min_size=1, max_size=4), st.booleans()).map(
    lambda parts: "/".join(parts[0]) + ("/#" if parts[1] else "")
)


@given(filters, topics)
def test_a_filter_selects_what_the_specification_says(topic_filter, topic):
    pattern = re.escape(topic_filter).replace(r"\+", "[^/]*")
    pattern = re.sub(r"/\\#$", "(/.*)?", pattern)
    hidden = topic.startswith("$") and topic_filter.startswith("+")
    assert matches(topic_filter, topic) == (bool(re.fullmatch(pattern, topic)) and not hidden)


@given(ids, ids, st.sampled_from(Kind), st.none() | ids)
def test_the_filters_of_a_kind_select_each_of_its_topics_once(team, athlete, kind, device):
    topic = str(Topic(team, athlete, kind, device))
    assert sum(matches(one, topic) for one in every(kind)) == 1


@pytest.mark.parametrize("topic_filter", ["#", "+", "a/#", "a/+/b", "a//b"])
def test_filters_that_mqtt_allows(topic_filter):
    check_filter(topic_filter)


@given(ids, ids)
def test_two_ids_of_ours_and_a_word_are_a_client_id(team, service):
    check_client_id(f"crampwatch-{team}-{service}")
    check_client_id(f"crampwatch-{'t' * 64}-{'s' * 64}")


@pytest.mark.parametrize("client_id", ["", "a/b", "a b", "collector-1\n", "x" * 161])
def test_what_some_broker_cannot_bear_is_no_client_id(client_id):
    with pytest.raises(ValueError, match="client id"):
        check_client_id(client_id)


@pytest.mark.parametrize(
    ("url", "host", "port", "tls"),
    [
        ("mqtt://broker", "broker", 1883, False),
        ("mqtt://broker:1884/", "broker", 1884, False),
        ("mqtts://club.example", "club.example", 8883, True),
        ("mqtt://[::1]:1883", "::1", 1883, False),
    ],
)
def test_an_address_is_read_as_users_write_it(url, host, port, tls):
    address = address_of(Mqtt(url=url))
    assert (address.host, address.port, address.tls is not None) == (host, port, tls)


def test_credentials_of_the_settings_win_over_those_of_the_url():
    inside = address_of(Mqtt(url="mqtt://coach:s%40fe@broker"))
    assert (inside.username, inside.password) == ("coach", "s@fe")
    given_apart = address_of(Mqtt(url="mqtt://coach:old@broker", username="club", password="new"))
    assert (given_apart.username, given_apart.password) == ("club", "new")


def test_an_address_is_shown_without_credentials():
    assert str(address_of(Mqtt(url="mqtts://coach:secret@broker"))) == "mqtts://broker:8883"
    assert str(address_of(Mqtt(url="mqtt://[::1]"))) == "mqtt://[::1]:1883"
    assert "secret" not in repr(address_of(Mqtt(url="mqtt://coach:secret@broker")))


@pytest.mark.parametrize(
    "url", ["broker", "http://broker", "mqtt://", "mqtt://b:0", "mqtt://b:x", "mqtt://b/topic", "mqtt://b?x=1", ""]
)
def test_what_is_no_address_is_refused_with_the_right_form(url):
    with pytest.raises(Misconfigured, match="write mqtt://host:port"):
        address_of(Mqtt(url=url))


def test_a_password_without_a_user_is_refused():
    with pytest.raises(Misconfigured, match=r"mqtt\.username"):
        address_of(Mqtt(url="mqtt://broker", password="alone"))


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (0x86, Misconfigured),  # bad user name or password
        (0x87, Misconfigured),  # not authorised
        (0x85, Misconfigured),  # client id not valid
        (0x84, ClosedAtOnce),  # unsupported version: the next one is tried
        (0x80, ClosedAtOnce),  # hung up
        (0x88, Unavailable),  # server unavailable
        (0x9F, Unavailable),  # connection rate exceeded
    ],
)
def test_a_refused_connection_says_what_to_do(code, remedy):
    assert type(refused_connect(code, "why", "mqtt://broker:1883")) is remedy


@pytest.mark.parametrize(("code", "reason"), [(0x87, "not_authorised"), (0x95, "too_long"), (0x97, None)])
def test_a_refused_publish_is_for_ever_or_for_now(code, reason):
    error = refused_publish(code, "why", "t")
    assert getattr(error, "reason", None) == reason
    assert isinstance(error, Refused if reason else Unavailable)


def test_without_any_broker_both_ways_out_are_named():
    with pytest.raises(Misconfigured) as nothing:
        pick({})
    for way in ("apt-get install mosquitto", "brew install mosquitto", "pip install 'crampwatch[broker]'", "mqtt.url"):
        assert way in str(nothing.value)


def test_mosquitto_is_preferred_unless_the_other_serves_already():
    brands = {"mosquitto": Mosquitto("/usr/sbin/mosquitto", "2"), "iotcore": Iotcore("0.4")}
    assert pick(brands).name == "mosquitto"
    assert pick(brands, "iotcore").name == "iotcore"
    assert pick(brands, "unheard-of").name == "mosquitto"


@pytest.mark.parametrize("brand", [Mosquitto("/usr/sbin/mosquitto", "2"), Iotcore("0.4")], ids=lambda one: one.name)
def test_a_broker_of_ours_listens_on_loopback_only(brand, tmp_path):
    brand.command(tmp_path, 1884)
    (config,) = tmp_path.iterdir()
    text = config.read_text()
    assert "127.0.0.1" in text
    assert "1884" in text
    assert "0.0.0.0" not in text


def test_the_wheel_is_asked_for_state_with_qos_0_because_it_hands_out_a_part_of_it_otherwise():
    wheel = Iotcore("0.4")
    asked = {kind: {wheel.subscribe_qos(one) for one in every(kind)} for kind in Kind}
    states = {Kind.STATUS, Kind.ALERT, Kind.WATERMARK, Kind.BASELINE}
    assert {kind for kind, qos in asked.items() if qos == {0}} == states
    assert all(len(qos) == 1 for qos in asked.values())
