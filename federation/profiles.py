"""The AWS configuration file, edited: profiles of our own in it, and every other line as it was.

Source of the format: AWS SDKs and Tools Reference Guide, "Shared config and credentials files".
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MARK = "# by `vaultaws credentials install`, for "
"""What a section of ours begins with; behind it, whom it was installed for."""

_HEADER = re.compile(r"\s*\[([^\]]*)\]")
_OURS = re.compile(r"credential_process\s*=")
_REGION = re.compile(r"region\s*=")


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """A profile whose credentials a command gives."""

    name: str
    command: tuple[str, ...]
    """What the AWS CLI and SDKs run (``credential_process``); holds no secret."""
    region: str
    """The profile's region; empty to leave it to the environment."""


@dataclass(kw_only=True, slots=True)
class Edited:
    """A configuration file afterwards, and what became of each profile."""

    text: str = ""
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    """Ours, and as it should be already."""
    removed: list[str] = field(default_factory=list)
    """Of the same owner, and no more among those to install."""
    foreign: list[str] = field(default_factory=list)
    """Somebody else's profiles of these names, left alone."""


def edited(text: str, profiles: Iterable[Profile], owner: str) -> Edited:
    """Put profiles into a configuration file.

    A section is ours by its mark. In one of ours the command is renewed and the region set if there
    is none; whatever else somebody added stays.

    Args:
        text: The file.
        profiles: What shall be there.
        owner: Whom they are installed for: sections that are marked so and are none of the
            profiles are taken out.
    """
    wanted = {profile.name: profile for profile in profiles}
    result = Edited()
    kept: list[str] = []
    for section in _sections(text):
        name = _name(section[0])
        mark = next((line for line in section if line.startswith(MARK)), None)
        profile = wanted.pop(name, None)
        if mark is None:
            if profile is not None:
                result.foreign.append(profile.name)
            kept += section
        elif profile is not None:
            renewed = _renewed(section, profile, owner)
            (result.kept if renewed == section else result.changed).append(name)
            kept += renewed
        elif mark.strip() == f"{MARK}{owner}":
            result.removed.append(name)
            kept += _remarks(section)
        else:
            kept += section
    for profile in wanted.values():
        result.added.append(profile.name)
        if kept and kept[-1].strip():
            kept.append("\n" if kept[-1].endswith("\n") else "\n\n")
        kept += [_header(profile.name), *_lines(profile, owner)]
    result.text = "".join(kept)
    return result


def _sections(text: str) -> list[list[str]]:
    """Part a file before each header; what stands before the first is a section too."""
    sections: list[list[str]] = [[]]
    for line in text.splitlines(keepends=True):
        if _HEADER.match(line):
            sections.append([])
        sections[-1].append(line)
    return [section for section in sections if section]


def _name(header: str) -> str:
    """Return the name of the profile that a header begins; empty if it begins none."""
    found = _HEADER.match(header)
    try:
        words = shlex.split(found[1]) if found else []
    except ValueError:  # a quote that does not end
        words = []
    return words[1] if len(words) == 2 and words[0] == "profile" else ""  # noqa: PLR2004 - a pair


def _header(name: str) -> str:
    return f"[profile {shlex.quote(name)}]\n"


def _lines(profile: Profile, owner: str) -> list[str]:
    region = [f"region = {profile.region}\n"] if profile.region else []
    return [
        f"{MARK}{owner}\n",
        f"credential_process = {shlex.join(profile.command)}\n",
        *region,
    ]


def _renewed(section: list[str], profile: Profile, owner: str) -> list[str]:
    header, *rest = section
    others = [line for line in rest if not line.startswith(MARK) and not _OURS.match(line)]
    own = _lines(profile, owner)
    if any(_REGION.match(line) for line in others):
        own = own[:2]
    return [header, *own, *others]


def _remarks(section: list[str]) -> list[str]:
    """Return what of a section of ours is somebody's remark on what comes next."""
    others = [line for line in section[1:] if not line.startswith(MARK)]
    return [line for line in others if line.lstrip().startswith(("#", ";"))]
