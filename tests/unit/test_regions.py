from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from federation import regions


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
    known = [name for name in partition["regions"] if not name.endswith("-global")]
    assert known
    for region in known:
        regions.check_region(region)
        assert regions.partition_of(region).name == partition["id"]
        assert regions.sts_endpoint(region) == f"https://sts.{region}.{suffix}"
        found_by_vault = f"https://sts.{region}.amazonaws.com"
        assert (
            regions.unguessed_sts_endpoint(region) or found_by_vault
        ) == f"https://sts.{region}.{suffix}"


NEWER = "f AWS has it since, set newRegion beside it to true"


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("us-eest-1", "us-east-1 or us-west-1"),
        ("us-esat-1", "us-east-1"),
        ("eu-cental-1", "eu-central-1"),
        ("us-gov-wets-1", "us-gov-west-1"),
        ("cn-nort-1", "cn-north-1"),
    ],
)
def test_a_typing_error_is_told_with_what_was_meant_and_how_to_insist(
    region: str, meant: str
) -> None:
    told = rf"^is no region that the pinned botocore knows; did you mean {meant}\? I{NEWER}$"
    with pytest.raises(ValueError, match=told):
        regions.check_region(region)
    regions.check_region(region, newer=True)


@pytest.mark.parametrize("region", ["eu-atlantis-7", "mx-moon-12"])
def test_a_region_like_no_other_may_be_newer(region: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^is no region that the pinned botocore knows; i{NEWER}$"
    ):
        regions.check_region(region)
    regions.check_region(region, newer=True)
    assert regions.sts_endpoint(region) == f"https://sts.{region}.amazonaws.com"


@pytest.mark.parametrize(
    ("region", "meant"),
    [
        ("mars-1", ""),
        ("", ""),
        ("us-east-1a", "; did you mean us-east-1?"),
        ("us east 1", "; did you mean us-east-1?"),
        ("US_EAST_1", "; did you mean us-east-1?"),
        ("aws-global", ""),
    ],
)
def test_what_no_partition_could_have_is_refused_however_new(region: str, meant: str) -> None:
    with pytest.raises(ValueError, match=r"^") as refusal:
        regions.check_region(region, newer=True)
    assert str(refusal.value) == (
        f"must be an AWS region such as us-east-1, us-gov-west-1 or cn-north-1{meant}"
    )
