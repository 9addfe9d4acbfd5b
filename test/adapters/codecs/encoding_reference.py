"""docs/encoding.md a second time, from the document alone: the JSON of each vector to its MessagePack.

    python3 encoding_reference.py ../../docs/encoding-vectors.json
"""
import base64, datetime, json, struct, sys

EPOCH = datetime.datetime(1970, 1, 1)


class Tag:
    def __init__(self, kind, value):
        self.kind, self.value = kind, value


def pairs(entries):
    keys = [key for key, _ in entries]
    if len(entries) == 1 and keys[0].startswith("$") and not keys[0].startswith("$$"):
        return Tag(*entries[0])
    return {key[1:] if key.startswith("$") else key: value for key, value in entries}


def head(length, fix, fix_limit, sizes):
    if length < fix_limit:
        return bytes([fix | length])
    for byte, form, limit in sizes:
        if length < limit:
            return bytes([byte]) + struct.pack(">" + form, length)


def integer(value):
    if -32 <= value < 128:
        return struct.pack(">b", value)
    for byte, form in ((0xCC, "B"), (0xCD, "H"), (0xCE, "I"), (0xCF, "Q")) if value >= 0 else (
            (0xD0, "b"), (0xD1, "h"), (0xD2, "i"), (0xD3, "q")):
        try:
            return bytes([byte]) + struct.pack(">" + form, value)
        except struct.error:
            pass
    magnitude = ~value if value < 0 else value
    length = magnitude.bit_length() // 8 + 1
    return extension(0x42, value.to_bytes(length, "big", signed=True))


def extension(kind, body):
    fixed = {1: 0xD4, 2: 0xD5, 4: 0xD6, 8: 0xD7, 16: 0xD8}.get(len(body))
    start = bytes([fixed]) if fixed else head(len(body), 0, 0, ((0xC7, "B", 2**8), (0xC8, "H", 2**16), (0xC9, "I", 2**32)))
    return start + bytes([kind]) + body


def year_of(text):
    """Python's dates end at the year 9999: move a date by whole cycles of 400 years."""
    sign = 1 if text[0] != "-" else -1
    year = text[1:7] if text[0] in "+-" else text[:4]
    rest = text[7:] if text[0] in "+-" else text[4:]
    year = sign * int(year)
    cycles = (year - 2000) // 400
    moment = datetime.datetime.strptime("%04d%s" % (year - 400 * cycles, rest), "%Y-%m-%dT%H:%M:%S.%fZ") - EPOCH
    milliseconds = moment.days * 86_400_000 + moment.seconds * 1000 + moment.microseconds // 1000
    return milliseconds + cycles * 146_097 * 86_400_000


def timestamp(text):
    seconds, milliseconds = divmod(year_of(text), 1000)
    nanoseconds = milliseconds * 1_000_000
    if nanoseconds == 0 and 0 <= seconds < 2**32:
        return extension(0xFF, struct.pack(">I", seconds))
    if 0 <= seconds < 2**34:
        return extension(0xFF, struct.pack(">Q", nanoseconds << 34 | seconds))
    return extension(0xFF, struct.pack(">Iq", nanoseconds, seconds))


def array_head(length):
    return head(length, 0x90, 16, ((0xDC, "H", 2**16), (0xDD, "I", 2**32)))


def map_head(length):
    return head(length, 0x80, 16, ((0xDE, "H", 2**16), (0xDF, "I", 2**32)))


def encode(value):
    if value is None:
        return b"\xc0"
    if isinstance(value, bool):
        return b"\xc3" if value else b"\xc2"
    if isinstance(value, int):
        return integer(value)
    if isinstance(value, float):
        return b"\xcb" + struct.pack(">d", value)
    if isinstance(value, str):
        body = value.encode("utf-8")
        return head(len(body), 0xA0, 32, ((0xD9, "B", 2**8), (0xDA, "H", 2**16), (0xDB, "I", 2**32))) + body
    if isinstance(value, list):
        return array_head(len(value)) + b"".join(map(encode, value))
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-8"))
        return map_head(len(keys)) + b"".join(encode(key) + encode(value[key]) for key in keys)
    if value.kind == "$int":
        return integer(int(value.value))
    if value.kind == "$date":
        return timestamp(value.value)
    if value.kind == "$bytes":
        body = base64.b64decode(value.value)
        return head(len(body), 0, 0, ((0xC4, "B", 2**8), (0xC5, "H", 2**16), (0xC6, "I", 2**32))) + body
    if value.kind == "$set":
        return extension(0x73, array_head(len(value.value)) + b"".join(sorted(map(encode, value.value))))
    if value.kind == "$map":
        entries = sorted((encode(key), encode(held)) for key, held in value.value)
        return extension(0x6D, map_head(len(entries)) + b"".join(key + held for key, held in entries))
    raise ValueError("unknown tag " + value.kind)


vectors = json.load(open(sys.argv[1], encoding="utf-8"))["values"]
wrong = 0
for vector in vectors:
    found = encode(json.loads(vector["json"], object_pairs_hook=pairs)).hex()
    if found != vector["msgpack"]:
        wrong += 1
        print(vector["name"], "is", found, "and not", vector["msgpack"])
print(len(vectors), "vectors,", wrong, "wrong")
sys.exit(1 if wrong else 0)
