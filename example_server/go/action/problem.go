package action

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

const problemPrefix = "urn:mm-actions:problem:"

// kinds are the problems that the contract names for a status.
var kinds = map[int]struct{ name, title string }{
	http.StatusBadRequest:            {"invalid-request", "Invalid request"},
	http.StatusUnauthorized:          {"unauthorized", "Unauthorized"},
	http.StatusForbidden:             {"forbidden", "Forbidden"},
	http.StatusConflict:              {"in-progress", "Request in progress"},
	http.StatusRequestEntityTooLarge: {"too-large", "Content too large"},
	http.StatusUnsupportedMediaType:  {"media-type", "Unsupported media type"},
	http.StatusTooManyRequests:       {"rate-limited", "Too many requests"},
	http.StatusServiceUnavailable:    {"unavailable", "Unavailable"},
}

// Problem is an answer that is not a success (RFC 9457). A [Handler] returns one to say what the caller may
// know; any other error becomes a 500 that says nothing.
//
// Only Status is needed: an empty Type and Title are filled in with what the contract names for it.
type Problem struct {
	Type   string  `json:"type"`
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail,omitempty"`
	Action string  `json:"action,omitempty"`
	Errors []Fault `json:"errors,omitempty"`

	// RetryAfter tells the caller when to try again, for 429 and 503; rounded up to whole seconds.
	RetryAfter time.Duration `json:"-"`

	// header holds further headers that belong to the status, such as Allow.
	header http.Header
}

// Fault is one thing that is wrong with a request's body.
type Fault struct {
	Pointer string `json:"pointer"`
	Detail  string `json:"detail"`
}

// Error says what went wrong.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%d %s", p.Status, p.Title)
	}
	return fmt.Sprintf("%d %s: %s", p.Status, p.Title, p.Detail)
}

// NewProblem makes a problem of a kind of its own, for what the contract has no name for.
func NewProblem(status int, kind, title, detail string) *Problem {
	return &Problem{Status: status, Type: problemPrefix + kind, Title: title, Detail: detail}
}

// problem makes the problem that the contract names for a status.
func problem(status int, detail string) *Problem {
	return &Problem{Status: status, Detail: detail}
}

func (p *Problem) with(header, value string) *Problem {
	p.header = http.Header{header: {value}}
	return p
}

// completed fills in what a handler left out; a handler may use the same value again, so this is a copy.
func (p *Problem) completed(action string) *Problem {
	whole := *p
	if http.StatusText(whole.Status) == "" || whole.Status < http.StatusBadRequest {
		whole.Status = http.StatusInternalServerError
	}
	kind, known := kinds[whole.Status]
	switch {
	case whole.Type == "" && known:
		whole.Type = problemPrefix + kind.name
	case whole.Type == "":
		whole.Type = "about:blank"
	}
	if whole.Title == "" {
		whole.Title = http.StatusText(whole.Status)
		if known {
			whole.Title = kind.title
		}
	}
	if whole.Action == "" {
		whole.Action = action
	}
	return &whole
}

func (p *Problem) write(w http.ResponseWriter) {
	whole := p.completed("")
	header := w.Header()
	for name, values := range whole.header {
		header[name] = values
	}
	if whole.RetryAfter > 0 {
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(whole.RetryAfter.Seconds()))))
	}
	body, err := json.Marshal(whole)
	if err != nil {
		panic(err) // a Problem holds nothing that JSON cannot
	}
	writeBody(w, whole.Status, "application/problem+json", body)
}

func writeBody(w http.ResponseWriter, status int, mediaType string, body []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that left gets nothing
}
