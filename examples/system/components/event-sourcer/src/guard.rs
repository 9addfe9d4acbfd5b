//! The precondition of an append (`src/core/loop/guard.ts`). The module declares the one that a command type needs. The caller's
//! expectation can only strengthen it.

use crate::decidable::eventsourcing::messages::{Precondition, WritePrecondition};

/// The stream is unchanged since this revision was seen.
fn as_seen(revision: Option<u64>) -> Precondition {
    revision.map_or(Precondition::NoStream, Precondition::AtRevision)
}

/// Returns the precondition of a decision that saw the stream at `revision`. The caller has checked [`contradiction`].
///
/// A decision without events takes no revision. So it holds only for the stream that it saw, whatever the module declares.
pub fn guard_of(
    declared: WritePrecondition,
    expected: Option<Precondition>,
    revision: Option<u64>,
    has_events: bool,
) -> Precondition {
    match declared {
        _ if !has_events => as_seen(revision),
        WritePrecondition::StreamUnchanged => as_seen(revision),
        WritePrecondition::NoStream => Precondition::NoStream,
        WritePrecondition::StreamExists => demanded(expected).unwrap_or(Precondition::StreamExists),
        WritePrecondition::Any => demanded(expected).unwrap_or(Precondition::Any),
    }
}

/// Returns the condition that a stream with this last revision violates, or none.
pub fn contradiction(
    declared: WritePrecondition,
    expected: Option<Precondition>,
    revision: Option<u64>,
) -> Option<Precondition> {
    match (declared, revision) {
        (WritePrecondition::StreamExists, None) => return Some(Precondition::StreamExists),
        (WritePrecondition::NoStream, Some(_)) => return Some(Precondition::NoStream),
        _ => {}
    }
    expected.filter(|expected| match *expected {
        Precondition::Any => false,
        Precondition::NoStream => revision.is_some(),
        Precondition::StreamExists => revision.is_none(),
        Precondition::AtRevision(expected) => revision != Some(expected),
    })
}

/// Returns whether the declared and the expected condition exclude each other, so that no stream satisfies both.
pub fn unsatisfiable(declared: WritePrecondition, expected: Option<Precondition>) -> bool {
    match (declared, demanded(expected)) {
        (_, None) => false,
        (WritePrecondition::NoStream, Some(expected)) => !matches!(expected, Precondition::NoStream),
        (WritePrecondition::StreamExists, Some(expected)) => matches!(expected, Precondition::NoStream),
        _ => false,
    }
}

/// Returns whether reading and deciding again can help. It cannot if the caller named a revision, because a stream never returns to
/// an earlier one.
pub fn retry_helps(declared: WritePrecondition, expected: Option<Precondition>, has_events: bool) -> bool {
    match (expected, declared) {
        (Some(Precondition::NoStream | Precondition::AtRevision(_)), _) => false,
        (_, WritePrecondition::StreamUnchanged) => true,
        (_, WritePrecondition::NoStream) => false,
        _ => !has_events,
    }
}

fn demanded(expected: Option<Precondition>) -> Option<Precondition> {
    expected.filter(|it| !matches!(it, Precondition::Any))
}
