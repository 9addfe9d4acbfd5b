//! What must hold of the stream when a decision is appended (`src/core/loop/guard.ts`): the module declares the guard that a
//! command's meaning needs, and what the caller expects can only strengthen it.

use crate::decidable::eventsourcing::messages::{Precondition, WritePrecondition};

/// The stream as it was seen, at this last revision.
fn as_seen(revision: Option<u64>) -> Precondition {
    revision.map_or(Precondition::NoStream, Precondition::AtRevision)
}

/// The guard of a decision that saw the stream at `revision`, once [`contradiction`] has found nothing.
///
/// A decision without events takes no revision: it holds only for the stream that it saw, whatever the command's own guard.
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

/// What was demanded and does not hold of a stream whose last revision is `revision`; none: all of it holds.
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

/// Whether declared and expected exclude each other, so that no stream can satisfy both.
pub fn unsatisfiable(declared: WritePrecondition, expected: Option<Precondition>) -> bool {
    match (declared, demanded(expected)) {
        (_, None) => false,
        (WritePrecondition::NoStream, Some(expected)) => !matches!(expected, Precondition::NoStream),
        (WritePrecondition::StreamExists, Some(expected)) => matches!(expected, Precondition::NoStream),
        _ => false,
    }
}

/// Whether reading again and deciding again can help: not where a revision was named, as what has been passed does not come
/// back.
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
