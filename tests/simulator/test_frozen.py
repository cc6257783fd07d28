"""The generators stand still: a weights file names what it was fitted on."""

from simulator import draw, frozen


def test_the_generators_give_what_they_gave():
    assert frozen.VERSION == 1
    assert frozen.fingerprint() == frozen.PINNED["main"], "changing it means a new version, and new weights"
    assert frozen.fingerprint("other") == frozen.PINNED["other"], "changing it means a new version"


def test_a_new_version_gives_other_runs(monkeypatch):
    before = draw.draw(5, "city")
    monkeypatch.setattr(draw, "VERSION", 2)
    assert draw.draw(5, "city") != before
