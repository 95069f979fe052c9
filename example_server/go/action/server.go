// Package action serves custom actions over HTTP: the contract's checks and headers are here, so that an
// action is a plain function.
//
//	server := action.NewServer(config)
//	server.Handle(action.Info{Name: "greet", Description: "Say hello."}, greet)
//	err := server.Run(ctx)
package action

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// Handler carries out an action. It fills the responder, and returns a [*Problem] to refuse or to fail with a
// status of its own. ctx ends when the caller no longer waits, or when the server has to stop.
type Handler func(ctx context.Context, request *Request, responder *Responder) error

// Info is an action as GET /actions lists it.
type Info struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Idempotent  bool     `json:"idempotent"` // repeating it does no harm
	Intents     []string `json:"intents,omitempty"`
	TimeoutMS   int      `json:"timeout_ms,omitempty"`
}

// Server answers the contract's operations. It is an [http.Handler].
type Server struct {
	config    Config
	infos     []Info
	handlers  map[string]Handler
	other     Handler
	replays   *replays
	running   running
	endpoints map[string]endpoint
}

type endpoint struct {
	method string
	open   bool // answers without credentials
	serve  func(http.ResponseWriter, *http.Request) *Problem
}

// NewServer makes a server without actions.
func NewServer(config Config) *Server {
	s := &Server{config: config, handlers: map[string]Handler{}, replays: newReplays()}
	s.endpoints = map[string]endpoint{
		"/action":        {method: http.MethodPost, serve: s.invoke},
		"/action/stream": {method: http.MethodPost, serve: s.stream},
		"/actions":       {method: http.MethodGet, serve: s.list},
		"/healthz":       {method: http.MethodGet, open: true, serve: s.alive},
		"/readyz":        {method: http.MethodGet, open: true, serve: s.ready},
	}
	return s
}

// Handle adds an action. It panics if the name is taken or empty, which is a mistake in the program.
func (s *Server) Handle(info Info, handler Handler) {
	if _, taken := s.handlers[info.Name]; taken || info.Name == "" || handler == nil {
		panic(fmt.Sprintf("action: %q is taken, or lacks a name or a handler", info.Name))
	}
	s.infos = append(s.infos, info)
	s.handlers[info.Name] = handler
}

// HandleOther answers for every name that has no action; without it, they get a 404.
func (s *Server) HandleOther(handler Handler) {
	s.other = handler
}

var callID = regexp.MustCompile(`^[!-~]{1,256}$`)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if id := r.Header.Get("X-MM-Call-Id"); callID.MatchString(id) {
		w.Header().Set("X-MM-Call-Id", id)
	}
	if refused := s.serve(w, r); refused != nil {
		refused.write(w)
	}
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) *Problem {
	found, known := s.endpoints[strings.TrimSuffix(r.URL.Path, "/")]
	if !known {
		return problem(http.StatusNotFound, "")
	}
	if r.Method != found.method {
		return problem(http.StatusMethodNotAllowed, "Use "+found.method+".").with("Allow", found.method)
	}
	if !found.open && !s.admits(r.Header.Get("Authorization")) {
		return problem(http.StatusUnauthorized, "A bearer token is needed.").with("Www-Authenticate", "Bearer")
	}
	return found.serve(w, r)
}

func (s *Server) admits(authorization string) bool {
	if s.config.Token == "" {
		return true
	}
	scheme, given, _ := strings.Cut(authorization, " ")
	wanted, shown := sha256.Sum256([]byte(s.config.Token)), sha256.Sum256([]byte(strings.TrimSpace(given)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(wanted[:], shown[:]) == 1
}

func (s *Server) alive(w http.ResponseWriter, _ *http.Request) *Problem {
	writeBody(w, http.StatusOK, "application/json", []byte(`{"status":"pass"}`))
	return nil
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) *Problem {
	if s.running.ending() {
		return stopping()
	}
	return s.alive(w, r)
}

func (s *Server) list(w http.ResponseWriter, _ *http.Request) *Problem {
	body, err := encode(map[string][]Info{"actions": append([]Info{}, s.infos...)})
	if err != nil {
		panic(err) // an Info holds nothing that JSON cannot
	}
	writeBody(w, http.StatusOK, "application/json", body)
	return nil
}

func (s *Server) invoke(w http.ResponseWriter, r *http.Request) *Problem {
	result := s.perform(w, r, nil)
	if result.problem == nil {
		writeBody(w, http.StatusOK, "application/json", result.answer)
	}
	return result.problem
}

// perform reads the request and carries it out, once for each Idempotency-Key.
func (s *Server) perform(w http.ResponseWriter, r *http.Request, onAdd func(Directive)) *outcome {
	if !s.running.enter() {
		return &outcome{problem: stopping()}
	}
	defer s.running.leave()
	ctx, cancel, refused := withTimeout(r)
	if refused != nil {
		return &outcome{problem: refused}
	}
	defer cancel()
	body, refused := readBody(w, r, s.config.MaxBody)
	if refused != nil {
		return &outcome{problem: refused}
	}
	object, refused := decode(body)
	if refused != nil {
		return &outcome{problem: refused}
	}
	request, refused := readRequest(object)
	if refused != nil {
		return &outcome{problem: refused}
	}
	values, given := r.Header["Idempotency-Key"]
	if !given {
		return s.carryOut(ctx, request, onAdd)
	}
	if length := len(values[0]); length < 1 || length > 255 {
		return &outcome{problem: problem(http.StatusBadRequest, "Idempotency-Key has 1 to 255 characters.")}
	}
	key := r.URL.Path + " " + values[0]
	kept, refused := s.replays.claim(key, body)
	switch {
	case refused != nil:
		return &outcome{problem: refused}
	case kept != nil:
		for _, directive := range kept.directives {
			if onAdd != nil {
				onAdd(directive)
			}
		}
		return kept
	}
	result := s.carryOut(ctx, request, onAdd)
	s.replays.settle(key, result) // before the caller has the answer, since it may repeat itself right after
	return result
}

func (s *Server) carryOut(ctx context.Context, request *Request, onAdd func(Directive)) *outcome {
	handler := s.handlers[request.Action]
	if handler == nil {
		handler = s.other
	}
	if handler == nil {
		unknown := NewProblem(http.StatusNotFound, "unknown-action", "Unknown action", "GET /actions lists the names.")
		return &outcome{problem: unknown.completed(request.Action)}
	}
	responder := newResponder(request)
	responder.onAdd = onAdd
	err := safely(ctx, handler, request, responder)
	if err == nil {
		var answer []byte
		if answer, err = encode(responder); err == nil {
			return &outcome{answer: answer, directives: responder.directives}
		}
	}
	return &outcome{problem: explain(ctx, request.Action, err).completed(request.Action)}
}

// explain makes a problem of a handler's error. The text of any other error stays in the log.
func explain(ctx context.Context, action string, err error) *Problem {
	var own *Problem
	switch {
	case errors.As(err, &own):
		return own
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() != nil:
		return NewProblem(http.StatusGatewayTimeout, "timed-out", "Action timed out",
			"The action did not end within the time that the caller gave it.")
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return stopping()
	}
	slog.Error("an action failed", "action", action, "error", err)
	return problem(http.StatusInternalServerError, "The action failed.")
}

// safely turns a panic into an error: net/http would cut the connection.
func safely(ctx context.Context, handler Handler, request *Request, responder *Responder) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return handler(ctx, request, responder)
}

var milliseconds = regexp.MustCompile(`^[1-9][0-9]{0,8}$`)

// withTimeout gives a context that ends when the caller no longer waits.
func withTimeout(r *http.Request) (context.Context, context.CancelFunc, *Problem) {
	given, isGiven := r.Header["X-Mm-Timeout-Ms"]
	if !isGiven {
		ctx, cancel := context.WithCancel(r.Context())
		return ctx, cancel, nil
	}
	if !milliseconds.MatchString(given[0]) {
		return nil, nil, problem(http.StatusBadRequest, "X-MM-Timeout-Ms is a number of milliseconds above 0.")
	}
	number, _ := strconv.Atoi(given[0]) // nine digits at most
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(number)*time.Millisecond)
	return ctx, cancel, nil
}

func stopping() *Problem {
	return &Problem{Status: http.StatusServiceUnavailable, Detail: "The server is stopping.", RetryAfter: time.Second}
}
