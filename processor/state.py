"""State that can be handed over: plain dataclasses to JSON values and back, without loss."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

StateT = TypeVar("StateT")

#: Metadata of a field that ends in ``_ms`` and holds lengths of time, where others hold instants.
SPAN: Final[Mapping[str, bool]] = MappingProxyType({"span": True})


def copied(state: StateT) -> StateT:
    """A copy that later steps of the original do not change."""
    return unpacked(type(state), packed(state))


def packed(state: Any) -> dict[str, Any]:
    """The fields of a state as JSON values. A state holds numbers, words, None, lists and dicts of them."""
    assert is_dataclass(state)
    return {field.name: _plain(getattr(state, field.name)) for field in fields(state)}


def sparse(state: Any) -> dict[str, Any]:
    """Like :func:`packed`, without the fields that are at their default, which :func:`unpacked` puts back.

    For states whose fields all have defaults. A default may not change as long as such states are read.
    """
    rests = packed(type(state)())
    return {name: value for name, value in packed(state).items() if repr(value) != repr(rests[name])}


def unpacked(kind: type[StateT], values: dict[str, Any]) -> StateT:
    """The state that :func:`packed` gave. A field that the older writer did not know takes its default."""
    inner = _inner(cast("Any", kind))
    return kind(
        **{name: unpacked(inner[name], value) if name in inner else _plain(value) for name, value in values.items()}
    )


def row(state: Any, now_ms: int = 0) -> list[Any]:
    """A machine's state as a short list, for :func:`unrowed`: no names, and nothing that is at its default.

    First a number whose bit ``n`` says that field ``n`` follows, then those fields in order; a state within a state
    likewise. Instants, the integers of fields that end in ``_ms`` and are no :data:`SPAN`, are counted from ``now_ms``.

    Every field needs a default. A field is only ever appended, with the default that says what older states mean:
    then a row of an older release is read as it was meant. Whoever moves, renames or takes away a field, or changes
    its default, its unit or what it means, raises :data:`processor.athlete.SNAPSHOT_VERSION`.
    """
    bits, told = 0, []
    for bit, one in enumerate(_slots(cast("Any", type(state)))):
        value = getattr(state, one.name)
        plain = row(value, now_ms) if one.inner else _plain(value)
        if repr(plain) != one.rests:
            bits |= 1 << bit
            told.append(_moved(plain, -now_ms) if one.is_instant else plain)
    return [bits, *told]


def unrowed(kind: type[StateT], values: Sequence[Any], now_ms: int = 0) -> StateT:
    """The state that gave this :func:`row` at this ``now_ms``.

    Raises:
        ValueError: it is no row of such a state.
    """
    bits, *told = values
    slots = _slots(cast("Any", kind))
    if bits >> len(slots):
        raise ValueError(f"a row of {kind.__name__} tells of fields that it does not have")
    found: dict[str, Any] = {}
    for one, value in zip((one for bit, one in enumerate(slots) if bits >> bit & 1), told, strict=True):
        if one.inner is not None:
            found[one.name] = unrowed(one.inner, value, now_ms)
        else:
            found[one.name] = _moved(value, now_ms) if one.is_instant else _plain(value)
    return kind(**found)


@dataclass(frozen=True, slots=True)
class _Slot:
    """A field of a state: its kind where that is a state itself, and how its default reads."""

    name: str
    is_instant: bool
    inner: type | None
    rests: str


@lru_cache(maxsize=256)
def _inner(kind: Any) -> Mapping[str, type]:
    """The fields that hold a state themselves, by the factory of their default."""
    made: dict[str, Any] = {one.name: one.default_factory for one in fields(kind)}
    return {name: factory for name, factory in made.items() if isinstance(factory, type) and is_dataclass(factory)}


@lru_cache(maxsize=256)
def _slots(kind: Any) -> Sequence[_Slot]:
    begun, inner = kind(), _inner(kind)
    return [
        _Slot(
            name=one.name,
            is_instant=one.name.endswith("_ms") and "span" not in one.metadata,
            inner=inner.get(one.name),
            rests=repr([0] if one.name in inner else _plain(getattr(begun, one.name))),
        )
        for one in fields(kind)
    ]


def _moved(value: Any, by_ms: int) -> Any:
    """Instants counted from elsewhere. What is no integer is none."""
    if type(value) is int:
        return value + by_ms
    if isinstance(value, list):
        return [_moved(one, by_ms) for one in value]
    if isinstance(value, dict):
        return {key: _moved(one, by_ms) for key, one in value.items()}
    return value


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return packed(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return value
