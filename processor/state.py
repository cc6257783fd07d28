"""State that can be handed over: plain dataclasses to JSON values and back, without loss."""

from dataclasses import fields, is_dataclass
from typing import Any, TypeVar

StateT = TypeVar("StateT")


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
    return kind(**{name: value if is_dataclass(value) else _plain(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return packed(value)
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return value
