"""Where one laboratory keeps everything it must remember over a restart."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Home:
    """One laboratory's folder (``.lab/`` unless told otherwise) and the files in it.

    Every file is written whole or not at all and readable by its owner alone, because Pulumi's
    state refers to what is in here and because some of it is secret.
    """

    root: Path

    @property
    def ports(self) -> Path:
        """Loopback ports: ``proxy``, ``vault``, ``issuer``, ``aws``, ``people``; chosen once."""
        return self.root / "ports.json"

    @property
    def accounts(self) -> Path:
        """AWS accounts: a list of ``name, id, partition, access_key_id, secret_access_key``."""
        return self.root / "accounts.json"

    @property
    def aws_config(self) -> Path:
        """AWS clients' configuration: a profile an account, ``<account>-deploy`` through a role."""
        return self.root / "clients" / "config"

    @property
    def aws_credentials(self) -> Path:
        """The AWS clients' credentials: each account's bootstrap administrator."""
        return self.root / "clients" / "credentials"

    @property
    def switches(self) -> Path:
        """What a test or a person asked the laboratory to do differently (``lab.switches``)."""
        return self.root / "switches.json"

    @property
    def writes(self) -> Path:
        """What the network saw written (or read) while a fault was set, a JSON object a line."""
        return self.root / "writes.jsonl"

    @property
    def authority(self) -> Path:
        """Folder of the laboratory's certificate authority."""
        return self.root / "ca"

    @property
    def trust_bundle(self) -> Path:
        """PEM file with the root certificates that clients trust."""
        return self.authority / "root.pem"

    @property
    def aws(self) -> Path:
        """Folder of the AWS front's state."""
        return self.root / "aws"

    @property
    def decisions(self) -> Path:
        """The front's decision log, a JSON object a line."""
        return self.aws / "decisions.jsonl"

    @property
    def vault(self) -> Path:
        """Folder of Vault's storage, seal key and root token."""
        return self.root / "vault"

    @property
    def vault_init(self) -> Path:
        """What initialising Vault gave: ``root_token`` and ``unseal_key``."""
        return self.vault / "init.json"

    @property
    def people(self) -> Path:
        """Clients and users of the identity provider, read anew for every request."""
        return self.root / "people" / "directory.json"

    @property
    def people_key(self) -> Path:
        """The identity provider's signing key, once somebody has asked for it."""
        return self.root / "people" / "key.json"

    @property
    def logs(self) -> Path:
        """Folder with one log a process."""
        return self.root / "logs"

    @property
    def vault_options(self) -> Path:
        """Which Vault was asked for; ``lab.laboratory.VaultOptions`` says what stands in it."""
        return self.root / "vault-options.json"

    @property
    def lock(self) -> Path:
        """File held locked by whoever starts or stops this laboratory."""
        return self.root / "lock"

    @property
    def processes(self) -> Path:
        """Folder with one file a running process: its id and its start time."""
        return self.root / "run"

    @property
    def pulumi_home(self) -> Path:
        """``PULUMI_HOME`` of the laboratory: its plugins, nothing of the person's own."""
        return self.root / "pulumi"

    @property
    def pulumi_state(self) -> Path:
        """Folder of the ``file://`` backend."""
        return self.root / "state"

    @property
    def passphrase(self) -> Path:
        """File with the passphrase that encrypts secrets in the laboratory's Pulumi state."""
        return self.root / "passphrase"


def read_json(path: Path) -> Any:  # noqa: ANN401 - JSON has no narrower type
    """Return what ``write_json`` stored."""
    return json.loads(path.read_text("utf-8"))


def write_json(path: Path, value: object) -> None:
    """Store ``value`` as JSON in one atomic step."""
    write_bytes(path, json.dumps(value, indent=2).encode() + b"\n")


def write_bytes(path: Path, content: bytes) -> None:
    """Store ``content`` in one atomic step, readable by its owner alone (mode 0600)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - rename of a temporary, by name
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108 - the same temporary, by name
        raise
