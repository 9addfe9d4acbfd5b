//! The precondition of an append (`src/core/loop/guard.ts`). The module declares one for each command type. The caller
//! may request another one in addition, which can only strengthen it.

use crate::decidable::eventsourcing::messages::{Precondition, WritePrecondition};

/// The stream is unchanged since this revision was seen.
fn as_seen(revision: Option<u64>) -> Precondition {
    revision.map_or(Precondition::NoStream, Precondition::AtRevision)
}

/// Returns the precondition of a decision that saw the stream at `revision`. The caller has checked
/// [`violated_precondition`].
///
/// A decision without events takes no revision. So it holds only for the stream that it saw, whatever the module
/// declares.
pub fn append_precondition(
    declared: WritePrecondition,
    requested: Option<Precondition>,
    revision: Option<u64>,
    has_events: bool,
) -> Precondition {
    match declared {
        _ if !has_events => as_seen(revision),
        WritePrecondition::StreamUnchanged => as_seen(revision),
        WritePrecondition::NoStream => Precondition::NoStream,
        WritePrecondition::StreamExists => demanded(requested).unwrap_or(Precondition::StreamExists),
        WritePrecondition::Any => demanded(requested).unwrap_or(Precondition::Any),
    }
}

/// Returns the precondition that a stream with this last revision violates, or none.
pub fn violated_precondition(
    declared: WritePrecondition,
    requested: Option<Precondition>,
    revision: Option<u64>,
) -> Option<Precondition> {
    match (declared, revision) {
        (WritePrecondition::StreamExists, None) => return Some(Precondition::StreamExists),
        (WritePrecondition::NoStream, Some(_)) => return Some(Precondition::NoStream),
        _ => {}
    }
    requested.filter(|requested| match *requested {
        Precondition::Any => false,
        Precondition::NoStream => revision.is_some(),
        Precondition::StreamExists => revision.is_none(),
        Precondition::AtRevision(at) => revision != Some(at),
    })
}

/// Returns whether the two preconditions exclude each other, so that no stream satisfies both.
pub fn exclude_each_other(declared: WritePrecondition, requested: Option<Precondition>) -> bool {
    match (declared, demanded(requested)) {
        (_, None) => false,
        (WritePrecondition::NoStream, Some(requested)) => !matches!(requested, Precondition::NoStream),
        (WritePrecondition::StreamExists, Some(requested)) => matches!(requested, Precondition::NoStream),
        _ => false,
    }
}

/// Returns whether reading and deciding again can help. It cannot if the caller named a revision, because a stream
/// never returns to an earlier one.
pub fn is_retryable(declared: WritePrecondition, requested: Option<Precondition>, has_events: bool) -> bool {
    match (requested, declared) {
        (Some(Precondition::NoStream | Precondition::AtRevision(_)), _) => false,
        (_, WritePrecondition::StreamUnchanged) => true,
        (_, WritePrecondition::NoStream) => false,
        _ => !has_events,
    }
}

fn demanded(requested: Option<Precondition>) -> Option<Precondition> {
    requested.filter(|it| !matches!(it, Precondition::Any))
}
