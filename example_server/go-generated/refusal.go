package main

import (
	"encoding/json"
	"errors"
	"mime"
	"net/http"

	"example.com/actions"
)

const mostBytes = 16 << 20

// guarded refuses what the stubs would take for an invocation though it is none.
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				problem(w, http.StatusUnsupportedMediaType, "send application/json")
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, mostBytes)
		}
		next.ServeHTTP(w, r)
	})
}

// refuse turns an error of the stubs or of an action into problem details.
func refuse(w http.ResponseWriter, _ *http.Request, err error, result *actions.ImplResponse) {
	var tooLarge *http.MaxBytesError
	var parsing *actions.ParsingError
	var required *actions.RequiredError
	switch {
	case errors.As(err, &tooLarge):
		problem(w, http.StatusRequestEntityTooLarge, "the body is too large")
	case errors.As(err, &parsing), errors.As(err, &required):
		problem(w, http.StatusBadRequest, err.Error())
	default:
		problem(w, result.Code, err.Error())
	}
}

func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	body := map[string]any{"title": http.StatusText(status), "status": status, "detail": detail}
	_ = json.NewEncoder(w).Encode(body) // the caller has gone if it cannot be written
}
