"""What every resource of IAM shares: tags, and waiting for IAM to have heard of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from lab.plugins.aws import session as aws
from lab.plugins.resource import Input, ProviderError, Resource
from lab.plugins.values import UNKNOWN

if TYPE_CHECKING:
    from lab.plugins.values import Values

TAGS = {"tags": Input(), "tagsAll": Input(derived=True)}


class IamResource(Resource[aws.AwsSession]):
    """A resource of IAM; tags of the provider (``defaultTags``) are added to its own."""

    def complete(self, news: Values) -> Values:
        """Add ``tagsAll`` where the type has it."""
        if "tagsAll" not in self.inputs:
            return news
        own = news.get("tags", {})
        together = UNKNOWN if own == UNKNOWN else self.session.default_tags | own
        return news | {"tagsAll": together}

    def tags(self, found: list[dict[str, str]], state: Values) -> Values:
        """Return the tags of the resource itself, and those together with the provider's."""
        together = {tag["Key"]: tag["Value"] for tag in found}
        given, defaults = state.get("tags", {}), self.session.default_tags
        own = {
            key: value
            for key, value in together.items()
            if key in given or defaults.get(key) != value
        }
        return {"tags": own, "tagsAll": together}

    def retag(self, noun: str, target: dict[str, str], old: Values, planned: Values) -> None:
        """Bring tags from ``old`` to ``planned`` with ``tag_<noun>`` and ``untag_<noun>``."""
        before, after = old.get("tagsAll", {}), planned.get("tagsAll", {})
        if lost := sorted(set(before) - set(after)):
            self.session.iam("removing tags", f"untag_{noun}", **target, TagKeys=lost)
        if after and before != after:
            self.session.iam("tagging", f"tag_{noun}", **target, Tags=as_tags(after))

    def written(self, identifier: str, planned: Values) -> Values:
        """Read what was just written, waiting until IAM has heard of it."""
        deadline = time.monotonic() + aws.PROPAGATION_DEADLINE_SECONDS
        while time.monotonic() < deadline:
            outputs = self.read(identifier, planned)
            if outputs is not None:
                return outputs
            time.sleep(aws.PROPAGATION_POLL_SECONDS)
        raise ProviderError(f"{identifier} was written, but IAM does not show it")


def as_tags(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return ``tags`` as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
