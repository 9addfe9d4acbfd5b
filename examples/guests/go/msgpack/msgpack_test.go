package msgpack

import (
	"encoding/hex"
	"reflect"
	"strings"
	"testing"
)

func TestEachValueHasOneForm(t *testing.T) {
	canonical := map[string]any{
		"c0": nil, "c3": true, "05": int64(5), "ccff": int64(255), "cd0100": int64(256), "ce00010000": int64(65536),
		"cf0000000100000000": int64(1 << 32), "cfffffffffffffffff": uint64(1<<64 - 1),
		"e0": int64(-32), "d0df": int64(-33), "d1ff7f": int64(-129), "d2ffff7fff": int64(-32769),
		"d38000000000000000": int64(-1 << 63), "cb3ff8000000000000": 1.5, "a4f09f8e88": "🎈", "c40100": []byte{0},
		"920102": []any{int64(1), int64(2)}, "82a16101a2616102": map[string]any{"aa": int64(2), "a": int64(1)},
	}
	for text, value := range canonical {
		data, _ := hex.DecodeString(text)
		if encoded := Append(nil, value); hex.EncodeToString(encoded) != text {
			t.Errorf("%v: got %x, want %s", value, encoded, text)
		}
		if decoded, err := Decode(data); err != nil || !reflect.DeepEqual(decoded, value) {
			t.Errorf("%s: got %v and %v, want %v", text, decoded, err, value)
		}
	}
}

func TestIntegersMayBeFloatsOrLong(t *testing.T) {
	for _, text := range []string{"cb4014000000000000", "ca40a00000", "d30000000000000005", "cd0005"} {
		data, _ := hex.DecodeString(text)
		if value, err := Decode(data); err != nil || value != int64(5) {
			t.Errorf("%s: got %v and %v, want 5", text, value, err)
		}
	}
}

func TestOtherBytesAreRefused(t *testing.T) {
	refused := []string{
		"", "0101", "a36161", "ddffffffff", "dfffffffff", "dbffffffff", "c1", "a2c328", "a3eda080",
		"cb7ff8000000000000", "ca7f800000", "810102", "d40500", "82a16101a16102", strings.Repeat("91", 101) + "90",
	}
	for _, text := range refused {
		data, _ := hex.DecodeString(text)
		if value, err := Decode(data); err == nil {
			t.Errorf("%s: got %v, want an error", text, value)
		}
	}
}
