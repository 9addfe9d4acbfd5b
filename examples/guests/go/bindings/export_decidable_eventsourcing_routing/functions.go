// Package export_decidable_eventsourcing_routing has the functions of the interface routing.
package export_decidable_eventsourcing_routing

import (
	"bank/account"
	"bank/bindings/decidable_eventsourcing_messages"
	"bank/bindings/decidable_eventsourcing_routing"
	"bank/decider"

	witTypes "go.bytecodealliance.org/pkg/wit/types"
)

// Describe describes the module to its host.
func Describe() decidable_eventsourcing_routing.Descriptor {
	module := account.Module
	descriptor := decidable_eventsourcing_routing.Descriptor{
		Name:          module.Name,
		Version:       module.Version,
		ContentType:   decider.ContentType,
		Digest:        witTypes.None[[]uint8](),
		Category:      module.Category,
		ForeignEvents: decidable_eventsourcing_routing.ForeignEvents_Fault,
	}
	for _, name := range module.Commands.Names() {
		descriptor.Commands = append(descriptor.Commands, decidable_eventsourcing_routing.CommandDescriptor{
			Type:          name,
			SchemaVersion: decider.SchemaVersion,
			Precondition:  decidable_eventsourcing_messages.WritePrecondition_StreamUnchanged,
			Snapshot:      decidable_eventsourcing_messages.MakeSnapshotPolicyNever(),
		})
	}
	for _, name := range module.Events.Names() {
		event := decidable_eventsourcing_routing.EventDescriptor{Type: name, SchemaVersion: decider.SchemaVersion}
		descriptor.Events = append(descriptor.Events, event)
	}
	return descriptor
}

// StreamId returns the id of the command's stream.
func StreamId(command *Command) witTypes.Result[string, decidable_eventsourcing_messages.Fault] {
	return witTypes.Ok[string, decidable_eventsourcing_messages.Fault](account.Module.StreamID(command.Value))
}
