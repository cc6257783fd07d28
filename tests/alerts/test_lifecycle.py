"""An alert is raised, delivered, acknowledged, then cleared or expired, and never comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.case import Case
from alerts.guidance import Flow
from alerts.lifecycle import Event, after, ends_at_ms
from crampwatch.events import AlertState
from tests.alerts.builders import filed
from tests.support import facts

S, E = AlertState, Event
ORDER = [S.RAISED, S.DELIVERED, S.ACKNOWLEDGED]


@pytest.mark.parametrize(
    ("state", "event", "to"),
    [
        (S.RAISED, E.TAKEN, S.DELIVERED),
        (S.RAISED, E.RAN_OUT, S.EXPIRED),
        (S.DELIVERED, E.ANSWERED, S.ACKNOWLEDGED),
        (S.DELIVERED, E.ENDED, S.CLEARED),
        (S.ACKNOWLEDGED, E.TAKEN, S.ACKNOWLEDGED),
        (S.ACKNOWLEDGED, E.RAN_OUT, S.CLEARED),
        (S.CLEARED, E.TAKEN, S.CLEARED),
        (S.EXPIRED, E.ANSWERED, S.EXPIRED),
    ],
)
def test_what_an_event_makes_of_a_state(state, event, to):
    alert = filed(Case("ada", "run-1")).alert.model_copy(update={"state": state})
    assert after(alert, event, alert.updated_at_ms).state is to


@given(facts.alerts, st.lists(st.tuples(st.sampled_from(Event), facts.epochs), max_size=12))
def test_an_alert_only_goes_forward_and_dates_every_change_later(alert, script):
    for event, now_ms in script:
        changed = after(alert, event, now_ms)
        if changed is alert:
            continue
        assert alert.state.open
        assert changed.updated_at_ms > alert.updated_at_ms
        assert changed.raised_at_ms == alert.raised_at_ms
        if changed.state.open:
            assert ORDER.index(changed.state) > ORDER.index(alert.state)
        alert = changed


def test_a_sudden_stop_is_asked_about_for_five_minutes_and_a_fault_lasts():
    assert ends_at_ms(Flow.CRAMP_PROMPT, 1_000) == 301_000
    assert ends_at_ms(Flow.FAULT_SENSOR, 1_000) is None
