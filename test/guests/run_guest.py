"""Runs stories of commands through a component under wasmtime, and prints what it decides.

Usage: run_guest.py <component>. Standard input is a JSON list of stories. A story is a list of envelopes
[type, schemaVersion, payload in hexadecimal digits]. Standard output is the list of the answers.
"""

import json
import sys

from wasmtime import Engine, Store
from wasmtime.component import Component, Linker, Record

PACKAGE = "decidable:eventsourcing"


class Guest:
    def __init__(self, path):
        engine = Engine()
        self.store = Store(engine)
        component = Component.from_file(engine, path)
        self.instance = Linker(engine).instantiate(self.store, component)
        self.functions = {}

    def call(self, interface, name, *arguments):
        key = (interface, name)
        if key not in self.functions:
            outer = self.instance.get_export_index(self.store, f"{PACKAGE}/{interface}@0.1.0")
            index = self.instance.get_export_index(self.store, name, outer)
            self.functions[key] = self.instance.get_func(self.store, index)
        function = self.functions[key]
        result = function(self.store, *arguments)
        function.post_return(self.store)
        return result


def envelope_of(kind, version, payload):
    envelope = Record()
    envelope.type = kind
    setattr(envelope, "schema-version", version)
    envelope.payload = bytes.fromhex(payload)
    return envelope


def text_of(envelope):
    return [envelope.type, getattr(envelope, "schema-version"), bytes(envelope.payload).hex()]


def failure_of(error):
    """A fault, or a rejection: a code, a message and details."""
    return {"code": error.code, "message": error.message, "details": [list(pair) for pair in error.details]}


def main():
    guest = Guest(sys.argv[1])
    print(json.dumps([run(guest, story) for story in json.load(sys.stdin)]))


def run(guest, story):
    """Decides the commands one after another, and folds their events."""
    state = guest.call("decider", "initial-state")
    answers = []
    for position, parts in enumerate(story):
        command = guest.call("types", "[static]command.from-envelope", envelope_of(*parts))
        if isinstance(command, Record):
            answers.append({"fault": failure_of(command)})
            continue
        stream = guest.call("routing", "stream-id", command)
        decided = guest.call("decider", "decide", state, command)
        command.drop(guest.store)
        answer = {"stream": stream if isinstance(stream, str) else failure_of(stream)}
        if isinstance(decided, Record):
            answer["rejection"] = failure_of(decided)
        else:
            answer["events"] = [text_of(guest.call("types", "[method]event.to-envelope", event)) for event in decided]
            for event in decided:
                state = guest.call("decider", "evolve", state, event)
                event.drop(guest.store)
        encoded = bytes(guest.call("types", "[method]state.to-bytes", state))
        answer["state"] = encoded.hex()
        if position % 3 == 0:
            state.drop(guest.store)
            state = guest.call("types", "[static]state.from-bytes", encoded)
        answers.append(answer)
    state.drop(guest.store)
    return answers


if __name__ == "__main__":
    main()
