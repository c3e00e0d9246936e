package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// initialisation is what Vault tells once, when it is initialised, and never again.
type initialisation struct {
	RootToken string `json:"root_token"`
	UnsealKey string `json:"unseal_key"`
}

const initFile = "init.json"

// lockHome keeps a second Vault off the same storage; the lock dies with the process.
func lockHome(home string) (unlock func(), err error) {
	if err := os.MkdirAll(home, 0o700); err != nil {
		return nil, err
	}
	held, err := os.OpenFile(filepath.Join(home, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		held.Close()
		return nil, fmt.Errorf("%s is in use by another Vault: stop that one first (%w)", home, err)
	}
	return func() { held.Close() }, nil
}

func exists(path string) (bool, error) {
	_, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func readInitialisation(home string) (initialisation, error) {
	var kept initialisation
	content, err := os.ReadFile(filepath.Join(home, initFile))
	if err != nil {
		return kept, fmt.Errorf("Vault's storage in %s cannot be unsealed without its key: restore the file or delete the folder to begin anew: %w", home, err)
	}
	if err := json.Unmarshal(content, &kept); err != nil {
		return kept, fmt.Errorf("%s is not valid JSON: restore the file or delete the folder to begin anew: %w",
			filepath.Join(home, initFile), err)
	}
	return kept, nil
}

func writeInitialisation(home string, kept initialisation) error {
	return writeFile(home, initFile, kept)
}

// writeFile returns once the value is on disk as JSON, whole, and readable by its owner alone.
func writeFile(folder, name string, value any) (err error) {
	content, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	temporary, err := os.CreateTemp(folder, "."+name+".") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(temporary.Name()))
		}
	}()
	_, err = temporary.Write(append(content, '\n'))
	if err = errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err = os.Rename(temporary.Name(), filepath.Join(folder, name)); err != nil {
		return err
	}
	return syncFolder(folder)
}

func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
