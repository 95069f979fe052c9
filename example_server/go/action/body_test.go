package action

import (
	"strings"
	"testing"
)

func TestHalvesOfSurrogatePairsAreFound(t *testing.T) {
	tests := map[string]bool{
		`{"a":"\ud83e\udd50"}`:        false,
		`{"a":"\\ud83e"}`:             false,
		`{"a":"\u00e9\n"}`:            false,
		`{"a":"\ud83e"}`:              true,
		`{"a":"\ud83ex"}`:             true,
		`{"a":"\ud83e\n"}`:            true,
		`{"a":"\udd50"}`:              true,
		`{"a":"\\\udd50"}`:            true,
		`{"\ud83e\ud83e\udd50":1}`:    true,
		`{"a":"\ud83e\udd50\udd50"}`:  true,
		`{"a":"\uD83E\uDD50\\uDD50"}`: false,
	}
	for body, half := range tests {
		if _, refused := decode([]byte(body)); (refused != nil) != half {
			t.Errorf("%s: %v", body, refused)
		}
	}
}

func TestNestingIsLimited(t *testing.T) {
	for depth, fine := range map[int]bool{10: true, maxDepth - 2: true, maxDepth: false, 9_000: false, 100_000: false} {
		body := `{"a":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}`
		if _, refused := decode([]byte(body)); (refused == nil) != fine {
			t.Errorf("%d levels: %v", depth, refused)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, body := range []string{`{}`, `{"a":"\ud83e\udd50"}`, `{"a":1e400}`, `[[`, "\xff", `{"a":"\u`, ``} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		object, refused := decode(body)
		if (object == nil) == (refused == nil) {
			t.Errorf("%q gave %v and %v", body, object, refused)
		}
		if object != nil {
			_, _ = readRequest(object)
			if _, err := encode(object); err != nil {
				t.Errorf("%q cannot be sent back: %v", body, err)
			}
		}
	})
}
