"""The one comment of a pull request: who gains or loses what, then what is done to resources."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from operations.report import resources
from operations.report.changes import Changes, changes
from operations.report.markdown import COMMENT, code, comment, plain
from operations.review.hidden import hide
from operations.review.steps import Step, counted, steps

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

MARKER = "<!-- vaultaws review -->"
"""What the comment begins with, by which it is found again."""
_NEW = {
    "pulumi:providers:aws": ("AWS account", ""),
    "vault:index/namespace:Namespace": ("namespace", "path"),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("identity provider", "url"),
    "vault:aws/secretBackend:SecretBackend": ("secrets engine", "path"),
    "vault:index/authBackend:AuthBackend": ("auth method", "path"),
    "vault:identity/group:Group": ("group", "name"),
}
"""What is told in a line of its own when it is new, and the input that it is called by; without
one, the name that the program gives it."""
_LEAST = 2_500
"""Characters that a stack gets at least, as long as there is room."""
_MOST_STACKS, _MOST_NEW = 50, 5
"""How many stacks the comment begins with, and how many new things of each."""
_LONGEST_NAME = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """One stack's preview."""

    changes: Changes
    steps: Sequence[Step]
    failed: str
    """Why the preview ended early; empty if it did not."""
    new: Sequence[str]
    """Accounts, namespaces, mounts and groups that the stack did not have."""

    def weight(self) -> tuple[bool, int, int, int]:
        """Return by what stacks are sorted: what a person must look at comes first."""
        found = self.changes
        return (not self.failed, -len(found.gained), -len(found.anew), -len(self.steps))


def reviewed(document: Any, *, named: str) -> Reviewed:  # noqa: ANN401 - JSON of others
    """Return what a person is told of a preview.

    Args:
        document: As ``pulumi preview --json`` prints it.
        named: Where it comes from, for the message.

    Raises:
        UnreadableError: it is something else.
    """
    preview = resources.of_preview(document, named=named)
    return Reviewed(
        changes=changes(preview),
        steps=steps(document, named=named),
        failed=preview.failed,
        new=list(_new(document)),
    )


def _new(document: Any) -> Iterable[str]:  # noqa: ANN401 - JSON of others
    for step in document["steps"]:
        state = step.get("newState") or {}
        if step["op"] == "create" and state.get("type") in _NEW:
            noun, key = _NEW[state["type"]]
            name = (state.get("inputs") or {}).get(key) or step["urn"].split("::", 3)[3]
            yield f"{noun} {code(str(name)[:_LONGEST_NAME])}"


def read(files: Iterable[Path]) -> dict[str, Reviewed]:
    """Return what a person is told of previews, by stack.

    Raises:
        UnreadableError: a file is no preview, or two are of one stack.
    """
    found: dict[str, Reviewed] = {}
    for file in files:
        try:
            text = file.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise resources.UnreadableError(f"{file} cannot be read: {error}") from None
        if not text.strip():
            # The engine did not get as far as to say anything: nobody knows what changes.
            continue
        each = reviewed(resources.parsed(text, named=str(file)), named=str(file))
        # A preview that ended before the first resource does not say whose it is.
        stack = each.changes.stack or file.stem
        if stack in found:
            raise resources.UnreadableError(f"{file}: there is a preview of {stack} already")
        found[stack] = each
    return found


def rendered(
    found: Mapping[str, Reviewed],
    *,
    missing: Sequence[str] = (),
    gone: Sequence[str] = (),
    commit: str = "",
) -> str:
    """Return the comment, in at most 60,000 characters and without secrets.

    Args:
        found: The previews, by stack.
        missing: Stacks that ought to have been previewed, and were not.
        gone: Stacks whose file the change deletes.
        commit: What was previewed; empty where nobody says.
    """
    ordered = sorted(found.items(), key=lambda each: (each[1].weight(), each[0]))
    lines = [MARKER, "## What this change does", ""]
    if not found and not missing:
        lines += ["No stack's inputs are touched: nobody gains or loses a right by it."]
    else:
        lines += ["| stack | access | resources |", "|---|---|---|"]
        lines += [_row(stack, each) for stack, each in ordered[:_MOST_STACKS]]
        lines += [
            f"| {plain(stack)} | **not previewed**: nobody knows what changes | its job says why |"
            for stack in missing[:_MOST_STACKS]
        ]
        left = max(0, len(found) - _MOST_STACKS) + max(0, len(missing) - _MOST_STACKS)
        lines += [f"| {left} more | | |"] if left else []
    for stack, each in ordered[:_MOST_STACKS]:
        if each.new:
            more = f" and {len(each.new) - _MOST_NEW} more" if len(each.new) > _MOST_NEW else ""
            lines += ["", f"> New in {plain(stack)}: {', '.join(each.new[:_MOST_NEW])}{more}."]
    for stack in gone[:_MOST_STACKS]:
        told = "What is deployed of it stays until somebody destroys the stack."
        lines += ["", f"> The file of the stack {plain(stack)} is deleted. {told}"]
    if commit:
        lines += ["", f"Previewed: {code(commit)}. A merge previews again before it is approved."]
    text = "\n".join(lines) + "\n"
    for part in _parts([each for _, each in ordered], COMMENT - len(text) - 200):
        text += f"\n{part}"
    return hide(text)


def _row(stack: str, found: Reviewed) -> str:
    if found.failed:
        access = "**the preview failed**: more may change than is shown"
    else:
        told = found.changes
        counts = [
            f"**{_count(len(told.gained), 'new right')}**" if told.gained else "",
            f"**{len(told.anew)} made anew**" if told.anew else "",
            _count(len(told.lost), "lost right") if told.lost else "",
        ]
        access = ", ".join(filter(None, counts)) or "nobody gains or loses a right"
    return f"| {plain(stack)} | {access} | {counted(found.steps) or 'nothing to do'} |"


def _count(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"


def _parts(found: Sequence[Reviewed], room: int) -> Iterable[str]:
    """Yield every stack's access, then every stack's resources, as far as there is room."""
    left = 0
    for resources_too in (False, True):
        for at, each in enumerate(found):
            share = room // (len(found) - at)
            if not resources_too and _says_nothing(each.changes):
                continue
            if resources_too and not each.steps:
                continue
            part = ""
            if share >= _LEAST:
                part = _diff(each, share) if resources_too else comment(each.changes, share)
            if not part or len(part) + 1 > room:
                left += 1
                continue
            room -= len(part) + 1
            yield part
    if left:
        yield f"**Not all fits: {left} parts are left out.** The artifacts of the run have all.\n"


def _says_nothing(found: Changes) -> bool:
    return not any((found.gained, found.lost, found.anew, found.notes))


def _diff(found: Reviewed, room: int) -> str:
    """Return what is done to a stack's resources, in a block that nothing in it can end."""
    lines = [line for step in found.steps for line in step.text()]
    fence = "`" * max(3, 1 + _ticks("\n".join(lines)))
    # Markdown means nothing within a line of HTML.
    said = html.escape(f"Resources of {found.changes.stack}: {counted(found.steps)}")
    head = f"<details><summary>{said}</summary>\n\n{fence}diff\n"
    room -= len(head) + 2 * len(fence) + 200
    kept = []
    for line in lines:
        if len(line) + 1 > room:
            break
        room -= len(line) + 1
        kept.append(line)
    left = len(lines) - len(kept)
    more = f"\n{left} more lines are left out; the artifacts of the run have all.\n" if left else ""
    body = "\n".join(kept)
    return f"{head}{body}\n{fence}\n{more}\n</details>\n"


def _ticks(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)
