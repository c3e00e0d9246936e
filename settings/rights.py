"""What the settings of a stack need in Vault, and at AWS."""

from federation import deploy_rights, identity, rights
from federation.deploy_rights import AwsRights
from federation.rights import Rights
from settings.stack import Settings


def needed_in_vault(settings: Settings) -> Rights:
    """Return the rights that the stack needs in Vault, as the root namespace knows their paths."""
    found: Rights = {}

    def need(namespace: str, *more: Rights) -> None:
        for each in more:
            for path, capabilities in rights.within(namespace, each).items():
                found[path] = found.get(path, frozenset()) | capabilities

    for path, ownership in settings.owned_namespaces.items():
        around, name = identity.parent_namespace(path)
        need(around, rights.of_namespace(name, managed=ownership == "managed"))
        if ownership == "managed":  # looked through before it is deleted
            need(path, dict.fromkeys(("sys/mounts", "sys/auth"), frozenset(("read",))))
    for engine in settings.secrets_engines.values():
        names, roles = settings.mount_names(engine), [role.name for role in engine.roles]
        need(
            engine.namespace,
            rights.of_issuer(names.signing_key, managed=settings.vault.issuer == "managed"),
            rights.of_secrets_engine(engine.path, roles),
            rights.of_policies(names.access_policy(role) for role in roles),
        )
    for method in settings.auth_methods.values():
        names = settings.mount_names(method)
        policies = {policy for role in method.roles for policy in role.policies}
        need(
            method.namespace,
            rights.of_issuer(names.signing_key, managed=settings.vault.issuer == "managed"),
            rights.of_auth_method(
                method.path,
                [role.name for role in method.roles],
                [role.account for role in method.other_accounts],
            ),
            rights.of_policies(names.login_policy(policy) for policy in policies),
        )
    for login in settings.human_logins.values():
        need(login.namespace, rights.of_login(login.path, login.role_name))
    return found


def needed_at_aws(settings: Settings, account: str) -> AwsRights:
    """Return the rights that whoever deploys needs in one account, given by its name."""
    declared = settings.accounts[account]
    bounded = deploy_rights.BOUNDARY if declared.boundary else frozenset()
    found = {"*": deploy_rights.LOOKS}
    for mount in settings.mounts:
        if mount.account == account:
            names = settings.mount_names(mount)
            found[names.role_arn] = deploy_rights.ROLE | bounded
            found[names.provider_arn(settings.issuer(mount.namespace))] = (
                deploy_rights.IDENTITY_PROVIDER
                if declared.identity_provider == "managed"
                else deploy_rights.AUDIENCES
            )
    for name, target in settings.target_roles.items():
        if target.account == account:
            attached = deploy_rights.MANAGED_POLICIES if target.managed_policies else frozenset()
            arn = settings.target_names(name).role_arn
            found[arn] = deploy_rights.ROLE | bounded | attached
    return found
