// Package export_decidable_eventsourcing_types has the resources of the interface types: commands, events and states of
// the domain.
package export_decidable_eventsourcing_types

import (
	"runtime"

	"bank/account"
	"bank/bindings/decidable_eventsourcing_messages"
	"bank/decider"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

type (
	envelope = decidable_eventsourcing_messages.Envelope
	fault    = decidable_eventsourcing_messages.Fault
)

// Command is a command of the domain.
type Command struct {
	handle int32
	pinner runtime.Pinner
	Value  account.Command
}

// CommandFromEnvelope decodes a command.
func CommandFromEnvelope(from envelope) witTypes.Result[*Command, fault] {
	value, fault := account.Module.Commands.Decode(from.Type, from.SchemaVersion, from.Payload)
	return orFault(&Command{Value: value}, fault)
}

// ToEnvelope encodes the command.
func (c *Command) ToEnvelope() envelope {
	name, payload := account.Module.Commands.Encode(c.Value)
	return envelope{Type: name, SchemaVersion: decider.SchemaVersion, Payload: payload}
}

// OnDrop is called when the host has dropped the command. It lets Go's finalizers run, which release what the bindings
// have pinned. Otherwise, nothing runs between the calls of the host.
func (c *Command) OnDrop() {
	runtime.Gosched()
}

// Event is an event of the domain.
type Event struct {
	handle int32
	pinner runtime.Pinner
	Value  account.Event
}

// EventFromEnvelope decodes an event.
func EventFromEnvelope(from envelope) witTypes.Result[*Event, fault] {
	value, fault := account.Module.Events.Decode(from.Type, from.SchemaVersion, from.Payload)
	return orFault(&Event{Value: value}, fault)
}

// ToEnvelope encodes the event.
func (e *Event) ToEnvelope() envelope {
	name, payload := account.Module.Events.Encode(e.Value)
	return envelope{Type: name, SchemaVersion: decider.SchemaVersion, Payload: payload}
}

// OnDrop is called when the host has dropped the event.
func (e *Event) OnDrop() {}

// State is a state of the domain.
type State struct {
	handle int32
	pinner runtime.Pinner
	Value  account.Account
}

// StateFromBytes decodes a state.
func StateFromBytes(bytes []byte) witTypes.Result[*State, fault] {
	value, fault := account.Module.DecodeState(bytes)
	return orFault(&State{Value: value}, fault)
}

// ToBytes encodes the state.
func (s *State) ToBytes() []byte { return account.Module.EncodeState(s.Value) }

// OnDrop is called when the host has dropped the state.
func (s *State) OnDrop() {}

func orFault[Value any](value Value, failure *decider.Fault) witTypes.Result[Value, fault] {
	if failure == nil {
		return witTypes.Ok[Value, fault](value)
	}
	return witTypes.Err[Value](fault{
		Code: failure.Code, Message: failure.Message, Details: DetailsOf(failure.Details),
	})
}

// DetailsOf converts the names and values of a fault or a rejection.
func DetailsOf(details []decider.Detail) []witTypes.Tuple2[string, string] {
	tuples := make([]witTypes.Tuple2[string, string], len(details))
	for index, detail := range details {
		tuples[index] = witTypes.Tuple2[string, string]{F0: detail.Name, F1: detail.Value}
	}
	return tuples
}
