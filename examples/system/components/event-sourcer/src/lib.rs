//! The event sourcer as a component of the world `event-sourcing`: route, load, fold, decide, append
//! (`wit/event-sourcer.wit`).
//!
//! It does the work of `src/core/loop` in less code: it caches no states between commands, and has no authorizer and no
//! observer. A component cannot catch another component's trap, so a trap of the command handler ends the event sourcer
//! too.

mod bound_module;
mod duplicate;
mod failures;
mod guard;
mod job;
mod live;

wit_bindgen::generate!({
    path: ["../../../../wit", "../../wit"],
    world: "decidable:system/event-sourcer",
    // Lifted and lowered with the synchronous ABI, so that a call waits while the store works.
    sync: ["all"],
    generate_all,
});

use bound_module::BoundModule;
use contract::{check_stream_name, quoted};
use exports::decidable::eventsourcing::event_sourcer::{
    CommandError, CommandOptions, CommandResult, Envelope, FoldedState, Guest, ReadStateOptions,
};
use failures::{invalid_argument, refused};
use job::Job;
use live::Live;

struct Component;
export!(Component);

impl Guest for Component {
    fn handle_command(command: Envelope, options: CommandOptions) -> Result<CommandResult, CommandError> {
        Job::new(command, options)?.handle()
    }

    fn read_state(stream: String, options: ReadStateOptions) -> Result<FoldedState, CommandError> {
        if let Some(problem) = check_stream_name(&stream) {
            return invalid_argument("stream", &problem);
        }
        let module = BoundModule::get();
        let descriptor = &module.descriptor;
        if let Some(name) = options.module.filter(|name| *name != descriptor.name) {
            let message = format!("unknown module {}; the event sourcer has: {}", quoted(&name), descriptor.name);
            return Err(CommandError::Unroutable(refused(name, message)));
        }
        let live = Live::load(module, &stream, options.revision)?;
        if options.revision.is_some_and(|revision| live.revision != Some(revision)) {
            return invalid_argument("options.revision", &live.too_short(options.revision.unwrap_or_default()));
        }
        Ok(FoldedState {
            module: descriptor.name.clone(),
            module_version: descriptor.version.clone(),
            content_type: descriptor.content_type.clone(),
            state: live.state.to_bytes(),
            revision: live.revision,
        })
    }
}
