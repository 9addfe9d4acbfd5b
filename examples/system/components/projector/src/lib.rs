//! The read model of ../../accounts.ts, as a component of the world `read-model`. A document is the state of an
//! account.

#[allow(dead_code)]
#[path = "../../../../guests/rust/src/bank.rs"]
mod bank;
#[allow(dead_code)]
#[path = "../../../../guests/rust/src/message.rs"]
mod message;
#[allow(dead_code)]
#[path = "../../../../guests/rust/src/msgpack.rs"]
mod msgpack;

wit_bindgen::generate!({ path: "../../../../wit", world: "decidable:eventsourcing/read-model" });

use bank::{Account, Refusal};
use exports::decidable::eventsourcing::projector::{self, EventContext, EventSource, ProjectorDescriptor};
use exports::decidable::eventsourcing::types::{self, Envelope, Fault};
use message::{Kind, Message};

struct Component;
export!(Component);

const SCHEMA_VERSION: u32 = 1;

/// A read model has no commands.
pub struct CommandResource;
pub struct EventResource(Message);
pub struct StateResource(Account);

impl From<Refusal> for Fault {
    fn from(Refusal { code, message, details }: Refusal) -> Self {
        let details = details.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
        Fault { code: code.into(), message: message.into(), details }
    }
}

impl types::Guest for Component {
    type Command = CommandResource;
    type Event = EventResource;
    type State = StateResource;
}

impl types::GuestCommand for CommandResource {
    fn from_envelope(_: Envelope) -> Result<types::Command, Fault> {
        Err(Refusal::new("unknown-type", "a read model has no commands").into())
    }

    fn to_envelope(&self) -> Envelope {
        Envelope { type_: String::new(), schema_version: SCHEMA_VERSION, payload: Vec::new() }
    }
}

impl types::GuestEvent for EventResource {
    fn from_envelope(envelope: Envelope) -> Result<types::Event, Fault> {
        let kind = Kind::all().find(|kind| kind.event() == envelope.type_).ok_or_else(Refusal::unknown_event)?;
        if envelope.schema_version != SCHEMA_VERSION {
            return Err(Refusal::wrong_schema_version(envelope.schema_version).into());
        }
        Ok(types::Event::new(EventResource(Message::decode(kind, &envelope.payload)?)))
    }

    fn to_envelope(&self) -> Envelope {
        Envelope { type_: self.0.kind.event().into(), schema_version: SCHEMA_VERSION, payload: self.0.encode() }
    }
}

impl types::GuestState for StateResource {
    fn from_bytes(bytes: Vec<u8>) -> Result<types::State, Fault> {
        Ok(types::State::new(StateResource(Account::decode(&bytes)?)))
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.encode()
    }
}

impl projector::Guest for Component {
    fn describe() -> ProjectorDescriptor {
        let source = |kind: Kind| EventSource { category: "account".into(), type_: kind.event().into(), name: None };
        ProjectorDescriptor {
            name: "system.accounts".into(),
            version: "1.0.0".into(),
            content_type: "application/vnd.msgpack".into(),
            digest: None,
            events: Kind::all().map(source).collect(),
        }
    }

    fn key(event: types::EventBorrow<'_>) -> Option<String> {
        Some(event.get::<EventResource>().0.account_id.clone())
    }

    fn initial_state() -> types::State {
        types::State::new(StateResource(Account::default()))
    }

    fn project(
        mut state: types::State,
        event: types::EventBorrow<'_>,
        _: EventContext,
    ) -> Result<Option<types::State>, Fault> {
        state.get_mut::<StateResource>().0.evolve(&event.get::<EventResource>().0);
        Ok(Some(state))
    }
}
