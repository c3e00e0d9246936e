"""What is refused only once Vault and AWS are looked at, in a preview, an update or a destroy."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from clients.aws import HeldRole
from clients.errors import AwsError, SignInError, VaultError
from clients.vault import Node
from components.dynamic.account import _AccountCheckProvider
from components.dynamic.connection import _ConnectionProvider
from components.dynamic.federation import _FederationProvider
from components.dynamic.identity_provider import (
    _IdentityProviderCheckProvider,
    _IdentityProviderGuardProvider,
)
from components.dynamic.issuer import _IssuerCheckProvider, _IssuerGuardProvider
from components.dynamic.namespace import _NamespaceCheckProvider, _NamespaceGuardProvider
from components.dynamic.oidc_client import _OidcClientProvider
from components.dynamic.thumbprint import _ThumbprintProvider
from federation import principals
from federation.certificates import THUMBPRINT_OF_NOTHING
from federation.identity import MountClass
from federation.logins import LoginRole, confusable
from federation.trust import trust_policy
from tests.unit.chains import certificate, sha1
from tests.unit.clouds import (
    ACCOUNT,
    ADDRESS,
    ARN,
    ENGINE,
    HELD,
    HOST,
    ISSUER,
    KEY,
    LEAF,
    OUR_CHAIN,
    OURS,
    ROLE,
    SESSION,
    SUBJECT,
    THEIR_CHAIN,
    World,
    engine,
    federation,
    issuer,
    namespace,
    provider,
)

if TYPE_CHECKING:
    import pytest
    from pulumi.dynamic import ResourceProvider

MOVED = "https://moved.example.com"
METHOD_ROLE = HELD["role_arn"]
GONE = VaultError(f"{ADDRESS} cannot be reached")


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One call of the engine's, and what it is refused with."""

    what: str
    provider: type[ResourceProvider]
    operation: Literal["check", "create", "read", "delete"]
    inputs: dict[str, Any]
    bound: tuple[str, ...] = ()
    """Principals whose Vault role stands behind an auth method."""
    recorded: dict[str, Any] = field(default_factory=dict)
    """What the state remembers of the check."""
    world: dict[str, Any] = field(default_factory=dict)
    """What differs in the world; see :class:`World`."""
    environment: dict[str, str] = field(default_factory=dict)
    """What the environment holds besides."""
    refusal: str
    """Of a check, behind the property that it is about."""

    def told(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Make the call and return what is told."""
        World(**self.world).put_in_place(monkeypatch)
        for name, value in self.environment.items():
            monkeypatch.setenv(name, value)
        called = self.provider()
        if self.operation == "check":
            checked = called.check(self.recorded, self.inputs)
            assert checked.inputs.items() <= self.inputs.items()
            return [f"{failure.property}: {failure.reason}" for failure in checked.failures]
        try:
            if self.operation == "create":
                called.create(self.inputs | {"confusable": _confusable(self.bound)})
            elif self.operation == "read":
                called.read("id", self.inputs)
            else:
                called.delete("id", self.inputs)
        except Exception as error:  # noqa: BLE001 - the engine shows the text of whatever is raised
            return [str(error)]
        return []


def _confusable(arns: tuple[str, ...]) -> str:
    bound = tuple(principals.parse(arn) for arn in arns)
    role = LoginRole(name="a", principals=bound, default_ttl_seconds=900, max_ttl_seconds=900)
    return confusable([role])


_MISLED = (
    "VAULT_NAMESPACE is 'team', and the official provider takes it for the root namespace: unset "
    "it; namespaces are declared in the settings"
)


def _federation(what: str, refusal: str, **world: object) -> Attempt:
    of_an_engine = world.get("mount_class") == MountClass.SECRET
    return Attempt(
        what=what,
        provider=_FederationProvider,
        operation="create",
        inputs=engine(**HELD) if of_an_engine else federation(),
        world=world,
        refusal=refusal,
    )


def _issuer(what: str, asked: dict[str, Any], refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return Attempt(
        what=what,
        provider=_IssuerCheckProvider,
        operation="check",
        inputs=asked,
        recorded=world.pop("recorded", {}),
        world=world,
        refusal=refusal,
    )


def _provider(what: str, asked: dict[str, Any], refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return Attempt(
        what=what,
        provider=_IdentityProviderCheckProvider,
        operation="check",
        inputs=asked,
        recorded=world.pop("recorded", {}),
        world=world,
        refusal=f"provider_arn: {refusal}",
    )


def _namespace(what: str, asked: dict[str, Any], refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return Attempt(
        what=what,
        provider=_NamespaceCheckProvider,
        operation="check",
        inputs=asked,
        recorded=world.pop("recorded", {}),
        world={"namespace": "team"} | world,
        refusal=f"name: {refusal}",
    )


def _chain(what: str, refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    expected = world.pop("expected", None)
    return Attempt(
        what=what,
        provider=_ThumbprintProvider,
        operation="check",
        inputs={"host": HOST, "pinned": [], **({"ca_sha256": expected} if expected else {})},
        world=world,
        refusal=(f"thumbprints: {refusal}; or pin thumbprints in the settings (vault.thumbprints)"),
    )


def _session(what: str, refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return Attempt(
        what=what,
        provider=_FederationProvider,
        operation="create",
        inputs=engine(),
        world={"sessions": [None], "mount_class": MountClass.SECRET, "held": ENGINE} | world,
        refusal=refusal,
    )


def _obstacle(what: str, obstacle: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return _session(
        what,
        f"AWS gives Vault's mount aws no session of {ROLE}. {obstacle}. Mend that, or wait until "
        "the stack that owns it has, then run `pulumi up` again",
        **world,
    )


def _stranger(what: str, who: str) -> Attempt:
    return _session(
        what,
        f"the mount aws acts at AWS as {who}, not as {ROLE}: Vault has AWS keys in its environment "
        "or in the mount, and prefers them. Take them away (AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY, AWS_PROFILE), restart Vault, and run `pulumi up` again",
        sessions=[who],
    )


_NOTHING_HELD = {**HELD, "audience": "", "role_arn": ""}
_DROPPED = (
    "then run `pulumi up` again. Until then the mount holds no audience and no role ARN, and Vault "
    "would use whatever AWS keys are in its environment."
)
_STILL_RIGHT = (
    "then run `pulumi up` again. What the mount holds is still right, but no change of it would "
    "reach Vault."
)
_OPEN = (
    "it would take principals of other accounts for those that are bound. Upgrade Vault (fixed in "
    "1.21.0, 1.20.5, 1.19.11 and 1.16.27), or bind exact principals, each name in one account; "
    "then run `pulumi up` again"
)
_WRITTEN_BY_OTHERS = "It was made anew, or another program or person writes its configuration: "
_LOST = (
    f"there is no mount at aws in Vault at {ADDRESS}; it was removed outside: run `pulumi up` again"
)

_APP = "arn:aws:iam::123456789012:role/app"
_BOUND = "authMethods.aws.roles.app.boundPrincipals"


def _account(what: str, refusal: str, **world: Any) -> Attempt:  # noqa: ANN401 - see World
    return Attempt(
        what=what,
        provider=_AccountCheckProvider,
        operation="check",
        inputs=ACCOUNT | {"setting": "accounts.main", "named": {_APP: _BOUND}},
        recorded=world.pop("recorded", {}),
        world=world,
        refusal=refusal,
    )


ACCOUNTS: list[Attempt] = [
    _account(
        "profile that does not work",
        "account_id: accounts.main.profile: cannot sign in to account 123456789012: no such",
        failing=SignInError("cannot sign in to account 123456789012: no such", "profile"),
    ),
    _account(
        "environment that does not work",
        "account_id: accounts.main: cannot sign in to account 123456789012: nobody",
        failing=SignInError("cannot sign in to account 123456789012: nobody"),
    ),
    _account(
        "bound principal that is not there",
        f"named: {_BOUND}: there is no {_APP}; make it first",
        elsewhere={_APP: None},
    ),
    _account(
        "bound principal of another path",
        (
            f"named: {_BOUND}: there is no {_APP}; did you mean "
            "arn:aws:iam::123456789012:role/team/app?"
        ),
        elsewhere={_APP: "arn:aws:iam::123456789012:role/team/app"},
    ),
    _account(
        "principal of the same settings in another account",
        f"named: {_BOUND}: there is no {_APP}; make it first",
        elsewhere={_APP: None},
        recorded={"account_id": "210987654321", "named": {_APP: _BOUND}},
    ),
]

SERVERS: list[Attempt] = [
    _federation(
        "Community edition",
        (
            "Vault cannot federate the mount aws: it is 1.21.0, not Enterprise, and plugin "
            "workload identity federation needs Vault Enterprise 1.16 or later: use such a Vault; "
            f"{_DROPPED}"
        ),
        mount_class=MountClass.SECRET,
        release="1.21.0",
        held=_NOTHING_HELD,
    ),
    _federation(
        "Community edition for an auth method",
        (
            "Vault cannot federate the mount aws: it is 1.21.0, not Enterprise, and plugin "
            "workload identity federation needs Vault Enterprise 1.17 or later: use such a Vault; "
            f"{_DROPPED}"
        ),
        release="1.21.0",
        held=_NOTHING_HELD,
    ),
    _federation(
        "old server",
        (
            "Vault cannot federate the mount aws: it is 1.15.6+ent, and the provider federates "
            f"this kind of mount from release 1.16 on: upgrade Vault; {_DROPPED}"
        ),
        mount_class=MountClass.SECRET,
        release="1.15.6+ent",
        held=_NOTHING_HELD,
    ),
    *(
        _federation(
            f"server {release} for an auth method",
            (
                f"Vault cannot federate the mount aws: it is {release}, and the provider federates "
                f"this kind of mount from release 1.17 on: upgrade Vault; {_DROPPED}"
            ),
            release=release,
            held=_NOTHING_HELD,
        )
        for release in ("1.16.27+ent", "1.15.0+ent")
    ),
    _federation(
        "version that cannot be told",
        (
            "Vault cannot federate the mount aws: it is next+ent, and the provider federates this "
            f"kind of mount from release 1.17 on: upgrade Vault; {_DROPPED}"
        ),
        release="next+ent",
        held=_NOTHING_HELD,
    ),
    _federation(
        "hidden version",
        (
            "Vault cannot federate the mount aws: its version is hidden (told to hide it), and "
            "without it the provider drops audience and role ARN silently: let GET "
            f"/v1/sys/seal-status through; {_STILL_RIGHT}"
        ),
        release=VaultError("told to hide it"),
    ),
    _federation(
        "redacted version",
        (
            "Vault cannot federate the mount aws: its version is redacted, and without it the "
            "provider drops audience and role ARN silently: take redact_version out of the "
            f"listener's configuration; {_STILL_RIGHT}"
        ),
        release="",
    ),
    Attempt(
        what="wildcard on a server that confuses accounts",
        provider=_FederationProvider,
        operation="create",
        inputs=federation(),
        bound=("arn:aws:iam::123456789012:role/app-*",),
        world={"release": "1.20.4+ent"},
        refusal=(
            "the mount aws would let strangers in: Vault is 1.20.4+ent, open to CVE-2025-11621, "
            f"and with the wildcard arn:aws:iam::123456789012:role/app-* {_OPEN}"
        ),
    ),
    Attempt(
        what="name in two accounts on a server that confuses them",
        provider=_FederationProvider,
        operation="create",
        inputs=federation(),
        bound=("arn:aws:iam::210987654321:role/App", "arn:aws:iam::123456789012:role/app"),
        world={"release": "1.19.10+ent"},
        refusal=(
            "the mount aws would let strangers in: Vault is 1.19.10+ent, open to CVE-2025-11621, "
            "and with the same name in two accounts, arn:aws:iam::123456789012:role/app and "
            f"arn:aws:iam::210987654321:role/App {_OPEN}"
        ),
    ),
    *(
        Attempt(
            what=f"no external id on {release}",
            provider=_FederationProvider,
            operation="create",
            inputs=federation(without_external_id="arn:aws:iam::210987654321:role/look-up"),
            world={"release": release},
            refusal=(
                f"the mount aws would be of no use: Vault is {release}, which sends an empty "
                'external id where none is declared, and AWS refuses that ("minimum field size of '
                '2, AssumeRoleInput.ExternalId"; hashicorp/vault, issue 27765): it could look up '
                "no principal through arn:aws:iam::210987654321:role/look-up. Declare an "
                "externalId for it in stsRoles, which its trust need not ask for, or upgrade Vault "
                "(fixed in 1.17.4); then run `pulumi up` again"
            ),
        )
        for release in ("1.17.0+ent", "1.17.3+ent")
    ),
    Attempt(
        what="session tags on a server that knows none",
        provider=_FederationProvider,
        operation="create",
        inputs=engine(conditioned="deploy"),
        world={"release": "1.17.1+ent", "mount_class": MountClass.SECRET, "held": ENGINE},
        refusal=(
            "the mount aws would be of no use: Vault is 1.17.1+ent, which knows neither external "
            "id nor session tags of a Vault role and drops them: the target roles of deploy would "
            "refuse it every session. Upgrade Vault (to 1.17.2 or later), or take externalId and "
            "sessionTags out, here and at the target roles; then run `pulumi up` again"
        ),
    ),
    _federation("mount that is gone", _LOST, held=None),
    _federation(
        "audience of somebody else",
        (
            "the mount aws is not federated as declared (audience: Vault holds 'theirs', declared "
            f"is 'logins'). {_WRITTEN_BY_OTHERS}run `pulumi up` again"
        ),
        held={**HELD, "audience": "theirs"},
    ),
    _federation(
        "key that the provider would never write again",
        (
            "the mount aws is not federated as declared (token_key: Vault holds 'theirs', "
            f"declared is '{KEY}'). {_WRITTEN_BY_OTHERS}"
            f"type `vault auth tune -identity-token-key={KEY} aws/`, then run `pulumi up` again"
        ),
        held={**HELD, "token_key": "theirs"},
    ),
    _federation(
        "another issuer in the published document",
        (
            f"the discovery document at {ISSUER}/.well-known/openid-configuration names the issuer "
            f"'{MOVED}', AWS expects '{ISSUER}': check vault.issuerAddress in the settings, and "
            "whether something in between rewrites the document"
        ),
        documents={"issuer": MOVED},
    ),
    _federation(
        "no keys published",
        f"{ISSUER}/.well-known/keys serves no keys, so AWS could verify no token: check Vault",
        documents={"issuer": ISSUER, "keys": []},
    ),
    _federation(
        "method that acts with keys of its environment",
        (
            "the mount aws is of no use: Vault acts as arn:aws:iam::123456789012:user/vault at "
            "AWS, with keys from its environment: start Vault without AWS_* variables, AWS "
            "profiles and instance profile; then run `pulumi up` again"
        ),
        told=(
            "AccessDenied: User: arn:aws:iam::123456789012:user/vault is not authorized to "
            "perform: iam:GetRole on resource: x"
        ),
    ),
    _federation(
        "method that AWS gives no session",
        (
            f"the mount aws is of no use: Vault did not get to act as {METHOD_ROLE} within 0 s "
            "(NoCredentialProviders). Check that AWS reaches the issuer's two documents, that the "
            "thumbprints are those of its certificates, and that Vault reaches AWS; then run "
            "`pulumi up` again"
        ),
        told="NoCredentialProviders",
    ),
    Attempt(
        what="Vault that cannot be used",
        provider=_ConnectionProvider,
        operation="check",
        inputs={"address": ADDRESS, "rights": {}},
        world={"failing": GONE},
        refusal=f"address: {GONE}",
    ),
    Attempt(
        what="host that presents two chains, neither of them known",
        provider=_ThumbprintProvider,
        operation="check",
        inputs={"host": HOST, "pinned": []},
        world={"other_chain": THEIR_CHAIN},
        refusal=(
            f"thumbprints: {HOST} presents more than one certificate chain, one after the other, "
            "as several machines behind a load balancer do. AWS has to know all of them: set "
            f"vault.thumbprints: [{', '.join(sorted((OURS, sha1(THEIR_CHAIN[-1]))))}], and look "
            "whether there are more"
        ),
    ),
    Attempt(
        what="token that lacks rights",
        provider=_ConnectionProvider,
        operation="check",
        inputs={
            "address": ADDRESS,
            "rights": {
                "aws/config/root": ["create", "read", "update"],
                "aws/roles/my-role": ["read"],
                "sys/leases/lookup/aws/creds/my-role": ["list", "sudo"],
                "sys/mounts/aws": ["read"],
            },
        },
        world={
            "capabilities_held": {
                "aws/config/root": ["read", "patch"],
                "aws/roles/my-role": ["root"],
                "sys/leases/lookup/aws/creds/my-role": ["list"],
                "sys/mounts/aws": ["deny"],
            }
        },
        refusal=(
            f"rights: the token of VAULT_TOKEN may not do in Vault at {ADDRESS} what this stack "
            "needs; it lacks create, update on aws/config/root; sudo on "
            "sys/leases/lookup/aws/creds/my-role; read on sys/mounts/aws. Add that to its "
            "policies, for which policies/vault/deploy.hcl is the pattern, or log in with another "
            "token"
        ),
    ),
    Attempt(
        what="performance secondary",
        provider=_ConnectionProvider,
        operation="check",
        inputs={"address": ADDRESS},
        world={"answering": Node(replication="secondary")},
        refusal=(
            f"address: Vault at {ADDRESS} is a performance secondary: mounts, issuer and keys are "
            "the primary's, and leases that the primary gave out could not be revoked from here; "
            "let vault.address lead to the primary, and see docs/high-availability.md"
        ),
    ),
    Attempt(
        what="secondary of disaster recovery",
        provider=_ConnectionProvider,
        operation="check",
        inputs={"address": ADDRESS},
        world={"answering": Node(disaster_recovery="secondary")},
        refusal=(
            f"address: Vault at {ADDRESS} is a secondary of disaster recovery replication, which "
            "serves nobody: let the address lead to the primary"
        ),
    ),
    Attempt(
        what="shell that misleads",
        provider=_ConnectionProvider,
        operation="check",
        inputs={"address": ADDRESS},
        environment={"VAULT_NAMESPACE": "team"},
        refusal=f"address: {_MISLED}",
    ),
    Attempt(
        what="shell that misleads a destroy",
        provider=_ConnectionProvider,
        operation="read",
        inputs={"address": ADDRESS},
        environment={"VAULT_NAMESPACE": "team"},
        refusal=_MISLED,
    ),
    Attempt(
        what="login whose identity provider Vault does not take",
        provider=_OidcClientProvider,
        operation="create",
        inputs={
            "address": ADDRESS,
            "namespace": "",
            "path": "people",
            "discovery_url": "https://people.example.com",
            "client_id": "vault",
            "client_secret": "false-client-secret",
            "default_role": "people",
        },
        world={"failing": VaultError("told to refuse")},
        refusal=(
            "the login at people is not configured: told to refuse. If it is about the discovery "
            "URL: Vault itself must reach "
            "https://people.example.com/.well-known/openid-configuration over TLS it trusts, and "
            "the document must name https://people.example.com as its issuer, byte for byte; "
            "Vault's log says which of these it is. Then run `pulumi up` again"
        ),
    ),
]
"""A server that would not do, or does not do, what is declared."""


def _taken(where: str, held: str, same: str, scope: str = "") -> str:
    return (
        f"issuer: the issuer of {where} is '{held}' already, and not this stack's: whoever set it "
        f"would lose it. Set vault.issuer: existing{same} to use it; if nobody needs it any more, "
        f'clear it with `vault write {scope}identity/oidc/config issuer=""`'
    )


_ROOT = "the root namespace"
_NO_ISSUER = (
    f"issuer: {_ROOT} has no issuer: set vault.issuer: managed, or deploy the stack that manages "
    "it first"
)
_PROVIDER_THERE = (
    f"the identity provider {ARN} exists already, and not by this stack: set identityProvider: "
    "existing in the account's settings to use it"
)
_NAMESPACE_THERE = (
    "the namespace team/sub exists already, and not by this stack, which would delete it in the "
    "end: set vault.namespaces: {team/sub: existing} to use it"
)
_NO_NAMESPACE = (
    "there is no namespace team/sub: set vault.namespaces: {team/sub: managed} to have it made, or "
    "make it first"
)

OWNERS: list[Attempt] = [
    _issuer(
        "issuer of somebody else",
        issuer("managed"),
        _taken(_ROOT, ADDRESS, ""),
        issuer_held=ADDRESS,
    ),
    _issuer(
        "issuer of somebody else in a namespace",
        issuer("managed", namespace="team"),
        _taken("the namespace team", ADDRESS, "", "-namespace=team "),
        namespace="team",
        issuer_held=ADDRESS,
    ),
    _issuer(
        "issuer of somebody else at another address",
        issuer("managed"),
        _taken(_ROOT, MOVED, f" and vault.issuerAddress: {MOVED}"),
        issuer_held=MOVED,
    ),
    _issuer(
        "issuer that somebody else has set since",
        issuer("managed"),
        _taken(_ROOT, MOVED, f" and vault.issuerAddress: {MOVED}"),
        issuer_held=MOVED,
        recorded=issuer("managed"),
    ),
    _issuer(
        "issuer that was only used before",
        issuer("managed"),
        _taken(_ROOT, ADDRESS, ""),
        issuer_held=ADDRESS,
        recorded=issuer("existing"),
    ),
    _issuer(
        "issuer of this stack that it would only use",
        issuer("existing"),
        (
            f"issuer: the issuer of {_ROOT} was set by this stack, which would clear it at the end "
            "of this update: keep vault.issuer: managed; only a destroyed stack gives it up"
        ),
        issuer_held=ADDRESS,
        recorded=issuer("managed"),
    ),
    _issuer("issuer that is not there", issuer("existing"), _NO_ISSUER),
    _issuer(
        "issuer that is there no more",
        issuer("existing"),
        _NO_ISSUER,
        recorded=issuer("existing"),
    ),
    _issuer(
        "issuer at another address",
        issuer("existing"),
        (
            f"issuer: the issuer of {_ROOT} is '{MOVED}', declared is '{ADDRESS}': set "
            f"vault.issuerAddress: {MOVED}"
        ),
        issuer_held=MOVED,
    ),
    _issuer(
        "signing key of another stack",
        issuer("managed"),
        (
            f"key: the signing key '{KEY}' exists already: another stack of this name uses this "
            "Vault, and both would write under the same names. Give this stack another name; if "
            "the other one is gone for good, delete the key with `vault delete "
            f"identity/oidc/key/{KEY}`"
        ),
        keys=("default", KEY),
    ),
    _issuer("issuer not looked up", issuer("managed"), f"issuer: {GONE}", failing=GONE),
    _provider(
        "identity provider of somebody else",
        provider("managed"),
        _PROVIDER_THERE,
        registered=frozenset(),
    ),
    _provider(
        "identity provider of somebody else in place of an own one",
        provider("managed"),
        _PROVIDER_THERE,
        registered=frozenset(),
        recorded=provider("managed", "old"),
    ),
    _provider(
        "identity provider that was only used before",
        provider("managed"),
        _PROVIDER_THERE,
        registered=frozenset(),
        recorded=provider("existing"),
    ),
    _provider(
        "identity provider of this stack that it would only use",
        provider("existing"),
        (
            f"the identity provider {ARN} was made by this stack, which would delete it at the end "
            "of this update: keep identityProvider: managed; only a destroyed stack gives it up"
        ),
        registered=frozenset(),
        recorded=provider("managed"),
    ),
    _provider(
        "identity provider that is not there",
        provider("existing"),
        (
            f"there is no identity provider {ARN}: set identityProvider: managed in the account's "
            "settings, or deploy the stack that manages it first"
        ),
        registered=None,
    ),
    _provider(
        "identity provider not looked up",
        provider("managed"),
        "cannot sign in",
        failing=AwsError("cannot sign in"),
    ),
    _namespace(
        "namespace of somebody else",
        namespace("managed"),
        _NAMESPACE_THERE,
        namespaces=frozenset({"sub"}),
    ),
    _namespace(
        "namespace of somebody else in place of an own one",
        namespace("managed"),
        _NAMESPACE_THERE,
        namespaces=frozenset({"sub"}),
        recorded=namespace("managed", "old"),
    ),
    _namespace(
        "namespace that was only used before",
        namespace("managed"),
        _NAMESPACE_THERE,
        namespaces=frozenset({"sub"}),
        recorded=namespace("existing"),
    ),
    _namespace(
        "namespace of this stack that it would only use",
        namespace("existing"),
        (
            "the namespace team/sub was made by this stack, which would delete it with all that is "
            "in it at the end of this update: keep vault.namespaces: {team/sub: managed}; only a "
            "destroyed stack gives it up"
        ),
        namespaces=frozenset({"sub"}),
        recorded=namespace("managed"),
    ),
    _namespace("namespace that is not there", namespace("existing"), _NO_NAMESPACE),
    _namespace(
        "namespace that is there no more",
        namespace("existing"),
        _NO_NAMESPACE,
        recorded=namespace("existing"),
    ),
    _namespace("namespace not looked up", namespace("managed"), str(GONE), failing=GONE),
]
"""Managed or existing: a declaration that contradicts what is there, with which one to write."""

IN_USE: list[Attempt] = [
    Attempt(
        what="issuer that others sign under",
        provider=_IssuerGuardProvider,
        operation="delete",
        inputs=issuer("managed"),
        world={"keys": ("default", "b-root-plugin-identity", "a-root-plugin-identity", KEY)},
        refusal=(
            f"the issuer {ADDRESS} stays: other stacks sign under it, with "
            "a-root-plugin-identity, b-root-plugin-identity. Destroy them first, then this one "
            "again; of a stack that is gone for good, delete the key with `vault delete "
            "identity/oidc/key/a-root-plugin-identity`"
        ),
    ),
    Attempt(
        what="identity provider that others use",
        provider=_IdentityProviderGuardProvider,
        operation="delete",
        inputs=provider("managed") | {"audiences": ["ours"]},
        world={"registered": frozenset({"ours", "theirs", "hers"})},
        refusal=(
            f"the identity provider {ARN} stays: others use its audiences hers, theirs. Destroy "
            "their stacks first, then this one again; an audience that nobody uses any more goes "
            "with `aws iam remove-client-id-from-open-id-connect-provider "
            f"--open-id-connect-provider-arn {ARN} --client-id hers`"
        ),
    ),
    Attempt(
        what="identity provider of which another stack has the same audience",
        provider=_IdentityProviderGuardProvider,
        operation="delete",
        inputs=provider("managed")
        | {"audiences": ["ours", "more"], "address": ADDRESS, "namespace": "", "key": KEY},
        world={"registered": frozenset()}
        | {"keys": (KEY,), "signed_by_others": {"guest-root-plugin-identity": {"ours"}}},
        refusal=(
            f"the identity provider {ARN} stays: other stacks have the same audiences, and keys "
            "that sign for them: ours (guest-root-plugin-identity). Destroy these stacks first, or "
            "give them audiences of their own, then destroy this one again"
        ),
    ),
    Attempt(
        what="namespace that others have mounts in",
        provider=_NamespaceGuardProvider,
        operation="delete",
        inputs={"address": ADDRESS, "namespace": "team"},
        world={"namespace": "team", "mounts": frozenset({"secret/", "auth/ldap/"})},
        refusal=(
            "the namespace team stays: it has mounts of others, and they would be deleted along "
            "with everything in them: auth/ldap/, secret/. Remove them first, then destroy this "
            "stack again"
        ),
    ),
    Attempt(
        what="users that no lease ends",
        provider=_FederationProvider,
        operation="delete",
        inputs=engine(),
        world={"users": [["vault-b", "vault-a"]]},
        refusal=(
            "IAM users are left under /vault/dev-root-aws/ in account 123456789012, and no lease "
            "was found that would end them: vault-a, vault-b. Vault deletes what it was "
            "interrupted at within about six minutes, as long as its IAM role is there, which "
            "therefore stays: repeat `pulumi destroy` then. Those that are still left, and all of "
            "a Vault that has lost its storage, nobody else deletes: delete them by `vaultaws "
            "sweep --delete`, then repeat"
        ),
    ),
    Attempt(
        what="users that AWS does not delete",
        provider=_FederationProvider,
        operation="delete",
        inputs=engine(),
        world={"users": [["vault-b", "vault-a"]], "passwords": frozenset({"vault-b"})},
        refusal=(
            "IAM users are left under /vault/dev-root-aws/ in account 123456789012, and no lease "
            "was found that would end them: vault-a, vault-b. Vault deletes what it was "
            "interrupted at within about six minutes, as long as its IAM role is there, which "
            "therefore stays: repeat `pulumi destroy` then. Those that are still left, and all of "
            "a Vault that has lost its storage, nobody else deletes: delete them by `vaultaws "
            "sweep --delete`, then repeat. "
            "vault-b has a password"
        ),
    ),
]
"""What a destroy would take from others, or leave to nobody."""

_UNTRUSTED = f"trust policy of {ROLE}: "
_NOT_SEEN = (
    f"AWS gave Vault's mount aws no session of {ROLE} for 0 s, though audience and trust policy "
    "are right and nothing is known against its thumbprint. Vault's log has AWS's reason (`error "
    "assuming role with web identity`), and so has CloudTrail of account 123456789012 "
    f"(AssumeRoleWithWebIdentity): check that Vault reaches STS, and AWS {HOST}; then run "
    "`pulumi up` again"
)

SESSIONS: list[Attempt] = [
    _obstacle(
        "chain that AWS does not expect",
        (
            f"thumbprint: {HOST} presents a chain that ends in {sha1(THEIR_CHAIN[-1])}, the "
            f"identity provider {ARN} lists {OURS.upper()}; AWS refuses with InvalidIdentityToken "
            "unless a public authority stands behind that chain"
        ),
        chain=THEIR_CHAIN,
    ),
    _obstacle(
        "audience that is not registered",
        (
            f"audience: 'vault-aws' is not registered at {ARN}, which has x; AWS refuses with "
            "InvalidIdentityToken"
        ),
        registered=frozenset({"x"}),
    ),
    _obstacle(
        "identity provider that is gone",
        f"there is no identity provider {ARN}: AWS knows no such issuer",
        registered=None,
    ),
    _obstacle(
        "role that is gone",
        f"{_UNTRUSTED}there is none; AWS refuses with AccessDenied",
        iam_role=None,
    ),
    _obstacle(
        "trust in another mount",
        (
            f"{_UNTRUSTED}OneVaultMount: StringEquals "
            f"{HOST}/v1/identity/oidc/plugins:sub: wants 'another', the token has '{SUBJECT}'; AWS "
            "refuses with AccessDenied"
        ),
        iam_role=HeldRole(trust=trust_policy(ARN, "vault-aws", "another"), tags={}),
    ),
    _session("no session for a reason that cannot be seen", _NOT_SEEN),
    _session("no session and no chain to be had from here", _NOT_SEEN, unreachable=True),
    _stranger("session of a user", "arn:aws:iam::123456789012:user/forgotten"),
    _stranger("session in another account", SESSION.replace("123456789012", "210987654321")),
    _stranger("session of another role", SESSION.replace("-aws/", "-other/")),
    _stranger("session in another partition", SESSION.replace("arn:aws:", "arn:aws-cn:")),
]
"""What Vault is, or is not, at AWS."""

_EXPECTED = hashlib.sha256(OUR_CHAIN[-1]).hexdigest()
_NO_CERTIFICATE = (
    "the host presented no certificate, so its thumbprint would be the SHA-1 of nothing "
    f"({THUMBPRINT_OF_NOTHING}); check that TLS is served there"
)

CHAINS: list[Attempt] = [
    _chain("host that cannot be reached", f"{HOST}:443 cannot be reached", unreachable=True),
    _chain("chain of no certificate", _NO_CERTIFICATE, chain=[]),
    _chain(
        "chain of another authority",
        (
            f"the last certificate has SHA-256 {hashlib.sha256(THEIR_CHAIN[-1]).hexdigest()}, "
            f"expected is {_EXPECTED}; a proxy may be intercepting TLS, or the certificate "
            "authority has changed"
        ),
        chain=THEIR_CHAIN,
        expected=_EXPECTED,
    ),
    _chain(
        "what is no certificate",
        (
            "certificate 2 cannot be read: error parsing asn1 value: ParseError { kind: "
            "ShortData { needed: 96 } }"
        ),
        chain=[LEAF, b"not a certificate"],
    ),
    _chain(
        "certificate that has expired",
        "the certificate CN=intermediate expired at 2029-12-31; renew it at the host",
        chain=[LEAF, certificate("intermediate", "root", ends=timedelta(seconds=-1))],
    ),
    _chain(
        "certificate of tomorrow",
        "the certificate CN=intermediate is valid only from 2030-01-02; check the clocks",
        chain=[LEAF, certificate("intermediate", "root", begins=timedelta(days=1))],
    ),
    _chain(
        "chain in the wrong order",
        (
            "the last certificate CN=host is not a certificate authority's; the host must send "
            "its own certificate first, then the intermediates"
        ),
        chain=[OUR_CHAIN[1], LEAF],
    ),
]
"""A chain that must not become a thumbprint."""

ATTEMPTS = [*ACCOUNTS, *SERVERS, *OWNERS, *IN_USE, *SESSIONS, *CHAINS]
