//! The errors of the event sourcer. Failures of the domain, the module, the store and the caller are different cases.

use contract::quoted;

use crate::decidable::eventsourcing::event_store::{AppendError, InvalidArgument, StoreError, StoreFault};
use crate::decidable::eventsourcing::messages::Fault;
use crate::exports::decidable::eventsourcing::event_sourcer::{CommandError, Refusal};

pub fn invalid_argument<T>(argument: &str, message: &str) -> Result<T, CommandError> {
    Err(CommandError::InvalidArgument(InvalidArgument { argument: argument.into(), message: message.into() }))
}

pub fn refused(subject: String, message: String) -> Refusal {
    Refusal { subject, message }
}

pub fn fault(code: &str, message: String, details: &[(&str, &str)]) -> Fault {
    let details = details.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    Fault { code: code.into(), message, details }
}

/// The store returned data that it cannot have stored.
pub fn corrupt(stream: &str, what: &str) -> CommandError {
    let message = format!("the store returned {what} of stream {}", quoted(stream));
    CommandError::Store(StoreFault { code: "corrupt".into(), message })
}

fn closed() -> CommandError {
    let message = "the store is closing or closed, and nothing was recorded";
    CommandError::Closed(refused("store".into(), message.into()))
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::InvalidArgument(argument) => CommandError::InvalidArgument(argument),
            StoreError::Failure(failure) => CommandError::Store(failure),
            StoreError::Closed => closed(),
        }
    }
}

/// The loop itself handles `duplicate`, so here it is an error of the store.
impl From<AppendError> for CommandError {
    fn from(error: AppendError) -> Self {
        match error {
            // The events are the module's, not the caller's.
            AppendError::InvalidArgument(InvalidArgument { argument, message }) if argument.starts_with("events") => {
                let text = format!("the module returned a value that the store refuses: {argument}: {message}");
                CommandError::Fault(fault("invalid-event", text, &[("argument", &argument)]))
            }
            AppendError::InvalidArgument(argument) => CommandError::InvalidArgument(argument),
            AppendError::Conflict(conflict) => CommandError::Conflict(conflict),
            AppendError::Duplicate(known) => corrupt(&known.stream, "a duplicate"),
            AppendError::Failure(failure) => CommandError::Store(failure),
            AppendError::Closed => closed(),
        }
    }
}
