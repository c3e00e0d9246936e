"""Vault Enterprise federated with AWS IAM: no AWS key stored anywhere."""

from pathlib import Path

import pulumi
import pulumi_command as command

import settings.rights
from components.account import Account
from components.auth_method import AuthMethod, AuthMethodArgs
from components.cluster import Cluster
from components.human_login import HumanLogin, HumanLoginArgs
from components.program import brief_traces, settled
from components.secrets_engine import SecretsEngine, SecretsEngineArgs, grants
from components.target_role import TargetRole, TargetRoleArgs

config = settings.load_or_end(pulumi.Config(), stack=pulumi.get_stack(), root=Path(__file__).parent)

with brief_traces():
    shell = command.Provider("command")

    vault = Cluster(config, settings.rights.needed_in_vault(config))
    accounts = {name: Account(name, config, vault) for name in config.accounts}
    engines = {
        key: SecretsEngine(
            key,
            SecretsEngineArgs(
                engine=engine,
                names=config.mount_names(engine),
                trust=accounts[engine.account].trusts[engine.namespace],
            ),
            pulumi.ResourceOptions(
                providers=[
                    accounts[engine.account].provider,
                    vault.providers[engine.namespace],
                    shell,
                ]
            ),
        )
        for key, engine in config.secrets_engines.items()
    }
    methods = {
        key: AuthMethod(
            f"auth/{key}",
            AuthMethodArgs(
                method=method,
                names=config.mount_names(method),
                trust=accounts[method.account].trusts[method.namespace],
            ),
            pulumi.ResourceOptions(
                providers=[accounts[method.account].provider, vault.providers[method.namespace]]
            ),
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
            pulumi.ResourceOptions(providers=[accounts[target.account].provider]),
        )
        for key, target in config.target_roles.items()
    }
    people = {
        key: HumanLogin(
            key,
            HumanLoginArgs(
                login=login,
                stack=config.stack,
                address=config.vault.address,
                client_secret=config.human_login_secrets[key],
                grants=grants(engines),
            ),
            pulumi.ResourceOptions(providers=[vault.providers[login.namespace]]),
        )
        for key, login in config.human_logins.items()
    }

pulumi.export("secrets_engines", {key: engine.summary for key, engine in engines.items()})
pulumi.export("auth_methods", {key: method.summary for key, method in methods.items()})
pulumi.export("target_roles", {key: target.summary for key, target in targets.items()})
pulumi.export("human_logins", {key: login.summary for key, login in people.items()})
pulumi.run(settled)
