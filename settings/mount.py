"""What secrets engines and auth methods share: how a mount is federated."""

from abc import abstractmethod
from typing import Annotated, ClassVar

from pydantic import Field

from federation import identity, syntax
from federation.names import MountNames
from federation.statements import Document
from settings.account import AccountSettings, InAccount
from settings.fields import Namespace, Seconds, Text, accepts, text


class MountSettings(InAccount):
    """A mount that AWS trusts by the tokens which Vault signs for it."""

    mount_class: ClassVar[identity.MountClass]

    audience: Annotated[str, accepts(syntax.audience, text(syntax.AUDIENCE, syntax.audience))]
    """The ``aud`` claim of its tokens; no two mounts of an account and namespace share one."""
    own_path: str | None = Field(default=None, alias="path")
    """Path of the mount; the name if left out."""
    namespace: Namespace = identity.ROOT_NAMESPACE
    """Path of its Vault namespace, such as ``team-a/sub``; empty for the root."""
    description: Text
    """What Vault's list of mounts says of it."""
    token_ttl_seconds: Seconds = 3_600
    """How long a token that the mount shows to AWS is valid; it is exchanged at once."""

    @property
    def path(self) -> str:
        """Path of the mount; its key if left out."""
        return self.own_path or self.name

    def names(self, stack: str, account: AccountSettings) -> MountNames:
        """Names of the mount; raises ValueError if AWS would refuse one."""
        return MountNames(
            stack=stack,
            namespace=self.namespace,
            key=self.name,
            mount_class=self.mount_class,
            account_id=account.id,
            partition=account.partition,
        )

    @abstractmethod
    def inline_policies(self, names: MountNames) -> dict[str, Document]:
        """Inline policies of its IAM role; raises ValueError if AWS would refuse a name."""
