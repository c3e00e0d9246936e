"""The shape of an AWS secrets engine, and of its Vault roles one by one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from configuration.account import Account, account_of
from configuration.problems import Key, Problems
from configuration.roles import AssumedRole, IamUserRole, Surroundings
from configuration.schema import LeaseSeconds, Section, accepts, not_below_default
from federation import identity, syntax
from federation.names import MountNames, check_key, check_role
from federation.roles import VaultRole

_ROLE_MODELS: Mapping[str, type[IamUserRole | AssumedRole]] = {
    "iam_user": IamUserRole,
    "assumed_role": AssumedRole,
}
_IMPOSSIBLE = {"federation_token": "GetFederationToken", "session_token": "GetSessionToken"}
"""STS calls that a session may not make (STS API Reference), and Vault holds nothing else."""


class SecretsEngine(Section):
    """One mount of the AWS secrets engine."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("accessKey", "secretKey"), "is refused: the engine holds no AWS key"
    )

    account: str
    audience: Annotated[str, accepts(syntax.audience)]
    path: Annotated[str, accepts(syntax.mount_path)] = ""
    """Path of the mount; the engine's key if left out."""
    namespace: Annotated[str, accepts(syntax.namespace)] = identity.ROOT_NAMESPACE
    description: Annotated[str, Field(min_length=1)] = "AWS credentials without a stored AWS key"
    default_ttl_seconds: LeaseSeconds = 3_600
    """How long an IAM user lives, if its lease is not renewed."""
    max_ttl_seconds: Annotated[LeaseSeconds, Field(validate_default=True)] = 86_400
    """How long an IAM user lives at most."""
    token_ttl_seconds: Annotated[int, Field(ge=60)] = 3_600
    """How long a token of the mount is valid; it is exchanged at once."""
    roles: tuple[VaultRole, ...] = ()
    """Checked one by one, so that one wrong role hides no other problem; sorted by name."""

    def names(self, stack: str, key: str, account: Account) -> MountNames:
        """Names of the mount; raises ValueError if AWS would refuse one."""
        return MountNames(
            stack=stack,
            namespace=self.namespace,
            key=key,
            mount_class=identity.MountClass.SECRET,
            account_id=account.id,
            partition=account.partition,
        )

    @field_validator("max_ttl_seconds")
    @classmethod
    def _max_ttl(cls, seconds: int, info: ValidationInfo) -> int:
        return not_below_default(seconds, info)


def read_engine(
    problems: Problems,
    accounts: Mapping[str, Account | None],
    around: Surroundings,
    name: str,
    raw: object,
) -> SecretsEngine | None:
    """Validate an engine and each of its roles apart, so that none hides another's problems."""
    key: Key = ("secretsEngines", name)
    named = problems.name_is_sound(key, check_key)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    account = account_of(problems, accounts, key, raw)
    surroundings = replace(around, account=account)
    roles = [
        _role(problems, (*key, "roles", role), entry, surroundings)
        for role, entry in problems.entries(raw.get("roles"), (*key, "roles"))
    ]
    own = {field: value for field, value in raw.items() if field != "roles"}
    engine = problems.parse(SecretsEngine, own, key)
    if engine is None or not named:
        return None
    sound = sorted((role for role in roles if role), key=lambda role: role.name)
    return engine.model_copy(update={"path": engine.path or name, "roles": tuple(sound)})


def _role(
    problems: Problems, key: Key, raw: object, surroundings: Surroundings
) -> VaultRole | None:
    named = problems.name_is_sound(key, check_role)
    if not isinstance(raw, dict):
        problems.add(key, "must be an object")
        return None
    model = _ROLE_MODELS.get(str(raw.get("credentialType")))
    if model is None:
        _no_such_type(problems, (*key, "credentialType"), raw.get("credentialType"))
        return None
    role = problems.parse(model, raw, key, surroundings)
    return role.vault_role(str(key[-1])) if role and named else None


def _no_such_type(problems: Problems, key: Key, credential_type: object) -> None:
    allowed = "must be iam_user or assumed_role"
    if credential_type is None:
        problems.add(key, f"is missing; {allowed}")
        return
    if call := _IMPOSSIBLE.get(str(credential_type)):
        allowed += f": Vault holds a session and no key, and AWS lets no session call {call}"
    problems.add(key, allowed, credential_type)
