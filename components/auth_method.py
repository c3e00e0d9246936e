"""One aws auth method, with everything that lives and dies with it."""

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_vault as vault

from components.federated import Federated
from components.identity_provider import IdentityProvider
from components.summary import MethodSummary
from federation import identity, regions
from federation.logins import LoginRole, confusable
from federation.names import MountNames

if TYPE_CHECKING:
    from settings import AuthMethodSettings

LOGIN_METADATA = ["account_id", "auth_type"]
"""What a login's token and alias say of the principal; templated policies may rely on it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthMethodArgs:
    """An auth method and where it is trusted. Its roles decide the shape."""

    method: "AuthMethodSettings"
    """The method."""
    names: MountNames
    """Every physical name of it."""
    trust: IdentityProvider
    """What its account knows of its issuer."""


class AuthMethod(pulumi.ComponentResource):
    """Lets roles and users of AWS log in to Vault, without a key of its own to ask AWS with.

    Type ``vaultwif:federation:AuthMethod``. Children:
    ``<account>/<namespace>-audience/<audience>``, ``<name>-mount``, ``<name>-workload``,
    ``<name>-workload/<policy>`` for each inline policy, ``<name>-client``,
    ``<name>-federation``, ``<name>-identity``, for each Vault policy ``<name>-policy/<policy>`` and
    for each Vault role ``<name>-role/<role>``. Where principals of another account are bound, also
    ``<name>-account/<account>``.

    They are created in this order: Vault looks the principals of a role up when the role is
    written, for which all the others must be there.
    """

    summary: pulumi.Output[dict[str, Any]]
    """What people and other stacks need to know of it, a :class:`MethodSummary`."""

    def __init__(
        self, name: str, args: AuthMethodArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:federation:AuthMethod", name, None, opts)
        self._name, self._args = name, args
        self._server_id = args.method.server_id or identity.host(args.trust.issuer.declared.address)

        self._way = Federated(self, name, args.method, args.names, args.trust)
        mount = self._mount()
        self._way.let_act(mount.accessor)
        client = self._client(mount)
        without = [role.arn for role in args.method.other_accounts if not role.external_id]
        self._way.verify(
            mount,
            [client],
            confusable=confusable(args.method.roles),
            without_external_id=next(iter(without), None),
        )
        needed = [self._way.federation, self._identity(mount), *self._other_accounts(mount)]
        policies = self._policies()
        for role in args.method.roles:
            self._role(role, mount, policies, needed)
        self.summary = MethodSummary(
            **self._way.said(),
            server_id=self._server_id,
            log_in={role.name: self._command(role) for role in args.method.roles},
        ).output()
        self.register_outputs({"summary": self.summary})

    def _command(self, role: LoginRole) -> str:
        names, method = self._args.names, self._args.method
        scope = identity.command_scope(names.namespace)
        said = {
            "role": role.name,
            "header_value": self._server_id,
            "region": self._args.trust.account.region,
        }
        return shlex.join(
            ["vault", "login", *scope, "-method=aws", f"-path={method.path}"]
            + [f"{key}={value}" for key, value in said.items()]
        )

    def _mount(self) -> vault.AuthBackend:
        name, method, trust = self._name, self._args.method, self._args.trust
        return vault.AuthBackend(
            f"{name}-mount",
            type="aws",
            path=method.path,
            description=method.description,
            identity_token_key=trust.issuer.key,
            # Moved, a mount would leave its roles below a path that is gone.
            disable_remount=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                # On destroy, the mount goes before anything that it shares with others.
                depends_on=[self._way.audience],
                protect=trust.issuer.declared.protect,
                # because a path holds one mount.
                delete_before_replace=True,
                # because to the engine another namespace is another provider, and no reason to
                # replace: it would look for the mount where it never was.
                replacement_trigger=[self._args.names.namespace],
            ),
        )

    def _client(self, mount: vault.AuthBackend) -> vault.aws.AuthBackendClient:
        name, method, trust = self._name, self._args.method, self._args.trust
        return vault.aws.AuthBackendClient(
            f"{name}-client",
            backend=mount.path,
            identity_token_audience=method.audience,
            identity_token_ttl=method.token_ttl_seconds,
            role_arn=self._way.role.arn,
            iam_server_id_header_value=self._server_id,
            # Together: a login signed for a region is not valid at another region's endpoint.
            sts_endpoint=regions.sts_endpoint(trust.account.region),
            sts_region=trust.account.region,
            opts=pulumi.ResourceOptions.merge(
                self._bound_to_a_path(),
                # because Vault keeps its clients of AWS, which go on signing in with the audience
                # and the external ids they were made with. Deleting the configuration drops them.
                pulumi.ResourceOptions(
                    replacement_trigger=[
                        method.audience,
                        *(role.external_id or "" for role in method.other_accounts),
                    ]
                ),
            ),
        )

    def _identity(self, mount: vault.AuthBackend) -> pulumi.Resource:
        return vault.aws.AuthBackendConfigIdentity(
            f"{self._name}-identity",
            backend=mount.path,
            # One entity a principal. With Vault's default, the role's id, all who log in with one
            # Vault role are one entity; an ARN would be inherited by who is made anew under it.
            iam_alias="unique_id",
            # Vault's own defaults, named, because the provider writes a list that is not given as
            # empty. No more than these: they are the same at each login of a principal, while
            # an ARN names the session, and each change rewrites the alias in Vault's storage.
            iam_metadatas=LOGIN_METADATA,
            ec2_metadatas=LOGIN_METADATA,
            opts=self._bound_to_a_path(),
        )

    def _other_accounts(self, mount: vault.AuthBackend) -> list[pulumi.Resource]:
        return [
            vault.aws.AuthBackendStsRole(
                # By account, for the official provider writes a changed one to the old path.
                f"{self._name}-account/{role.account}",
                backend=mount.path,
                account_id=role.account,
                sts_role=role.arn,
                external_id=role.external_id,
                opts=self._bound_to_a_path(self._way.federation),
            )
            for role in self._args.method.other_accounts
        ]

    def _policies(self) -> dict[str, vault.Policy]:
        texts = {
            policy: text
            for role in self._args.method.roles
            for policy, text in role.policies.items()
        }
        return {
            policy: vault.Policy(
                f"{self._name}-policy/{policy}",
                name=self._args.names.login_policy(policy),
                policy=text,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for policy, text in sorted(texts.items())
        }

    def _role(
        self,
        role: LoginRole,
        mount: vault.AuthBackend,
        policies: dict[str, vault.Policy],
        needed: list[pulumi.Resource],
    ) -> None:
        own = [policies[policy].name for policy in role.policies]
        vault.aws.AuthBackendRole(
            f"{self._name}-role/{role.name}",
            backend=mount.path,
            role=role.name,
            auth_type="iam",
            bound_iam_principal_arns=[principal.arn for principal in role.principals],
            resolve_aws_unique_ids=True,
            token_policies=[*own, *role.existing_policies],
            token_ttl=role.default_ttl_seconds,
            token_max_ttl=role.max_ttl_seconds,
            opts=self._bound_to_a_path(*needed),
        )

    def _bound_to_a_path(self, *needed: pulumi.Resource) -> pulumi.ResourceOptions:
        """Replaced, it is deleted first: what is made anew stands at the very same path."""
        return pulumi.ResourceOptions(parent=self, depends_on=needed, delete_before_replace=True)
