package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// clock dates tokens: the machine's time, moved by what the laboratory is asked at that moment.
type clock struct {
	// switches is the laboratory's file of switches; without one, nothing is moved.
	switches string
}

// now reads the file anew each time, so that a test moves the clock while Vault runs.
func (c clock) now() (time.Time, error) {
	content, err := os.ReadFile(c.switches)
	if errors.Is(err, fs.ErrNotExist) {
		return time.Now(), nil
	}
	if err != nil {
		return time.Time{}, err
	}
	var asked struct {
		Seconds float64 `json:"vault_clock_offset_seconds"`
	}
	if err := json.Unmarshal(content, &asked); err != nil {
		return time.Time{}, fmt.Errorf("reading the switches in %s: %w", c.switches, err)
	}
	return time.Now().Add(time.Duration(asked.Seconds * float64(time.Second))), nil
}
