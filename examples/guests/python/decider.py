"""Defines a decider with dataclasses, and reads and writes its messages.

The field `account_id` of a dataclass is `accountId` in a payload. A field whose type is `X | None` with the default
`None` may be absent. A command must not have fields that its class does not declare; an event or a state may.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgpack

CONTENT_TYPE = "application/vnd.msgpack"
SCHEMA_VERSION = 1

State = TypeVar("State")
Command = TypeVar("Command")
Event = TypeVar("Event")


class Refusal(Exception):
    """An error that is data: a stable code, a sentence for people, and the relevant names and values in order."""

    def __init__(self, code: str, message: str, **details: object) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = [(name.replace("_", "-"), str(value)) for name, value in details.items()]


class Rejection(Refusal):
    """The domain refuses the command. A rejection is recorded like any decision."""


class Fault(Refusal):
    """The message is invalid. Nothing is recorded."""


@dataclass(frozen=True)
class Length:
    """Checks that a value is a string of `least` to `most` code points."""

    least: int
    most: int

    def __call__(self, value: Any) -> bool:
        return isinstance(value, str) and self.least <= len(value) <= self.most

    def __str__(self) -> str:
        return f"a string of {self.least} to {self.most} characters"


@dataclass(frozen=True)
class Range:
    """Checks that a value is an integer from `least` to `most`."""

    least: int
    most: int

    def __call__(self, value: Any) -> bool:
        return type(value) is int and self.least <= value <= self.most

    def __str__(self) -> str:
        return f"an integer from {self.least} to {self.most}"


# An integer that a reader in any language represents exactly, even one whose only number is a 64-bit float.
SAFE_INTEGER = Range(1 - 2**53, 2**53 - 1)


@dataclass(frozen=True)
class OneOf:
    """Checks that a value is one of the given values."""

    values: tuple[object, ...]

    def __call__(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return f"one of {', '.join(map(str, self.values))}"


_CHECKS = {str: Length(0, 2**32 - 1), int: Range(-(2**63), 2**64 - 1), bool: OneOf((False, True))}


@dataclass(frozen=True, slots=True)
class _Field:
    attribute: str
    key: str
    encoded_key: bytes
    check: Callable[[Any], bool]
    is_optional: bool


class Shape:
    """Writes and reads the values of a dataclass."""

    def __init__(self, cls: type, is_strict: bool = False) -> None:
        hints = get_type_hints(cls, include_extras=True)
        fields = [_field_of(field.name, hints[field.name]) for field in dataclasses.fields(cls)]
        self._cls = cls
        self._is_strict = is_strict
        self._fields = sorted(fields, key=lambda field: field.key.encode())

    def encode(self, value: object) -> bytes:
        """Returns the canonical bytes of the value."""
        fields = {}
        for field in self._fields:
            item = getattr(value, field.attribute)
            if item is not None:
                fields[field.encoded_key] = msgpack.encode(item)
        return msgpack.record(fields)

    def decode(self, payload: bytes) -> Any:
        """Returns the value of the bytes. Raises a `Fault` if they are not a value of this class."""
        try:
            data = msgpack.decode(payload)
        except msgpack.DecodeError as error:
            raise Fault("undecodable-payload", str(error), offset=error.offset) from None
        name = self._cls.__name__
        if not isinstance(data, dict):
            raise Fault("invalid-shape", f"{name}: a record is expected")
        values = {}
        for field in self._fields:
            if field.key not in data and field.is_optional:
                continue
            item = data.pop(field.key, None)
            if not field.check(item):
                raise Fault("invalid-shape", f"{name}.{field.key}: {field.check} is expected")
            values[field.attribute] = item
        if data and self._is_strict:
            raise Fault("invalid-shape", f"{name} has no field {next(iter(data))}")
        return self._cls(**values)


def _field_of(name: str, hint: Any) -> _Field:
    is_optional = False
    if get_origin(hint) not in (Annotated, Literal) and type(None) in get_args(hint):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
        is_optional = True
    head, *tail = name.split("_")
    key = head + "".join(map(str.capitalize, tail))
    return _Field(name, key, msgpack.encode(key), _check_of(name, hint), is_optional)


def _check_of(name: str, hint: Any) -> Callable[[Any], bool]:
    if get_origin(hint) is Annotated:
        return hint.__metadata__[0]
    if get_origin(hint) is Literal:
        return OneOf(get_args(hint))
    if hint in _CHECKS:
        return _CHECKS[hint]
    raise TypeError(f"field {name}: expected str, int, bool, a Literal or an Annotated type with a check, got {hint}")


class MessageTypes:
    """The commands or the events of a decider, by their names."""

    def __init__(self, classes: Iterable[type], is_strict: bool) -> None:
        self._shapes = {cls.__name__: Shape(cls, is_strict) for cls in classes}
        self.names = list(self._shapes)

    def encode(self, message: object) -> tuple[str, bytes]:
        """Returns the name of the message's type, and its payload."""
        name = type(message).__name__
        return name, self._shapes[name].encode(message)

    def decode(self, name: str, schema_version: int, payload: bytes) -> Any:
        """Returns the message. Raises a `Fault` if it is invalid."""
        shape = self._shapes.get(name)
        if shape is None:
            raise Fault("unknown-type", f"unknown type {name!r}; this module has {', '.join(self.names)}", type=name)
        if schema_version < 1:
            raise Fault("invalid-schema-version", "schema versions count from 1", schema_version=schema_version)
        if schema_version > SCHEMA_VERSION:
            message = f"the newest schema version of this module is {SCHEMA_VERSION}"
            raise Fault("newer-schema-version", message, schema_version=schema_version)
        return shape.decode(payload)


class Decider(Generic[State, Command, Event]):
    """Three data structures (state, commands, events) and two functions (`evolve`, `decide`)."""

    def __init__(
        self,
        *,
        name: str,
        version: str,
        category: str,
        commands: Iterable[type],
        events: Iterable[type],
        stream_id: Callable[[Command], str],
        initial_state: State,
        evolve: Callable[[State, Event], State],
        decide: Callable[[State, Command], list[Event]],
    ) -> None:
        self.name = name
        self.version = version
        self.category = category
        self.commands = MessageTypes(commands, is_strict=True)
        self.events = MessageTypes(events, is_strict=False)
        self.state = Shape(type(initial_state))
        self.stream_id = stream_id
        self.initial_state = initial_state
        self.evolve = evolve
        self.decide = decide
