// A server for two of the sample actions, around stubs that mm-actions has generated.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"example.com/actions"
)

//go:generate mm-actions stubs go-server --profile core --package example.com/actions -o build/stubs --force

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "the server cannot go on:", err)
		os.Exit(1)
	}
}

func run() error {
	address := flag.String("listen", "127.0.0.1:8080", "where to listen; port 0 takes a free one")
	certificate := flag.String("tls-cert", "", "serve https with this certificate, PEM")
	key := flag.String("tls-key", "", "its private key, PEM")
	flag.Parse()

	controller := actions.NewActionsAPIController(Shop{}, actions.WithActionsAPIErrorHandler(refuse))
	server := &http.Server{
		Handler:           guarded(actions.NewRouter(controller)),
		ReadHeaderTimeout: 10 * time.Second,
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		if *certificate != "" || *key != "" {
			ended <- server.ServeTLS(listener, *certificate, *key)
		} else {
			ended <- server.Serve(listener)
		}
	}()
	scheme := "http"
	if *certificate != "" {
		scheme = "https"
	}
	fmt.Printf("listening on %s://%s\n", scheme, listener.Addr())
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(grace)
	}
}
