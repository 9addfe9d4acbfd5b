"""The bank account: three data structures (state, commands, events) and two functions (`evolve`, `decide`).

Amounts are integers in minor units: 1250 is 12.50.
"""

from dataclasses import dataclass, replace
from typing import Annotated, Literal

from decider import SAFE_INTEGER, Decider, Length, Range, Rejection

MAX_AMOUNT = 100_000_000
WITHDRAWAL_LIMIT = 1_000_000
BALANCE_LIMIT = 100_000_000

Id = Annotated[str, Length(1, 64)]
Owner = Annotated[str, Length(1, 200)]
Amount = Annotated[int, Range(1, MAX_AMOUNT)]


@dataclass(frozen=True, slots=True)
class Account:
    """The state of an account."""

    status: Literal["none", "open", "closed"] = "none"
    owner: str = ""
    balance: Annotated[int, SAFE_INTEGER] = 0


@dataclass(frozen=True, slots=True)
class OpenAccount:
    account_id: Id
    owner: Owner


@dataclass(frozen=True, slots=True)
class Deposit:
    account_id: Id
    amount: Amount
    transfer_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Withdraw:
    account_id: Id
    amount: Amount
    transfer_id: Id | None = None


@dataclass(frozen=True, slots=True)
class CloseAccount:
    account_id: Id


@dataclass(frozen=True, slots=True)
class AccountOpened:
    account_id: Id
    owner: Owner


@dataclass(frozen=True, slots=True)
class Deposited:
    account_id: Id
    amount: Amount
    transfer_id: Id | None = None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    account_id: Id
    amount: Amount
    transfer_id: Id | None = None


@dataclass(frozen=True, slots=True)
class AccountClosed:
    account_id: Id


Command = OpenAccount | Deposit | Withdraw | CloseAccount
Event = AccountOpened | Deposited | Withdrawn | AccountClosed


def evolve(state: Account, event: Event) -> Account:
    """Returns the state after the event."""
    match event:
        case AccountOpened(owner=owner):
            return replace(state, status="open", owner=owner)
        case Deposited(amount=amount):
            return replace(state, balance=state.balance + amount)
        case Withdrawn(amount=amount):
            return replace(state, balance=state.balance - amount)
        case AccountClosed():
            return replace(state, status="closed")


def decide(state: Account, command: Command) -> list[Event]:
    """Returns the events that the command leads to, or raises a `Rejection`."""
    match command:
        case OpenAccount(account_id, owner):
            if state.status == "open":
                raise Rejection("already-open", "the account is open already")
            if state.status == "closed":
                raise Rejection("account-closed", "a closed account stays closed")
            return [AccountOpened(account_id, owner)]

        case Deposit(account_id, amount, transfer_id):
            require_open(state)
            if state.balance + amount > BALANCE_LIMIT:
                raise Rejection(
                    "balance-limit",
                    "the account would hold more than it may",
                    balance=state.balance,
                    amount=amount,
                    limit=BALANCE_LIMIT,
                )
            return [Deposited(account_id, amount, transfer_id)]

        case Withdraw(account_id, amount, transfer_id):
            require_open(state)
            if amount > WITHDRAWAL_LIMIT:
                raise Rejection(
                    "withdrawal-limit", "one withdrawal cannot take so much", amount=amount, limit=WITHDRAWAL_LIMIT
                )
            if amount > state.balance:
                raise Rejection("insufficient-funds", "the balance is too small", balance=state.balance, amount=amount)
            return [Withdrawn(account_id, amount, transfer_id)]

        case CloseAccount(account_id):
            require_open(state)
            if state.balance != 0:
                raise Rejection("balance-not-zero", "withdraw what is left before closing", balance=state.balance)
            return [AccountClosed(account_id)]


def require_open(state: Account) -> None:
    if state.status == "closed":
        raise Rejection("account-closed", "the account is closed")
    if state.status != "open":
        raise Rejection("not-open", "there is no such account")


account = Decider(
    name="bank.account",
    version="1.0.0",
    category="account",
    commands=[OpenAccount, Deposit, Withdraw, CloseAccount],
    events=[AccountOpened, Deposited, Withdrawn, AccountClosed],
    stream_id=lambda command: command.account_id,
    initial_state=Account(),
    evolve=evolve,
    decide=decide,
)
