// Package storage stands for the client of Google Cloud's storage.
package storage

// ScopeReadWrite is the right that the engine asks for, as in the client itself.
const ScopeReadWrite = "https://www.googleapis.com/auth/devstorage.read_write"
