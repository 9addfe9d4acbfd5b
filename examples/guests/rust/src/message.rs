//! Commands and events. Each command has an event with the same fields.

use crate::bank::{MAX_AMOUNT, Refusal};
use crate::msgpack::{Reader, Writer};

const MAX_ID_CHARACTERS: usize = 64;
const MAX_OWNER_CHARACTERS: usize = 200;

#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    OpenAccount,
    Deposit,
    Withdraw,
    CloseAccount,
}

impl Kind {
    pub fn all() -> impl Iterator<Item = Kind> {
        [Kind::OpenAccount, Kind::Deposit, Kind::Withdraw, Kind::CloseAccount].into_iter()
    }

    pub fn command(self) -> &'static str {
        match self {
            Kind::OpenAccount => "OpenAccount",
            Kind::Deposit => "Deposit",
            Kind::Withdraw => "Withdraw",
            Kind::CloseAccount => "CloseAccount",
        }
    }

    pub fn event(self) -> &'static str {
        match self {
            Kind::OpenAccount => "AccountOpened",
            Kind::Deposit => "Deposited",
            Kind::Withdraw => "Withdrawn",
            Kind::CloseAccount => "AccountClosed",
        }
    }

    fn has_owner(self) -> bool {
        self == Kind::OpenAccount
    }

    fn has_amount(self) -> bool {
        self == Kind::Deposit || self == Kind::Withdraw
    }
}

/// A command or an event. `owner` is empty and `amount` is 0 if the kind of message does not have them.
#[derive(Clone)]
pub struct Message {
    pub kind: Kind,
    pub account_id: String,
    pub owner: String,
    pub amount: i64,
    pub transfer_id: Option<String>,
}

impl Message {
    /// Encodes the message as a map whose keys are in the order of their bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (owner, amount) = (self.kind.has_owner(), self.kind.has_amount());
        let texts = self.account_id.len() + self.owner.len() + self.transfer_id.as_ref().map_or(0, String::len);
        let mut writer = Writer::with_capacity(64 + texts);
        writer.map(1 + owner as u8 + amount as u8 + self.transfer_id.is_some() as u8);
        writer.entry_text("accountId", &self.account_id);
        if amount {
            writer.entry_integer("amount", self.amount);
        }
        if owner {
            writer.entry_text("owner", &self.owner);
        }
        if let Some(transfer_id) = &self.transfer_id {
            writer.entry_text("transferId", transfer_id);
        }
        writer.bytes
    }

    /// Decodes a command, which must not have unknown fields. A stored event may have them.
    pub fn decode_strictly(kind: Kind, payload: &[u8]) -> Result<Message, Refusal> {
        match Message::read(kind, payload)? {
            (message, true) => Ok(message),
            (_, false) => Err(Refusal::wrong_shape("unknown field; omit fields that the type of the command does not have")),
        }
    }

    pub fn decode(kind: Kind, payload: &[u8]) -> Result<Message, Refusal> {
        Ok(Message::read(kind, payload)?.0)
    }

    /// Returns the message, and whether its type declares every field.
    fn read(kind: Kind, payload: &[u8]) -> Result<(Message, bool), Refusal> {
        let (mut account_id, mut owner, mut amount, mut transfer_id) = (None, None, None, None);
        let mut known = true;
        let mut reader = Reader::new(payload);
        for _ in 0..reader.map()? {
            match reader.key()? {
                "accountId" => reader.field(&mut account_id, Reader::text)?,
                "owner" if kind.has_owner() => reader.field(&mut owner, Reader::text)?,
                "amount" if kind.has_amount() => reader.field(&mut amount, Reader::integer)?,
                "transferId" if kind.has_amount() => reader.field(&mut transfer_id, Reader::text)?,
                _ => {
                    known = false;
                    reader.skip()?
                }
            }
        }
        reader.end()?;
        let message = Message {
            kind,
            account_id: within(account_id.flatten(), MAX_ID_CHARACTERS)
                .ok_or(Refusal::wrong_shape("accountId: expected 1 to 64 characters"))?,
            owner: match kind.has_owner() {
                true => within(owner.flatten(), MAX_OWNER_CHARACTERS)
                    .ok_or(Refusal::wrong_shape("owner: expected 1 to 200 characters"))?,
                false => String::new(),
            },
            amount: match kind.has_amount() {
                true => amount
                    .flatten()
                    .filter(|it| (1..=MAX_AMOUNT.into()).contains(it))
                    .ok_or(Refusal::wrong_shape("amount: expected an integer from 1 to 100000000"))? as i64,
                false => 0,
            },
            transfer_id: match transfer_id {
                None => None,
                Some(text) => Some(
                    within(text, MAX_ID_CHARACTERS)
                        .ok_or(Refusal::wrong_shape("transferId: expected 1 to 64 characters"))?,
                ),
            },
        };
        Ok((message, known))
    }
}

/// Returns a copy of the text if it has 1 to `most` characters. Code points are counted, as zod does.
fn within(text: Option<&str>, most: usize) -> Option<String> {
    text.filter(|it| (1..=most).contains(&it.chars().count())).map(String::from)
}
