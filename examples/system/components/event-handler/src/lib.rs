//! The process manager of ../../transfers.ts, as a component of the world `process-manager`.
//!
//! A withdrawal whose transfer id is `<id> to <account>` is deposited to that account. If the account refuses it, the
//! money returns to the account that it came from.

#[allow(dead_code)]
#[path = "../../../../guests/rust/src/bank.rs"]
mod bank;
#[allow(dead_code)]
#[path = "../../../../guests/rust/src/message.rs"]
mod message;
#[allow(dead_code)]
#[path = "../../../../guests/rust/src/msgpack.rs"]
mod msgpack;
mod transfer;

wit_bindgen::generate!({ path: "../../../../wit", world: "decidable:eventsourcing/process-manager" });

use bank::Refusal;
use exports::decidable::eventsourcing::event_handler::{
    self, EventContext, EventSource, HandlerDescriptor, Reaction, RejectedCommand,
};
use exports::decidable::eventsourcing::types::{self, Envelope, Fault};
use message::{Kind, Message};
use transfer::Transfer;

struct Component;
export!(Component);

const SCHEMA_VERSION: u32 = 1;
const EVENTS: [Kind; 2] = [Kind::Withdraw, Kind::Deposit];

/// A process manager sends envelopes, so it has no commands of its own.
pub struct CommandResource;
pub struct EventResource(Message);
pub struct StateResource(Transfer);

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
        Err(Refusal::new("unknown-type", "a process manager has no commands of its own").into())
    }

    fn to_envelope(&self) -> Envelope {
        Envelope { type_: String::new(), schema_version: SCHEMA_VERSION, payload: Vec::new() }
    }
}

impl types::GuestEvent for EventResource {
    fn from_envelope(envelope: Envelope) -> Result<types::Event, Fault> {
        let unknown = || Refusal::new("unknown-type", "this process manager knows Withdrawn and Deposited");
        let kind = EVENTS.into_iter().find(|kind| kind.event() == envelope.type_).ok_or_else(unknown)?;
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
        Ok(types::State::new(StateResource(Transfer::decode(&bytes)?)))
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.0.encode()
    }
}

impl event_handler::Guest for Component {
    fn describe() -> HandlerDescriptor {
        let source = |kind: Kind| EventSource { category: "account".into(), type_: kind.event().into(), name: None };
        HandlerDescriptor {
            name: "system.transfers".into(),
            version: "1.0.0".into(),
            content_type: "application/vnd.msgpack".into(),
            digest: None,
            events: EVENTS.into_iter().map(source).collect(),
            commands: vec![Kind::Deposit.command().into()],
        }
    }

    fn key(event: types::EventBorrow<'_>) -> Option<String> {
        transfer::key(&event.get::<EventResource>().0).map(String::from)
    }

    fn initial_state() -> types::State {
        types::State::new(StateResource(Transfer::default()))
    }

    fn evolve(mut state: types::State, event: types::EventBorrow<'_>) -> Result<types::State, Fault> {
        state.get_mut::<StateResource>().0.evolve(&event.get::<EventResource>().0);
        Ok(state)
    }

    fn handle(
        _: types::StateBorrow<'_>,
        event: types::EventBorrow<'_>,
        _: EventContext,
    ) -> Result<Vec<Reaction>, Fault> {
        let event = &event.get::<EventResource>().0;
        Ok(match event.kind {
            Kind::Withdraw => vec![deposit(transfer::to_target(event))],
            _ => vec![Reaction::End],
        })
    }

    fn evolve_rejected(mut state: types::State, _: RejectedCommand) -> Result<types::State, Fault> {
        state.get_mut::<StateResource>().0.refusals += 1;
        Ok(state)
    }

    fn handle_rejected(state: types::StateBorrow<'_>, rejected: RejectedCommand) -> Result<Vec<Reaction>, Fault> {
        let refused = Message::decode(Kind::Deposit, &rejected.command.payload)?;
        Ok(vec![state.get::<StateResource>().0.return_of(&refused).map_or(Reaction::End, deposit)])
    }
}

fn deposit(deposit: Message) -> Reaction {
    Reaction::Dispatch(event_handler::Envelope {
        type_: Kind::Deposit.command().into(),
        schema_version: SCHEMA_VERSION,
        payload: deposit.encode(),
    })
}
