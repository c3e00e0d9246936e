"""The nouns of the program: each file one component, each component one promise."""

from components.account import sign_in
from components.auth_method import AuthMethod, AuthMethodArgs
from components.connection import Connection
from components.human_login import HumanLogin, HumanLoginArgs
from components.identity_provider import IdentityProvider, IdentityProviderArgs
from components.issuer import Issuer, IssuerArgs
from components.namespace import Namespace, NamespaceArgs
from components.secrets_engine import SecretsEngine, SecretsEngineArgs, grants
from components.target_role import TargetRole, TargetRoleArgs
from components.thumbprint import Thumbprint, ThumbprintArgs

__all__ = [
    "AuthMethod",
    "AuthMethodArgs",
    "Connection",
    "HumanLogin",
    "HumanLoginArgs",
    "IdentityProvider",
    "IdentityProviderArgs",
    "Issuer",
    "IssuerArgs",
    "Namespace",
    "NamespaceArgs",
    "SecretsEngine",
    "SecretsEngineArgs",
    "TargetRole",
    "TargetRoleArgs",
    "Thumbprint",
    "ThumbprintArgs",
    "grants",
    "sign_in",
]
