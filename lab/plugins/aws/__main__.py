"""``python -m lab.plugins.aws ENGINE``: serves the stand-in ``aws`` plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lab.plugins.aws.attachment import RolePolicyAttachment
from lab.plugins.aws.identity_provider import OpenIdConnectProvider
from lab.plugins.aws.roles import Role, RolePolicy
from lab.plugins.aws.session import MAX_RETRIES, AwsSession, Settings
from lab.plugins.provider import Plugin
from lab.plugins.server import serve

if TYPE_CHECKING:
    from lab.plugins.values import Values


class AwsPlugin(Plugin[AwsSession]):
    """The ``aws`` package. Credentials come from boto3's usual places."""

    package = "aws"
    resources = (OpenIdConnectProvider, Role, RolePolicy, RolePolicyAttachment)
    settings: ClassVar[dict[str, type]] = {
        "region": str,
        "profile": str,
        "allowedAccountIds": list,
        "assumeRoles": list,
        "defaultTags": dict,
        "maxRetries": int,
        # Checks of the official plugin at start-up; there is nothing here to skip.
        "skipCredentialsValidation": bool,
        "skipMetadataApiCheck": bool,
        "skipRegionValidation": bool,
        "skipRequestingAccountId": bool,
    }

    def open(self, settings: Values) -> AwsSession:
        """Return a session that opens its connection with the first call."""
        return AwsSession(
            Settings(
                region=settings.get("region"),
                profile=settings.get("profile"),
                allowed_account_ids=tuple(settings.get("allowedAccountIds", ())),
                assume_roles=tuple(settings.get("assumeRoles", ())),
                default_tags=settings.get("defaultTags", {}).get("tags", {}),
                max_retries=int(settings.get("maxRetries", MAX_RETRIES)),
            )
        )


if __name__ == "__main__":
    serve(AwsPlugin())
