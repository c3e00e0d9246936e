"""A login for people: groups of an identity provider, and what they may read."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_vault as vault

from components.dynamic.oidc_client import OidcClient, OidcClientArgs
from components.secrets_engine import Grant
from components.summary import LoginSummary
from federation import identity, people
from federation.names import login_group

if TYPE_CHECKING:
    from settings import HumanLoginSettings

COMMAND_LINE = "http://localhost:8250/oidc/callback"
"""Where ``vault login`` waits for the browser (Vault, "JWT/OIDC auth method", Redirect URIs)."""
DESCRIPTION = "AWS credentials for people"


@dataclass(frozen=True, kw_only=True, slots=True)
class HumanLoginArgs:
    """A login, and what there is to read."""

    login: "HumanLoginSettings"
    """The login as declared."""
    stack: str
    """Part of the names of its groups."""
    address: str
    """Address of Vault, under which browsers reach it too: ``https://host[:port]``."""
    client_secret: pulumi.Output[str] = field(repr=False)
    """Secret of the client at the identity provider; a secret output."""
    grants: Mapping[str, Grant]
    """What the secrets engines can grant, by ``<engine>/<role>``."""


class HumanLogin(pulumi.ComponentResource):
    """Lets the people of some groups log in, and read what their groups may read, no more.

    Type ``vaultwif:vault:HumanLogin``. Children: ``<name>-method``, ``<name>-client``,
    ``<name>-role`` and, for each group, ``<name>-group/<group>``, ``<name>-alias/<group>``.

    Who is in none of the groups is refused, unless the identity provider tells groups beside its
    tokens: then rights come from groups alone, and who is in none may do nothing. Membership is
    what the identity provider said at the last login, so a token lives hours, not days. It goes
    first when the stack is destroyed: its tokens end, and what was read with them, while Vault can
    still end it at AWS.
    """

    summary: pulumi.Output[dict[str, Any]]
    """What people need to know of it, a :class:`LoginSummary`."""

    def __init__(
        self, name: str, args: HumanLoginArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("vaultwif:vault:HumanLogin", name, None, opts)
        login, provider = args.login, args.login.identity_provider
        if said := people.warning(login.discovery_url, provider, f"humanLogins.{name}"):
            pulumi.log.warn(said, resource=self)
        child = pulumi.ResourceOptions(parent=self)
        # Another namespace is another provider, which to the engine is no reason to replace: it
        # would look for each of them where it never was.
        in_namespace = pulumi.ResourceOptions(parent=self, replacement_trigger=[login.namespace])
        redirect_uris = [
            COMMAND_LINE,
            f"{args.address}/ui/vault/auth/{login.path}/oidc/callback",
        ]
        method = vault.AuthBackend(
            f"{name}-method",
            type="oidc",
            path=login.path,
            description=DESCRIPTION,
            # Moved, a mount would keep its tokens under paths that nobody looks for.
            disable_remount=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.grants[role].policy for role in login.aws_roles],
                # because a path holds one mount.
                delete_before_replace=True,
                replacement_trigger=[login.namespace],
            ),
        )
        client = OidcClient(
            f"{name}-client",
            OidcClientArgs(
                address=args.address,
                namespace=login.namespace,
                path=method.path,
                accessor=method.accessor,
                discovery_url=login.discovery_url,
                client_id=login.client_id,
                client_secret=args.client_secret,
                default_role=login.role_name,
                provider_config=provider.configuration,
            ),
            child,
        )
        _role(
            name,
            method,
            login,
            redirect_uris,
            pulumi.ResourceOptions(parent=self, depends_on=[client]),
        )
        for group, granted in login.groups.items():
            own = vault.identity.Group(
                f"{name}-group/{group}",
                name=login_group(args.stack, login.namespace, name, group),
                type="external",
                policies=[args.grants[role].policy.name for role in granted.aws_roles],
                opts=in_namespace,
            )
            vault.identity.GroupAlias(
                f"{name}-alias/{group}",
                name=group,
                mount_accessor=method.accessor,
                canonical_id=own.id,
                opts=in_namespace,
            )
        scope = identity.command_scope(login.namespace)
        log_in = [
            "vault",
            "login",
            *scope,
            "-method=oidc",
            f"-path={login.path}",
            f"role={login.role_name}",
        ]
        self.summary = LoginSummary(
            mount=login.path,
            namespace=login.namespace,
            discovery_url=login.discovery_url,
            redirect_uris=redirect_uris,
            log_in={login.role_name: shlex.join(log_in)},
            read_credentials={
                group: {role: args.grants[role].command for role in granted.aws_roles}
                for group, granted in login.groups.items()
            },
        ).output()
        self.register_outputs({"summary": self.summary})


def _role(
    name: str,
    method: vault.AuthBackend,
    login: "HumanLoginSettings",
    redirect_uris: list[str],
    opts: pulumi.ResourceOptions,
) -> None:
    if login.role_name != name:
        vault.generic.Endpoint(
            f"{name}-role",
            path=pulumi.Output.format("auth/{0}/role/{1}", method.path, login.role_name),
            data_json=json.dumps(_role_of_lists(login, redirect_uris), ensure_ascii=False),
            ignore_absent_fields=True,
            opts=pulumi.ResourceOptions.merge(
                opts, pulumi.ResourceOptions(delete_before_replace=True)
            ),
        )
        return
    provider = login.identity_provider
    vault.jwt.AuthBackendRole(
        f"{name}-role",
        backend=method.path,
        role_name=name,
        role_type="oidc",
        # Not a mail address: those are given to the next person, and not every identity
        # provider verifies them.
        user_claim="sub",
        groups_claim=login.groups_claim,
        bound_claims_type="string",
        bound_claims=provider.bound_claims(login.groups_claim, login.groups),
        allowed_redirect_uris=redirect_uris,
        oidc_scopes=list(dict.fromkeys((*login.scopes, *provider.scopes))) or None,
        token_ttl=login.token_ttl_seconds,
        token_max_ttl=login.token_max_ttl_seconds,
        opts=opts,
    )


def _role_of_lists(login: "HumanLoginSettings", redirect_uris: list[str]) -> dict[str, Any]:
    """Return the role as Vault takes it: the provider's own type would part names at commas."""
    return {
        "role_type": "oidc",
        "user_claim": "sub",
        "groups_claim": login.groups_claim,
        "bound_claims_type": "string",
        "bound_claims": {login.groups_claim: list(login.groups)},
        "allowed_redirect_uris": redirect_uris,
        "oidc_scopes": list(login.scopes),
        # Named, so that a policy which somebody adds to it is seen and taken away.
        "token_policies": [],
        "token_ttl": login.token_ttl_seconds,
        "token_max_ttl": login.token_max_ttl_seconds,
    }
