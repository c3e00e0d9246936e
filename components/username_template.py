"""How a mount names the IAM users it makes, kept as declared."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CreateResult, ReadResult, ResourceProvider, UpdateResult

if TYPE_CHECKING:
    from clients.vault import Vault

INPUTS = ("address", "namespace", "path", "accessor", "template")

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class UsernameTemplateArgs:
    """Which mount, and how it names users."""

    address: str
    """Address of Vault."""
    namespace: str
    """Path of the namespace; empty for the root namespace."""
    path: str
    """Path of the secrets engine."""
    accessor: pulumi.Input[str]
    """Accessor of the mount, known once it is configured; another mount is looked at anew."""
    template: str
    """The template."""


class _UsernameTemplateProvider(ResourceProvider):
    """Writes the template where Vault holds another one.

    Whoever writes ``config/root`` without the template makes Vault forget it, whatever else is kept
    (hashicorp/vault, issue 29851), and the official provider never writes a template alone.
    Module path and class name stand in the state: renaming either orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Write the template, unless the mount was made with it."""
        _write(props)
        return CreateResult(props["path"], _asked(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Write the template, unless something else had changed."""
        _write(news)
        return UpdateResult(_asked(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Put what Vault holds in place of what was declared, so that the next diff shows it.

        Never raises: it runs before every update and destroy, also before the one that mends.
        """
        from clients.vault import VaultError  # noqa: PLC0415 - the program itself never needs it

        held = _asked(props)
        try:
            with _vault(props) as vault:
                held["template"] = vault.username_template(props["path"])
        except VaultError as error:
            log.warning("the username template of %s was not read: %s", props["path"], error)
        return ReadResult(id_, held, inputs=held)


class UsernameTemplate(pulumi.dynamic.Resource, module="vaultwif", name="UsernameTemplate"):
    """Repairs a username template that somebody reset, without replacing the mount.

    A replaced mount would end every lease, for the sake of the names of users yet to be made.
    """

    def __init__(
        self, name: str, args: UsernameTemplateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        props = {key: getattr(args, key) for key in INPUTS}
        super().__init__(_UsernameTemplateProvider(), name, props, opts)


def _write(props: dict[str, Any]) -> None:
    path, template = props["path"], props["template"]
    with _vault(props) as vault:
        if vault.username_template(path) != template:
            vault.set_username_template(path, template)


def _vault(props: dict[str, Any]) -> Vault:
    from clients.vault import Vault  # noqa: PLC0415 - as above

    return Vault(props["address"], props["namespace"])


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {key: props[key] for key in INPUTS}
