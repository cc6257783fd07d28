"""Settings: one TOML file, over it secret files, over those the environment. Every setting says what it does."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from crampwatch.errors import Misconfigured
from crampwatch.setting_files import ENV_PREFIX, NESTED, SECRETS_DIR, merged, read_secrets, read_toml, setter
from crampwatch.topics import SYSTEM
from crampwatch.units import CadenceUnit, Id

FILE_NAME = "crampwatch.toml"
#: Variables with our prefix that are no settings: this one, and what the tests ask for.
NO_SETTINGS = {SECRETS_DIR, f"{ENV_PREFIX}REQUIRE", f"{ENV_PREFIX}DATA"}


_SEE = "`crampwatch config --explain` lists every setting"
_OWN_ID = "no two services on a broker may have the same, of whatever team"
_HEALTH = "port of /healthz, /readyz and /metrics when it runs alone; 0 takes a free one, -1 serves none"


def _expanded(path: Path) -> Path:
    """The path with its ``~`` resolved; a pydantic error when nobody is called that."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise ValueError(f"there is no home folder for {path.parts[0]!r}; write the whole path") from None


class Section(BaseModel):
    """A table of the settings file; an unknown key is an error, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Sensor(Section):
    """A sensor that belongs to an athlete, known by its address or by its advertised name."""

    address: str | None = Field(
        None, description="Bluetooth address (on macOS: the UUID that `crampwatch scan` prints)"
    )
    name: str | None = Field(None, description="advertised name, exactly as `crampwatch scan` prints it")
    cadence_unit: CadenceUnit = Field(
        CadenceUnit.UNDECIDED, description="what this sensor's cadence counts; undecided lets crampwatch find out"
    )

    @model_validator(mode="after")
    def _known_by_something(self) -> Self:
        if self.address is None and self.name is None:
            raise ValueError("a sensor needs an address or a name")
        return self


class Athlete(Section):
    """One runner."""

    id: Id = Field(description="pseudonymous id used in topics and the store: a-z, 0-9 and -")
    name: str | None = Field(None, description="display name, for pages only; never published", max_length=60)
    sensors: tuple[Sensor, ...] = Field((), description="the sensors this athlete wears")
    max_bpm: int | None = Field(None, ge=100, le=230, description="highest heart rate, bpm; unknown is fine")
    cramped_12_months: bool = Field(default=False, description="has cramped while running in the last 12 months")
    cramps_ever: int = Field(0, ge=0, le=10_000, description="how often this runner has cramped while running, ever")
    sensitivity: Literal["low", "normal", "high"] = Field(
        "normal",
        description="how readily fatigue patterns are told: low halves the budget of false alarms, high doubles it",
    )


class Mqtt(Section):
    """The broker."""

    url: str | None = Field(
        None, description="mqtt://host:port or mqtts://host:port; left out, a broker is started on this machine"
    )
    username: str | None = Field(None, description="user at the broker")
    password: SecretStr | None = Field(None, description="password; better put into a secret file")
    connect_timeout_s: float = Field(10.0, gt=0, le=300, description="how long a first connection may take")
    port: int = Field(0, ge=0, le=65_535, description="port of a broker that we start; 0 takes a free one")


class Collector(Section):
    """Sensors to facts."""

    id: Id = Field("collector-1", description=f"this collector's id; {_OWN_ID}")
    claim: Literal["ask", "auto", "off"] = Field(
        "ask",
        description="a sensor nobody owns: ask offers it on the page, auto gives it an athlete of its own, "
        "off ignores it",
    )
    connections: int = Field(2, ge=1, le=8, description="how many connections may be opened at once")
    silence_s: float = Field(10.0, ge=2, le=120, description="a connected sensor silent for this long is reconnected")
    session_gap_s: float = Field(1_800.0, ge=60, le=86_400, description="a pause longer than this begins a new session")
    health_port: int = Field(8_021, ge=-1, le=65_535, description=_HEALTH)


class Processor(Section):
    """Facts to findings."""

    id: Id = Field("processor-1", description=f"this processor's id; {_OWN_ID}")
    snapshot_every_s: float = Field(
        30.0, gt=0, le=3_600, description="an athlete's state is kept this often, in run time"
    )
    health_port: int = Field(8_022, ge=-1, le=65_535, description=_HEALTH)
    detectors: tuple[str, ...] = Field(
        (), description="detectors of other makers to load, by the names of their entry points; none loads by itself"
    )


class Alerts(Section):
    """Findings to help."""

    id: Id = Field("alerter-1", description=f"this alerter's id; {_OWN_ID}")
    cooldown_s: float = Field(600.0, ge=0, le=86_400, description="the same level does not push again within this time")
    deadline_s: float = Field(
        60.0, gt=0, le=3_600, description="a push that is not out by then is given up, never sent late"
    )
    signal_lost_s: float = Field(20.0, ge=5, le=3_600, description="no signal for this long raises a fault")
    health_port: int = Field(8_023, ge=-1, le=65_535, description=_HEALTH)
    apprise: tuple[SecretStr, ...] = Field(
        (), description="Apprise addresses to push to, e.g. ntfy://topic (needs the push extra)"
    )

    @field_validator("apprise", mode="before")
    @classmethod
    def _one_a_line(cls, value: Any) -> Any:
        return tuple(value.split()) if isinstance(value, str) else value


class Storage(Section):
    """Where every event is kept."""

    backend: Literal["sqlite", "influxdb", "both"] = Field(
        "sqlite", description="sqlite, influxdb, or both: SQLite first, and InfluxDB as its mirror"
    )
    path: Path | None = Field(None, description="the SQLite file; default: crampwatch.db in state_dir")

    @field_validator("path")
    @classmethod
    def _at_home(cls, path: Path | None) -> Path | None:
        return path and _expanded(path)


class Influxdb(Section):
    """InfluxDB 2, where `storage.backend` names it (needs the influx extra)."""

    url: str = Field("http://127.0.0.1:8086", description="where InfluxDB answers, http:// or https://")
    org: str = Field("crampwatch", min_length=1, description="the organisation that owns the buckets")
    token: SecretStr | None = Field(
        None, description="a token that may read and write the buckets; better put into a secret file"
    )
    bucket: str = Field("crampwatch", min_length=1, description="the bucket of everything as it came")
    bucket_long: str = Field(
        "crampwatch-long", min_length=1, description="the bucket of what the downsampling tasks keep"
    )
    keep_days: int = Field(0, ge=0, le=36_500, description="days that `bucket` keeps; 0 for ever")
    keep_long_days: int = Field(0, ge=0, le=36_500, description="days that `bucket_long` keeps; 0 for ever")
    timeout_s: float = Field(10.0, gt=0, le=300, description="how long one request may take")


class Dashboard(Section):
    """The pages."""

    id: Id = Field("dashboard-1", description=f"this dashboard's id; {_OWN_ID}")
    host: str = Field("127.0.0.1", description="address to listen on; 0.0.0.0 lets phones on the network in")
    port: int = Field(8017, ge=0, le=65_535, description="port to listen on; 0 takes a free one")
    hosts: tuple[str, ...] = Field(
        (), description="further host names the pages are reached by, such as a proxy's; others are refused"
    )


def _default_state_dir() -> Path:
    return Path(platformdirs.user_state_dir("crampwatch", appauthor=False))


class Settings(BaseSettings):
    """Everything that can be set. Environment: ``CRAMPWATCH_MQTT__URL`` is ``mqtt.url``."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX,
        env_nested_delimiter=NESTED,
        # Compose passes a variable that nobody set as an empty one.
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        nested_model_default_partial_update=True,
    )

    team: Id = Field("home", description="the team in every topic: a-z, 0-9 and -")
    state_dir: Path = Field(default_factory=_default_state_dir, description="where runs, queues and journals are kept")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="how much the log says")
    log_format: Literal["text", "json"] = Field(
        "text", description="text for people, json for machines: one object a line"
    )
    health_host: str = Field(
        "127.0.0.1", description="address of /healthz, /readyz and /metrics; 0.0.0.0 within a container"
    )
    athletes: Annotated[tuple[Athlete, ...], Field(description="the runners")] = ()
    mqtt: Mqtt = Mqtt()
    collector: Collector = Collector()
    processor: Processor = Processor()
    alerts: Alerts = Alerts()
    storage: Storage = Storage()
    influxdb: Influxdb = Influxdb()
    dashboard: Dashboard = Dashboard()

    @field_validator("state_dir")
    @classmethod
    def _at_home(cls, path: Path) -> Path:
        return _expanded(path)

    @field_validator("team")
    @classmethod
    def _not_reserved(cls, team: str) -> str:
        if team == SYSTEM:
            raise ValueError(f"{SYSTEM!r} is reserved for the services' own topics; choose another name")
        return team

    @field_validator("athletes")
    @classmethod
    def _told_apart(cls, athletes: tuple[Athlete, ...]) -> tuple[Athlete, ...]:
        ids = [athlete.id for athlete in athletes]
        if twice := sorted({one for one in ids if ids.count(one) > 1}):
            raise ValueError(f"the id {twice[0]!r} stands twice; give each athlete an id of its own")
        return athletes

    @property
    def store_path(self) -> Path:
        """The SQLite file."""
        return self.storage.path or self.state_dir / "crampwatch.db"

    @property
    def service_kinds(self) -> Mapping[str, str]:
        """What kind of service each id of these settings is."""
        return {
            self.collector.id: "collector",
            self.processor.id: "processor",
            self.alerts.id: "alerter",
            self.dashboard.id: "dashboard",
        }

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment over what :func:`load` read from files."""
        return env_settings, init_settings


def find_file(explicit: Path | None) -> Path | None:
    """The settings file: the one asked for, else ``crampwatch.toml`` here, else the user's, else none."""
    if explicit is not None:
        if not explicit.is_file():
            raise Misconfigured("--config", f"there is no file {explicit}")
        return explicit
    here = Path(FILE_NAME)
    mine = Path(platformdirs.user_config_dir("crampwatch", appauthor=False)) / FILE_NAME
    return next((path for path in (here, mine) if path.is_file()), None)


def load(file: Path | None = None, **overrides: Any) -> Settings:
    """Read the settings.

    Args:
        file: the TOML file, or None to look for one with :func:`find_file`.
        overrides: top-level values that win over files (not over the environment).

    Raises:
        Misconfigured: a file cannot be read, a name is unknown, or a value is wrong; the message names the setting,
            where it was set and the remedy, and never shows a secret.
    """
    path = find_file(file)
    values = read_toml(path) if path is not None else {}
    if folder := os.environ.get(SECRETS_DIR):
        values = merged(values, read_secrets(Path(folder)))
    _refuse_unknown_variables()
    try:
        settings = Settings(**merged(values, overrides))
    except ValidationError as error:
        raise _explained(error, path) from None
    except SettingsError as error:
        raise Misconfigured(
            f"{ENV_PREFIX}...", f'{error}: a list or table in the environment is written as JSON, like ["a", "b"]'
        ) from error
    _refuse_shared_ids(settings, path)
    return settings


def _refuse_unknown_variables() -> None:
    for name in sorted(os.environ):
        first = name.upper().removeprefix(ENV_PREFIX).split(NESTED)[0].lower()
        if name.upper().startswith(ENV_PREFIX) and name not in NO_SETTINGS and first not in Settings.model_fields:
            raise Misconfigured(name, "no such setting; unset it, or see `crampwatch config --explain`")


def _refuse_shared_ids(settings: Settings, file: Path | None) -> None:
    """Topics of services hold their ids and nothing else that tells them apart."""
    owners: dict[str, str] = {}
    for name in ("collector", "processor", "alerts", "dashboard"):
        one = getattr(settings, name).id
        if (other := owners.setdefault(one, name)) != name:
            where = f"in {setter((name, 'id'), file)}; {_SEE}"
            raise Misconfigured(f"{name}.id", f"{one!r} is also {other}.id, give each service its own, {where}")


def _explained(error: ValidationError, file: Path | None) -> Misconfigured:
    """The first thing that is wrong, by the name of its setting and of the place that set it."""
    first = error.errors(include_url=False)[0]
    setting = ".".join(str(part) for part in first["loc"])
    match first["type"]:
        case "value_error":
            message = str(first["ctx"]["error"])
        case "extra_forbidden":
            message = "no such setting"
        case _:
            message = first["msg"]
    # What stands under an unknown name may be a mistyped secret, and what comes as a table may hold one.
    shown = first["type"] not in {"value_error", "missing", "extra_forbidden"} and not _secret(setting)
    given = f" (given: {str(first['input'])[:60]!r})" if shown and isinstance(first["input"], str | int | float) else ""
    where = setter(first["loc"], file)
    return Misconfigured(setting, f"{message}{given}, in {where}; {_SEE}")


def _secret(setting: str) -> bool:
    """Whether a setting's value must never be shown."""
    return setting.startswith(("mqtt.password", "alerts.apprise", "influxdb.token"))
