package action

import (
	"bytes"
	"encoding/json"
)

// Responder takes what an action adds to the turn. Nothing of what the caller sent is in it, since an answer
// that echoes directives would show them twice.
type Responder struct {
	// Frame and Slots hold what to set; other keys of the app's frame and slots stay as they are.
	Frame map[string]any
	Slots map[string]any

	// Params holds settings for the next turn. It begins with the five that the caller sent and that stock
	// MindMeld would forget if an answer left them out.
	Params Params

	directives []Directive
	onAdd      func(Directive)
}

// Params are settings for the next turn; an empty one means "no change".
type Params struct {
	TargetDialogueState string         `json:"target_dialogue_state,omitempty"`
	DynamicResource     map[string]any `json:"dynamic_resource,omitempty"`
	AllowedIntents      []string       `json:"allowed_intents,omitempty"`
	AllowNLP            []string       `json:"allow_nlp,omitempty"`
	DenyNLP             []string       `json:"deny_nlp,omitempty"`
	TimeZone            string         `json:"time_zone,omitempty"`
	Language            string         `json:"language,omitempty"`
	Locale              string         `json:"locale,omitempty"`
	Timestamp           int64          `json:"timestamp,omitempty"`
}

// Directive tells the front end to do something. Type is "view" or "action".
type Directive struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Payload any    `json:"payload,omitempty"`
}

func newResponder(request *Request) *Responder {
	sent, _ := Member(request.Body, "responder", "params").(map[string]any)
	return &Responder{
		Frame: map[string]any{},
		Slots: map[string]any{},
		Params: Params{
			TargetDialogueState: Text(sent["target_dialogue_state"]),
			TimeZone:            Text(sent["time_zone"]),
			Language:            Text(sent["language"]),
			Locale:              Text(sent["locale"]),
			Timestamp:           wholeNumber(sent["timestamp"]),
		},
	}
}

// Reply shows a text.
func (r *Responder) Reply(text string) {
	r.Add(Directive{Name: "reply", Type: "view", Payload: map[string]string{"text": text}})
}

// List shows a list.
func (r *Responder) List(items []any) {
	r.Add(Directive{Name: "list", Type: "view", Payload: items})
}

// Suggest offers what to say next.
func (r *Responder) Suggest(texts ...string) {
	offers := make([]map[string]string, 0, len(texts))
	for _, text := range texts {
		offers = append(offers, map[string]string{"text": text})
	}
	r.Add(Directive{Name: "suggestions", Type: "view", Payload: offers})
}

// Listen opens the microphone.
func (r *Responder) Listen() {
	r.Add(Directive{Name: "listen", Type: "action"})
}

// Add adds any directive. A caller that asked for a stream gets it at once.
func (r *Responder) Add(directive Directive) {
	r.directives = append(r.directives, directive)
	if r.onAdd != nil {
		r.onAdd(directive)
	}
}

// Directives gives what was added so far.
func (r *Responder) Directives() []Directive {
	return r.directives
}

// MarshalJSON writes all four members of the contract, none of them null.
func (r *Responder) MarshalJSON() ([]byte, error) {
	return encode(struct {
		Directives []Directive    `json:"directives"`
		Frame      map[string]any `json:"frame"`
		Params     Params         `json:"params"`
		Slots      map[string]any `json:"slots"`
	}{
		Directives: append([]Directive{}, r.directives...),
		Frame:      orEmpty(r.Frame),
		Params:     r.Params,
		Slots:      orEmpty(r.Slots),
	})
}

func orEmpty(object map[string]any) map[string]any {
	if object == nil {
		return map[string]any{}
	}
	return object
}

// encode writes JSON without escaping <, > and &, which are nothing special outside of HTML.
func encode(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}
