package action

import "net/http"

// event is one line of a streamed answer.
type event struct {
	Event     string     `json:"event"`
	Directive *Directive `json:"directive,omitempty"`
	Responder rawJSON    `json:"responder,omitempty"`
	Problem   *Problem   `json:"problem,omitempty"`
}

type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }

// stream sends each directive as the action adds it, and last the whole answer. The status is 200 from the
// first directive on; an action that fails before it is answered as by POST /action.
func (s *Server) stream(w http.ResponseWriter, r *http.Request) *Problem {
	out := &eventWriter{to: w, flusher: http.NewResponseController(w)}
	result := s.perform(w, r, func(directive Directive) {
		out.write(event{Event: "directive", Directive: &directive})
	})
	switch {
	case result.problem == nil:
		out.write(event{Event: "result", Responder: result.answer})
	case out.begun:
		out.write(event{Event: "error", Problem: result.problem.completed("")})
	default:
		return result.problem
	}
	return nil
}

type eventWriter struct {
	to      http.ResponseWriter
	flusher *http.ResponseController
	begun   bool
}

func (e *eventWriter) write(line event) {
	text, err := encode(line)
	if err != nil {
		return // a directive that JSON cannot hold ends the action with an error, which is written then
	}
	if !e.begun {
		e.to.Header().Set("Content-Type", "application/x-ndjson")
		e.begun = true
	}
	_, _ = e.to.Write(append(text, '\n')) // a client that left gets nothing
	_ = e.flusher.Flush()
}
