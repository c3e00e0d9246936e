"""One AWS secrets engine, with everything that lives and dies with it."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws
import pulumi_vault as vault

from components.federated import Federated
from components.identity_provider import IdentityProvider
from components.lease_guard import LeaseGuard, LeaseGuardArgs
from components.summary import EngineSummary
from federation import identity, permissions, regions
from federation.names import USERNAME_TEMPLATE, MountNames
from federation.roles import VaultRole

if TYPE_CHECKING:
    from settings import SecretsEngineSettings

ACCESS_POLICY = Path(__file__).parents[1] / "policies" / "vault" / "read-credentials.hcl"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecretsEngineArgs:
    """A secrets engine and where it is trusted. Its roles decide the shape."""

    engine: "SecretsEngineSettings"
    """The engine."""
    names: MountNames
    """Every physical name of it."""
    trust: IdentityProvider
    """What its account knows of its issuer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grant:
    """What makes a person a reader of one Vault role."""

    policy: vault.Policy
    """Vault policy that reads its credentials and nothing else."""
    command: str
    """The command that does."""


class SecretsEngine(pulumi.ComponentResource):
    """Issues AWS credentials from one mount, without a key of its own.

    Type ``vaultwif:vault:SecretsEngine``. Children:
    ``<account>/<namespace>-audience/<audience>``, ``<name>-mount``, ``<name>-workload``,
    ``<name>-workload/<policy>`` for each inline policy, ``<name>-federation`` and, for each Vault
    role, ``<name>-leases/<role>``, ``<name>-role/<role>``, ``<name>-access/<role>``.

    They are created in this order and destroyed in the reverse one: first nothing new is issued,
    then what was issued ends while Vault can still reach AWS, then the mount goes, then AWS
    forgets it.
    """

    role: aws.iam.Role
    """IAM role of the mount, which target roles trust."""
    grants: dict[str, Grant]
    """How to let somebody read, by Vault role."""
    summary: pulumi.Output[dict[str, Any]]
    """What people and other stacks need to know of it, an :class:`EngineSummary`."""

    def __init__(
        self, name: str, args: SecretsEngineArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:vault:SecretsEngine", name, None, opts)
        self._name, self._args = name, args
        roles = args.engine.roles
        if args.engine.former_users:
            pulumi.log.warn(
                f"the role of the engine {name} may delete the IAM users "
                f"{', '.join(args.engine.former_users)}: take formerUsers out of its settings once "
                f"no lease from before it was federated is left; `vaultaws migrate {name}` says "
                "which are",
                self,
            )

        self._way = Federated(self, name, args.engine, args.names, args.trust)
        mount = self._mount()
        self._way.let_act(mount.accessor)
        self._way.verify(
            mount,
            username_template=USERNAME_TEMPLATE,
            conditioned=next((role.name for role in roles if role.conditioned), None),
        )
        self.role = self._way.role
        self.grants = {role.name: self._role(role, mount) for role in roles}
        self.summary = EngineSummary(
            **self._way.said(),
            read_credentials={role: grant.command for role, grant in self.grants.items()},
        ).output()
        self.register_outputs({"summary": self.summary})

    def _mount(self) -> vault.aws.SecretBackend:
        name, engine, trust = self._name, self._args.engine, self._args.trust
        return vault.aws.SecretBackend(
            f"{name}-mount",
            path=engine.path,
            description=engine.description,
            region=trust.account.region,
            sts_endpoint=regions.unguessed_sts_endpoint(trust.account.region),
            identity_token_audience=engine.audience,
            identity_token_key=trust.issuer.key,
            identity_token_ttl=engine.token_ttl_seconds,
            # A string, for the role does not exist yet: its trust needs this mount's accessor.
            role_arn=self._args.names.role_arn,
            username_template=USERNAME_TEMPLATE,
            default_lease_ttl_seconds=engine.default_ttl_seconds,
            max_lease_ttl_seconds=engine.max_ttl_seconds,
            # Moved, a mount would keep its leases under paths that no lease guard knows.
            disable_remount=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                # Vault refuses to sign for an audience that the key does not know.
                depends_on=[self._way.audience],
                protect=trust.issuer.declared.protect,
                # because a path holds one mount, and a mount whose configuration failed to be
                # written is replaced by the next update.
                delete_before_replace=True,
                # What is declared, not what Vault holds: the role, because another one, above all
                # another account's, cannot delete what this one has made; the audience, because a
                # mount that has a new one before AWS does could revoke nothing; the template,
                # because inline policies know users by it. The old leases end before any changes.
                replacement_trigger=[self._args.names.role_arn, engine.audience, USERNAME_TEMPLATE],
            ),
        )

    def _role(self, role: VaultRole, mount: vault.aws.SecretBackend) -> Grant:
        name, args, path = self._name, self._args, self._args.engine.path
        needed = permissions.needed_by(args.names, role)
        guard = LeaseGuard(
            f"{name}-leases/{role.name}",
            LeaseGuardArgs(
                address=args.trust.issuer.declared.address,
                namespace=args.names.namespace,
                mount=path,
                role=role.name,
                account=args.trust.account.access,
                iam_path=args.names.iam_path,
                # Groups, because the right to take users out of one goes with its last role.
                replaced_by=(mount.accessor, args.names.account_id, *role.groups),
            ),
            pulumi.ResourceOptions(
                parent=self,
                # The policies directly too: one that an update removes is no longer among what the
                # federation depends on, but still among what the old guard does.
                depends_on=[self._way.federation, *(self._way.policies[name] for name in needed)],
            ),
        )
        vault_role = vault.aws.SecretBackendRole(
            f"{name}-role/{role.name}",
            backend=mount.path,
            name=role.name,
            credential_type=role.credential_type,
            **role.written(args.names),
            # Destroyed before its guard, so that nothing is issued behind the guard's back.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[guard]),
        )
        access_policy = Template(ACCESS_POLICY.read_text("utf-8"))
        policy = vault.Policy(
            f"{name}-access/{role.name}",
            name=args.names.access_policy(role.name),
            policy=vault_role.name.apply(
                lambda name: access_policy.substitute(mount=path, role=name)
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        return Grant(policy=policy, command=read_command(path, args.names.namespace, role))


def read_command(mount: str, namespace: str, role: VaultRole) -> str:
    """Return what a person types to read credentials of a Vault role."""
    scope = identity.command_scope(namespace)
    # Vault picks the target role itself only where there is no choice.
    target = [f"role_arn={role.role_arns[0]}"] if len(role.role_arns) > 1 else []
    return shlex.join(["vault", "read", *scope, f"{mount}/creds/{role.name}", *target])


def grants(engines: Mapping[str, SecretsEngine]) -> dict[str, Grant]:
    """Return how to let somebody read, by ``<engine>/<role>``, over all engines of a stack."""
    return {
        f"{key}/{role}": grant
        for key, engine in engines.items()
        for role, grant in engine.grants.items()
    }
