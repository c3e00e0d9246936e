package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
)

func TestAnInterruptedInitialisationIsBegunAnew(t *testing.T) {
	chosen := options{home: t.TempDir(), apiAddr: "https://vault.lab.test", version: "1.21.0", edition: community}
	if err := initialise(context.Background(), chosen, namespace.RootNamespace, hclog.NewNullLogger()); err != nil {
		t.Fatal(err)
	}
	// As a process leaves it that is killed before its storage takes its place.
	if err := os.Rename(chosen.data(), chosen.data()+".new"); err != nil {
		t.Fatal(err)
	}

	core, _, err := openVault(context.Background(), chosen, namespace.RootNamespace, hclog.NewNullLogger())
	if err != nil {
		t.Fatal(err)
	}
	if core.Sealed() {
		t.Error("Vault is sealed")
	}
	if err := core.Shutdown(); err != nil {
		t.Error(err)
	}
}

func TestStorageWithoutItsKeyIsNeverOverwritten(t *testing.T) {
	chosen := options{home: t.TempDir(), edition: community}
	if err := os.MkdirAll(filepath.Join(chosen.data(), "core"), 0o700); err != nil {
		t.Fatal(err)
	}

	_, _, err := openVault(context.Background(), chosen, namespace.RootNamespace, hclog.NewNullLogger())

	if err == nil || !strings.Contains(err.Error(), initFile) {
		t.Errorf("refusal does not name the missing file: %v", err)
	}
}

func TestOneHomeServesOneVault(t *testing.T) {
	home := t.TempDir()
	unlock, err := lockHome(home)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockHome(home); err == nil {
		t.Error("a second Vault got the same storage")
	}
	unlock()
	again, err := lockHome(home)
	if err != nil {
		t.Fatalf("the lock outlives its holder: %v", err)
	}
	again()
}
