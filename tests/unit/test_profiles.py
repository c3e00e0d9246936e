"""The AWS configuration file after an installation: ours renewed, all else byte for byte."""

from __future__ import annotations

import configparser
from typing import TYPE_CHECKING

import botocore.configloader
from hypothesis import given
from hypothesis import strategies as st

from federation.profiles import MARK, Profile, edited

if TYPE_CHECKING:
    from pathlib import Path

OWNER = "the stack dev at https://vault.example.com"
FOREIGN = """\
# mine
[default]
region = eu-west-1

[profile  "two words"]
sso_session = x
; a remark [profile aws/reader]

[sso-session x]
sso_region = eu-west-1
"""


def _profile(name: str = "aws/reader", *, region: str = "us-east-1") -> Profile:
    command = ("/a folder/vaultaws", "credentials", name, "--format", "process")
    return Profile(name=name, command=command, region=region)


def _parsed(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return parser


def test_a_profile_is_added_behind_what_is_there() -> None:
    result = edited(FOREIGN, [_profile()], OWNER)
    assert result.added == ["aws/reader"]
    assert result.text.startswith(FOREIGN)
    section = _parsed(result.text)["profile aws/reader"]
    assert section["region"] == "us-east-1"
    assert section["credential_process"] == (
        "'/a folder/vaultaws' credentials aws/reader --format process"
    )


def test_botocore_reads_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(edited("", [_profile()], OWNER).text, "utf-8")
    held = botocore.configloader.load_config(str(file))["profiles"]["aws/reader"]
    assert held["credential_process"].startswith("'/a folder/vaultaws' ")


def test_a_second_installation_changes_nothing() -> None:
    once = edited(FOREIGN, [_profile(), _profile("aws/other", region="")], OWNER)
    again = edited(once.text, [_profile("aws/other", region=""), _profile()], OWNER)
    assert again.text == once.text
    assert again.kept == ["aws/reader", "aws/other"]
    assert again.added + again.changed + again.removed + again.foreign == []


def test_what_somebody_added_to_ours_stays_and_the_command_is_renewed() -> None:
    text = edited("", [_profile()], OWNER).text.replace("us-east-1", "eu-central-1")
    text += "output = json\n\n# about the next one\n[profile mine]\nregion = x\n"
    moved = Profile(name="aws/reader", command=("/new/vaultaws",), region="us-east-1")
    result = edited(text, [moved], OWNER)
    assert result.changed == ["aws/reader"]
    section = _parsed(result.text)["profile aws/reader"]
    assert dict(section) == {
        "credential_process": "/new/vaultaws",
        "region": "eu-central-1",
        "output": "json",
    }
    assert result.text.endswith("\n# about the next one\n[profile mine]\nregion = x\n")


def test_somebody_elses_profile_of_that_name_is_left_alone_and_named() -> None:
    theirs = "[profile aws/reader]\ncredential_process = theirs\n"
    result = edited(theirs, [_profile()], OWNER)
    assert result.text == theirs
    assert result.foreign == ["aws/reader"]
    assert result.added == []


def test_ours_of_the_same_owner_that_is_not_wanted_any_more_goes() -> None:
    both = edited(FOREIGN, [_profile(), _profile("aws/old")], OWNER)
    text = f"{both.text}# about mine\n[profile mine]\nregion = x\n"
    result = edited(text, [_profile()], OWNER)
    assert result.removed == ["aws/old"]
    assert "aws/old" not in result.text
    assert "# about mine\n[profile mine]\nregion = x\n" in result.text
    assert result.text.startswith(FOREIGN)


def test_ours_of_another_owner_stays() -> None:
    other = edited("", [_profile("aws/old")], "the stack other at https://vault.example.com")
    result = edited(other.text, [_profile()], OWNER)
    assert result.text.startswith(other.text)
    assert result.removed == []


@given(st.text(alphabet=st.sampled_from("[]profile aws/reader=\n#\"' \t;x")))
def test_no_line_of_a_file_that_is_not_ours_is_lost_or_moved(text: str) -> None:
    result = edited(text, [_profile()], OWNER)
    if result.foreign:
        assert result.text == text
    else:
        assert result.text.startswith(text)
        assert result.text.count(MARK) == 1
