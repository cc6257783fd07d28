"""The generators stand still: a weights file names what it was fitted on."""

from simulator import draw, frozen

#: Changing one means a new version in simulator/draw.py, and new weights.
MAIN = "66a3dfe3358025cc179fc6805e5199e2faeb4f18b2bdef3416b4acad634acd74"
OTHER = "88f14d20419cc53c02b3f28265f7291d98cf29e0f8711fe11d0e82f949725a2a"


def test_the_generators_give_what_they_gave():
    assert frozen.VERSION == 1
    assert frozen.fingerprint() == MAIN, "changing it means a new version, and new weights"
    assert frozen.fingerprint("other") == OTHER, "changing it means a new version"


def test_a_new_version_gives_other_runs(monkeypatch):
    before = draw.draw(5, "city")
    monkeypatch.setattr(draw, "VERSION", 2)
    assert draw.draw(5, "city") != before
