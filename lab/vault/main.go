// Command lab-vault is the laboratory's Vault: the open core of HashiCorp Vault, with the one
// function that its open build leaves out, the minting of plugin identity tokens.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/hashicorp/go-hclog"
)

func main() {
	err := run(os.Args[1:])
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "lab-vault:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	chosen, err := parseOptions(arguments)
	if err != nil {
		return err
	}
	if err := confineAWS(os.Environ(), chosen.masked, os.Setenv); err != nil {
		return err
	}
	unlock, err := lockHome(chosen.home)
	if err != nil {
		return err
	}
	defer unlock()

	stopping, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()

	logger := hclog.New(&hclog.LoggerOptions{Level: hclog.Info, Output: os.Stderr})
	chosen.pretendVersion()
	cluster, err := openCluster(stopping, chosen, logger)
	if err != nil {
		return err
	}
	served := serve(stopping, cluster.listeners(), logger)
	return errors.Join(served, cluster.shutdown())
}
