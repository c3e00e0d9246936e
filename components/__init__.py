"""The nouns of the program: each file one component, each component one promise."""

from components.account import deploy_roles
from components.connection import Connection
from components.identity_provider import IdentityProvider, IdentityProviderArgs
from components.issuer import Issuer, IssuerArgs
from components.namespace import Namespace, NamespaceArgs
from components.secrets_engine import SecretsEngine, SecretsEngineArgs
from components.thumbprint import Thumbprint, ThumbprintArgs

__all__ = [
    "Connection",
    "IdentityProvider",
    "IdentityProviderArgs",
    "Issuer",
    "IssuerArgs",
    "Namespace",
    "NamespaceArgs",
    "SecretsEngine",
    "SecretsEngineArgs",
    "Thumbprint",
    "ThumbprintArgs",
    "deploy_roles",
]
