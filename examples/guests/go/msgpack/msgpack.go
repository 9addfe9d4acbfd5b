// Package msgpack is canonical MessagePack: equal values have equal bytes, in every language (docs/encoding.md of
// Decidable).
//
// The values are nil, bool, int64, uint64 beyond int64, float64, string, []byte, []any and map[string]any. Dates, sets,
// maps with other keys and integers of more than 64 bits have extensions in the document that this package refuses.
package msgpack

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

const maxDepth = 100

// AppendMap appends the head of a record. Its keys follow in the order of their bytes, each with its value.
func AppendMap(to []byte, entries int) []byte { return appendHead(to, entries, 0x80, 16, 0xdd) }

// AppendString appends a string.
func AppendString(to []byte, text string) []byte {
	return append(appendHead(to, len(text), 0xa0, 32, 0xd9), text...)
}

// AppendInt appends an integer in its shortest form.
func AppendInt(to []byte, value int64) []byte {
	switch {
	case value >= 0:
		return AppendUint(to, uint64(value))
	case value >= -32:
		return append(to, byte(value))
	case value >= math.MinInt8:
		return append(to, 0xd0, byte(value))
	case value >= math.MinInt16:
		return binary.BigEndian.AppendUint16(append(to, 0xd1), uint16(value))
	case value >= math.MinInt32:
		return binary.BigEndian.AppendUint32(append(to, 0xd2), uint32(value))
	}
	return binary.BigEndian.AppendUint64(append(to, 0xd3), uint64(value))
}

// AppendUint appends an integer in its shortest form.
func AppendUint(to []byte, value uint64) []byte {
	switch {
	case value < 0x80:
		return append(to, byte(value))
	case value <= math.MaxUint8:
		return append(to, 0xcc, byte(value))
	case value <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, 0xcd), uint16(value))
	case value <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(to, 0xce), uint32(value))
	}
	return binary.BigEndian.AppendUint64(append(to, 0xcf), value)
}

// Append appends any value of this package. It panics on other values, NaN and the infinities.
func Append(to []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(to, 0xc0)
	case bool:
		if v {
			return append(to, 0xc3)
		}
		return append(to, 0xc2)
	case int64:
		return AppendInt(to, v)
	case uint64:
		return AppendUint(to, v)
	case float64:
		return appendFloat(to, v)
	case string:
		return AppendString(to, v)
	case []byte:
		return append(appendHead(to, len(v), 0, 0, 0xc4), v...)
	case []any:
		to = appendHead(to, len(v), 0x90, 16, 0xdb)
		for _, item := range v {
			to = Append(to, item)
		}
		return to
	case map[string]any:
		to = AppendMap(to, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			to = Append(AppendString(to, key), v[key])
		}
		return to
	}
	panic(fmt.Sprintf("msgpack: a %T has no encoding", value))
}

// appendHead appends a length. tag8 is the tag of a length of 8 bits, with those of 16 and 32 bits after it. Lists and
// records have no length of 8 bits.
func appendHead(to []byte, length, fixed, fixedLimit, tag8 int) []byte {
	switch {
	case length < fixedLimit:
		return append(to, byte(fixed|length))
	case length <= math.MaxUint8 && fixedLimit != 16:
		return append(to, byte(tag8), byte(length))
	case length <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(to, byte(tag8+1)), uint16(length))
	}
	return binary.BigEndian.AppendUint32(append(to, byte(tag8+2)), uint32(length))
}

func appendFloat(to []byte, value float64) []byte {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		panic("msgpack: NaN and the infinities have no encoding")
	}
	switch integer := integerOf(value).(type) {
	case int64:
		return AppendInt(to, integer)
	case uint64:
		return AppendUint(to, integer)
	}
	return binary.BigEndian.AppendUint64(append(to, 0xcb), math.Float64bits(value))
}

// integerOf returns an int64 or a uint64 if the float is such an integer, and the float otherwise.
func integerOf(value float64) any {
	switch {
	case value != math.Trunc(value):
		return value
	case value >= -1<<63 && value < 1<<63:
		return int64(value)
	case value >= 1<<63 && value < 1<<64:
		return uint64(value)
	}
	return value
}

// DecodeError is the error for bytes that are not one value.
type DecodeError struct {
	Problem string
	Offset  int
}

func (e *DecodeError) Error() string { return fmt.Sprintf("%s (at offset %d)", e.Problem, e.Offset) }

// Decode returns the value of the bytes, or a *DecodeError if they are not exactly one value.
func Decode(data []byte) (value any, err error) {
	r := reader{data: data}
	defer func() {
		switch caught := recover().(type) {
		case nil:
		case *DecodeError:
			value, err = nil, caught
		default:
			panic(caught)
		}
	}()
	value = r.value(0)
	if r.at < len(data) {
		r.fail("bytes follow the value")
	}
	return value, nil
}

type reader struct {
	data []byte
	at   int
}

func (r *reader) fail(problem string) { panic(&DecodeError{problem, r.at}) }

func (r *reader) take(length int) []byte {
	if uint(length) > uint(len(r.data)-r.at) {
		r.fail(fmt.Sprintf("%d bytes are expected, and %d are left", length, len(r.data)-r.at))
	}
	r.at += length
	return r.data[r.at-length : r.at]
}

// size reads an unsigned integer of 1, 2 or 4 bytes, which is the length of the following content.
func (r *reader) size(bytes int) int {
	size := r.uint(bytes)
	if size > uint64(len(r.data)) {
		r.fail("a length exceeds the payload")
	}
	return int(size)
}

func (r *reader) uint(bytes int) (value uint64) {
	for _, each := range r.take(bytes) {
		value = value<<8 | uint64(each)
	}
	return value
}

func (r *reader) value(depth int) any {
	switch tag := r.take(1)[0]; {
	case tag < 0x80 || tag >= 0xe0:
		return int64(int8(tag))
	case tag < 0x90:
		return r.record(int(tag&0x0f), depth)
	case tag < 0xa0:
		return r.list(int(tag&0x0f), depth)
	case tag < 0xc0:
		return r.text(int(tag & 0x1f))
	case tag == 0xc0:
		return nil
	case tag == 0xc2 || tag == 0xc3:
		return tag == 0xc3
	case tag >= 0xc4 && tag <= 0xc6:
		return slices.Clone(r.take(r.size(1 << (tag - 0xc4))))
	case tag == 0xca:
		return r.float(float64(math.Float32frombits(uint32(r.uint(4)))))
	case tag == 0xcb:
		return r.float(math.Float64frombits(r.uint(8)))
	case tag >= 0xcc && tag <= 0xcf:
		if value := r.uint(1 << (tag - 0xcc)); value > math.MaxInt64 {
			return value
		} else {
			return int64(value)
		}
	case tag >= 0xd0 && tag <= 0xd3:
		bytes := 1 << (tag - 0xd0)
		unused := 64 - 8*bytes
		return int64(r.uint(bytes)<<unused) >> unused
	case tag >= 0xd9 && tag <= 0xdb:
		return r.text(r.size(1 << (tag - 0xd9)))
	case tag == 0xdc || tag == 0xdd:
		return r.list(r.size(2<<(tag-0xdc)), depth)
	case tag == 0xde || tag == 0xdf:
		return r.record(r.size(2<<(tag-0xde)), depth)
	default:
		r.at--
		r.fail(fmt.Sprintf("the tag %#x is unknown", tag))
		return nil
	}
}

func (r *reader) float(value float64) any {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		r.fail("NaN and the infinities have no encoding")
	}
	return integerOf(value)
}

func (r *reader) text(length int) string {
	text := r.take(length)
	if !utf8.Valid(text) {
		r.fail("a string is not valid UTF-8")
	}
	return string(text)
}

// enter checks the depth of a list or a record, and that its shortest elements fit into the bytes that are left.
func (r *reader) enter(elements, depth int) {
	if depth >= maxDepth {
		r.fail(fmt.Sprintf("a value has more than %d levels", maxDepth))
	}
	if elements > len(r.data)-r.at {
		r.fail("a list or a record has more elements than bytes")
	}
}

func (r *reader) list(length, depth int) []any {
	r.enter(length, depth)
	items := make([]any, length)
	for index := range items {
		items[index] = r.value(depth + 1)
	}
	return items
}

func (r *reader) record(length, depth int) map[string]any {
	r.enter(2*length, depth)
	fields := make(map[string]any, length)
	for range length {
		key, isText := r.value(depth + 1).(string)
		if !isText {
			r.fail("a key of a record is a string")
		}
		if _, isRepeated := fields[key]; isRepeated || key == "__proto__" {
			r.fail(fmt.Sprintf("the key %q is repeated or reserved", key))
		}
		fields[key] = r.value(depth + 1)
	}
	return fields
}
