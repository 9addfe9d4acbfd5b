package account

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"bank/decider"
)

func decide(history []Event, command Command) ([]Event, error) {
	state := Module.InitialState
	for _, event := range history {
		state = Evolve(state, event)
	}
	return Decide(state, command)
}

func TestDecide(t *testing.T) {
	transfer := ID("t")
	opened := AccountOpened{"a", "Ada"}
	open := []Event{opened}
	full := []Event{opened, Deposited{"a", balanceLimit, nil}}
	closed := []Event{opened, AccountClosed{"a"}}

	tests := []struct {
		name    string
		history []Event
		command Command
		events  []Event
		code    string
	}{
		{"an account is opened", nil, OpenAccount{"a", "Ada"}, open, ""},
		{"an open account is not opened", open, OpenAccount{"a", "Ada"}, nil, "already-open"},
		{"a closed account is not opened", closed, OpenAccount{"a", "Ada"}, nil, "account-closed"},
		{"a deposit", open, Deposit{"a", 5, &transfer}, []Event{Deposited{"a", 5, &transfer}}, ""},
		{"a deposit to no account", nil, Deposit{"a", 5, nil}, nil, "not-open"},
		{"a deposit above the limit", full, Deposit{"a", 1, nil}, nil, "balance-limit"},
		{"a withdrawal", full, Withdraw{"a", 5, nil}, []Event{Withdrawn{"a", 5, nil}}, ""},
		{"too large a withdrawal", full, Withdraw{"a", withdrawalLimit + 1, nil}, nil, "withdrawal-limit"},
		{"a withdrawal of more than there is", open, Withdraw{"a", 1, nil}, nil, "insufficient-funds"},
		{"an empty account is closed", open, CloseAccount{"a"}, []Event{AccountClosed{"a"}}, ""},
		{"a full account is not closed", full, CloseAccount{"a"}, nil, "balance-not-zero"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			events, err := decide(test.history, test.command)
			if !reflect.DeepEqual(events, test.events) {
				t.Errorf("got events %v, want %v", events, test.events)
			}
			code := ""
			if rejection := (*decider.Rejection)(nil); errors.As(err, &rejection) {
				code = rejection.Code
			}
			if code != test.code {
				t.Errorf("got error %v, want code %q", err, test.code)
			}
		})
	}
}

func TestRejectionNamesTheValues(t *testing.T) {
	_, err := decide([]Event{AccountOpened{"a", "Ada"}}, Withdraw{"a", 1, nil})
	var rejection *decider.Rejection
	if !errors.As(err, &rejection) {
		t.Fatalf("got error %v, want a rejection", err)
	}
	want := []decider.Detail{{Name: "balance", Value: "0"}, {Name: "amount", Value: "1"}}
	if !slices.Equal(rejection.Details, want) {
		t.Errorf("got details %v, want %v", rejection.Details, want)
	}
}

func TestMessagesAreReadBack(t *testing.T) {
	transfer := ID("t")
	command := Deposit{"a", 200, &transfer}
	name, payload := Module.Commands.Encode(command)
	if want := "\x83\xa9accountId\xa1a\xa6amount\xcc\xc8\xaatransferId\xa1t"; string(payload) != want {
		t.Errorf("got payload %q, want %q", payload, want)
	}
	if read, fault := Module.Commands.Decode(name, 1, payload); fault != nil || !reflect.DeepEqual(read, command) {
		t.Errorf("read %v and %v, want %v", read, fault, command)
	}
}

func TestInvalidMessagesAreFaults(t *testing.T) {
	tests := []struct {
		code, name string
		version    uint32
		payload    string
	}{
		{"unknown-type", "Steal", 1, "\x80"},
		{"newer-schema-version", "CloseAccount", 2, "\x80"},
		{"undecodable-payload", "CloseAccount", 1, ""},
		{"invalid-shape", "CloseAccount", 1, "\x80"},
		{"invalid-shape", "CloseAccount", 1, "\x81\xa9accountId\xa0"},
		{"invalid-shape", "CloseAccount", 1, "\x82\xa9accountId\xa1a\xa4note\xa1b"},
	}
	for _, test := range tests {
		if _, fault := Module.Commands.Decode(test.name, test.version, []byte(test.payload)); fault == nil {
			t.Errorf("%s %q: no fault, want %s", test.name, test.payload, test.code)
		} else if fault.Code != test.code {
			t.Errorf("%s %q: got %v, want %s", test.name, test.payload, fault, test.code)
		}
	}
}
