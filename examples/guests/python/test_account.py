"""Tests of the domain, without a component: `python3 -m unittest`."""

import unittest

from account import (
    BALANCE_LIMIT,
    WITHDRAWAL_LIMIT,
    AccountClosed,
    AccountOpened,
    CloseAccount,
    Deposit,
    Deposited,
    OpenAccount,
    Withdraw,
    Withdrawn,
    account,
)
from decider import Fault, Rejection

OPENED = AccountOpened("a", "Ada")


class DecisionTest(unittest.TestCase):
    def decide(self, history, command):
        state = account.initial_state
        for event in history:
            state = account.evolve(state, event)
        return account.decide(state, command)

    def assert_rejected(self, code, history, command):
        with self.assertRaises(Rejection) as caught:
            self.decide(history, command)
        self.assertEqual(caught.exception.code, code)
        return caught.exception.details

    def test_an_account_is_opened_once(self):
        self.assertEqual(self.decide([], OpenAccount("a", "Ada")), [OPENED])
        self.assert_rejected("already-open", [OPENED], OpenAccount("a", "Ada"))
        self.assert_rejected("account-closed", [OPENED, AccountClosed("a")], OpenAccount("a", "Ada"))

    def test_money_is_moved_within_the_limits(self):
        full = [OPENED, Deposited("a", BALANCE_LIMIT)]
        self.assertEqual(self.decide([OPENED], Deposit("a", 5, "t")), [Deposited("a", 5, "t")])
        self.assertEqual(self.decide(full, Withdraw("a", WITHDRAWAL_LIMIT)), [Withdrawn("a", WITHDRAWAL_LIMIT)])
        self.assert_rejected("balance-limit", full, Deposit("a", 1))
        self.assert_rejected("withdrawal-limit", full, Withdraw("a", WITHDRAWAL_LIMIT + 1))
        details = self.assert_rejected("insufficient-funds", [OPENED], Withdraw("a", 1))
        self.assertEqual(details, [("balance", "0"), ("amount", "1")])

    def test_only_an_empty_account_is_closed(self):
        self.assertEqual(self.decide([OPENED], CloseAccount("a")), [AccountClosed("a")])
        self.assert_rejected("balance-not-zero", [OPENED, Deposited("a", 1)], CloseAccount("a"))
        self.assert_rejected("not-open", [], CloseAccount("a"))


class MessageTest(unittest.TestCase):
    def test_a_command_is_read_back_from_its_bytes(self):
        command = Deposit("a", 200, "t")
        name, payload = account.commands.encode(command)
        self.assertEqual(payload, b"\x83\xa9accountId\xa1a\xa6amount\xcc\xc8\xaatransferId\xa1t")
        self.assertEqual(account.commands.decode(name, 1, payload), command)

    def test_a_command_of_a_wrong_shape_is_a_fault(self):
        wrong = {
            "unknown-type": ("Steal", 1, b"\x80"),
            "newer-schema-version": ("CloseAccount", 2, b"\x80"),
            "undecodable-payload": ("CloseAccount", 1, b""),
            "invalid-shape": ("CloseAccount", 1, b"\x80"),
        }
        for code, arguments in wrong.items():
            with self.subTest(code), self.assertRaises(Fault) as caught:
                account.commands.decode(*arguments)
            self.assertEqual(caught.exception.code, code)


if __name__ == "__main__":
    unittest.main()
