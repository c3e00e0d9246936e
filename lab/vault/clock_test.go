package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestTheClockRunsAheadAsAskedAndFollowsEveryChange(t *testing.T) {
	asked := clock{switches: filepath.Join(t.TempDir(), "switches.json")}
	for content, wanted := range map[string]time.Duration{
		"":                                       0,
		"{}":                                     0,
		`{"vault_clock_offset_seconds": 3600.5}`: 3600500 * time.Millisecond,
		`{"vault_clock_offset_seconds": -60}`:    -time.Minute,
	} {
		if content != "" {
			if err := os.WriteFile(asked.switches, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.RemoveAll(asked.switches); err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		now, err := asked.now()
		if err != nil {
			t.Fatal(err)
		}
		if now.Before(before.Add(wanted)) || now.After(time.Now().Add(wanted)) {
			t.Errorf("%q: the clock says %v", content, now)
		}
	}
}

func TestSwitchesThatCannotBeReadMoveNoClock(t *testing.T) {
	file := filepath.Join(t.TempDir(), "switches.json")
	if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (clock{switches: file}).now(); err == nil {
		t.Error("the time was told all the same")
	}
}
