package action

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Run serves until ctx ends, and prints one line with the address once it listens.
//
// Then /readyz answers 503 and new actions are refused, while those that run have the config's Grace to
// answer; after that their contexts end too. The error is nil after such a stop.
func (s *Server) Run(ctx context.Context) error {
	settings, err := s.config.tls()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(s.config.Host, strconv.Itoa(s.config.Port)))
	if err != nil {
		return err
	}
	actions, endActions := context.WithCancel(context.Background())
	defer endActions()
	server := &http.Server{
		Handler:           s,
		TLSConfig:         settings,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       60 * time.Second,
		IdleTimeout:       120 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return actions },
		ErrorLog:          slog.NewLogLogger(slog.Default().Handler(), slog.LevelWarn),
	}
	scheme, serve := "http", func() error { return server.Serve(listener) }
	if settings != nil {
		scheme, serve = "https", func() error { return server.ServeTLS(listener, "", "") }
	}
	failed := make(chan error, 1)
	go func() { failed <- serve() }()
	fmt.Printf("listening on %s://%s\n", scheme, listener.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	// The listener stays open for now: who asks whether the server is ready shall hear that it is not.
	select {
	case <-s.running.end():
	case <-time.After(s.config.Grace):
		endActions()
	}
	last, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := server.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return server.Close()
}
