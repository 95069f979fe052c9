// The sample server in Go: coffee shops behind POST /action.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"example.com/coffee/action"
	"example.com/coffee/coffee"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "the server cannot go on:", err)
		os.Exit(1)
	}
}

func run() error {
	config, err := action.ConfigFromEnvironment()
	if err != nil {
		return err
	}
	config.AddFlags(flag.CommandLine)
	knownOnly := flag.Bool("known-only", false, "answer 404 to action names that are not in the catalogue")
	flag.Parse()

	server := action.NewServer(config)
	coffee.Register(server)
	if !*knownOnly {
		server.HandleOther(coffee.Invoking)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	return server.Run(ctx)
}
