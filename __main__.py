"""Vault Enterprise federated with AWS IAM: no AWS key stored anywhere."""

import pulumi
import pulumi_aws as aws
import pulumi_command as command
import pulumi_vault as vault
from pulumi import ResourceOptions

import settings
from components.auth_method import AuthMethod, AuthMethodArgs
from components.dynamic.connection import Connection, ConnectionArgs
from components.dynamic.thumbprint import Thumbprint, ThumbprintArgs
from components.human_login import HumanLogin, HumanLoginArgs
from components.identity_provider import IdentityProvider, IdentityProviderArgs
from components.issuer import Issuer, IssuerArgs
from components.namespace import Namespace, NamespaceArgs
from components.providers import aws_args, vault_args
from components.secrets_engine import SecretsEngine, SecretsEngineArgs, grants
from components.target_role import TargetRole, TargetRoleArgs
from federation.identity import host, parent_namespace

config = settings.load(pulumi.Config(), stack=pulumi.get_stack())
cluster = config.vault

# Vault: the connection, a provider and an issuer for each namespace.
connection = Connection("vault", ConnectionArgs(address=cluster.address))
connected = ResourceOptions(depends_on=[connection])
vaults = {"": vault.Provider("root", vault_args(connection, ""))}
namespaces: dict[str, Namespace] = {}
for path, ownership in config.owned_namespaces.items():
    parent = namespaces.get(parent_namespace(path)[0])
    wanted = NamespaceArgs(address=cluster.address, path=path, ownership=ownership, parent=parent)
    namespaces[path] = Namespace(
        path, wanted, ResourceOptions(providers=[vaults[""]], depends_on=[connection])
    )
    inside = ResourceOptions(depends_on=[namespaces[path]])
    vaults[path] = vault.Provider(path, vault_args(connection, path), inside)
chain = Thumbprint(
    "issuer-host",
    ThumbprintArgs(
        host=host(cluster.public_address), pinned=cluster.thumbprints, ca_sha256=cluster.ca_sha256
    ),
    connected,
)
issuers = {
    path: Issuer(
        path or "root",
        IssuerArgs(cluster=cluster, stack=config.stack, namespace=namespaces.get(path)),
        ResourceOptions(providers=[vaults[path]], depends_on=[connection]),
    )
    for path in config.namespaces
}

# Accounts: what each knows of the issuers.
clouds = {
    name: aws.Provider(account.id, aws_args(account, config.stack))
    for name, account in config.accounts.items()
}
trusts = {
    (name, path): IdentityProvider(
        f"{config.accounts[name].id}/{path or 'root'}",
        IdentityProviderArgs(
            account=config.accounts[name], issuer=issuers[path], chain=chain, audiences=audiences
        ),
        ResourceOptions(providers=[clouds[name]]),
    )
    for (name, path), audiences in config.federations.items()
}

# Federations: the mounts that act there, and the roles they hand out.
shell = command.Provider("command")
engines = {
    key: SecretsEngine(
        key,
        SecretsEngineArgs(
            engine=engine, names=config.names(key), trust=trusts[engine.account, engine.namespace]
        ),
        ResourceOptions(providers=[clouds[engine.account], vaults[engine.namespace], shell]),
    )
    for key, engine in config.secrets_engines.items()
}
methods = {
    key: AuthMethod(
        f"auth/{key}",
        AuthMethodArgs(
            method=method,
            names=config.method_names(key),
            trust=trusts[method.account, method.namespace],
        ),
        ResourceOptions(providers=[clouds[method.account], vaults[method.namespace]]),
    )
    for key, method in config.auth_methods.items()
}
targets = {
    key: TargetRole(
        key,
        TargetRoleArgs(
            target=target,
            names=config.target_names(key),
            trusted={engine: engines[engine].role for engine in target.trusted_by},
            boundary=config.accounts[target.account].boundary,
        ),
        ResourceOptions(providers=[clouds[target.account]]),
    )
    for key, target in config.target_roles.items()
}

# People: who may read what.
logins = {
    key: HumanLogin(
        key,
        HumanLoginArgs(
            login=login,
            stack=config.stack,
            address=cluster.address,
            client_secret=config.human_login_secrets[key],
            grants=grants(engines),
        ),
        ResourceOptions(providers=[vaults[login.namespace]]),
    )
    for key, login in config.human_logins.items()
}

for section, made in (
    ("secrets_engines", engines),
    ("auth_methods", methods),
    ("target_roles", targets),
    ("human_logins", logins),
):
    pulumi.export(section, {key: each.summary for key, each in made.items()})
