"""The decider of `account.py` as a component of the world `command-handler`.

componentize-py calls the classes `Decider` and `Routing` of this file, and looks for the resources of the interface
`types` in the Python module `types`.
"""

import types as types_interface

from account import account
from componentize_py_types import Err
from decider import CONTENT_TYPE, SCHEMA_VERSION, Fault, Refusal, Rejection
from handles import Resource
from wit_world.exports.routing import CommandDescriptor, Descriptor, EventDescriptor, ForeignEvents
from wit_world.imports import messages


def refused(kind: type, refusal: Refusal) -> Err:
    return Err(kind(refusal.code, refusal.message, refusal.details))


class Command(Resource):
    __slots__ = ()

    @classmethod
    def from_envelope(cls, envelope):
        try:
            return cls(account.commands.decode(envelope.type, envelope.schema_version, envelope.payload))
        except Fault as fault:
            raise refused(messages.Fault, fault) from None

    def to_envelope(self):
        name, payload = account.commands.encode(self.value)
        return messages.Envelope(name, SCHEMA_VERSION, payload)


class Event(Resource):
    __slots__ = ()

    @classmethod
    def from_envelope(cls, envelope):
        try:
            return cls(account.events.decode(envelope.type, envelope.schema_version, envelope.payload))
        except Fault as fault:
            raise refused(messages.Fault, fault) from None

    def to_envelope(self):
        name, payload = account.events.encode(self.value)
        return messages.Envelope(name, SCHEMA_VERSION, payload)


class State(Resource):
    __slots__ = ()

    @classmethod
    def from_bytes(cls, bytes):
        try:
            return cls(account.state.decode(bytes))
        except Fault as fault:
            raise refused(messages.Fault, fault) from None

    def to_bytes(self):
        return account.state.encode(self.value)


types_interface.Command = Command
types_interface.Event = Event
types_interface.State = State


class Types:
    pass


class Decider:
    def initial_state(self):
        return State(account.initial_state)

    def evolve(self, state, event):
        state.value = account.evolve(state.value, event.value)
        return state

    def decide(self, state, command):
        try:
            return [Event(event) for event in account.decide(state.value, command.value)]
        except Rejection as rejection:
            raise refused(messages.Rejection, rejection) from None


class Routing:
    def describe(self):
        return Descriptor(
            name=account.name,
            version=account.version,
            content_type=CONTENT_TYPE,
            digest=None,
            category=account.category,
            foreign_events=ForeignEvents.FAULT,
            commands=[
                CommandDescriptor(
                    name, SCHEMA_VERSION, messages.WritePrecondition.STREAM_UNCHANGED, messages.SnapshotPolicy_Never()
                )
                for name in account.commands.names
            ],
            events=[EventDescriptor(name, SCHEMA_VERSION) for name in account.events.names],
        )

    def stream_id(self, command):
        return account.stream_id(command.value)
