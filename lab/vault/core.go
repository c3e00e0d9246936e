package main

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/vault/helper/namespace"
	"github.com/hashicorp/vault/sdk/physical/file"
	"github.com/hashicorp/vault/vault"
)

// housekeeping is how often Vault looks for keys due for rotation and leases due for revocation.
// Its own default of a minute would make a rotation up to a minute late.
const housekeeping = 10 * time.Second

// openVault returns an unsealed core on the home's storage, initialising it on first use, and the
// core's root token. The core itself knows no namespace but its own root; where names the one it
// plays.
func openVault(ctx context.Context, chosen options, where *namespace.Namespace, logger hclog.Logger) (*vault.Core, string, error) {
	stored, err := exists(chosen.data())
	if err != nil {
		return nil, "", err
	}
	if !stored {
		if err := initialise(ctx, chosen, where, logger); err != nil {
			return nil, "", fmt.Errorf("initialising Vault in %s: %w", chosen.home, err)
		}
	}
	kept, err := readInitialisation(chosen.home)
	if err != nil {
		return nil, "", err
	}
	core, err := newCore(chosen, where, chosen.data(), logger)
	if err != nil {
		return nil, "", fmt.Errorf("opening Vault's storage in %s: %w", chosen.home, err)
	}
	return core, kept.RootToken, unseal(core, kept)
}

// initialise works in a folder of its own that takes its place only after the key is on disk: a
// process killed in between leaves nothing that cannot be unsealed.
func initialise(ctx context.Context, chosen options, where *namespace.Namespace, logger hclog.Logger) error {
	staging := chosen.data() + ".new"
	if err := os.RemoveAll(staging); err != nil {
		return err
	}
	core, err := newCore(chosen, where, staging, logger)
	if err != nil {
		return err
	}
	result, err := core.Initialize(namespace.RootContext(ctx), &vault.InitParams{
		BarrierConfig: &vault.SealConfig{SecretShares: 1, SecretThreshold: 1},
	})
	if err != nil {
		return err
	}
	if err := core.Shutdown(); err != nil {
		return err
	}
	err = writeInitialisation(chosen.home, initialisation{
		RootToken: result.RootToken,
		UnsealKey: hex.EncodeToString(result.SecretShares[0]),
	})
	if err != nil {
		return err
	}
	if err := os.Rename(staging, chosen.data()); err != nil {
		return err
	}
	return syncFolder(chosen.home)
}

func newCore(chosen options, where *namespace.Namespace, storage string, logger hclog.Logger) (*vault.Core, error) {
	physical, err := file.NewFileBackend(map[string]string{"path": storage}, logger.Named("storage.file"))
	if err != nil {
		return nil, err
	}
	plugins := newRegistry()
	tokens := &identityTokens{namespace: where, now: clock{switches: chosen.switches}.now}
	if chosen.edition == enterprise {
		plugins.giveIdentity("aws", tokens)
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:           physical,
		StorageType:        "file",
		Logger:             logger,
		DisableMlock:       true,
		RedirectAddr:       chosen.apiAddr,
		LogicalBackends:    plugins.secrets,
		CredentialBackends: plugins.auth,
		BuiltinRegistry:    plugins,
		RollbackPeriod:     housekeeping,
	})
	if err != nil {
		return nil, err
	}
	tokens.core = core
	return core, nil
}

func unseal(core *vault.Core, kept initialisation) error {
	key, err := hex.DecodeString(kept.UnsealKey)
	if err != nil {
		return fmt.Errorf("the unseal key in %s is not hexadecimal", initFile)
	}
	unsealed, err := core.Unseal(key)
	if err != nil {
		return fmt.Errorf("unsealing Vault: %w", err)
	}
	if !unsealed {
		return fmt.Errorf("Vault asks for more keys than %s holds: it belongs to other storage", initFile)
	}
	return nil
}
