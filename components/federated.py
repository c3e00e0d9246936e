"""What makes a mount federated, be it a secrets engine or an auth method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_aws as aws

from components.dynamic.audience import Audience, AudienceArgs
from components.dynamic.federation import EngineArgs, Federation, FederationArgs
from federation import identity
from federation.trust import trust_policy

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pulumi_vault as vault

    from components.identity_provider import IdentityProvider
    from federation.names import MountNames
    from settings.mount import MountSettings

SESSION_SECONDS = 3600
"""Longest session of the role. Vault asks for AWS's default hour and renews by a new token."""


class Federated:
    """The way of one mount to AWS: an audience of its own, an IAM role, and their federation.

    The owner makes the mount in between, for the mount names the audience, and the role the mount.
    Children of the owner: ``<account>/<namespace>-audience/<audience>``, ``<name>-workload``,
    ``<name>-workload/<policy>`` for each inline policy, ``<name>-federation``.

    Args:
        owner: The component of the mount.
        name: Logical name of the owner.
        mount: The mount as declared.
        names: Every physical name of it.
        trust: What its account knows of its issuer.
    """

    role: aws.iam.Role
    """IAM role of the mount; see :meth:`let_act`."""
    policies: dict[str, aws.iam.RolePolicy]
    """Its inline policies, by physical name."""
    subject: pulumi.Output[str]
    """The ``sub`` claim: this mount and no other."""
    federation: Federation
    """Whether it all is so; see :meth:`verify`."""

    def __init__(
        self,
        owner: pulumi.ComponentResource,
        name: str,
        mount: MountSettings,
        names: MountNames,
        trust: IdentityProvider,
    ) -> None:
        self._name, self._mount, self._names, self._trust = name, mount, names, trust
        self._child = pulumi.ResourceOptions(parent=owner)
        self.audience = Audience(
            f"{trust.pulumi_resource_name}-audience/{mount.audience}",
            AudienceArgs(
                address=trust.issuer.declared.address,
                namespace=names.namespace,
                key=trust.issuer.key,
                audience=mount.audience,
                provider_arn=trust.arn,
                exclusive=trust.account.identity_provider == "managed",
                account=trust.account.access,
            ),
            self._child,
        )

    def let_act(self, accessor: pulumi.Output[str]) -> None:
        """Make the IAM role that trusts the mount of this accessor, with its inline policies."""
        names, trust, audience = self._names, self._trust, self._mount.audience
        self.subject = pulumi.Output.all(trust.issuer.namespace_id, accessor).apply(
            lambda known: identity.subject(known[0], names.mount_class, known[1])
        )
        trusted = pulumi.Output.all(trust.arn, self.subject).apply(
            lambda known: trust_policy(known[0], audience, known[1])
        )
        # because the engine takes what another provider is given for the same thing, and changes
        # in the new account what stands in the old one.
        in_account = pulumi.ResourceOptions.merge(
            self._child, pulumi.ResourceOptions(replacement_trigger=names.account_id)
        )
        self.role = aws.iam.Role(
            f"{self._name}-workload",
            name=names.role_name,
            assume_role_policy=pulumi.Output.json_dumps(trusted, sort_keys=True),
            max_session_duration=SESSION_SECONDS,
            permissions_boundary=trust.account.boundary,
            tags=names.tags,
            # because two roles cannot have one name.
            opts=pulumi.ResourceOptions.merge(
                in_account, pulumi.ResourceOptions(delete_before_replace=True)
            ),
        )
        self.policies = {
            policy: aws.iam.RolePolicy(
                f"{self._name}-workload/{policy}",
                name=policy,
                role=self.role.name,
                policy=pulumi.Output.json_dumps(document, sort_keys=True),
                opts=in_account,
            )
            for policy, document in self._mount.inline_policies(names).items()
        }

    def verify(
        self,
        mount: vault.aws.SecretBackend | vault.AuthBackend,
        after: Sequence[pulumi.Resource] = (),
        *,
        username_template: str | None = None,
        **of_the_server: str | None,
    ) -> None:
        """Let nothing through that is not federated as declared.

        Args:
            mount: The mount.
            after: What else must be there.
            username_template: How a secrets engine names users; an auth method makes none.
            of_the_server: What only some releases can do: ``confusable``, ``without_external_id``,
                ``conditioned``; see :class:`FederationArgs`.
        """
        names, declared, trust = self._names, self._mount, self._trust
        engine = None
        if username_template:
            engine = EngineArgs(
                username_template=username_template,
                iam_path=names.iam_path,
                subject=self.subject,
                provider_arn=trust.arn,
                thumbprints=trust.chain.thumbprints,
                account=trust.account.access,
            )
        needed: dict[str, Any] = {name: of or None for name, of in of_the_server.items()}
        self.federation = Federation(
            f"{self._name}-federation",
            FederationArgs(
                address=trust.issuer.declared.address,
                namespace=names.namespace,
                mount_class=names.mount_class.value,
                path=declared.path,
                accessor=mount.accessor,
                audience=declared.audience,
                role_arn=self.role.arn,
                issuer=trust.issuer.url,
                token_key=trust.issuer.key,
                token_ttl_seconds=declared.token_ttl_seconds,
                engine=engine,
                **needed,
            ),
            pulumi.ResourceOptions.merge(
                self._child, pulumi.ResourceOptions(depends_on=[*self.policies.values(), *after])
            ),
        )

    def said(self) -> dict[str, Any]:
        """Return the fields of :class:`components.summary.FederatedSummary`."""
        trust = self._trust
        return {
            "mount": self._mount.path,
            "namespace": self._names.namespace,
            "region": trust.account.region,
            "issuer": trust.issuer.url,
            "audience": self._mount.audience,
            "subject": self.subject,
            "role_arn": self.federation.role_arn,
            "provider_arn": trust.arn,
            "thumbprints": trust.chain.thumbprints,
        }
