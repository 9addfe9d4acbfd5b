//! The contents of the store, the append with its checks, and reading. The arguments were checked before.

use std::collections::BTreeMap;

use contract::Uuid;

use crate::chain::{CHAIN_START, Hash, commit_hash};
use crate::decidable::eventsourcing::messages::{
    Decision, Envelope, EventContext, Precondition, RecordedDecision, RecordedEvent,
};
use crate::exports::decidable::eventsourcing::event_store::{
    AppendError, Appended, Conflict, Direction, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey,
};

/// Events that a read returns by default.
const DEFAULT_READ_LIMIT: u32 = 1_000;

struct Commit {
    command_id: Uuid,
    record: RecordedDecision,
    /// The position of its first event. The others follow.
    first_position: u64,
    events: Vec<Envelope>,
}

struct Stream {
    /// For each revision, the number of the event's commit.
    events: Vec<usize>,
    /// The hash of the stream's last commit.
    hash: Hash,
}

/// The maps are ordered and not hashed, because callers choose the ids and there is no randomness for a hash.
#[derive(Default)]
pub struct Contents {
    streams: BTreeMap<String, Stream>,
    /// All commits, in the order of appending.
    commits: Vec<Commit>,
    /// The numbers of the commits.
    commands: BTreeMap<Uuid, usize>,
    /// For each position, the number of the event's commit. Positions count from 1, so index 0 is position 1.
    events: Vec<usize>,
    snapshots: BTreeMap<(String, String, String), Snapshot>,
}

impl Contents {
    pub fn append(
        &mut self,
        stream: String,
        events: Vec<Envelope>,
        precondition: Precondition,
        command_id: Uuid,
        decision: Decision,
        recorded_at: u64,
    ) -> Result<Appended, AppendError> {
        if let Some(known) = self.find_decision(command_id) {
            return Err(AppendError::Duplicate(known));
        }
        let existing = self.streams.get(&stream);
        let actual = existing.and_then(last_revision);
        if !holds(&precondition, actual) {
            return Err(AppendError::Conflict(Conflict { stream, precondition, actual }));
        }

        let next = actual.map_or(0, |it| it + 1);
        let first_revision = (!events.is_empty()).then_some(next);
        let first_position = 1 + self.events.len() as u64;
        let previous = existing.map_or(CHAIN_START, |it| it.hash);
        let hash = commit_hash(&previous, &stream, first_revision, recorded_at, command_id, &decision, &events);

        let number = self.commits.len();
        let appended_to = self.streams.entry(stream.clone()).or_insert(Stream { events: Vec::new(), hash });
        appended_to.hash = hash;
        for _ in &events {
            appended_to.events.push(number);
            self.events.push(number);
        }
        self.commands.insert(command_id, number);
        let revision = last_revision(appended_to);
        let (event_count, hash) = (events.len() as u32, hash.to_vec());
        let record =
            RecordedDecision { stream, decision, first_revision, event_count, recorded_at, hash: hash.clone() };
        self.commits.push(Commit { command_id, record, first_position, events });
        let first_position = first_revision.map(|_| first_position);
        Ok(Appended { first_revision, first_position, revision, recorded_at, hash })
    }

    pub fn find_decision(&self, command_id: Uuid) -> Option<RecordedDecision> {
        self.commands.get(&command_id).map(|&number| self.commits[number].record.clone())
    }

    pub fn read_stream(&self, stream: &str, options: ReadStreamOptions) -> Vec<RecordedEvent> {
        let numbers = self.streams.get(stream).map_or(&[][..], |it| &it.events);
        let at = |revision| {
            let commit = &self.commits[numbers[revision as usize]];
            commit.event(revision - commit.record.first_revision.unwrap_or_default())
        };
        let (end, limit) = (numbers.len() as u64, options.limit.unwrap_or(DEFAULT_READ_LIMIT) as usize);
        match options.direction {
            Direction::Forward => (options.from_revision.unwrap_or(0)..end).take(limit).map(at).collect(),
            Direction::Backward => {
                let behind = options.from_revision.map_or(end, |from| end.min(from + 1));
                (0..behind).rev().take(limit).map(at).collect()
            }
        }
    }

    /// Returns the position of the last event; none if the store has no events.
    pub fn last_position(&self) -> Option<u64> {
        // Positions count from 1.
        Some(self.events.len() as u64).filter(|last| *last > 0)
    }

    pub fn read_all(&self, options: &ReadAllOptions) -> Vec<RecordedEvent> {
        let at = |position| {
            let commit = &self.commits[self.events[position as usize - 1]];
            (commit, position - commit.first_position)
        };
        let wanted = |(commit, index): &(&Commit, u64)| {
            let ReadAllOptions { categories, event_types, events, .. } = options;
            let event = &commit.events[*index as usize];
            let of = category(&commit.record.stream);
            (categories.is_empty() || categories.iter().any(|it| it == of))
                && (event_types.is_empty() || event_types.contains(&event.type_))
                && (events.is_empty() || events.iter().any(|it| it.category == of && it.type_ == event.type_))
        };
        let event = |(commit, index): (&Commit, u64)| commit.event(index);
        let (last, limit) = (self.events.len() as u64, options.limit.unwrap_or(DEFAULT_READ_LIMIT) as usize);
        match options.direction {
            Direction::Forward => {
                let first = options.after_position.unwrap_or(0) + 1;
                (first..=last).map(at).filter(wanted).take(limit).map(event).collect()
            }
            Direction::Backward => {
                let before = options.after_position.unwrap_or(u64::MAX).min(last + 1);
                (1..before).rev().map(at).filter(wanted).take(limit).map(event).collect()
            }
        }
    }

    pub fn load_snapshot(&self, key: SnapshotKey) -> Option<Snapshot> {
        self.snapshots.get(&parts(key)).cloned()
    }

    pub fn save_snapshot(&mut self, key: SnapshotKey, snapshot: Snapshot) {
        let key = parts(key);
        match self.snapshots.get(&key) {
            Some(there) if there.revision > snapshot.revision => {}
            _ => drop(self.snapshots.insert(key, snapshot)),
        }
    }

    pub fn drop_snapshot(&mut self, key: SnapshotKey) {
        self.snapshots.remove(&parts(key));
    }
}

impl Commit {
    /// Returns the event at `index` of the commit.
    fn event(&self, index: u64) -> RecordedEvent {
        let RecordedDecision { stream, decision, first_revision, recorded_at, .. } = &self.record;
        RecordedEvent {
            context: EventContext {
                id: self.command_id.of_event(index as u32).text(),
                stream: stream.clone(),
                revision: first_revision.unwrap_or_default() + index,
                position: self.first_position + index,
                recorded_at: *recorded_at,
                correlation_id: decision.correlation_id.clone(),
                causation_id: decision.command_id.clone(),
            },
            event: self.events[index as usize].clone(),
            content_type: decision.content_type.clone(),
        }
    }
}

fn last_revision(stream: &Stream) -> Option<u64> {
    (stream.events.len() as u64).checked_sub(1)
}

fn holds(precondition: &Precondition, actual: Option<u64>) -> bool {
    match *precondition {
        Precondition::Any => true,
        Precondition::NoStream => actual.is_none(),
        Precondition::StreamExists => actual.is_some(),
        Precondition::AtRevision(revision) => actual == Some(revision),
    }
}

/// Returns the part of the name before the first `-`, or the whole name if there is no `-`.
fn category(stream: &str) -> &str {
    stream.split('-').next().unwrap_or(stream)
}

fn parts(key: SnapshotKey) -> (String, String, String) {
    (key.module_name, key.module_version, key.stream)
}
