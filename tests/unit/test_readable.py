"""What a token's policies let it read, and where a session signs in."""

from __future__ import annotations

import pytest

from federation.console import console_of
from federation.readable import may_read, named_roles


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        (["read"], True),
        (["list", "read"], True),
        (["root"], True),
        (["deny"], False),
        (["read", "deny"], False),
        (["update"], False),
        ([], False),
    ],
)
def test_reading_is_what_the_capabilities_say(capabilities: list[str], *, expected: bool) -> None:
    assert may_read(capabilities) is expected


READ = {"capabilities": ["read"]}


def test_roles_are_named_by_the_paths_of_aws_engines_alone() -> None:
    acl = {
        "exact_paths": {
            "aws/creds/reader": READ,
            "clouds/aws/creds/writer": READ,
            "database/creds/reader": READ,
            "aws/roles/reader": READ,
            "sys/leases/revoke/aws/creds/reader/x": READ,
        },
        "glob_paths": {"aws/creds/any-": READ},
    }
    mounts = ["aws/", "clouds/aws/"]
    assert named_roles(acl, mounts, "") == ["aws/reader", "clouds/aws/writer"]
    assert named_roles({"root": True}, mounts, "") == []


def test_vault_enterprise_names_the_namespace_within_the_paths() -> None:
    acl = {"exact_paths": {"team-a/aws/creds/reader": READ, "aws/creds/writer": READ}}
    assert named_roles(acl, ["aws/"], "team-a") == ["aws/reader", "aws/writer"]


@pytest.mark.parametrize(
    ("region", "endpoint", "home"),
    [
        ("eu-central-1", "signin.aws.amazon.com", "console.aws.amazon.com"),
        ("us-gov-west-1", "signin.amazonaws-us-gov.com", "console.amazonaws-us-gov.com"),
        ("cn-north-1", "signin.amazonaws.cn", "console.amazonaws.cn"),
    ],
)
def test_each_partition_has_a_console_of_its_own(region: str, endpoint: str, home: str) -> None:
    console = console_of(region)
    assert console
    assert console.endpoint == f"https://{endpoint}/federation"
    assert console.home == f"https://{home}/console/home?region={region}"
    assert console.has(console.home)
    assert console.has(f"https://{region}.{home}/s3/home")


@pytest.mark.parametrize(
    "page",
    [
        "http://console.aws.amazon.com/",
        "https://console.aws.amazon.com.example.com/",
        "https://example.com/?https://console.aws.amazon.com/",
        "https://evilconsole.aws.amazon.com/",
        "https://x@example.com/console.aws.amazon.com",
        "https://console.amazonaws.cn/",
        "https://example.com\\.console.aws.amazon.com/",
        "javascript:alert(1)",
        "",
    ],
)
def test_a_page_elsewhere_is_none_of_the_console(page: str) -> None:
    console = console_of("us-east-1")
    assert console
    assert not console.has(page)


def test_of_other_partitions_no_console_is_known() -> None:
    assert console_of("us-iso-east-1") is None
