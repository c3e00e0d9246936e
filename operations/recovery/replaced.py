"""Resources that were deleted to be replaced, where the replacement did not come about.

The engine deletes a mount before it makes it anew, and with it what needs the mount. Each of them
stays in the state, marked once its deletion has succeeded and not before (pulumi 3.259,
``DeleteStep.Apply``), so there is no need to ask whether it is there: what has its name now is
something else, perhaps the replacement without a record. An update deletes what needs the mount
once more, though, and fails for ever, because Vault knows no path in a mount that is gone
(https://github.com/pulumi/pulumi/issues/24561).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

Resource = dict[str, Any]


def is_deleted(resource: Resource) -> bool:
    """Tell whether it stands in the state although it is deleted."""
    return bool(resource.get("pendingReplacement"))


def without_deleted(resources: Sequence[Resource]) -> list[Resource]:
    """Return the resources that are there; the next update creates the others anew."""
    kept = [each for each in resources if not is_deleted(each)]
    # Of one name, a deleted one and another that is there can stand side by side.
    gone = {each["urn"] for each in resources} - {each["urn"] for each in kept}
    return [freed(each, gone) for each in kept]


def needed(resource: Mapping[str, Any]) -> set[str]:
    """Return the URNs of what a resource depends on."""
    by_property = (resource.get("propertyDependencies") or {}).values()
    return {
        *(resource.get("dependencies") or []),
        *(urn for urns in by_property for urn in urns or []),
    }


def freed(resource: Resource, gone: Collection[str]) -> Resource:
    """Return the resource depending no longer on what is gone, as the engine demands of a state."""
    by_property = resource.get("propertyDependencies") or {}
    return resource | {
        "dependencies": [urn for urn in resource.get("dependencies") or [] if urn not in gone],
        "propertyDependencies": {
            key: [urn for urn in urns or [] if urn not in gone] for key, urns in by_property.items()
        },
    }
