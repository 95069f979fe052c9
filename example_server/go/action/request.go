package action

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Request is what the dialogue app knows of the turn. Members that are absent or null are empty here.
type Request struct {
	Action   string
	Text     string
	Domain   string
	Intent   string
	Entities []Entity

	// Body is the whole invocation, for members without a field here: strings, bools, [json.Number],
	// []any, map[string]any and nil.
	Body map[string]any
}

// Entity is something that the user named.
type Entity struct {
	Type string
	Text string
	Role string

	// Value is any JSON value; resolved, it is a list of candidates.
	Value any
}

// Context looks into the state of the front end; nil where the path ends early.
func (r *Request) Context(path ...string) any {
	return Member(r.Body, append([]string{"request", "context"}, path...)...)
}

// Frame looks into the frame: what an earlier action of the turn has set, else what the turn began with.
func (r *Request) Frame(path ...string) any {
	if set := Member(r.Body, append([]string{"responder", "frame"}, path...)...); set != nil {
		return set
	}
	return Member(r.Body, append([]string{"request", "frame"}, path...)...)
}

// Entity gives the first entity of these types.
func (r *Request) Entity(types ...string) (Entity, bool) {
	for _, entity := range r.Entities {
		if slices.Contains(types, entity.Type) {
			return entity, true
		}
	}
	return Entity{}, false
}

// Names gives what the entity stands for, best candidate first, and last the user's own words.
func (e Entity) Names() []string {
	var names []string
	for _, candidate := range e.candidates() {
		for _, key := range []string{"cname", "id", "value"} {
			if name := Text(Member(candidate, key)); name != "" {
				names = append(names, name)
			}
		}
	}
	if text := Text(e.Text); text != "" {
		names = append(names, text)
	}
	return names
}

// Name gives the canonical name, or the user's own words.
func (e Entity) Name() string {
	if names := e.Names(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// Plain gives the value of the best candidate, such as the number of a sys_number.
func (e Entity) Plain() any {
	candidates := e.candidates()
	if len(candidates) == 0 {
		return nil
	}
	if object, isObject := candidates[0].(map[string]any); isObject {
		return object["value"]
	}
	return candidates[0]
}

func (e Entity) candidates() []any {
	if list, isList := e.Value.([]any); isList {
		return list
	}
	return []any{e.Value}
}

// Member follows the names of members into a JSON value; nil where the path ends early.
func Member(value any, path ...string) any {
	for _, name := range path {
		object, isObject := value.(map[string]any)
		if !isObject {
			return nil
		}
		value = object[name]
	}
	return value
}

// Text gives a text that is not blank, else "".
func Text(value any) string {
	if text, isText := value.(string); isText && strings.TrimSpace(text) != "" {
		return text
	}
	return ""
}

// readRequest checks the members that this package reads, and leaves the others alone.
func readRequest(body map[string]any) (*Request, *Problem) {
	read := reader{}
	turn := read.object(body, "", "request")
	request := &Request{
		Action: read.text(body, "", "action"),
		Text:   read.text(turn, "/request", "text"),
		Domain: read.text(turn, "/request", "domain"),
		Intent: read.text(turn, "/request", "intent"),
		Body:   body,
	}
	for number, item := range read.list(turn, "/request", "entities") {
		place := fmt.Sprintf("/request/entities/%d", number)
		entity, isObject := item.(map[string]any)
		if !isObject && item != nil {
			read.fault(place, "must be of type object")
		}
		request.Entities = append(request.Entities, Entity{
			Type:  read.text(entity, place, "type"),
			Text:  read.text(entity, place, "text"),
			Role:  read.text(entity, place, "role"),
			Value: entity["value"],
		})
	}
	read.list(turn, "/request", "history")
	for _, name := range []string{"frame", "context", "params"} {
		read.object(turn, "/request", name)
	}
	sofar := read.object(body, "", "responder")
	read.list(sofar, "/responder", "directives")
	for _, name := range []string{"frame", "slots", "params"} {
		read.object(sofar, "/responder", name)
	}
	if request.Action == "" && !read.faulty("/action") {
		read.fault("/action", "is required")
	}
	if len(read.faults) > 0 {
		refused := problem(http.StatusBadRequest, "The request does not match the contract.")
		refused.Errors = read.faults
		return nil, refused
	}
	return request, nil
}

// reader takes members of any JSON value, and notes those of another type than the contract's.
type reader struct{ faults []Fault }

func (r *reader) fault(pointer, detail string) {
	const enough = 20
	if len(r.faults) < enough {
		r.faults = append(r.faults, Fault{Pointer: pointer, Detail: detail})
	}
}

func (r *reader) faulty(pointer string) bool {
	return slices.ContainsFunc(r.faults, func(fault Fault) bool { return fault.Pointer == pointer })
}

func (r *reader) text(of map[string]any, place, name string) string {
	return take[string](r, of, place, name, "string")
}

func (r *reader) object(of map[string]any, place, name string) map[string]any {
	return take[map[string]any](r, of, place, name, "object")
}

func (r *reader) list(of map[string]any, place, name string) []any {
	return take[[]any](r, of, place, name, "array")
}

func take[T any](r *reader, of map[string]any, place, name, word string) T {
	value, fits := of[name].(T)
	if !fits && of[name] != nil {
		r.fault(place+"/"+name, "must be of type "+word)
	}
	return value
}

// wholeNumber reads a timestamp, which is a string of digits or an integer; 0 for anything else.
func wholeNumber(value any) int64 {
	digits := ""
	switch value := value.(type) {
	case string:
		digits = value
	case json.Number:
		digits = value.String()
	}
	number, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0
	}
	return number
}
