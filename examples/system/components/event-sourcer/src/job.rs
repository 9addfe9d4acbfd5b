//! One command and its progress in the loop.

use contract::{Uuid, check_stream_name, quoted, stream_name_of};

use crate::bound_module::BoundModule;
use crate::decidable::eventsourcing::decider::decide;
use crate::decidable::eventsourcing::event_store::{
    AppendError, Appended, Conflict, Direction, ReadStreamOptions, append, find_decision, read_stream,
};
use crate::decidable::eventsourcing::messages::{
    Decision, Envelope, EventContext, Outcome, RecordedDecision, RecordedEvent, WritePrecondition,
};
use crate::decidable::eventsourcing::routing::{CommandDescriptor, stream_id};
use crate::decidable::eventsourcing::types::Command;
use crate::exports::decidable::eventsourcing::event_sourcer::{CommandError, CommandOptions, CommandResult};
use crate::failures::{fault, invalid_argument};
use crate::guard::{append_precondition, exclude_each_other, is_retryable, violated_precondition};
use crate::live::Live;

/// Attempts to decide one command: the first one and the retries after conflicts.
const MAX_ATTEMPTS: u32 = 8;

pub struct Job {
    pub module: &'static BoundModule,
    route: &'static CommandDescriptor,
    /// The id as it is recorded.
    pub envelope: Envelope,
    pub options: CommandOptions,
    pub id: Uuid,
    command: Command,
    stream: String,
}

impl Job {
    pub fn new(envelope: Envelope, options: CommandOptions) -> Result<Job, CommandError> {
        check(&envelope, &options)?;
        let module = BoundModule::get();
        let route = module.route(&envelope.type_)?;
        let id = match options.command_id.as_deref() {
            None => return invalid_argument("options.command-id", "is missing; this event sourcer cannot generate ids, because it has no randomness"),
            Some("") => return invalid_argument("options.command-id", "is empty; use a different text for each command"),
            Some(id) => Uuid::of_command(id),
        };
        let command_type = &envelope.type_;
        let failed = |doing: &str, fault| {
            module.fault(fault, &format!("{doing} command {command_type}"), &[("commandType", command_type)])
        };
        let command = Command::from_envelope(&envelope).map_err(|fault| failed("reading", fault))?;
        let id_in_category = stream_id(&command).map_err(|fault| failed("routing", fault))?;
        let stream = stream_name_of(&module.descriptor.category, &id_in_category);
        if let Some(problem) = check_stream_name(&stream) {
            let name = &module.descriptor.name;
            let message = format!("module {name} routes {command_type} to a stream whose name {problem}");
            let details = [("module", name.as_str()), ("commandType", command_type)];
            return Err(CommandError::Fault(fault("invalid-stream-name", message, &details)));
        }
        Ok(Job { module, route, envelope, options, id, command, stream })
    }

    /// Looks for the command id before anything is decided, and again before a failure is reported. A duplicate already
    /// has an outcome, even if it would fail on the current stream.
    pub fn handle(&self) -> Result<CommandResult, CommandError> {
        if let Some(known) = self.find()? {
            return self.first_outcome(known);
        }
        match self.decide_and_append() {
            Err(failure @ (CommandError::Fault(_) | CommandError::ReplayLimit(_) | CommandError::Conflict(_))) => {
                match self.find()? {
                    Some(known) => self.first_outcome(known),
                    None => Err(failure),
                }
            }
            result => result,
        }
    }

    fn find(&self) -> Result<Option<RecordedDecision>, CommandError> {
        Ok(find_decision(&self.id.text())?)
    }

    fn decide_and_append(&self) -> Result<CommandResult, CommandError> {
        let CommandDescriptor { precondition: declared, snapshot, .. } = *self.route;
        let requested = self.options.precondition;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let live = self.load()?;
            let seen = live.revision;
            let (outcome, mut live, events) = match decide(&live.state, &self.command) {
                Ok(events) => {
                    let (live, events) = live.fold_decided(events)?;
                    (Outcome::Accepted, live, events)
                }
                Err(rejection) => (Outcome::Rejected(rejection), live, Vec::new()),
            };
            let decision = self.decision(seen, outcome);
            let guard = append_precondition(declared, requested, seen, !events.is_empty());
            match append(&self.stream, &events, guard, &decision) {
                Ok(appended) => {
                    // If the events landed after others that the decision did not see, the state is not that of the
                    // stream.
                    if !events.is_empty() && appended.first_revision == Some(seen.map_or(0, |it| it + 1)) {
                        live.revision = appended.revision;
                    }
                    if live.revision == appended.revision {
                        live.save_if_due(snapshot);
                    }
                    return Ok(self.result(decision, events, &appended, attempts));
                }
                Err(AppendError::Duplicate(known)) => return self.first_outcome(known),
                Err(AppendError::Conflict(conflict)) => {
                    Live::drop_if_beyond(self.module, &self.stream, seen, conflict.actual);
                    if attempts == MAX_ATTEMPTS || !is_retryable(declared, requested, !events.is_empty()) {
                        return Err(CommandError::Conflict(conflict));
                    }
                }
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    /// Returns the state to decide on, after the conditions on the stream were checked.
    fn load(&self) -> Result<Live<'_>, CommandError> {
        let (declared, requested) = (self.route.precondition, self.options.precondition);
        let violated = |actual| {
            violated_precondition(declared, requested, actual).map_or(Ok(()), |precondition| {
                Err(CommandError::Conflict(Conflict { stream: self.stream.clone(), precondition, actual }))
            })
        };
        if exclude_each_other(declared, requested) {
            violated(self.last_revision()?)?;
        }
        // Events can only be appended to an empty stream, so there is nothing to read.
        if let WritePrecondition::NoStream = declared {
            return Ok(Live::initial(self.module, &self.stream));
        }
        let live = Live::load(self.module, &self.stream, None)?;
        violated(live.revision)?;
        Ok(live)
    }

    fn last_revision(&self) -> Result<Option<u64>, CommandError> {
        let options = ReadStreamOptions { direction: Direction::Backward, from_revision: None, limit: Some(1) };
        Ok(read_stream(&self.stream, options)?.first().map(|last| last.context.revision))
    }

    fn decision(&self, seen_revision: Option<u64>, outcome: Outcome) -> Decision {
        let command_id = self.id.text();
        let options = &self.options;
        Decision {
            correlation_id: options.correlation_id.clone().unwrap_or_else(|| command_id.clone()),
            command_id,
            command: self.envelope.clone(),
            content_type: self.module.descriptor.content_type.clone(),
            module: self.module.identity(),
            seen_revision,
            outcome,
            causation_id: options.causation_id.clone(),
            actor: options.actor.clone(),
            key_id: None,
        }
    }

    fn result(&self, decision: Decision, events: Vec<Envelope>, appended: &Appended, attempts: u32) -> CommandResult {
        let (revision, position) =
            (appended.first_revision.unwrap_or_default(), appended.first_position.unwrap_or_default());
        let last_position = events.len().checked_sub(1).map(|before| position + before as u64);
        let recorded = events.into_iter().zip(0..).map(|(event, index)| RecordedEvent {
            context: EventContext {
                id: self.id.of_event(index).text(),
                stream: self.stream.clone(),
                revision: revision + u64::from(index),
                position: position + u64::from(index),
                recorded_at: appended.recorded_at,
                correlation_id: decision.correlation_id.clone(),
                causation_id: decision.command_id.clone(),
            },
            event,
            content_type: decision.content_type.clone(),
        });
        CommandResult {
            events: recorded.collect(),
            command_id: decision.command_id,
            stream: self.stream.clone(),
            module: decision.module.name,
            outcome: decision.outcome,
            revision: appended.revision,
            position: last_position,
            duplicate: false,
            attempts,
        }
    }
}

/// Checks the options and the envelope before any work is done.
fn check(envelope: &Envelope, options: &CommandOptions) -> Result<(), CommandError> {
    if options.deadline.is_some() {
        return invalid_argument("options.deadline", "is set; this event sourcer has no clock");
    }
    if envelope.type_.is_empty() {
        return invalid_argument("command.type", &format!("must be a text that is not empty, not {}", quoted("")));
    }
    match envelope.schema_version {
        0 => invalid_argument("command.schema-version", "must be an integer from 1, not 0"),
        _ => Ok(()),
    }
}
