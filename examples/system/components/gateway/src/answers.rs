//! Converts results and errors of the event sourcer to HTTP status codes and JSON.

use contract::quoted;

use crate::decidable::eventsourcing::event_sourcer::{CommandError, CommandResult, FoldedState, Outcome};
use crate::exports::decidable::system::gateway::Response;

pub fn to_command(result: Result<CommandResult, CommandError>) -> Response {
    let CommandResult { stream, outcome, events, revision, duplicate, .. } = match result {
        Ok(result) => result,
        Err(error) => return failed(error),
    };
    let at = format!(r#""stream":{},"revision":{}"#, quoted(&stream), number(revision));
    match outcome {
        Outcome::Accepted => {
            let types = list(events.iter().map(|it| quoted(&it.event.type_)));
            answer(200, format!(r#"{{"outcome":"accepted",{at},"events":{types},"duplicate":{duplicate}}}"#))
        }
        Outcome::Rejected(no) => {
            let details = list(no.details.iter().map(|(name, value)| format!("[{},{}]", quoted(name), quoted(value))));
            let (code, message) = (quoted(&no.code), quoted(&no.message));
            let no = format!(r#""code":{code},"message":{message},"details":{details}"#);
            answer(422, format!(r#"{{"outcome":"rejected",{at},{no},"duplicate":{duplicate}}}"#))
        }
    }
}

pub fn to_read(stream: &str, result: Result<FoldedState, CommandError>) -> Response {
    let FoldedState { content_type, state, revision, .. } = match result {
        Ok(folded) => folded,
        Err(error) => return failed(error),
    };
    let (stream, revision, content_type) = (quoted(stream), number(revision), quoted(&content_type));
    let state: String = state.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let at = format!(r#""stream":{stream},"revision":{revision}"#);
    answer(200, format!(r#"{{{at},"contentType":{content_type},"state":"{state}"}}"#))
}

pub fn not_found() -> Response {
    error(404, "not-found", "the paths are /commands/{type}/{command id} and /states/{stream}")
}

fn failed(failure: CommandError) -> Response {
    match failure {
        CommandError::InvalidArgument(it) => error(400, "invalid-argument", &(it.argument + " " + &it.message)),
        CommandError::Unroutable(it) => error(404, "unroutable", &it.message),
        CommandError::Fault(it) => error(400, "fault", &it.message),
        CommandError::Trap(it) => error(500, "trap", &it.message),
        CommandError::Conflict(it) => error(409, "conflict", &format!("stream {} was written to", quoted(&it.stream))),
        CommandError::CommandIdReused(it) => error(409, "command-id-reused", &it.message),
        CommandError::ReplayLimit(it) => error(500, "replay-limit", &it.message),
        CommandError::Unauthorized(it) => error(403, "unauthorized", &it.message),
        CommandError::Overloaded(it) => error(503, "overloaded", &it.message),
        CommandError::Cancelled(it) => error(503, "cancelled", &it.message),
        CommandError::DeadlineExceeded(it) => error(504, "deadline-exceeded", &it.message),
        CommandError::Store(it) => error(503, "store", &it.message),
        CommandError::Closed(it) => error(503, "closed", &it.message),
    }
}

fn error(status: u16, code: &str, message: &str) -> Response {
    answer(status, format!(r#"{{"error":{},"message":{}}}"#, quoted(code), quoted(message)))
}

fn answer(status: u16, body: String) -> Response {
    Response { status, body }
}

fn list(items: impl Iterator<Item = String>) -> String {
    "[".to_string() + &items.collect::<Vec<_>>().join(",") + "]"
}

fn number(value: Option<u64>) -> String {
    value.map_or("null".into(), |value| value.to_string())
}

fn digit(value: u8) -> char {
    char::from(b"0123456789abcdef"[usize::from(value)])
}
