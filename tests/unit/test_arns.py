from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from federation import arns


def _partitions() -> list[dict[str, Any]]:
    """AWS's own list of partitions, which botocore carries."""
    listed = resources.files("botocore").joinpath("data/partitions.json").read_text("utf-8")
    found: list[dict[str, Any]] = json.loads(listed)["partitions"]
    return found


@pytest.mark.parametrize("partition", _partitions(), ids=lambda entry: entry["id"])
def test_every_region_of_aws_has_its_partition_and_an_sts_that_vault_finds(
    partition: dict[str, Any],
) -> None:
    suffix = partition["outputs"]["dnsSuffix"]
    regions = [name for name in partition["regions"] if not name.endswith("-global")]
    assert regions
    for region in regions:
        assert arns.partition_of(region) == partition["id"]
        found_by_vault = f"https://sts.{region}.amazonaws.com"
        assert (
            arns.unguessed_sts_endpoint(region) or found_by_vault
        ) == f"https://sts.{region}.{suffix}"
