// Package seal stands for the seals of Vault that keep its key with a cloud.
package seal

import (
	"context"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"

	"vault-aws-federation/tools/absent"
)

// Wrapper refuses to be configured, and so is never asked for anything else.
type Wrapper struct {
	Kind wrapping.WrapperType
}

func (w *Wrapper) absent() error { return absent.Error("the seal " + string(w.Kind)) }

// Type tells which seal is absent.
func (w *Wrapper) Type(context.Context) (wrapping.WrapperType, error) { return w.Kind, nil }

// KeyId refuses.
func (w *Wrapper) KeyId(context.Context) (string, error) { return "", w.absent() }

// SetConfig refuses.
func (w *Wrapper) SetConfig(context.Context, ...wrapping.Option) (*wrapping.WrapperConfig, error) {
	return nil, w.absent()
}

// Encrypt refuses.
func (w *Wrapper) Encrypt(context.Context, []byte, ...wrapping.Option) (*wrapping.BlobInfo, error) {
	return nil, w.absent()
}

// Decrypt refuses.
func (w *Wrapper) Decrypt(context.Context, *wrapping.BlobInfo, ...wrapping.Option) ([]byte, error) {
	return nil, w.absent()
}

// Ignored is an option that only the absent seal would have understood.
func Ignored() any { return nil }
