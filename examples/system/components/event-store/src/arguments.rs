//! Checks arguments before any work is done, with the texts of `src/core/storage/arguments.ts`. Values that the types
//! of the contract exclude (text that is not UTF-8, an unknown precondition) cannot occur here.

use contract::{Uuid, check_stream_name};

use crate::decidable::eventsourcing::messages::{Decision, Envelope, Outcome, Precondition};
use crate::exports::decidable::eventsourcing::event_store::{
    AppendError, InvalidArgument, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey, StoreError,
};

const MAX_EVENTS_PER_DECISION: usize = 1_000;
/// The largest revision, as in other stores. At a million events a second it suffices for 292,000 years.
pub const MAX_REVISION: u64 = i64::MAX as u64;

impl From<InvalidArgument> for AppendError {
    fn from(argument: InvalidArgument) -> Self {
        AppendError::InvalidArgument(argument)
    }
}

impl From<InvalidArgument> for StoreError {
    fn from(argument: InvalidArgument) -> Self {
        StoreError::InvalidArgument(argument)
    }
}

type Checked<T = ()> = Result<T, InvalidArgument>;

fn refused<T>(argument: &str, message: &str) -> Checked<T> {
    Err(InvalidArgument { argument: argument.into(), message: message.into() })
}

/// Returns the command's id.
pub fn check_append(
    stream: &str,
    events: &[Envelope],
    precondition: &Precondition,
    decision: &Decision,
) -> Checked<Uuid> {
    check_stream(stream, "stream")?;
    if events.len() > MAX_EVENTS_PER_DECISION {
        let message = format!(
            "a decision has at most {MAX_EVENTS_PER_DECISION} events, this one has {}: split the command",
            events.len()
        );
        return refused("events", &message);
    }
    for (index, event) in events.iter().enumerate() {
        check_envelope(event, || format!("events[{index}]"))?;
    }
    if let Precondition::AtRevision(revision) = *precondition {
        check_revision(revision, "precondition")?;
    }
    let Some(command_id) = Uuid::parse(&decision.command_id) else {
        return refused("decision.command-id", "a command id is a UUID in lower-case text");
    };
    check_envelope(&decision.command, || "decision.command".into())?;
    if let Some(revision) = decision.seen_revision {
        check_revision(revision, "decision.seen-revision")?;
    }
    match decision.outcome {
        Outcome::Rejected(_) if !events.is_empty() => refused("decision.outcome", "a rejected decision has no events"),
        _ => Ok(command_id),
    }
}

fn check_envelope(envelope: &Envelope, argument: impl Fn() -> String) -> Checked {
    if envelope.type_.is_empty() {
        return refused(&(argument() + ".type"), "a message type is a text, not empty, in UTF-8");
    }
    match envelope.schema_version {
        0 => refused(&(argument() + ".schema-version"), "a schema version is a whole number from 1, not 0"),
        _ => Ok(()),
    }
}

fn check_revision(revision: u64, argument: &str) -> Checked {
    match revision {
        0..=MAX_REVISION => Ok(()),
        _ => refused(argument, "a revision is a number from 0 to 2^63 - 1"),
    }
}

fn check_stream(name: &str, argument: &str) -> Checked {
    match check_stream_name(name) {
        Some(problem) => refused(argument, &("the stream name ".to_string() + &problem)),
        None => Ok(()),
    }
}

fn check_limit(limit: Option<u32>) -> Checked {
    match limit {
        Some(0) => refused("options.limit", "a limit is a whole number from 1, not 0"),
        _ => Ok(()),
    }
}

pub fn check_read_stream(stream: &str, options: &ReadStreamOptions) -> Checked {
    check_stream(stream, "stream")?;
    check_limit(options.limit)?;
    options.from_revision.map_or(Ok(()), |revision| check_revision(revision, "options.from-revision"))
}

pub fn check_read_all(options: &ReadAllOptions) -> Checked {
    check_limit(options.limit)?;
    check_position(options.after_position, "options.after-position")
}

pub fn check_position(position: Option<u64>, argument: &str) -> Checked {
    position.map_or(Ok(()), |position| check_revision(position, argument))
}

pub fn check_command_id(command_id: &str) -> Checked<Uuid> {
    match Uuid::parse(command_id) {
        Some(uuid) => Ok(uuid),
        None => refused("command-id", "a command id is a UUID in lower-case text"),
    }
}

pub fn check_snapshot_key(key: &SnapshotKey) -> Checked {
    check_stream(&key.stream, "key.stream")
}

pub fn check_snapshot(snapshot: &Snapshot) -> Checked {
    check_revision(snapshot.revision, "snapshot.revision")
}
