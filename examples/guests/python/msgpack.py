"""Canonical MessagePack: equal values have equal bytes, in every language (docs/encoding.md of Decidable).

The values are those of JSON, and `bytes`. Dates, sets, maps with other keys and integers of more than 64 bits have
extensions in the document that this module refuses; a decider that needs them adds them here.
"""

import math
import struct

MAX_DEPTH = 100


class DecodeError(ValueError):
    """The bytes are not one value. `offset` is the place of the problem."""

    def __init__(self, problem: str, offset: int) -> None:
        super().__init__(f"{problem} (at offset {offset})")
        self.offset = offset


def encode(value: object) -> bytes:
    """Returns the canonical bytes of a value. Raises a `ValueError` or `TypeError` if it has no encoding."""
    if isinstance(value, str):
        text = value.encode()
        return _head(len(text), 0xA0, 32, 0xD9) + text
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, bytes):
        return _head(len(value), 0, 0, 0xC4) + value
    if isinstance(value, (list, tuple)):
        return _head(len(value), 0x90, 16, 0xDB) + b"".join(map(encode, value))
    if isinstance(value, dict):
        return record({encode(key): encode(item) for key, item in value.items()})
    raise TypeError(f"a {type(value).__name__} has no encoding")


def record(fields: dict[bytes, bytes]) -> bytes:
    """Returns the bytes of a record whose keys and values are encoded already."""
    keys = sorted(fields, key=_text_of)
    return _head(len(keys), 0x80, 16, 0xDD) + b"".join(key + fields[key] for key in keys)


def _text_of(key: bytes) -> bytes:
    if 0xA0 <= key[0] <= 0xBF:
        return key[1:]
    if 0xD9 <= key[0] <= 0xDB:
        return key[1 + (1 << (key[0] - 0xD9)) :]
    raise TypeError("a key of a record is a string")


def _head(length: int, fixed: int, fixed_limit: int, byte: int) -> bytes:
    """`byte` is the tag of a length of 8 bits, with those of 16 and 32 bits after it."""
    if length < fixed_limit:
        return bytes((fixed | length,))
    if length < 1 << 8 and fixed not in (0x80, 0x90):
        return bytes((byte, length))
    if length < 1 << 16:
        return bytes((byte + 1,)) + length.to_bytes(2, "big")
    return bytes((byte + 2,)) + length.to_bytes(4, "big")


def _integer(value: int) -> bytes:
    if -32 <= value < 128:
        return bytes((value & 0xFF,))
    if value < 0:
        for size in range(4):
            if value >= -1 << (8 * 2**size - 1):
                return bytes((0xD0 + size,)) + value.to_bytes(2**size, "big", signed=True)
    else:
        for size in range(4):
            if value < 1 << 8 * 2**size:
                return bytes((0xCC + size,)) + value.to_bytes(2**size, "big")
    raise ValueError("an integer has more than 64 bits")


def _float(value: float) -> bytes:
    if not math.isfinite(value):
        raise ValueError("NaN and the infinities have no encoding")
    if value.is_integer() and -(2.0**63) <= value < 2.0**64:
        return _integer(int(value))
    return b"\xcb" + struct.pack(">d", value)


def decode(data: bytes) -> object:
    """Returns the value of the bytes. Raises a `DecodeError` if they are not exactly one value."""
    value, end = _read(data, 0, 0)
    if end != len(data):
        raise DecodeError(f"{len(data) - end} bytes follow the value", end)
    return value


def _read(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if at >= len(data):
        raise DecodeError("a value is expected", at)
    tag, start = data[at], at + 1
    if tag < 0x80:
        return tag, start
    if tag >= 0xE0:
        return tag - 0x100, start
    if tag < 0x90:
        return _read_record(data, start, tag & 0x0F, depth)
    if tag < 0xA0:
        return _read_list(data, start, tag & 0x0F, depth)
    if tag < 0xC0:
        return _read_text(data, start, tag & 0x1F)
    match tag:
        case 0xC0:
            return None, start
        case 0xC2 | 0xC3:
            return tag == 0xC3, start
        case 0xC4 | 0xC5 | 0xC6:
            length, start = _read_uint(data, start, 1 << tag - 0xC4)
            return _take(data, start, length), start + length
        case 0xCA | 0xCB:
            return _read_float(data, start, 4 << tag - 0xCA)
        case 0xCC | 0xCD | 0xCE | 0xCF:
            return _read_uint(data, start, 1 << tag - 0xCC)
        case 0xD0 | 0xD1 | 0xD2 | 0xD3:
            size = 1 << tag - 0xD0
            return int.from_bytes(_take(data, start, size), "big", signed=True), start + size
        case 0xD9 | 0xDA | 0xDB:
            length, start = _read_uint(data, start, 1 << tag - 0xD9)
            return _read_text(data, start, length)
        case 0xDC | 0xDD:
            length, start = _read_uint(data, start, 2 << tag - 0xDC)
            return _read_list(data, start, length, depth)
        case 0xDE | 0xDF:
            length, start = _read_uint(data, start, 2 << tag - 0xDE)
            return _read_record(data, start, length, depth)
    raise DecodeError(f"the tag 0x{tag:02x} is unknown", at)


def _take(data: bytes, at: int, length: int) -> bytes:
    if length > len(data) - at:
        raise DecodeError(f"{length} bytes are expected, and {len(data) - at} are left", at)
    return data[at : at + length]


def _read_uint(data: bytes, at: int, size: int) -> tuple[int, int]:
    return int.from_bytes(_take(data, at, size), "big"), at + size


def _read_float(data: bytes, at: int, size: int) -> tuple[int | float, int]:
    value = struct.unpack(">f" if size == 4 else ">d", _take(data, at, size))[0]
    if not math.isfinite(value):
        raise DecodeError("NaN and the infinities have no encoding", at)
    is_integer = value.is_integer() and -(2.0**63) <= value < 2.0**64
    return (int(value) if is_integer else value), at + size


def _read_text(data: bytes, at: int, length: int) -> tuple[str, int]:
    try:
        return _take(data, at, length).decode(), at + length
    except UnicodeDecodeError:
        raise DecodeError("a string is not valid UTF-8", at) from None


def _read_list(data: bytes, at: int, length: int, depth: int) -> tuple[list[object], int]:
    _take(data, at, length)
    _require_depth(at, depth)
    items = []
    for _ in range(length):
        item, at = _read(data, at, depth + 1)
        items.append(item)
    return items, at


def _read_record(data: bytes, at: int, length: int, depth: int) -> tuple[dict[str, object], int]:
    _take(data, at, 2 * length)
    _require_depth(at, depth)
    fields: dict[str, object] = {}
    for _ in range(length):
        key, end = _read(data, at, depth + 1)
        if not isinstance(key, str):
            raise DecodeError("a key of a record is a string", at)
        if key in fields or key == "__proto__":
            raise DecodeError(f"the key {key!r} is repeated or reserved", at)
        fields[key], at = _read(data, end, depth + 1)
    return fields, at


def _require_depth(at: int, depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise DecodeError(f"a value has more than {MAX_DEPTH} levels", at)
