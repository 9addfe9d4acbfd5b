//! The hash chain of docs/chain.md.

use contract::{Uuid, sha256};

use crate::decidable::eventsourcing::messages::{Decision, Envelope, Outcome};

pub type Hash = [u8; 32];

/// The hash before a stream's first commit.
pub const CHAIN_START: Hash = [0; 32];

const CONTENT_VERSION: u8 = 1;

pub fn commit_hash(
    previous: &Hash,
    stream: &str,
    first_revision: Option<u64>,
    recorded_at: u64,
    command_id: Uuid,
    decision: &Decision,
    events: &[Envelope],
) -> Hash {
    let mut content = Content(previous.to_vec());
    content.u8(CONTENT_VERSION);
    content.text(stream);
    content.option(first_revision, Content::u64);
    content.u64(recorded_at);
    content.0.extend(command_id.0);
    content.envelope(&decision.command);
    content.text(&decision.content_type);
    content.text(&decision.module.name);
    content.text(&decision.module.version);
    content.option(decision.module.digest.as_deref(), Content::bytes);
    content.option(decision.seen_revision, Content::u64);
    content.option(rejection_of(decision), |content, rejection| {
        content.text(&rejection.code);
        content.text(&rejection.message);
        content.u32(rejection.details.len());
        for (name, value) in &rejection.details {
            content.text(name);
            content.text(value);
        }
    });
    content.option(decision.causation_id.as_deref(), Content::text);
    content.text(&decision.correlation_id);
    content.option(decision.actor.as_deref(), Content::text);
    content.option(decision.key_id.as_deref(), Content::text);
    content.u32(events.len());
    for event in events {
        content.envelope(event);
    }
    sha256(&content.0)
}

/// An outcome is encoded like an option: 0 for accepted, 1 and the rejection for rejected.
fn rejection_of(decision: &Decision) -> Option<&crate::decidable::eventsourcing::messages::Rejection> {
    match &decision.outcome {
        Outcome::Accepted => None,
        Outcome::Rejected(rejection) => Some(rejection),
    }
}

struct Content(Vec<u8>);

impl Content {
    fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    /// Writes a count or a length. Both fit, because memory ends at 4 GiB.
    fn u32(&mut self, value: usize) {
        self.0.extend((value as u32).to_be_bytes());
    }

    fn u64(&mut self, value: u64) {
        self.0.extend(value.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.u32(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn option<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.u8(value.is_some().into());
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn envelope(&mut self, envelope: &Envelope) {
        self.text(&envelope.type_);
        self.u32(envelope.schema_version as usize);
        self.bytes(&envelope.payload);
    }
}
