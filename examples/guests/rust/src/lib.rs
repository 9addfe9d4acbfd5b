//! The bank account of `examples/bank/account.ts` in Rust, as a component of the world `command-handler`.
//!
//! This file implements the traits that `wit-bindgen` generates from `wit/`, with the functions of `bank.rs`, which
//! does not depend on components.

mod bank;
mod message;
mod msgpack;

wit_bindgen::generate!({ path: "../../../wit", world: "command-handler" });

use bank::{Account, Refusal};
use exports::decidable::eventsourcing::{decider, routing, types};
use exports::decidable::eventsourcing::types::{Envelope, Fault};
use message::{Kind, Message};
use routing::{CommandDescriptor, Descriptor, EventDescriptor, ForeignEvents, SnapshotPolicy, WritePrecondition};

struct Component;
export!(Component);

pub struct CommandResource(Message);
pub struct EventResource(Message);
pub struct StateResource(Account);

const SCHEMA_VERSION: u32 = 1;

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Fault { code: refusal.code.into(), message: refusal.message.into(), details: details(&refusal) }
    }
}

fn details(refusal: &Refusal) -> Vec<(String, String)> {
    refusal.details.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

impl types::Guest for Component {
    type Command = CommandResource;
    type Event = EventResource;
    type State = StateResource;
}

impl types::GuestCommand for CommandResource {
    fn from_envelope(envelope: Envelope) -> Result<types::Command, Fault> {
        let kind = Kind::all().find(|kind| kind.command() == envelope.type_).ok_or_else(Refusal::unknown_command)?;
        if envelope.schema_version != SCHEMA_VERSION {
            return Err(Refusal::wrong_schema_version(envelope.schema_version).into());
        }
        Ok(types::Command::new(CommandResource(Message::decode_strictly(kind, &envelope.payload)?)))
    }

    fn to_envelope(&self) -> Envelope {
        Envelope { type_: self.0.kind.command().into(), schema_version: SCHEMA_VERSION, payload: self.0.encode() }
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

impl decider::Guest for Component {
    fn initial_state() -> types::State {
        types::State::new(StateResource(Account::default()))
    }

    /// This function owns the state now. It changes the state in place and returns the same handle.
    fn evolve(mut state: types::State, event: types::EventBorrow<'_>) -> Result<types::State, Fault> {
        state.get_mut::<StateResource>().0.evolve(&event.get::<EventResource>().0);
        Ok(state)
    }

    fn decide(
        state: types::StateBorrow<'_>,
        command: types::CommandBorrow<'_>,
    ) -> Result<Vec<types::Event>, decider::Rejection> {
        let command = &command.get::<CommandResource>().0;
        match state.get::<StateResource>().0.decide(command) {
            Ok(event) => Ok(vec![types::Event::new(EventResource(event))]),
            Err(no) => Err(decider::Rejection { code: no.code.into(), message: no.message.into(), details: details(&no) }),
        }
    }
}

impl routing::Guest for Component {
    fn describe() -> Descriptor {
        Descriptor {
            name: "bank.account".into(),
            version: "1.0.0".into(),
            content_type: "application/vnd.msgpack".into(),
            digest: None,
            category: "account".into(),
            foreign_events: ForeignEvents::Fault,
            commands: Kind::all().map(command_descriptor).collect(),
            events: Kind::all().map(event_descriptor).collect(),
        }
    }

    fn stream_id(command: types::CommandBorrow<'_>) -> Result<String, Fault> {
        Ok(command.get::<CommandResource>().0.account_id.clone())
    }
}

fn command_descriptor(kind: Kind) -> CommandDescriptor {
    CommandDescriptor {
        type_: kind.command().into(),
        schema_version: SCHEMA_VERSION,
        precondition: WritePrecondition::StreamUnchanged,
        snapshot: SnapshotPolicy::Never,
    }
}

fn event_descriptor(kind: Kind) -> EventDescriptor {
    EventDescriptor { type_: kind.event().into(), schema_version: SCHEMA_VERSION }
}
