// Package account is the bank account: three data structures (state, commands, events) and two functions (Evolve,
// Decide).
//
// Amounts are integers in minor units: 1250 is 12.50.
package account

import "bank/decider"

const (
	maxAmount       = 100_000_000
	withdrawalLimit = 1_000_000
	balanceLimit    = 100_000_000
)

// ID identifies an account or a transfer.
type ID string

// Validate returns an error if the id is empty or too long.
func (id ID) Validate() error { return decider.Length(string(id), 1, 64) }

// Owner is the name of an account's owner.
type Owner string

// Validate returns an error if the name is empty or too long.
func (owner Owner) Validate() error { return decider.Length(string(owner), 1, 200) }

// Amount is the amount of money that a command moves.
type Amount int64

// Validate returns an error if the amount is not positive or too large.
func (amount Amount) Validate() error { return decider.Range(int64(amount), 1, maxAmount) }

// Status is the stage of an account's life.
type Status string

// An account is opened once and closed once.
const (
	None   Status = "none"
	Open   Status = "open"
	Closed Status = "closed"
)

// Validate returns an error if the status is unknown.
func (status Status) Validate() error { return decider.OneOf(status, None, Open, Closed) }

// Balance is the amount of money in an account.
type Balance int64

// Validate returns an error if a reader in another language could not represent the balance exactly.
func (balance Balance) Validate() error { return decider.SafeInteger(int64(balance)) }

// Account is the state of an account.
type Account struct {
	Balance Balance `msgpack:"balance"`
	Owner   string  `msgpack:"owner"`
	Status  Status  `msgpack:"status"`
}

// Command is a request to an account.
type Command interface{ account() ID }

// OpenAccount opens an account.
type OpenAccount struct {
	AccountID ID    `msgpack:"accountId"`
	Owner     Owner `msgpack:"owner"`
}

// Deposit adds an amount.
type Deposit struct {
	AccountID  ID     `msgpack:"accountId"`
	Amount     Amount `msgpack:"amount"`
	TransferID *ID    `msgpack:"transferId"`
}

// Withdraw takes an amount.
type Withdraw struct {
	AccountID  ID     `msgpack:"accountId"`
	Amount     Amount `msgpack:"amount"`
	TransferID *ID    `msgpack:"transferId"`
}

// CloseAccount closes an empty account.
type CloseAccount struct {
	AccountID ID `msgpack:"accountId"`
}

func (c OpenAccount) account() ID  { return c.AccountID }
func (c Deposit) account() ID      { return c.AccountID }
func (c Withdraw) account() ID     { return c.AccountID }
func (c CloseAccount) account() ID { return c.AccountID }

// Event is something that happened to an account.
type Event interface{ apply(*Account) }

// AccountOpened is the result of OpenAccount.
type AccountOpened struct {
	AccountID ID    `msgpack:"accountId"`
	Owner     Owner `msgpack:"owner"`
}

// Deposited is the result of Deposit.
type Deposited struct {
	AccountID  ID     `msgpack:"accountId"`
	Amount     Amount `msgpack:"amount"`
	TransferID *ID    `msgpack:"transferId"`
}

// Withdrawn is the result of Withdraw.
type Withdrawn struct {
	AccountID  ID     `msgpack:"accountId"`
	Amount     Amount `msgpack:"amount"`
	TransferID *ID    `msgpack:"transferId"`
}

// AccountClosed is the result of CloseAccount.
type AccountClosed struct {
	AccountID ID `msgpack:"accountId"`
}

func (e AccountOpened) apply(a *Account) { a.Status, a.Owner = Open, string(e.Owner) }
func (e Deposited) apply(a *Account)     { a.Balance += Balance(e.Amount) }
func (e Withdrawn) apply(a *Account)     { a.Balance -= Balance(e.Amount) }
func (e AccountClosed) apply(a *Account) { a.Status = Closed }

// Evolve returns the state after the event.
func Evolve(state Account, event Event) Account {
	event.apply(&state)
	return state
}

// Decide returns the events that the command leads to, or a rejection.
func Decide(state Account, command Command) ([]Event, error) {
	switch c := command.(type) {
	case OpenAccount:
		switch state.Status {
		case Open:
			return nil, decider.Reject("already-open", "the account is open already")
		case Closed:
			return nil, decider.Reject("account-closed", "a closed account stays closed")
		}
		return []Event{AccountOpened(c)}, nil

	case Deposit:
		if err := requireOpen(state); err != nil {
			return nil, err
		}
		if state.Balance+Balance(c.Amount) > balanceLimit {
			return nil, decider.Reject("balance-limit", "the account would hold more than it may").
				With("balance", state.Balance).With("amount", c.Amount).With("limit", balanceLimit)
		}
		return []Event{Deposited(c)}, nil

	case Withdraw:
		if err := requireOpen(state); err != nil {
			return nil, err
		}
		if c.Amount > withdrawalLimit {
			return nil, decider.Reject("withdrawal-limit", "one withdrawal cannot take so much").
				With("amount", c.Amount).With("limit", withdrawalLimit)
		}
		if Balance(c.Amount) > state.Balance {
			return nil, decider.Reject("insufficient-funds", "the balance is too small").
				With("balance", state.Balance).With("amount", c.Amount)
		}
		return []Event{Withdrawn(c)}, nil

	case CloseAccount:
		if err := requireOpen(state); err != nil {
			return nil, err
		}
		if state.Balance != 0 {
			return nil, decider.Reject("balance-not-zero", "withdraw what is left before closing").
				With("balance", state.Balance)
		}
		return []Event{AccountClosed(c)}, nil
	}
	panic("Decide covers every command of the module")
}

func requireOpen(state Account) error {
	switch state.Status {
	case Open:
		return nil
	case Closed:
		return decider.Reject("account-closed", "the account is closed")
	}
	return decider.Reject("not-open", "there is no such account")
}

// Module is the decider with its messages, as a host needs it.
var Module = decider.Module[Account, Command, Event]{
	Name:         "bank.account",
	Version:      "1.0.0",
	Category:     "account",
	Commands:     decider.CommandTypes[Command](OpenAccount{}, Deposit{}, Withdraw{}, CloseAccount{}),
	Events:       decider.EventTypes[Event](AccountOpened{}, Deposited{}, Withdrawn{}, AccountClosed{}),
	StreamID:     func(command Command) string { return string(command.account()) },
	InitialState: Account{Status: None},
	Evolve:       Evolve,
	Decide:       Decide,
}
