// Package export_decidable_eventsourcing_decider has the functions of the interface decider.
package export_decidable_eventsourcing_decider

import (
	"errors"

	"bank/account"
	"bank/bindings/decidable_eventsourcing_messages"
	"bank/bindings/export_decidable_eventsourcing_types"
	"bank/decider"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

type (
	fault     = decidable_eventsourcing_messages.Fault
	rejection = decidable_eventsourcing_messages.Rejection
)

// InitialState returns the state before any event.
func InitialState() *State { return &State{Value: account.Module.InitialState} }

// Evolve changes the state in place, so that its handle stays the same.
func Evolve(state *State, event *Event) witTypes.Result[*State, fault] {
	state.Value = account.Module.Evolve(state.Value, event.Value)
	return witTypes.Ok[*State, fault](state)
}

// Decide returns the events that the command leads to. An error that is not a rejection is a defect, and ends the instance.
func Decide(state *State, command *Command) witTypes.Result[[]*Event, rejection] {
	decided, err := account.Module.Decide(state.Value, command.Value)
	if refused := (*decider.Rejection)(nil); errors.As(err, &refused) {
		details := export_decidable_eventsourcing_types.DetailsOf(refused.Details)
		return witTypes.Err[[]*Event](rejection{Code: refused.Code, Message: refused.Message, Details: details})
	}
	if err != nil {
		panic(err)
	}
	events := make([]*Event, len(decided))
	for index, event := range decided {
		events[index] = &Event{Value: event}
	}
	return witTypes.Ok[[]*Event, rejection](events)
}
