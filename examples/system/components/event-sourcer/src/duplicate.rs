//! Handles a command id that is already recorded. The same command changes nothing and gets its first outcome. A
//! command with different content is an error.

use contract::quoted;

use crate::decidable::eventsourcing::event_store::{Direction, ReadStreamOptions, read_stream};
use crate::decidable::eventsourcing::messages::{Envelope, RecordedDecision};
use crate::decidable::eventsourcing::types::Command;
use crate::exports::decidable::eventsourcing::event_sourcer::{CommandError, CommandResult};
use crate::failures::{corrupt, refused};
use crate::job::Job;

impl Job {
    pub fn first_outcome(&self, recorded: RecordedDecision) -> Result<CommandResult, CommandError> {
        if let Some(difference) = self.difference(&recorded) {
            let id = self.options.command_id.as_deref().unwrap_or_default();
            let message = format!(
                "the command id {} was already used for {difference}; use a different id for each command",
                quoted(id)
            );
            return Err(CommandError::CommandIdReused(refused(self.id.text(), message)));
        }
        let RecordedDecision { stream, decision, first_revision, event_count, .. } = recorded;
        let events = match first_revision {
            None => Vec::new(),
            from_revision => {
                let limit = Some(event_count);
                read_stream(&stream, ReadStreamOptions { direction: Direction::Forward, from_revision, limit })?
            }
        };
        if events.len() as u64 != u64::from(event_count) {
            return Err(corrupt(&stream, &format!("{} of the {event_count} events of a decision", events.len())));
        }
        Ok(CommandResult {
            command_id: decision.command_id,
            stream,
            module: decision.module.name,
            outcome: decision.outcome,
            position: events.last().map(|it| it.context.position),
            events,
            // A decision without events held only for the stream that it saw, so the stream ended there.
            revision: first_revision.map_or(decision.seen_revision, |first| Some(first + u64::from(event_count) - 1)),
            duplicate: true,
            attempts: 0,
        })
    }

    /// Describes the recorded command if it differs from this one.
    fn difference(&self, recorded: &RecordedDecision) -> Option<String> {
        let (first, content_type) = (&recorded.decision.command, &recorded.decision.content_type);
        let envelope = &self.envelope;
        if first.type_ != envelope.type_ {
            return Some(format!("a command of type {}", quoted(&first.type_)));
        }
        if first.schema_version == envelope.schema_version && first.payload == envelope.payload {
            return None;
        }
        // The same command may have different bytes, so the module encodes both again.
        if *content_type != self.module.descriptor.content_type {
            return Some(format!("a command in {content_type}"));
        }
        match (canonical(first), canonical(envelope)) {
            (Some(one), Some(other)) if one == other => None,
            _ => Some(format!("a command of type {} with a different payload", quoted(&first.type_))),
        }
    }
}

/// Returns the payload in the module's own encoding, or none if the module cannot read it.
fn canonical(envelope: &Envelope) -> Option<Vec<u8>> {
    Command::from_envelope(envelope).ok().map(|command| command.to_envelope().payload)
}
