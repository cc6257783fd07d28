"""Words that must read the same wherever a person meets them: levels, red flags, the disclaimer, first relief.

The claims are bounded on purpose. Heart rate and cadence can show a pattern of fatigue; they cannot show a cramp.
Nothing here promises to detect, predict or prevent one, and no score is ever shown as a number.
"""

from dataclasses import dataclass

from crampwatch.events import GuidanceStep
from crampwatch.units import Gate, Level, Mode

DISCLAIMER = (
    "Not a medical device. Fatigue-pattern information from heart rate and cadence; it cannot detect or rule out "
    "a cramp or any illness, and it will miss some and warn falsely. Stop if you feel unwell."
)

#: What a person is shown for a level, on a tile or in a message.
LEVEL_WORDS: dict[Level, str] = {
    Level.OK: "OK",
    Level.WATCH: "Watch",
    Level.WARNING: "High",
    Level.IMMINENT: "Strong signs",
    Level.NOW: "Check now",
}

#: The same levels said of the fatigue pattern, for charts and sentences.
PATTERN_WORDS: dict[Level, str] = {
    Level.OK: "low",
    Level.WATCH: "raised",
    Level.WARNING: "high",
    Level.IMMINENT: "strong",
    Level.NOW: "strong",
}

#: The highest level of a run that is over, where "now" would be wrong.
RUN_WORDS: dict[Level, str] = {
    Level.OK: "Low",
    Level.WATCH: "Raised",
    Level.WARNING: "High",
    Level.IMMINENT: "Strong",
    Level.NOW: "Sudden stop",
}

#: A gate as a name, for strips and lists.
GATE_NAMES: dict[Gate, str] = {
    Gate.WARM_UP: "warm-up",
    Gate.HILL: "hill",
    Gate.INTERVALS: "intervals",
    Gate.RUN_WALK: "run-walk plan",
    Gate.TRAFFIC_STOP: "clean stop",
    Gate.GEL_WALK: "drink walk",
    Gate.TURN: "bend or turn",
    Gate.TREADMILL: "treadmill",
    Gate.FAST_FINISH: "fast finish",
    Gate.ANSWERED: "answered",
}

#: Why it is quiet while a gate holds, for the runner and for who looks on. What it looks like, never what it is.
GATE_WORDS: dict[Gate, str] = {
    Gate.WARM_UP: "Warm-up: what is usual today is still being learned.",
    Gate.HILL: "It looks like a hill: cadence and pace are not compared here.",
    Gate.INTERVALS: "It looks like intervals: cadence is held against the last minutes only.",
    Gate.RUN_WALK: "It looks like a run-walk plan: the walks are taken as planned.",
    Gate.TRAFFIC_STOP: "It looks like a stop at a crossing: it is not counted.",
    Gate.GEL_WALK: "It looks like a short walk for a drink: it hardly counts.",
    Gate.TURN: "It looks like a bend or a turn: short dips count less.",
    Gate.TREADMILL: "It looks like a treadmill: speed is left out.",
    Gate.FAST_FINISH: "It looks like a fast finish: a change of rhythm is taken as meant.",
    Gate.ANSWERED: "Somebody answered: quiet for a while.",
}

#: What can be seen of an athlete in each mode, and what that means.
MODE_WORDS: dict[Mode, str] = {
    Mode.FULL: "Heart rate, beats, cadence and speed are seen.",
    Mode.NO_BEATS: "Heart rate, cadence and speed are seen.",
    Mode.NO_SPEED: "No speed: hills may look like fatigue.",
    Mode.NO_HEART: "No heart rate: only cadence is watched.",
    Mode.HEART_SUSPECT: "The heart rate cannot be trusted: only cadence is watched.",
    Mode.CADENCE_LOST: "No cadence just now: breaks in rhythm cannot be seen.",
    Mode.HEART_ONLY: "Heart rate only: breaks in rhythm cannot be seen.",
    Mode.BLIND: "No signal: nothing can be seen.",
}

#: Modes in which nothing is missing that a person should know of.
WHOLE_MODES = frozenset({Mode.FULL, Mode.NO_BEATS})


@dataclass(frozen=True, slots=True)
class RedFlag:
    """Signs that are not for a watch to weigh, and what to do about them."""

    id: str
    signs: str
    action: str
    urgent: bool


RED_FLAGS_TITLE = "When to get help"
RED_FLAGS_LEAD = "These come before anything this page says. Call your local emergency number when one of them is red."

# Sources, in order: exertional heat stroke (ACSM 2006; cold-water immersion, MSSE 2015); cardiac signs; exertional
# collapse with sickle trait (PubMed 17923725); exertional hyponatraemia; rhabdomyolysis; limb ischaemia and
# compartment syndrome; serious cramp (Miller 2022); deep-vein thrombosis; muscle tear; nerve; peripheral arteries.
RED_FLAGS: tuple[RedFlag, ...] = (
    RedFlag(
        "heat",
        "Confusion, collapse, odd behaviour, or very hot to the touch, even on a cool day",
        "Emergency call. Cool first, in cold water if you can.",
        urgent=True,
    ),
    RedFlag(
        "heart",
        "Chest pain or pressure, fainting, breathless out of proportion, a racing or irregular beat",
        "Stop. Emergency call.",
        urgent=True,
    ),
    RedFlag(
        "sickle",
        "Legs give way with weakness more than pain, minutes into an all-out effort",
        "Stop. Emergency call. Do not walk it off.",
        urgent=True,
    ),
    RedFlag(
        "sodium",
        "Nausea, vomiting, headache, bloating, a seizure or confusion in a long run",
        "Stop drinking water. Emergency call when confused.",
        urgent=True,
    ),
    RedFlag(
        "muscle_breakdown",
        "Severe or widespread pain and weakness, or dark red-brown urine",
        "Emergency department, today.",
        urgent=True,
    ),
    RedFlag(
        "limb",
        "Pain out of proportion with a tense calf, or a cold, pale or numb leg",
        "Emergency department, now.",
        urgent=True,
    ),
    RedFlag(
        "widespread",
        "Cramps in many muscles, or one that lasts more than about ten minutes despite stretching",
        "Get medical help.",
        urgent=True,
    ),
    RedFlag(
        "clot",
        "One calf throbbing, swollen, warm or red",
        "Care the same day. No massage, no stretching.",
        urgent=False,
    ),
    RedFlag(
        "tear",
        "A sudden kick or pop in the calf, and you cannot push off",
        "Stop and have it looked at. No stretching.",
        urgent=False,
    ),
    RedFlag("nerve", "Numbness, tingling, weakness or back pain", "See a doctor.", urgent=False),
    RedFlag("circulation", "Calf pain at the same distance every time, eased by rest", "See a doctor.", urgent=False),
)

#: Shown the moment a runner says "I'm cramping", until the alerter's steps are here: the same rows, word for word
#: (``alerts/guidance.toml``; Miller 2022, table 2). Steps that changed under a runner's eyes would be read twice.
FIRST_RELIEF: tuple[GuidanceStep, ...] = (
    GuidanceStep(
        id="relief.stop",
        text="Stop running and step off the route. Do not push through it: that can make it worse or strain the "
        "muscle.",
    ),
    GuidanceStep(
        id="relief.stretch",
        text="Hold your toes toward the shin, gently, until it lets go. Repeat if it returns. Not after a kick or pop "
        "in the muscle, and not if one calf is swollen, hot or red.",
        timer_s=30,
        note="The best supported step: what counts is until it eases, 30 s is only a habit. Quinine and tonic water "
        "are advised against.",
    ),
    GuidanceStep(
        id="relief.pressure",
        text="Knead the muscle gently or keep a steady press on it. Not if one calf is swollen, hot or red.",
    ),
    GuidanceStep(id="relief.rest", text="Sit for 3 to 5 minutes, with the weight off that leg.", timer_s=180),
)

#: Shown once the runner says that it has eased; the same row as the alerter's.
WALK_BACK = GuidanceStep(
    id="relief.walk_back",
    text="Once it has eased, walk slowly for 3 to 5 minutes. No twinge? Then jog easily for 5 minutes before you run "
    "again. A second cramp today: end the run.",
    timer_s=180,
)
