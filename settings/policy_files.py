"""Files that hold policies: identity policies for AWS, read, judged and compacted, and Vault's."""

import codecs
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import AfterValidator, ValidationInfo

from federation import documents
from settings import service_reference
from settings.account import account_at
from settings.section import Place

VAULT_POLICIES = Path("policies", "vault")
"""Folder of the Vault policies of the stack's own, below the project's."""

_MARKS = {
    codecs.BOM_UTF8: "UTF-8",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_HOLE = re.compile(r"\$\{[^}]*\}")
"""What the program fills in; Vault's own templates have ``{{...}}``."""


def _as_given(document: Mapping[str, Any]) -> int:
    """Count as AWS does what Vault hands on unescaped."""
    return documents.size(document, escaped=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """How large a policy may be."""

    characters: int
    whose: str
    """Whom AWS grants no more, for the message."""
    counted: str = "non-blank characters"
    size: Callable[[Mapping[str, Any]], int] = _as_given


def _with_blanks(document: Mapping[str, Any]) -> int:
    return len(_compact(document))


OF_USER = Limit(characters=documents.INLINE_POLICIES_OF_USER, whose="a user")
OF_ROLE = Limit(characters=documents.INLINE_POLICIES_OF_ROLE, whose="a role")
OF_SESSION = Limit(
    characters=documents.SESSION_POLICY, whose="a session", counted="characters", size=_with_blanks
)


def read_policy(root: Path, file: str, limit: Limit) -> str:
    """Read, check and compact a policy.

    Checked are the structure, whether everything it names exists at AWS, and its size.

    Args:
        root: The project's folder, which the file must lie in.
        file: Its path, from there.
        limit: How large it may be.

    Raises:
        ValueError: With every problem, each by its statement, and what is allowed.
    """
    root = root.resolve()
    try:
        path = (root / file).resolve()
        there = path.is_relative_to(root) and path.is_file()
    except OSError:  # for one, a name longer than any file's
        there = False
    if not there:
        raise ValueError("must be a file inside the project's folder; there is none")
    try:
        text = _read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"must be a readable file of UTF-8 text: {error}") from None
    try:
        document = documents.read(text)
    except ValueError as error:
        raise ValueError(f"must hold an IAM policy: {error}") from None
    found = [*documents.problems(document), *service_reference.problems(document)]
    if found:
        raise ValueError(f"must hold an IAM policy: {'; '.join(found)}")
    size = limit.size(document)
    if size > limit.characters:
        raise ValueError(
            f"must have at most {limit.characters} {limit.counted}, for AWS grants {limit.whose} "
            f"no more, not {size}; use managedPolicies"
        )
    return _compact(document)


def _read_text(path: Path) -> str:
    """Read a file of UTF-8; what editors write instead, or before it, is told how to save.

    Raises:
        OSError: It cannot be read.
        UnicodeDecodeError: It is no UTF-8 and nothing that editors write.
        ValueError: It is in another encoding, or begins with a byte-order mark.
    """
    raw = path.read_bytes()
    for mark, encoding in _MARKS.items():
        if raw.startswith(mark):
            raise ValueError(
                f"must be plain UTF-8, and {path.name} begins with the mark of {encoding}: save it "
                "as UTF-8 without a byte-order mark"
            )
    text = raw.decode("utf-8")
    if "\0" in text:
        raise ValueError(
            f"must be plain UTF-8, and {path.name} is UTF-16 or no text: save it as UTF-8 without "
            "a byte-order mark"
        )
    return text


def policy_of(limit: Limit) -> AfterValidator:
    """Turn the name of a policy file into its text; see :func:`read_policy`."""

    def validate(file: str, info: ValidationInfo[Place]) -> str:
        place = info.context
        policy = read_policy(place.reading.root, file, limit)
        account = account_at(place)
        partition = account.partition if account else None
        for told in service_reference.warnings(json.loads(policy), partition):
            place.reading.problems.advise((*place.key, "policy"), f"{file}, {told}")
        return policy

    return AfterValidator(validate)


def read_vault_policy(root: Path, policy: str) -> str:
    """Read a Vault policy of the stack's own; Vault itself judges what it says.

    Raises:
        ValueError: Saying which file must be there.
    """
    file = VAULT_POLICIES / f"{policy}.hcl"
    try:
        text = _read_text(root / file)
    except (OSError, UnicodeDecodeError):
        raise ValueError(
            f"must have a readable file {file}; what another keeps belongs into existingPolicies"
        ) from None
    if not text.strip():
        raise ValueError(f"must have something in its file {file}")
    if holes := sorted(set(_HOLE.findall(text))):
        raise ValueError(
            f"must be a policy, and {file} is a template: only the program fills in its "
            f"{' and '.join(holes)}; name a policy without such, or write one"
        )
    return text


def _compact(document: Mapping[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
