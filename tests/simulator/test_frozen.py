"""The generators stand still: a weights file names what it was fitted on."""

from simulator import draw, frozen

#: Changing one means a new version in simulator/draw.py, and new weights.
MAIN = "01066e2d54e210d3718eefcd4ec49af9182e5679b5ce404f2c8567b07c32b1ed"
OTHER = "41b81d5545bc1f8c317ae63f34c652469fb92f6171bf93ce0dc13d4c36a85fb0"


def test_the_generators_give_what_they_gave():
    assert frozen.VERSION == 1
    assert frozen.fingerprint() == MAIN, "changing it means a new version, and new weights"
    assert frozen.fingerprint("other") == OTHER, "changing it means a new version"


def test_a_new_version_gives_other_runs(monkeypatch):
    before = draw.draw(5, "city")
    monkeypatch.setattr(draw, "VERSION", 2)
    assert draw.draw(5, "city") != before
