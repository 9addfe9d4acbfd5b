//! The command handler with its descriptor, which is read once.

use std::sync::OnceLock;

use contract::quoted;

use crate::decidable::eventsourcing::messages::{Fault, ModuleIdentity, SnapshotPolicy};
use crate::decidable::eventsourcing::routing::{CommandDescriptor, Descriptor, ForeignEvents, describe};
use crate::exports::decidable::eventsourcing::event_sourcer::CommandError;
use crate::failures::refused;

pub struct BoundModule {
    pub descriptor: Descriptor,
}

impl BoundModule {
    pub fn get() -> &'static BoundModule {
        static MODULE: OnceLock<BoundModule> = OnceLock::new();
        MODULE.get_or_init(|| BoundModule { descriptor: describe() })
    }

    pub fn route(&self, command_type: &str) -> Result<&CommandDescriptor, CommandError> {
        let commands = &self.descriptor.commands;
        commands.iter().find(|it| it.type_ == command_type).ok_or_else(|| {
            let all = commands.iter().map(|it| it.type_.as_str()).collect::<Vec<_>>().join(", ");
            let message = format!("unknown command type {}; the modules accept: {all}", quoted(command_type));
            CommandError::Unroutable(refused(command_type.into(), message))
        })
    }

    pub fn identity(&self) -> ModuleIdentity {
        let Descriptor { name, version, digest, .. } = &self.descriptor;
        ModuleIdentity { name: name.clone(), version: version.clone(), digest: digest.clone() }
    }

    pub fn names_event(&self, event_type: &str) -> bool {
        self.descriptor.events.iter().any(|it| it.type_ == event_type)
    }

    pub fn skips_foreign_events(&self) -> bool {
        self.descriptor.foreign_events == ForeignEvents::Skip
    }

    pub fn takes_snapshots(&self) -> bool {
        self.descriptor.commands.iter().any(|it| matches!(it.snapshot, SnapshotPolicy::Every(_)))
    }

    /// Adds the module's name and its task to a fault.
    pub fn fault(&self, mut fault: Fault, doing: &str, details: &[(&str, &str)]) -> CommandError {
        let name = &self.descriptor.name;
        fault.message += &format!(" (module {name} {doing})");
        fault.details.push(("module".into(), name.clone()));
        fault.details.extend(details.iter().map(|(name, value)| (name.to_string(), value.to_string())));
        CommandError::Fault(fault)
    }
}
