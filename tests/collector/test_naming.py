"""A sensor that is somebody's goes by its product's name; what a person called it stays here."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.naming import product_name, public_name


@pytest.mark.parametrize(
    ("advertised", "product"),
    [
        ("Polar H10 A1B2C3D4", "Polar H10"),
        ("Polar OH1+ 3C2A91", "Polar OH1+"),
        ("HRM-Dual:012345", "HRM-Dual"),
        ("TICKR X 4F1C", "TICKR X"),
        ("Forerunner 255S", "Forerunner 255S"),
        ("fēnix 7X Pro", "fēnix 7X Pro"),
        ("COROS PACE 3", "COROS PACE 3"),
        ("Amazfit GTR 4", "Amazfit GTR 4"),
        ("Apple Watch of Anna", "Apple Watch"),
        ("Garmin Anna", "Garmin"),
        ("Polar Anna87", "Polar"),
    ],
)
def test_the_product_is_kept_and_what_follows_it_is_cut(advertised, product):
    assert product_name(advertised) == product


@pytest.mark.parametrize(
    "advertised", ["Anna's Watch", "Anna's Polar H10", "Watch of Anna", "H10", "", "  ", "Müller 7"]
)
def test_a_name_that_does_not_begin_with_a_maker_is_a_persons(advertised):
    assert product_name(advertised) is None
    assert public_name("ble-12", advertised, None) == "sensor ble-12"


def test_the_makers_own_word_comes_first():
    assert public_name("ble-12", "Polar H10 A1B2C3D4", "H10") == "H10"
    assert public_name("ble-12", "Anna's Watch", "Forerunner 255") == "Forerunner 255"


@given(st.text(alphabet="abcdefghijklmnoqrstuvwyzäöü'", min_size=5, max_size=12))
def test_a_persons_name_is_never_told(person):
    assume(product_name(f"Polar {person}") == "Polar")  # unless it is a product's as well, such as "Edge"
    assert product_name(f"Polar H10 {person}") == "Polar H10"
    assert public_name("ble-12", f"{person} Polar H10", None) == "sensor ble-12"
