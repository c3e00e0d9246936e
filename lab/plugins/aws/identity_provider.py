"""Identity providers of IAM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from lab.plugins.aws.iam import TAGS, IamResource, as_tags
from lab.plugins.resource import Input
from lab.plugins.values import same_set

if TYPE_CHECKING:
    from lab.plugins.values import Values


class OpenIdConnectProvider(IamResource):
    """``aws:iam/openIdConnectProvider:OpenIdConnectProvider``: identifier is the ARN.

    Without thumbprints in the program, those at AWS are kept; an empty list is a difference that
    no update mends.
    """

    token = "aws:iam/openIdConnectProvider:OpenIdConnectProvider"  # noqa: S105 - a type token
    inputs: ClassVar = {
        "url": Input(
            required=True, replace=True, same=lambda one, other: _host(one) == _host(other)
        ),
        "clientIdLists": Input(required=True, same=same_set),
        "thumbprintLists": Input(computed=True),
        **TAGS,
    }
    outputs = ("arn",)

    def create(self, planned: Values) -> str:
        """Make the provider."""
        answer = self.session.iam(
            "creating the IAM OIDC provider",
            "create_open_id_connect_provider",
            Url=planned["url"],
            ClientIDList=planned["clientIdLists"],
            ThumbprintList=planned.get("thumbprintLists") or None,
            Tags=as_tags(planned["tagsAll"]) or None,
        )
        return str(answer["OpenIDConnectProviderArn"])

    def read(self, identifier: str, state: Values) -> Values | None:
        """Read the provider; AWS tells its URL without the scheme."""
        answer = self.session.found(
            f"reading the IAM OIDC provider {identifier}",
            "get_open_id_connect_provider",
            OpenIDConnectProviderArn=identifier,
        )
        if answer is None:
            return None
        return state | {
            "arn": identifier,
            "url": f"https://{_host(answer['Url'])}",
            "clientIdLists": sorted(answer.get("ClientIDList", [])),
            "thumbprintLists": answer.get("ThumbprintList", []),
            **self.tags(answer.get("Tags", []), state),
        }

    def update(self, identifier: str, old: Values, planned: Values) -> str:
        """Change thumbprints, client ids and tags in place."""
        target = {"OpenIDConnectProviderArn": identifier}
        prints = planned.get("thumbprintLists")
        if prints and prints != old.get("thumbprintLists"):
            operation = "update_open_id_connect_provider_thumbprint"
            self.session.iam("updating thumbprints", operation, **target, ThumbprintList=prints)
        before, after = set(old.get("clientIdLists", [])), set(planned["clientIdLists"])
        for audience in sorted(after - before):
            operation = "add_client_id_to_open_id_connect_provider"
            self.session.iam(f"adding client id {audience}", operation, **target, ClientID=audience)
        for audience in sorted(before - after):
            operation = "remove_client_id_from_open_id_connect_provider"
            self.session.iam(
                f"removing client id {audience}", operation, **target, ClientID=audience
            )
        self.retag("open_id_connect_provider", target, old, planned)
        return identifier

    def delete(self, identifier: str, state: Values) -> None:  # noqa: ARG002 - interface
        """Delete the provider."""
        self.session.gone(
            f"deleting the IAM OIDC provider {identifier}",
            "delete_open_id_connect_provider",
            OpenIDConnectProviderArn=identifier,
        )


def _host(url: Any) -> str:  # noqa: ANN401 - absent or text
    return str(url or "").removeprefix("https://")
