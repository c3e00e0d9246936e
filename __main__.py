"""Vault Enterprise federated with AWS IAM: no AWS key stored anywhere."""

import pulumi
import pulumi_aws as aws
import pulumi_command as command
import pulumi_vault as vault

import components as make
import settings
from federation.identity import parent_namespace

config = settings.load(pulumi.Config(), stack=pulumi.get_stack())
shell = command.Provider("command")
connection = make.Connection("vault", config.vault.address)
vaults = {"": vault.Provider("root", connection.settings(""))}
namespaces: dict[str, make.Namespace] = {}
for path, ownership in config.owned_namespaces.items():
    parent = namespaces.get(parent_namespace(path)[0])
    namespaces[path] = make.Namespace(
        path,
        make.NamespaceArgs(
            address=config.vault.address, path=path, ownership=ownership, parent=parent
        ),
        pulumi.ResourceOptions(providers=[vaults[""]], depends_on=[connection]),
    )
    vaults[path] = vault.Provider(
        path, connection.settings(path), pulumi.ResourceOptions(depends_on=[namespaces[path]])
    )
clouds = {
    name: aws.Provider(account.id, make.sign_in(account, config.stack))
    for name, account in config.accounts.items()
}
connected = pulumi.ResourceOptions(depends_on=[connection])
chain = make.Thumbprint("issuer-host", make.ThumbprintArgs(cluster=config.vault), connected)
issuers = {
    path: make.Issuer(
        path or "root",
        make.IssuerArgs(cluster=config.vault, stack=config.stack, namespace=namespaces.get(path)),
        pulumi.ResourceOptions(providers=[vaults[path]], depends_on=[connection]),
    )
    for path in config.namespaces
}
trusts = {
    (name, path): make.IdentityProvider(
        f"{config.accounts[name].id}/{path or 'root'}",
        make.IdentityProviderArgs(
            account=config.accounts[name], issuer=issuers[path], chain=chain, audiences=audiences
        ),
        pulumi.ResourceOptions(providers=[clouds[name]]),
    )
    for (name, path), audiences in config.federations.items()
}
engines = {
    key: make.SecretsEngine(
        key,
        make.SecretsEngineArgs(
            engine=engine, names=config.names(key), trust=trusts[engine.account, engine.namespace]
        ),
        pulumi.ResourceOptions(providers=[clouds[engine.account], vaults[engine.namespace], shell]),
    )
    for key, engine in config.secrets_engines.items()
}
methods = {
    key: make.AuthMethod(
        f"auth/{key}",
        make.AuthMethodArgs(
            method=method,
            names=config.method_names(key),
            trust=trusts[method.account, method.namespace],
        ),
        pulumi.ResourceOptions(providers=[clouds[method.account], vaults[method.namespace]]),
    )
    for key, method in config.auth_methods.items()
}
targets = {
    key: make.TargetRole(
        key,
        make.TargetRoleArgs(
            target=target,
            names=config.target_names(key),
            trusted={engine: engines[engine].workload for engine in target.trusted_by},
            boundary=config.accounts[target.account].boundary,
        ),
        pulumi.ResourceOptions(providers=[clouds[target.account]]),
    )
    for key, target in config.target_roles.items()
}
logins = {
    key: make.HumanLogin(
        key,
        make.HumanLoginArgs(
            login=login,
            stack=config.stack,
            address=config.vault.address,
            client_secret=config.human_login_secrets[key],
            grants=make.grants(engines),
        ),
        pulumi.ResourceOptions(providers=[vaults[login.namespace]]),
    )
    for key, login in config.human_logins.items()
}
pulumi.export("secrets_engines", {key: engine.summary for key, engine in engines.items()})
pulumi.export("auth_methods", {key: method.summary for key, method in methods.items()})
pulumi.export("target_roles", {key: target.summary for key, target in targets.items()})
pulumi.export("human_logins", {key: login.summary for key, login in logins.items()})
