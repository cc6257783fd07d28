"""What a sensor is called where others read it: by its product, never by the person it is named after."""

import re

#: Makers and families that sell sensors and watches for runners; a product's name begins with one.
_FAMILY = re.compile(
    r"""amazfit | apple | coospo | coros | decathlon | enduro | epix | f[eē]nix | fitbit | forerunner | garmin
    | hrm(-dual|-fit|-pro|-run|-tri)? | huawei | instinct | kalenji | magene | mi | polar | rhythm(24|\+) | scosche
    | stryd | suunto | tactix | tickr | v[ií]vo(active|smart) | venu | wahoo | xiaomi | zepp""",
    re.VERBOSE | re.IGNORECASE,
)
#: Words that follow in products' names.
_WORD = re.compile(
    r"""active | apex | band | beat | bip | cheetah | dual | dura | edge | elite | fit | gtr | gts | hr | ignite | lite
    | music | nomad | pace | pacer | peak | plus | pod | pro | race | run | sapphire | sense | sensor | smart | solar
    | sport | sq | t-rex | titanium | trx | ultra | unite | vantage | verity | vertical | vertix | watch | x""",
    re.VERBOSE | re.IGNORECASE,
)
#: A model's number: H10, OH1+, 255S, 7X, V800. A serial number or a nickname with a birth year is longer.
_NUMBER = re.compile(r"[A-Z]{0,2}[0-9]{1,3}[A-Z]{0,2}\+?")


def product_name(advertised: str) -> str | None:
    """The part of an advertised name that names the product; None when it does not begin with a maker we know.

    >>> product_name("Polar H10 A1B2C3D4"), product_name("Forerunner 255 of Anna"), product_name("Anna's Watch")
    ('Polar H10', 'Forerunner 255', None)
    """
    kept: list[str] = []
    for word in advertised.replace(":", " ").split():
        known = (_FAMILY, _WORD, _NUMBER) if kept else (_FAMILY,)
        if not any(one.fullmatch(word) for one in known):
            break
        kept.append(word)
    return " ".join(kept) or None


def public_name(device: str, advertised: str, model: str | None) -> str:
    """What a claimed sensor is called in topics, on pages and in logs of others.

    People name watches after themselves ("Anna's Watch"), and a name beside an athlete's id would undo the
    pseudonym. So it is the model that the sensor's Device Information tells, else the product part of its
    advertised name, else its device id. The advertised name itself stays with pairing and ``crampwatch scan``.
    """
    return model or product_name(advertised) or f"sensor {device}"
