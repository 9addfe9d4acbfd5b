//! State, `decide` and `evolve`. Amounts are integers in minor units: 1250 is 12.50.

use crate::message::{Kind, Message};
use crate::msgpack::{Reader, Writer};

pub const MAX_AMOUNT: i64 = 100_000_000;
const WITHDRAWAL_LIMIT: i64 = 1_000_000;
const BALANCE_LIMIT: i64 = 100_000_000;
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

/// The reason for a failure: a rejection if the domain refuses the command, a fault if the input is invalid.
pub struct Refusal {
    pub code: &'static str,
    pub message: &'static str,
    pub details: Vec<(&'static str, i64)>,
}

impl Refusal {
    pub fn new(code: &'static str, message: &'static str) -> Self {
        Refusal { code, message, details: Vec::new() }
    }

    pub fn with(mut self, name: &'static str, value: i64) -> Self {
        self.details.push((name, value));
        self
    }

    pub fn wrong_shape(message: &'static str) -> Self {
        Refusal::new("invalid-shape", message)
    }

    pub fn unknown_command() -> Self {
        Refusal::new("unknown-type", "unknown command type; this module accepts OpenAccount, Deposit, Withdraw and CloseAccount")
    }

    pub fn unknown_event() -> Self {
        Refusal::new("unknown-type", "unknown event type; this module reads AccountOpened, Deposited, Withdrawn and AccountClosed")
    }

    pub fn wrong_schema_version(version: u32) -> Self {
        match version {
            0 => Refusal::new("invalid-schema-version", "expected a schema version of at least 1"),
            _ => Refusal::new("newer-schema-version", "the newest schema version of this module is 1; use a newer module"),
        }
        .with("schema-version", version.into())
    }
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Status {
    #[default]
    None,
    Open,
    Closed,
}

impl Status {
    const ALL: [Status; 3] = [Status::None, Status::Open, Status::Closed];

    fn name(self) -> &'static str {
        match self {
            Status::None => "none",
            Status::Open => "open",
            Status::Closed => "closed",
        }
    }
}

#[derive(Default)]
pub struct Account {
    status: Status,
    owner: String,
    balance: i64,
}

impl Account {
    pub fn evolve(&mut self, event: &Message) {
        match event.kind {
            Kind::OpenAccount => {
                self.status = Status::Open;
                self.owner.clone_from(&event.owner);
            }
            Kind::Deposit => self.balance += event.amount,
            Kind::Withdraw => self.balance -= event.amount,
            Kind::CloseAccount => self.status = Status::Closed,
        }
    }

    /// Returns the event of the command: the command in the past tense, with the same fields.
    pub fn decide(&self, command: &Message) -> Result<Message, Refusal> {
        match command.kind {
            Kind::OpenAccount => self.may_open()?,
            Kind::Deposit => self.may_deposit(command.amount)?,
            Kind::Withdraw => self.may_withdraw(command.amount)?,
            Kind::CloseAccount => self.may_close()?,
        }
        Ok(command.clone())
    }

    fn may_open(&self) -> Result<(), Refusal> {
        match self.status {
            Status::None => Ok(()),
            Status::Open => Err(Refusal::new("already-open", "the account is open already")),
            Status::Closed => Err(Refusal::new("account-closed", "a closed account stays closed")),
        }
    }

    fn may_deposit(&self, amount: i64) -> Result<(), Refusal> {
        self.is_open()?;
        if self.balance + amount <= BALANCE_LIMIT {
            return Ok(());
        }
        Err(Refusal::new("balance-limit", "the account would hold more than it may")
            .with("balance", self.balance)
            .with("amount", amount)
            .with("limit", BALANCE_LIMIT))
    }

    fn may_withdraw(&self, amount: i64) -> Result<(), Refusal> {
        self.is_open()?;
        if amount > WITHDRAWAL_LIMIT {
            return Err(Refusal::new("withdrawal-limit", "one withdrawal cannot take so much")
                .with("amount", amount)
                .with("limit", WITHDRAWAL_LIMIT));
        }
        if amount > self.balance {
            return Err(Refusal::new("insufficient-funds", "the balance is too small")
                .with("balance", self.balance)
                .with("amount", amount));
        }
        Ok(())
    }

    fn may_close(&self) -> Result<(), Refusal> {
        self.is_open()?;
        if self.balance == 0 {
            return Ok(());
        }
        Err(Refusal::new("balance-not-zero", "withdraw what is left before closing").with("balance", self.balance))
    }

    fn is_open(&self) -> Result<(), Refusal> {
        match self.status {
            Status::Open => Ok(()),
            Status::None => Err(Refusal::new("not-open", "there is no such account")),
            Status::Closed => Err(Refusal::new("account-closed", "the account is closed")),
        }
    }

    /// Encodes the account as a map whose keys are in the order of their bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::with_capacity(48 + self.owner.len());
        writer.map(3);
        writer.entry_integer("balance", self.balance);
        writer.entry_text("owner", &self.owner);
        writer.entry_text("status", self.status.name());
        writer.bytes
    }

    pub fn decode(bytes: &[u8]) -> Result<Account, Refusal> {
        let (mut balance, mut owner, mut status) = (None, None, None);
        let mut reader = Reader::new(bytes);
        for _ in 0..reader.map()? {
            match reader.key()? {
                "balance" => reader.field(&mut balance, Reader::integer)?,
                "owner" => reader.field(&mut owner, Reader::text)?,
                "status" => reader.field(&mut status, Reader::text)?,
                _ => reader.skip()?,
            }
        }
        reader.end()?;
        let balance = balance.flatten().and_then(|it| i64::try_from(it).ok()).filter(|it| it.abs() <= MAX_SAFE_INTEGER);
        let status = status.flatten().and_then(|name| Status::ALL.into_iter().find(|status| status.name() == name));
        Ok(Account {
            balance: balance.ok_or(Refusal::wrong_shape("balance: expected an integer"))?,
            owner: owner.flatten().ok_or(Refusal::wrong_shape("owner: expected a string"))?.into(),
            status: status.ok_or(Refusal::wrong_shape("status: expected none, open or closed"))?,
        })
    }
}
