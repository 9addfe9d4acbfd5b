"""Tests of the canonical encoding."""

import unittest

import msgpack

CANONICAL = {
    "c0": None,
    "c3": True,
    "05": 5,
    "ccff": 255,
    "cd0100": 256,
    "ce00010000": 65536,
    "cfffffffffffffffff": 2**64 - 1,
    "e0": -32,
    "d0df": -33,
    "d1ff7f": -129,
    "d38000000000000000": -(2**63),
    "cb3ff8000000000000": 1.5,
    "a4f09f8e88": "🎈",
    "c40100": b"\0",
    "920102": [1, 2],
    "82a16101a2616102": {"aa": 2, "a": 1},
}

REFUSED = ["", "0101", "a36161", "ddffffffff", "c1", "a2c328", "a3eda080", "cb7ff8000000000000", "810102", "d40500"]


class MessagePackTest(unittest.TestCase):
    def test_each_value_has_one_form(self):
        for text, value in CANONICAL.items():
            with self.subTest(text):
                self.assertEqual(msgpack.encode(value).hex(), text)
                self.assertEqual(msgpack.decode(bytes.fromhex(text)), value)

    def test_an_integer_may_be_a_float_or_longer_than_necessary(self):
        for text in ("cb4014000000000000", "ca40a00000", "d30000000000000005", "cd0005"):
            self.assertEqual(msgpack.encode(msgpack.decode(bytes.fromhex(text))), b"\x05")

    def test_bytes_that_are_not_one_value_are_refused(self):
        for text in [*REFUSED, "82a16101a16102", "91" * 101 + "90"]:
            with self.subTest(text), self.assertRaises(msgpack.DecodeError):
                msgpack.decode(bytes.fromhex(text))


if __name__ == "__main__":
    unittest.main()
