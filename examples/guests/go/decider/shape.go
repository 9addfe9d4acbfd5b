package decider

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"bank/msgpack"
)

// Length checks the number of characters of a text.
func Length(text string, least, most int) error {
	if count := utf8.RuneCountInString(text); count < least || count > most {
		return fmt.Errorf("%d to %d characters are expected, not %d", least, most, count)
	}
	return nil
}

// Range checks an integer.
func Range(value, least, most int64) error {
	if value < least || value > most {
		return fmt.Errorf("an integer from %d to %d is expected, not %d", least, most, value)
	}
	return nil
}

// SafeInteger checks that a reader represents an integer exactly even if its only number is a 64-bit float.
func SafeInteger(value int64) error { return Range(value, 1-1<<53, 1<<53-1) }

// OneOf checks that a value is one of the given values.
func OneOf[Value comparable](value Value, values ...Value) error {
	if !slices.Contains(values, value) {
		return fmt.Errorf("one of %v is expected, not %v", values, value)
	}
	return nil
}

// shape describes how a struct is written and read. Its fields are strings, 64-bit integers, booleans, or pointers to
// these, which may be absent. The type of a field may have a method Validate.
type shape struct {
	goType reflect.Type
	// fields are in the order of the bytes of their keys.
	fields []field
}

type field struct {
	key        string
	index      int
	goType     reflect.Type
	isOptional bool
}

type validator interface{ Validate() error }

var shapes sync.Map

func shapeOf(goType reflect.Type) shape {
	if known, ok := shapes.Load(goType); ok {
		return known.(shape)
	}
	made := shape{goType: goType}
	for index := range goType.NumField() {
		each := field{index: index, goType: goType.Field(index).Type}
		key, isTagged := goType.Field(index).Tag.Lookup("msgpack")
		if each.key = key; !isTagged {
			panic(fmt.Sprintf("decider: the field %v.%s has no msgpack tag", goType, goType.Field(index).Name))
		}
		if each.goType.Kind() == reflect.Pointer {
			each.goType, each.isOptional = each.goType.Elem(), true
		}
		switch each.goType.Kind() {
		case reflect.String, reflect.Int64, reflect.Bool:
		default:
			panic(fmt.Sprintf("decider: the field %v.%s is a %v", goType, goType.Field(index).Name, each.goType))
		}
		made.fields = append(made.fields, each)
	}
	slices.SortFunc(made.fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	shapes.Store(goType, made)
	return made
}

func (s shape) encode(value reflect.Value) []byte {
	count := 0
	for _, each := range s.fields {
		if !each.isOptional || !value.Field(each.index).IsNil() {
			count++
		}
	}
	payload := msgpack.AppendMap(make([]byte, 0, 128), count)
	for _, each := range s.fields {
		held := value.Field(each.index)
		if each.isOptional {
			if held.IsNil() {
				continue
			}
			held = held.Elem()
		}
		payload = msgpack.AppendString(payload, each.key)
		switch held.Kind() {
		case reflect.String:
			payload = msgpack.AppendString(payload, held.String())
		case reflect.Int64:
			payload = msgpack.AppendInt(payload, held.Int())
		case reflect.Bool:
			payload = msgpack.Append(payload, held.Bool())
		}
	}
	return payload
}

func (s shape) decode(payload []byte, isStrict bool) (reflect.Value, *Fault) {
	decoded, err := msgpack.Decode(payload)
	if err != nil {
		return reflect.Value{}, &Fault{Code: "undecodable-payload", Message: err.Error()}
	}
	data, isRecord := decoded.(map[string]any)
	if !isRecord {
		return reflect.Value{}, s.wrong("", "a record is expected")
	}
	value := reflect.New(s.goType).Elem()
	known := 0
	for _, each := range s.fields {
		item, isThere := data[each.key]
		if !isThere && each.isOptional {
			continue
		}
		known++
		target := value.Field(each.index)
		if each.isOptional {
			target.Set(reflect.New(each.goType))
			target = target.Elem()
		}
		if !assign(target, item) {
			return reflect.Value{}, s.wrong(each.key, fmt.Sprintf("a %v is expected", each.goType.Kind()))
		}
		if checked, ok := target.Interface().(validator); ok {
			if err := checked.Validate(); err != nil {
				return reflect.Value{}, s.wrong(each.key, err.Error())
			}
		}
	}
	if isStrict && known < len(data) {
		return reflect.Value{}, s.wrong("", "it has a field that its type does not know")
	}
	return value, nil
}

// assign reports whether the decoded item has the kind of the target.
func assign(target reflect.Value, item any) bool {
	switch item := item.(type) {
	case string:
		if target.Kind() == reflect.String {
			target.SetString(item)
			return true
		}
	case int64:
		if target.Kind() == reflect.Int64 {
			target.SetInt(item)
			return true
		}
	case uint64:
		return target.Kind() == reflect.Int64 && item <= math.MaxInt64 && assign(target, int64(item))
	case bool:
		if target.Kind() == reflect.Bool {
			target.SetBool(item)
			return true
		}
	}
	return false
}

func (s shape) wrong(key, problem string) *Fault {
	path := s.goType.Name()
	if key != "" {
		path += "." + key
	}
	return &Fault{Code: "invalid-shape", Message: path + ": " + problem}
}
