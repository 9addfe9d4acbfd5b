// Package decider defines a module: a decider with its messages, as a host needs it. It does not depend on components.
package decider

import (
	"fmt"
	"reflect"
)

// ContentType is the encoding of commands, events and states.
const ContentType = "application/vnd.msgpack"

// SchemaVersion is the version of all messages.
const SchemaVersion = 1

// Module is three data structures (State, Command, Event) and two functions (Evolve, Decide).
type Module[State, Command, Event any] struct {
	Name, Version, Category string
	Commands                Types[Command]
	Events                  Types[Event]
	// StreamID returns the part after the category of the name of the command's stream.
	StreamID     func(Command) string
	InitialState State
	Evolve       func(State, Event) State
	// Decide returns the events, or a *Rejection.
	Decide func(State, Command) ([]Event, error)
}

// Detail is a name with a value.
type Detail struct{ Name, Value string }

// Rejection is the domain's refusal of a command. A rejection is recorded like any decision.
type Rejection struct {
	// Code is stable and machine-readable.
	Code, Message string
	Details       []Detail
}

// Reject makes a rejection.
func Reject(code, message string) *Rejection { return &Rejection{Code: code, Message: message} }

// With adds a relevant value.
func (r *Rejection) With(name string, value any) *Rejection {
	r.Details = append(r.Details, Detail{name, fmt.Sprint(value)})
	return r
}

func (r *Rejection) Error() string { return r.Code + ": " + r.Message }

// Fault is the error for an invalid message. Nothing is recorded.
type Fault struct {
	// Code is stable and machine-readable.
	Code, Message string
	Details       []Detail
}

func (f *Fault) Error() string { return f.Code + ": " + f.Message }

// Types reads and writes the messages of a module: its commands or its events.
type Types[Message any] struct {
	shapes   []shape
	isStrict bool
}

// CommandTypes are the commands of a module. The name of a type is the name of its struct. A command must not have
// fields that its struct does not declare.
func CommandTypes[Command any](examples ...Command) Types[Command] {
	return Types[Command]{shapesOf(examples), true}
}

// EventTypes are the events of a module. An event may have fields that its struct does not declare.
func EventTypes[Event any](examples ...Event) Types[Event] {
	return Types[Event]{shapesOf(examples), false}
}

func shapesOf[Message any](examples []Message) []shape {
	shapes := make([]shape, len(examples))
	for index, example := range examples {
		shapes[index] = shapeOf(reflect.TypeOf(example))
	}
	return shapes
}

// Names returns the names of the types in their order.
func (types Types[Message]) Names() []string {
	names := make([]string, len(types.shapes))
	for index, shape := range types.shapes {
		names[index] = shape.goType.Name()
	}
	return names
}

// Encode returns the name of the message's type, and its canonical payload.
func (types Types[Message]) Encode(message Message) (name string, payload []byte) {
	value := reflect.ValueOf(message)
	for _, shape := range types.shapes {
		if shape.goType == value.Type() {
			return shape.goType.Name(), shape.encode(value)
		}
	}
	panic(fmt.Sprintf("decider: %T is not a type of this module", message))
}

// Decode returns the message, or a fault if it is invalid.
func (types Types[Message]) Decode(name string, schemaVersion uint32, payload []byte) (message Message, fault *Fault) {
	for _, shape := range types.shapes {
		if shape.goType.Name() != name {
			continue
		}
		if schemaVersion != SchemaVersion {
			return message, wrongSchemaVersion(schemaVersion)
		}
		value, fault := shape.decode(payload, types.isStrict)
		if fault != nil {
			return message, fault
		}
		return value.Interface().(Message), nil
	}
	text := fmt.Sprintf("unknown type %q; this module has %v", name, types.Names())
	return message, &Fault{Code: "unknown-type", Message: text, Details: []Detail{{"type", name}}}
}

func wrongSchemaVersion(version uint32) *Fault {
	details := []Detail{{"schema-version", fmt.Sprint(version)}}
	if version < 1 {
		return &Fault{"invalid-schema-version", "schema versions count from 1", details}
	}
	text := fmt.Sprintf("the newest schema version of this module is %d", SchemaVersion)
	return &Fault{"newer-schema-version", text, details}
}

// EncodeState returns the canonical bytes of a state.
func (module Module[State, Command, Event]) EncodeState(state State) []byte {
	value := reflect.ValueOf(state)
	return shapeOf(value.Type()).encode(value)
}

// DecodeState returns the state of the bytes, or a fault if they are invalid.
func (module Module[State, Command, Event]) DecodeState(payload []byte) (state State, fault *Fault) {
	value, fault := shapeOf(reflect.TypeFor[State]()).decode(payload, false)
	if fault == nil {
		state = value.Interface().(State)
	}
	return state, fault
}
