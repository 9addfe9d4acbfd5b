//! A state: loaded from a snapshot, if there is one, and from the later events, in pages.

use contract::quoted;

use crate::bound_module::BoundModule;
use crate::decidable::eventsourcing::decider::{evolve, initial_state};
use crate::decidable::eventsourcing::event_store::{
    Direction, ReadStreamOptions, Snapshot, SnapshotKey, drop_snapshot, load_snapshot, read_stream, save_snapshot,
};
use crate::decidable::eventsourcing::messages::{Envelope, Fault, RecordedEvent, SnapshotPolicy};
use crate::decidable::eventsourcing::types::{Event, State};
use crate::exports::decidable::eventsourcing::event_sourcer::CommandError;
use crate::failures::{corrupt, fault, refused};

const PAGE: u64 = 1_000;
const MAX_EVENTS_PER_DECISION: usize = 1_000;
/// Events that a command may replay.
const REPLAY_LIMIT: u64 = 1_000_000;

pub struct Live<'a> {
    module: &'static BoundModule,
    stream: &'a str,
    pub state: State,
    /// The last revision that is folded into the state.
    pub revision: Option<u64>,
    /// The revision of the snapshot that it was loaded from.
    snapshot_revision: Option<u64>,
}

impl<'a> Live<'a> {
    pub fn initial(module: &'static BoundModule, stream: &'a str) -> Self {
        Live { module, stream, state: initial_state(), revision: None, snapshot_revision: None }
    }

    /// Loads the state at a revision, or the newest one.
    pub fn load(module: &'static BoundModule, stream: &'a str, until: Option<u64>) -> Result<Self, CommandError> {
        let live = match module.takes_snapshots() {
            true => Live::of_snapshot(module, stream, until)?,
            false => None,
        };
        live.unwrap_or_else(|| Live::initial(module, stream)).catch_up(until)
    }

    fn of_snapshot(
        module: &'static BoundModule,
        stream: &'a str,
        until: Option<u64>,
    ) -> Result<Option<Self>, CommandError> {
        let Some(Snapshot { revision, content_type, state }) = load_snapshot(&key(module, stream))? else {
            return Ok(None);
        };
        if until.is_some_and(|until| revision > until) {
            return Ok(None);
        }
        let state = match content_type == module.descriptor.content_type {
            true => State::from_bytes(&state).ok(),
            false => None,
        };
        let Some(state) = state else {
            // An unreadable snapshot is ignored. The replay does not depend on it.
            let _ = drop_snapshot(&key(module, stream));
            return Ok(None);
        };
        Ok(Some(Live { module, stream, state, revision: Some(revision), snapshot_revision: Some(revision) }))
    }

    fn catch_up(mut self, until: Option<u64>) -> Result<Self, CommandError> {
        let mut allowed = REPLAY_LIMIT;
        loop {
            let next = self.revision.map_or(0, |it| it + 1);
            // One more than may be folded, to distinguish a stream that ends at the limit from a longer one.
            let most = PAGE.min(allowed + 1);
            let limit = until.map_or(most, |until| most.min(until.saturating_add(1).saturating_sub(next)));
            if limit == 0 {
                return Ok(self);
            }
            let options = ReadStreamOptions {
                direction: Direction::Forward,
                from_revision: Some(next),
                limit: Some(limit as u32),
            };
            let page = read_stream(self.stream, options)?;
            let read = page.len() as u64;
            if read > allowed {
                return Err(too_long(self.stream));
            }
            if read > limit || page.iter().zip(next..).any(|(event, revision)| event.context.revision != revision) {
                return Err(corrupt(self.stream, &format!("other revisions than those from {next} on")));
            }
            for event in &page {
                self = self.fold(event)?;
            }
            if read < limit {
                return Ok(self);
            }
            allowed -= read;
        }
    }

    fn fold(self, recorded: &RecordedEvent) -> Result<Self, CommandError> {
        let RecordedEvent { context, event, content_type } = recorded;
        let (module, stream, revision) = (self.module, self.stream, context.revision);
        if module.skips_foreign_events() && !module.names_event(&event.type_) {
            return Ok(Live { revision: Some(revision), ..self });
        }
        let folded = match *content_type == module.descriptor.content_type {
            true => Event::from_envelope(event).and_then(|event| self.evolve(&event)),
            false => Err(other_content_type(content_type, &module.descriptor.content_type)),
        };
        let live = folded.map_err(|fault| {
            let doing = format!("folding {}, revision {revision} of stream {}", event.type_, quoted(stream));
            let revision = revision.to_string();
            module.fault(
                fault,
                &doing,
                &[("stream", stream), ("revision", &revision), ("eventType", &event.type_)],
            )
        })?;
        Ok(Live { revision: Some(revision), ..live })
    }

    fn evolve(self, event: &Event) -> Result<Self, Fault> {
        Ok(Live { state: evolve(self.state, event)?, ..self })
    }

    /// Folds the events of a decision before they are stored, so that nothing is stored that cannot be read again.
    pub fn fold_decided(mut self, events: Vec<Event>) -> Result<(Self, Vec<Envelope>), CommandError> {
        let (module, stream) = (self.module, self.stream);
        let mut envelopes = Vec::with_capacity(events.len());
        let failed = |fault, at: usize| {
            let doing = format!("folding event {at} of its decision on stream {}", quoted(stream));
            module.fault(fault, &doing, &[("stream", stream)])
        };
        if events.len() > MAX_EVENTS_PER_DECISION {
            return Err(failed(too_many(events.len()), 0));
        }
        for (at, event) in events.into_iter().enumerate() {
            let envelope = event.to_envelope();
            if !module.names_event(&envelope.type_) {
                return Err(failed(undeclared(&envelope.type_), at));
            }
            envelopes.push(envelope);
            self = self.evolve(&event).map_err(|fault| failed(fault, at + 1))?;
        }
        Ok((self, envelopes))
    }

    /// Stores a snapshot if one is due at the state's revision. A failure is ignored, because a replay has the same
    /// result.
    pub fn save_if_due(&self, policy: SnapshotPolicy) {
        let (SnapshotPolicy::Every(most), Some(revision)) = (policy, self.revision) else {
            return;
        };
        let since = self.snapshot_revision.map_or(revision + 1, |it| revision - it);
        if since >= u64::from(most) {
            let content_type = self.module.descriptor.content_type.clone();
            let snapshot = Snapshot { revision, content_type, state: self.state.to_bytes() };
            let _ = save_snapshot(&key(self.module, self.stream), &snapshot);
        }
    }

    /// Streams only grow, so a state beyond the end came from a snapshot of another history.
    pub fn drop_if_beyond(module: &BoundModule, stream: &str, seen: Option<u64>, actual: Option<u64>) {
        if module.takes_snapshots() && seen > actual {
            let _ = drop_snapshot(&key(module, stream));
        }
    }

    pub fn too_short(&self, revision: u64) -> String {
        let end = self.revision.map_or("has no events".into(), |last| format!("ends at revision {last}"));
        format!("is {revision}, but stream {} {end}", quoted(self.stream))
    }
}

fn key(module: &BoundModule, stream: &str) -> SnapshotKey {
    let (module_name, module_version) = (module.descriptor.name.clone(), module.descriptor.version.clone());
    SnapshotKey { module_name, module_version, stream: stream.into() }
}

fn too_long(stream: &str) -> CommandError {
    let message = format!(
        "stream {} has more than the {REPLAY_LIMIT} events that a command may replay; give its commands a snapshot policy",
        quoted(stream)
    );
    CommandError::ReplayLimit(refused(stream.into(), message))
}

fn other_content_type(stored: &str, read: &str) -> Fault {
    let message = format!(
        "the event was stored as {stored}, but the module reads {read}; give the module the codec that wrote the \
         stream"
    );
    fault("content-type-mismatch", message, &[("stored", stored), ("module", read)])
}

fn too_many(count: usize) -> Fault {
    let message = format!("a decision has at most {MAX_EVENTS_PER_DECISION} events, not {count}; split the command");
    fault("too-many-events", message, &[("count", &count.to_string())])
}

/// Such an event would be skipped or fail when the stream is read again, so that the state would differ.
fn undeclared(event_type: &str) -> Fault {
    let message =
        format!("the module decided on an event of type {}, which its descriptor does not contain", quoted(event_type));
    fault("undeclared-event", message, &[("eventType", event_type)])
}
