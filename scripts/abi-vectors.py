"""
Vectors for the canonical ABI, from the specification's executable reference (`canonical-abi/definitions.py`):

    python3 scripts/abi-vectors.py path/to/component-model [commit]

writes test/adapters/component/abi/vectors/{values,strings,functions,damaged}.json, each with the commit of the specification
that it comes from (asked of git where the second argument is not given). Nothing of the reference is in them: only our types
and values, and the bytes, core values and calls of `realloc` that the reference makes of them. How types and values are
written is in test/adapters/component/abi/vectors/vectors.ts, which reads them.

`realloc` is a bump allocator here and in the tests: it starts at START, aligns, copies what is kept, frees nothing.
"""

import json
import math
import random
import struct
import subprocess
import sys
from pathlib import Path

checkout = Path(sys.argv[1])
commit = sys.argv[2] if len(sys.argv) > 2 else subprocess.check_output(
    ['git', '-C', checkout, 'rev-parse', 'HEAD'], text=True).strip()
sys.path.insert(0, str(checkout / 'design/mvp/canonical-abi'))
import definitions as d  # noqa: E402

d.DETERMINISTIC_PROFILE = True
START = 1024
OUT = 512
END = 1 << 17
ENCODINGS = ['utf8', 'utf16', 'latin1+utf16']
pick = random.Random(20260821)

# Types -------------------------------------------------------------------------------------------------------------

PRIMITIVES = {
    'bool': d.BoolType, 's8': d.S8Type, 'u8': d.U8Type, 's16': d.S16Type, 'u16': d.U16Type, 's32': d.S32Type,
    'u32': d.U32Type, 's64': d.S64Type, 'u64': d.U64Type, 'f32': d.F32Type, 'f64': d.F64Type, 'char': d.CharType,
    'string': d.StringType,
}


def reference_type(t):
    if t is None or isinstance(t, str):
        return t and PRIMITIVES[t]()
    kind, *parts = t
    match kind:
        case 'list': return d.ListType(reference_type(parts[0]), *parts[1:])
        case 'record': return d.RecordType([d.FieldType(f'f{i}', reference_type(p)) for i, p in enumerate(parts)])
        case 'tuple': return d.TupleType([reference_type(p) for p in parts])
        case 'variant':
            return d.VariantType([d.CaseType(f'c{i}', reference_type(p)) for i, p in enumerate(cases_of(parts))])
        case 'flags': return d.FlagsType([f'b{i}' for i in range(parts[0])])
        case 'enum': return d.EnumType([f'c{i}' for i in range(parts[0])])
        case 'option': return d.OptionType(reference_type(parts[0]))
        case 'result': return d.ResultType(reference_type(parts[0]), reference_type(parts[1]))
        case 'map': return d.MapType(reference_type(parts[0]), reference_type(parts[1]))


def cases_of(parts):
    """A number stands for so many cases without a payload."""
    return [case for part in parts for case in ([None] * part if isinstance(part, int) else [part])]


def has_text(t):
    return t == 'string' or (isinstance(t, list) and any(has_text(p) for p in t[1:]))


# Values ------------------------------------------------------------------------------------------------------------

def reference_value(t, v, encoding):
    """A value of ours as the reference has it. A string comes in the encoding of its destination."""
    if isinstance(t, str):
        match t:
            case 's64' | 'u64': return int(v)
            case 'f32': return struct.unpack('>f', bytes.fromhex(v))[0]
            case 'f64': return struct.unpack('>d', bytes.fromhex(v))[0]
            case 'string': return (v, encoding, code_units(v, encoding))
            case _: return v
    kind, *parts = t
    of = lambda part, value: reference_value(part, value, encoding)
    case = lambda label, part: {label: None if part is None else of(part, v[1])}
    match kind:
        case 'list': return [of(parts[0], each) for each in v]
        case 'record': return {f'f{i}': of(p, each) for i, (p, each) in enumerate(zip(parts, v))}
        case 'tuple': return {str(i): of(p, each) for i, (p, each) in enumerate(zip(parts, v))}
        case 'variant': return case(f'c{v[0]}', cases_of(parts)[v[0]])
        case 'flags': return {f'b{i}': bool(v >> i & 1) for i in range(parts[0])}
        case 'enum': return {f'c{v}': None}
        case 'option': return {'some': of(parts[0], v[0])} if v else {'none': None}
        case 'result': return case(['ok', 'error'][v[0]], parts[v[0]])
        case 'map': return [{'0': of(parts[0], k), '1': of(parts[1], each)} for k, each in v]


def code_units(text, encoding):
    """Tagged, for latin1+utf16."""
    match encoding:
        case 'utf8': return len(text.encode('utf-8'))
        case 'utf16': return len(text.encode('utf-16-le')) // 2
    if all(ord(c) < 256 for c in text):
        return len(text)
    return code_units(text, 'utf16') | 1 << 31


def f32(x):
    return struct.pack('>f', x).hex()


def f64(x):
    return struct.pack('>d', x).hex()


TEXTS = ['', 'a', 'plain ascii', 'gr\u00fc\u00df', '\u00ff\u0080\u00e9', '\u00e9t\u00e9 \u2603', '\u2603', '\U0001f370',
         'a\u2603\U0001f370\u00fc', '\ufeffmark', 'nul\0nul', '\ud7ff\ue000\uffff', '\U00010000\U0010ffff']
NAN, INF = math.nan, math.inf
EDGES = {
    'bool': [False, True],
    's8': [0, -1, 127, -128], 'u8': [0, 1, 128, 255],
    's16': [0, -1, 32767, -32768], 'u16': [0, 1, 0x1234, 65535],
    's32': [0, -1, 2**31 - 1, -2**31], 'u32': [0, 1, 0x12345678, 2**31, 2**32 - 1],
    's64': ['0', '-1', str(2**63 - 1), str(-2**63)], 'u64': ['0', str(0x0123456789abcdef), str(2**63), str(2**64 - 1)],
    'f32': [f32(x) for x in (0.0, -0.0, 1.5, -INF, INF, NAN, 1.401298464324817e-45, 3.4028234663852886e38)],
    'f64': [f64(x) for x in (0.0, -0.0, 0.1, -INF, INF, NAN, 5e-324, 1.7976931348623157e308)],
    'char': ['\0', 'A', '\u00e9', '\ud7ff', '\ue000', '\uffff', '\U00010000', '\U0010ffff'],
    'string': TEXTS,
}


def random_value(t):
    if isinstance(t, str):
        return pick.choice(EDGES[t])
    kind, *parts = t
    parts = cases_of(parts) if kind == 'variant' else parts
    case = lambda i: [i] if parts[i] is None else [i, random_value(parts[i])]
    match kind:
        case 'list':
            return [random_value(parts[0]) for _ in range(parts[1] if len(parts) > 1 else pick.randrange(4))]
        case 'record' | 'tuple': return [random_value(p) for p in parts]
        case 'variant' | 'result': return case(pick.randrange(len(parts)))
        case 'flags': return pick.getrandbits(parts[0])
        case 'enum': return pick.randrange(parts[0])
        case 'option': return [random_value(parts[0])] if pick.random() < 0.7 else []
        case 'map':
            keys = {json.dumps(random_value(parts[0])) for _ in range(pick.randrange(4))}
            return [[json.loads(key), random_value(parts[1])] for key in sorted(keys)]


def values_of(t):
    """Every edge of a primitive, every case, the first and the last bit; else some at random."""
    if isinstance(t, str):
        return EDGES[t]
    kind, *parts = t
    match kind:
        case 'variant' | 'result':
            return [[i] if p is None else [i, random_value(p)] for i, p in chosen(cases_of(parts))]
        case 'enum': return sorted({0, 1 % parts[0], parts[0] - 1})
        case 'flags': return sorted({0, 1, 1 << parts[0] - 1, 2**parts[0] - 1})
        case 'option': return [[], [random_value(parts[0])]]
        case 'list' if len(parts) == 1:
            return [[], EDGES[parts[0]] if isinstance(parts[0], str) else random_value(t)]
    return [random_value(t) for _ in range(2)]


def chosen(parts):
    all_of_them = list(enumerate(parts))
    return all_of_them if len(parts) <= 6 else [all_of_them[0], *all_of_them[-2:]]


NUMBERS = [t for t in PRIMITIVES if t not in ('bool', 'char', 'string')]
KEYS = [t for t in PRIMITIVES if t not in ('f32', 'f64')]
FIELDS = [
    ['u8'], ['u8', 'u64', 'u8'], ['u8', 'u16', 'u8', 'u32', 'u8', 'u64'], ['f32', 'u8', 'f64'], ['bool', 'char'],
    ['string', 'u8', 'string'], [['list', 'u16'], 's64'], [['flags', 9], 'u8'], ['u16', ['tuple', 'u8', 'u32'], 'u8'],
    [['option', 'u8'], ['option', 'u64'], 'u8'], ['u8', ['list', 'u16', 3], 'u8'], [['variant', 'u8', 'u64'], 'u8'],
]
CASES = [
    [None], [None, None], ['u8', None], ['u8', 'u16', 'u32', 'u64'], ['u8', 'f64'],
    # Every pair of core types is joined, in both orders.
    *[[a, b] for a in ('u32', 's64', 'f32', 'f64') for b in ('u32', 's64', 'f32', 'f64')],
    ['f32', ['tuple', 'f32', 'f32'], ['tuple', 'u32', 'f64', 'f32']], ['s8', 'u64'], ['s16', 'f64'], ['char', 'u64'],
    [['flags', 17], 'f64'], ['string', 'f64'], [['list', 'f32'], ['tuple', 'f32', 'f64', 's8']],
    [['variant', 'f32', 'u32'], 'u64'], [['variant', 'f32', 'u64'], 'f32'],
    [['record', 's64', ['option', 'f32']], ['tuple', 'f64', 'f64', 's64']], [['list', 'f32', 3], ['list', 'f64', 2]],
    [['option', ['option', 'f32']], ['tuple', 'u64', 'u64', 'u64']],
    [255, 'u32'], [256, 'u8'], [256, 'u64'],
]
TYPES = [
    *PRIMITIVES,
    *[['list', t] for t in PRIMITIVES], *[['list', t, 3] for t in PRIMITIVES],
    ['list', 'u8', 1], ['list', 'u16', 16], ['list', 'f32', 17], ['list', ['list', 'u8', 3], 2],
    ['list', ['list', 'u16'], 2], ['list', ['list', 'u8']], ['list', ['tuple', 'u64', 'u8']],
    ['list', ['option', 'string']], ['list', ['list', 'string']], ['list', ['flags', 3]], ['list', ['enum', 300]],
    ['list', ['map', 'u8', 'string']], ['list', ['record', 'u8', 'u16']],
    *[[pick.choice(['record', 'tuple']), *fields] for fields in FIELDS],
    ['record', 'string', 'u8', 'string'], ['tuple', 'string', 'u8', 'string'],
    ['tuple', *['u8'] * 16], ['tuple', *['u8'] * 17], ['tuple', *NUMBERS, 'bool', 'char', 'string'],
    *[['variant', *cases] for cases in CASES],
    *[['flags', n] for n in (1, 7, 8, 9, 15, 16, 17, 31, 32)], *[['enum', n] for n in (1, 2, 256, 257)],
    *[['option', t] for t in ('bool', 'u8', 'u64', 'f32', 'string', 'char', ['option', 'u8'],
                              ['option', ['option', 'f64']],
                              ['list', 'u8'], ['tuple', 'u8', 'u64'], ['result', 'u8', None])],
    *[['result', *ts] for ts in ((None, None), ('u8', None), (None, 'string'), ('u64', 'f32'), ('f32', 'u32'),
                                 ('string', ['enum', 3]), (['option', 'u64'], ['list', 'u8']))],
    *[['map', k, pick.choice(NUMBERS)] for k in KEYS],
    ['map', 'string', 'string'], ['map', 'u8', ['list', 'string']], ['map', 'u16', ['map', 'u8', 'u64']],
    ['map', 'u64', ['option', 'u8']],
]


def random_type(depth):
    if depth == 0 or pick.random() < 0.2:
        return pick.choice(list(PRIMITIVES))
    inner = lambda: random_type(depth - 1)
    some = lambda most: [inner() for _ in range(pick.randint(1, most))]
    match pick.choice(['list', 'fixed', 'record', 'tuple', 'variant', 'option', 'result', 'map', 'flags', 'enum']):
        case 'list': return ['list', inner()]
        case 'fixed': return ['list', inner(), pick.randint(1, 4)]
        case 'record': return ['record', *some(4)]
        case 'tuple': return ['tuple', *some(4)]
        case 'variant': return ['variant', *[pick.choice([None, t, t]) for t in some(5)]]
        case 'option': return ['option', inner()]
        case 'result': return ['result', pick.choice([None, inner()]), pick.choice([None, inner()])]
        case 'map': return ['map', pick.choice(KEYS), inner()]
        case 'flags': return ['flags', pick.randint(1, 32)]
        case 'enum': return ['enum', pick.choice([1, 2, 5, 256, 257])]


TYPES += [random_type(3) for _ in range(45)]
TYPES = [t for i, t in enumerate(TYPES) if t not in TYPES[:i]]
# Of these only size, alignment and core types: the loader takes no types that wide.
WIDE = [['enum', 65536], ['enum', 65537], ['variant', 65536, 'u8'], ['list', 'u64', 33554431]]

# The reference, with a bump allocator --------------------------------------------------------------------------------


class Context(d.LiftLowerContext):
    def __init__(self, encoding):
        memory = d.MemInst(bytearray(END), 'i32')
        super().__init__(d.LiftLowerOptions(encoding, memory, None), None)
        self.next = START
        self.calls = []

    def reallocate(self, old, old_length, alignment, length):
        self.calls.append(f'{old} {old_length} {alignment} {length}')
        ptr = d.align_to(self.next, alignment)
        self.next = ptr + length
        kept = min(old_length, length)
        self.opts.memory[ptr:ptr + kept] = self.opts.memory[old:old + kept]
        return ptr

    def record(self, flat_types, flat):
        record = {'core': ' '.join(hex_of(t, v) for t, v in zip(flat_types, flat, strict=True))}
        if self.calls:
            record |= {'realloc': ', '.join(self.calls), 'memory': self.opts.memory[START:self.next].hex()}
        return record


def hex_of(flat_type, value):
    match flat_type:
        case 'i32': return f'{value:08x}'
        case 'i64': return f'{value:016x}'
        case 'f32': return f32(value)
        case 'f64': return f64(value)


def as_read(v):
    """What the reference loads, without the sources of strings; NaN made equal to itself."""
    match v:
        case dict(): return {k: as_read(each) for k, each in v.items()}
        case list(): return [as_read(each) for each in v]
        case (text, _, _): return text
        case float(): return f64(v)
        case _: return v


def lowered(types, values, encoding, most=d.MAX_FLAT_PARAMS):
    cx = Context(encoding)
    references = [reference_type(t) for t in types]
    given = [reference_value(t, v, encoding) for t, v in zip(types, values)]
    flat = d.lower_flat_values(cx, most, given, references)
    flat_types = d.flatten_types(references, cx.opts)
    flat_types = ['i32'] if len(flat_types) > most else flat_types
    back = d.lift_flat_values(cx, most, d.CoreValueIter(flat), references)
    assert as_read(back) == as_read(given), (types, values)
    return cx.record(flat_types, flat)


def layout(t):
    t = reference_type(t)
    flat = d.flatten_type(t, Context('utf8').opts)
    # Size and alignment with pointers of 32 bits, and of 64.
    sizes = [f(t, pointer) for pointer in ('i32', 'i64') for f in (d.elem_size, d.alignment)]
    return {'layout': sizes, 'flat': ' '.join(flat[:d.MAX_FLAT_PARAMS + 1])}


def value_vector(t, encoding):
    values = values_of(t)
    return {
        'type': t, 'encoding': encoding, **layout(t), 'values': values,
        'lowered': [lowered([t], [value], encoding) for value in values],
        'stored': lowered([['list', t]], [values], encoding),
    }


# Strings from one component to another -------------------------------------------------------------------------------

def string_vectors():
    for source in ['utf8', 'utf16', 'latin1', 'tagged']:
        for target in ENCODINGS:
            for text in TEXTS:
                if source == 'latin1' and any(ord(c) > 255 for c in text):
                    continue
                encoding = 'latin1+utf16' if source in ('latin1', 'tagged') else source
                units = code_units(text, 'utf8' if source == 'utf8' else 'utf16')
                if source == 'tagged':
                    units |= 1 << 31
                cx = Context(target)
                flat = d.store_string_into_range(cx, (text, encoding, units))
                yield {'source': source, 'target': target, 'text': text, **cx.record(['i32', 'i32'], flat)}


# Core values and bytes that are damaged ------------------------------------------------------------------------------

def our_value(t, v):
    """The inverse of `reference_value`."""
    if isinstance(t, str):
        match t:
            case 's64' | 'u64': return str(v)
            case 'f32': return f32(v)
            case 'f64': return f64(v)
            case 'string': return v[0]
            case _: return v
    kind, *parts = t
    match kind:
        case 'list': return [our_value(parts[0], each) for each in v]
        case 'record' | 'tuple': return [our_value(p, each) for p, each in zip(parts, v.values())]
        case 'flags': return sum(1 << i for i, each in enumerate(v.values()) if each)
        case 'map': return [[our_value(p, each) for p, each in zip(parts, pair.values())] for pair in v]
    [(label, payload)] = v.items()
    match kind:
        case 'enum': return int(label[1:])
        case 'option': return [] if label == 'none' else [our_value(parts[0], payload)]
    index = ['ok', 'error'].index(label) if kind == 'result' else int(label[1:])
    part = cases_of(parts)[index]
    return [index] if part is None else [index, our_value(part, payload)]


WORDS = [0, 1, 2, START + 1, END - 1, END, 2**27, 2**28 - 1, 2**28, 2**31, 2**31 + 1, 2**32 - 1, 0xd800, 0x110000]


def damage(cx, flat, flat_types):
    """Changes a word or a byte, of the memory or of the core values."""
    length = cx.next - START
    if length > 0 and pick.random() < 0.7:
        at = START + pick.randrange(length)
        if pick.random() < 0.5:
            cx.opts.memory[at] ^= 1 << pick.randrange(8)
        else:
            word = slice(at & ~3, (at & ~3) + 4)
            [old] = struct.unpack('<I', cx.opts.memory.bytes[word])
            cx.opts.memory[word] = struct.pack('<I', pick.choice([*WORDS, (old + 1) % 2**32, (old - 1) % 2**32]))
        return
    at = pick.randrange(len(flat))
    match flat_types[at]:
        case 'i32': flat[at] = pick.choice([*WORDS, flat[at] ^ 1 << pick.randrange(32), (flat[at] - 1) % 2**32])
        case 'i64': flat[at] ^= pick.getrandbits(32) << pick.choice([0, 16, 32])


def damaged_vector(t, encoding):
    reference = reference_type(t)
    flat_types = d.flatten_type(reference, Context(encoding).opts)
    cases = []
    while len(cases) < 5:
        cx = Context(encoding)
        flat = d.lower_flat_values(cx, d.MAX_FLAT_PARAMS, [reference_value(t, random_value(t), encoding)], [reference])
        damage(cx, flat, flat_types)
        core = ' '.join(hex_of(c, v) for c, v in zip(flat_types, flat))
        case = {'core': core, 'memory': cx.opts.memory[START:cx.next].hex()}
        try:
            [value] = d.lift_flat_values(cx, d.MAX_FLAT_PARAMS, d.CoreValueIter(flat), [reference])
            case['value'] = our_value(t, value)
        except d.Trap:
            pass
        if len(json.dumps(case)) < 400 and not any(case == other for other in cases):
            cases.append(case)
    return {'type': t, 'encoding': encoding, 'flat': ' '.join(flat_types), 'cases': cases}


DAMAGED = [
    'string', ['list', 'string'], ['list', 'u8'], ['list', 'u64'], ['list', 'char'], ['list', 'f32'], ['list', 'bool'],
    ['list', ['tuple', 'u8', 'u32']], ['list', ['option', 'u16']], ['list', ['variant', 'u8', 'string', None]],
    ['list', ['enum', 3]], ['list', ['enum', 300]], ['list', ['result', 'u8', 'char']], ['map', 'u8', 'string'],
    ['list', ['flags', 3]], ['list', ['list', 'u16']], ['variant', 'f32', 'u64', 'char'],
    ['variant', 's8', 'f64', None],
    ['variant', 'string', ['list', 'f64'], 'u64'], ['option', ['option', 'u8']], ['result', None, None], ['flags', 9],
    ['tuple', 'u8', 's16', 'char', 's64'], ['list', 's8', 4],
]


# Functions -----------------------------------------------------------------------------------------------------------

def signature(params, result, context, **options):
    opts = d.CanonicalOptions(memory=Context('utf8').opts.memory, **options)
    result = [] if result is None else [reference_type(result)]
    core = d.flatten_functype(opts, d.FuncType([reference_type(p) for p in params], result), context)
    return f"{' '.join(core.params)} -> {' '.join(core.results)}"


def function_vector(params, result):
    args = [random_value(p) for p in params]
    vector = {
        'params': params, 'result': result, 'args': args, 'taken': lowered(params, args, 'utf8'),
        'lift': signature(params, result, 'lift'), 'lower': signature(params, result, 'lower'),
        'async lift': signature(params, result, 'lift', async_=True),
        'callback lift': signature(params, result, 'lift', async_=True, callback=lambda: 0),
        'async lower': signature(params, result, 'lower', async_=True),
    }
    if result is None:
        return vector
    value = random_value(result)
    # The caller gets the result in its core result, or in the area to which it passes a pointer.
    t = reference_type(result)
    cx = Context('utf8')
    flat_types = d.flatten_type(t, cx.opts)
    out = d.CoreValueIter([OUT])
    flat = d.lower_flat_values(cx, d.MAX_FLAT_RESULTS, [reference_value(result, value, 'utf8')], [t], out)
    given = cx.record(flat_types if flat else [], flat)
    if not flat:
        given['area'] = cx.opts.memory[OUT:OUT + d.elem_size(t, 'i32')].hex()
    return vector | {'value': value, 'given': given}


def encodings(t, i):
    if not has_text(t):
        return ['utf8']
    return ENCODINGS if t in ('string', ['tuple', 'string', 'u8', 'string'], ['list', 'string']) else [ENCODINGS[i % 3]]


FUNCTIONS = [
    ([], None), ([], 'u8'), ([], 'string'), (['u8'], 'f64'), (['string'], None), (['f32', 'f64', 'u8', 's64'], 'bool'),
    (['u8'] * 16, 'u8'), (['u8'] * 17, None), (['u64'] * 16, ['tuple', 'u8', 'u8']),
    ([['tuple', *['f32'] * 15], 'u8'], 'f32'), (['string'] * 8, 'string'), (['string'] * 8 + ['u8'], ['list', 'u64']),
    ([['list', 'u16', 16]], ['list', 'u16', 16]),
    (['u8', 'u64', 'u8', *['u16'] * 14], ['record', 'u8', 'u64', 'u8']), (['u8'] * 4, 'u32'), (['u8'] * 5, 'u32'),
    ([['variant', 'f32', 'u64', 'string']] * 6, ['variant', 'f32', 'u64']), (['u8'], ['flags', 32]),
    (['u8'], ['enum', 257]),
    ([], ['tuple', 'f32']), ([], ['result', None, None]), ([], ['result', 'u8', None]), ([], ['option', 'f64']),
    ([], ['list', 'f64', 1]), ([['list', 'u64', 17]], ['list', 'u64', 17]),
    (['char', ['map', 'u8', 'string']], ['map', 'u8', 'u8']),
]
FUNCTIONS += [
    ([random_type(2) for _ in range(pick.randrange(6))], pick.choice([None, random_type(2), random_type(2)]))
    for _ in range(24)
]


def write(name, head, vectors):
    path = Path(__file__).parent.parent / f'test/adapters/component/abi/vectors/{name}.json'
    lines = ',\n'.join(json.dumps(vector, separators=(',', ':')) for vector in vectors)
    head = json.dumps({'specification': commit, **head})[1:-1]
    path.write_text('{' + head + ', "vectors": [\n' + lines + '\n]}\n')
    print(f'{path}: {path.stat().st_size} bytes')


write('values', {'layouts': [{'type': t, **layout(t)} for t in WIDE]},
      [value_vector(t, e) for i, t in enumerate(TYPES) for e in encodings(t, i)])
write('strings', {}, list(string_vectors()))
write('damaged', {}, [damaged_vector(t, e) for i, t in enumerate(DAMAGED) for e in encodings(t, i)])
write('functions', {}, [function_vector(*function) for function in FUNCTIONS])
