//! The state of a transfer, and the deposits that it sends.

use crate::bank::Refusal;
use crate::message::{Kind, Message};
use crate::msgpack::{Reader, Writer};

const SEPARATOR: &str = " to ";

/// Returns the key of the transfer to which a withdrawal or a deposit belongs.
pub fn key(event: &Message) -> Option<&str> {
    event.transfer_id.as_deref().filter(|id| id.contains(SEPARATOR))
}

/// Returns the deposit that follows a withdrawal.
pub fn to_target(withdrawn: &Message) -> Message {
    let target = withdrawn.transfer_id.as_deref().and_then(|id| id.split_once(SEPARATOR));
    let account_id = target.map_or(String::new(), |(_, account)| account.into());
    Message { kind: Kind::Deposit, account_id, ..withdrawn.clone() }
}

#[derive(Default)]
pub struct Transfer {
    amount: i64,
    from: String,
    /// The number of deposits that were refused: by the target, and then by the source.
    pub refusals: i64,
}

impl Transfer {
    pub fn evolve(&mut self, event: &Message) {
        if event.kind == Kind::Withdraw {
            self.amount = event.amount;
            self.from.clone_from(&event.account_id);
        }
    }

    /// Returns the deposit to the source after the target has refused one; none if the source has refused it too.
    pub fn return_of(&self, refused: &Message) -> Option<Message> {
        let back = || Message { account_id: self.from.clone(), amount: self.amount, ..refused.clone() };
        (self.refusals == 1).then(back)
    }

    /// Encodes the state as a map whose keys are in the order of their bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(48 + self.from.len());
        writer.map(3);
        writer.entry_integer("amount", self.amount);
        writer.entry_text("from", &self.from);
        writer.entry_integer("refusals", self.refusals);
        writer.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Transfer, Refusal> {
        let (mut amount, mut from, mut refusals) = (None, None, None);
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.map()? {
            match reader.key()? {
                "amount" => reader.field(&mut amount, Reader::integer)?,
                "from" => reader.field(&mut from, Reader::text)?,
                "refusals" => reader.field(&mut refusals, Reader::integer)?,
                _ => reader.skip()?,
            }
        }
        reader.end()?;
        let integer = |value: Option<Option<i128>>| value.flatten().and_then(|it| i64::try_from(it).ok());
        Ok(Transfer {
            amount: integer(amount).ok_or(Refusal::wrong_shape("amount: an integer is expected"))?,
            from: from.flatten().ok_or(Refusal::wrong_shape("from: a string is expected"))?.into(),
            refusals: integer(refusals).ok_or(Refusal::wrong_shape("refusals: an integer is expected"))?,
        })
    }
}
