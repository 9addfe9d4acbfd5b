//! The gateway to the event sourcer (`../../wit/system.wit`): it receives a path and bytes, and returns a status and
//! JSON. It does not depend on the domain.

mod answers;

wit_bindgen::generate!({
    path: ["../../../../wit", "../../wit"],
    world: "decidable:system/front",
    sync: ["all"],
    generate_all,
});

use decidable::eventsourcing::event_sourcer::{
    CommandOptions, Envelope, ReadStateOptions, handle_command, read_state,
};
use exports::decidable::system::gateway::{Guest, Response};

struct Component;
export!(Component);

impl Guest for Component {
    fn request(path: String, body: Vec<u8>) -> Response {
        if let Some((command_type, command_id)) = path.strip_prefix("/commands/").and_then(|it| it.split_once('/')) {
            return answers::to_command(handle_command(&envelope(command_type, body), &options(command_id)));
        }
        if let Some(stream) = path.strip_prefix("/states/") {
            return answers::to_read(stream, read_state(stream, &ReadStateOptions { module: None, revision: None }));
        }
        answers::not_found()
    }
}

fn envelope(command_type: &str, payload: Vec<u8>) -> Envelope {
    Envelope { type_: command_type.into(), schema_version: 1, payload }
}

fn options(command_id: &str) -> CommandOptions {
    CommandOptions {
        command_id: Some(command_id.into()),
        correlation_id: None,
        causation_id: None,
        actor: None,
        precondition: None,
        deadline: None,
    }
}
