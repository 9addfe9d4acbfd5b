//! An event store in memory, as a component of the world `event-storage` (`wit/event-store.wit`).
//!
//! This file implements the traits that `wit-bindgen` generates from `wit/`, with `contents.rs`, which does not depend
//! on components. `arguments.rs` refuses invalid arguments.

mod arguments;
mod chain;
mod contents;

wit_bindgen::generate!({
    path: ["../../../../wit", "../../wit"],
    world: "decidable:system/event-store",
    // Lifted with the synchronous ABI, because nothing here waits.
    sync: ["all"],
    generate_all,
});

use std::cell::RefCell;

use contents::Contents;
use decidable::eventsourcing::messages::{Decision, Envelope, Precondition, RecordedDecision, RecordedEvent};
use exports::decidable::eventsourcing::event_store::{
    AppendError, Appended, Guest, ReadAllOptions, ReadStreamOptions, Snapshot, SnapshotKey, StoreError, StoreFault,
};
use wasi::clocks::wall_clock;

struct Component;
export!(Component);

thread_local! {
    static CONTENTS: RefCell<Contents> = RefCell::default();
}

impl Guest for Component {
    fn append(
        stream: String,
        events: Vec<Envelope>,
        precondition: Precondition,
        decision: Decision,
    ) -> Result<Appended, AppendError> {
        let command_id = arguments::check_append(&stream, &events, &precondition, &decision)?;
        let recorded_at = now().map_err(AppendError::Failure)?;
        CONTENTS.with_borrow_mut(|it| it.append(stream, events, precondition, command_id, decision, recorded_at))
    }

    fn read_stream(stream: String, options: ReadStreamOptions) -> Result<Vec<RecordedEvent>, StoreError> {
        arguments::check_read_stream(&stream, &options)?;
        Ok(CONTENTS.with_borrow(|it| it.read_stream(&stream, options)))
    }

    fn read_all(options: ReadAllOptions) -> Result<Vec<RecordedEvent>, StoreError> {
        arguments::check_read_all(&options)?;
        Ok(CONTENTS.with_borrow(|it| it.read_all(&options)))
    }

    fn await_events(after_position: Option<u64>) -> Result<u64, StoreError> {
        arguments::check_position(after_position, "after-position")?;
        let last = CONTENTS.with_borrow(Contents::last_position);
        // A synchronous call cannot wait for an append, because none can run before it returns.
        last.filter(|last| after_position.is_none_or(|after| *last > after)).ok_or_else(|| {
            let message = "this store cannot wait for events, because its calls are synchronous; read again later";
            StoreError::Failure(StoreFault { code: "unsupported-engine".into(), message: message.into() })
        })
    }

    fn find_decision(command_id: String) -> Result<Option<RecordedDecision>, StoreError> {
        let command_id = arguments::check_command_id(&command_id)?;
        Ok(CONTENTS.with_borrow(|it| it.find_decision(command_id)))
    }

    fn load_snapshot(key: SnapshotKey) -> Result<Option<Snapshot>, StoreError> {
        arguments::check_snapshot_key(&key)?;
        Ok(CONTENTS.with_borrow(|it| it.load_snapshot(key)))
    }

    fn save_snapshot(key: SnapshotKey, snapshot: Snapshot) -> Result<(), StoreError> {
        arguments::check_snapshot_key(&key)?;
        arguments::check_snapshot(&snapshot)?;
        CONTENTS.with_borrow_mut(|it| it.save_snapshot(key, snapshot));
        Ok(())
    }

    fn drop_snapshot(key: SnapshotKey) -> Result<(), StoreError> {
        arguments::check_snapshot_key(&key)?;
        CONTENTS.with_borrow_mut(|it| it.drop_snapshot(key));
        Ok(())
    }
}

/// Returns the time in milliseconds since the Unix epoch.
fn now() -> Result<u64, StoreFault> {
    let time = wall_clock::now();
    let milliseconds = time.seconds.checked_mul(1_000).map(|it| it + u64::from(time.nanoseconds / 1_000_000));
    milliseconds.filter(|it| *it <= arguments::MAX_REVISION).ok_or_else(|| StoreFault {
        code: "io".into(),
        message: "the time of the clock is out of range".into(),
    })
}
