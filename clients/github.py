"""GitHub, as far as comments and issues are written there: its REST API, version 2022-11-28."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import requests

from clients.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHOR: Final = "github-actions[bot]"
"""Whom a workflow's own token writes as ("Automatic token authentication", GitHub Docs)."""
_PAGE: Final = 100
_SECONDS: Final = 30


class GitHubError(CloudError):
    """GitHub refused, or did not answer."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """A comment or an issue of our own."""

    number: int
    """Id of the comment, number of the issue."""
    body: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """A repository, and who writes there."""

    name: str
    """``owner/name``."""
    token: str = field(repr=False)
    api: str = "https://api.github.com"
    author: str = AUTHOR

    def comment(self, pull: int, marker: str) -> Written | None:
        """Return our own comment on a pull request that begins with a marker.

        Somebody else's is passed over: whoever may comment could write the marker, too.
        """
        return self._own(f"issues/{pull}/comments", "id", marker)

    def issue(self, label: str, marker: str) -> Written | None:
        """Return our own open issue with a label, whose text begins with a marker."""
        return self._own(f"issues?state=open&labels={label}", "number", marker)

    def add_comment(self, number: int, body: str) -> None:
        """Comment on a pull request or an issue."""
        self._ask("POST", f"issues/{number}/comments", {"body": body})

    def change_comment(self, comment: int, body: str) -> None:
        """Put another text in place of a comment's."""
        self._ask("PATCH", f"issues/comments/{comment}", {"body": body})

    def open_issue(self, title: str, body: str, label: str) -> int:
        """Open an issue and return its number."""
        asked = {"title": title, "body": body, "labels": [label]}
        return int(self._ask("POST", "issues", asked).json()["number"])

    def change_issue(self, number: int, body: str) -> None:
        """Put another text in place of an issue's."""
        self._ask("PATCH", f"issues/{number}", {"body": body})

    def close_issue(self, number: int) -> None:
        """Close an issue as done."""
        self._ask("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "completed"})

    def _own(self, path: str, key: str, marker: str) -> Written | None:
        for each in self._listed(path):
            body = each.get("body") or ""
            if body.startswith(marker) and (each.get("user") or {}).get("login") == self.author:
                return Written(number=int(each[key]), body=body)
        return None

    def _listed(self, path: str) -> Iterator[dict[str, Any]]:
        sign = "&" if "?" in path else "?"
        page = 1
        while True:
            found = self._ask("GET", f"{path}{sign}per_page={_PAGE}&page={page}").json()
            yield from found
            if len(found) < _PAGE:
                return
            page += 1

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> requests.Response:
        url = f"{self.api}/repos/{self.name}/{path}"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self.token}",
            "X-GitHub-Api-Version": "2022-11-28",
        }
        try:
            answer = requests.request(
                method,
                url,
                json=body,
                headers=headers,
                timeout=_SECONDS,
                # A redirect would turn a POST into a GET, and a moved repository is another one.
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise GitHubError(f"GitHub does not answer at {self.api}: {error}") from None
        if answer.status_code >= HTTPStatus.MULTIPLE_CHOICES:
            raise GitHubError(
                f"GitHub refused {method} {url}: {answer.status_code} {_reason(answer)}. The job "
                "needs `pull-requests: write` for a comment, `issues: write` for an issue"
            )
        return answer


def from_environment(author: str = AUTHOR) -> Repository:
    """Return the repository that a workflow runs for, with the token that it was given.

    Raises:
        GitHubError: a variable is missing, with all that are.
    """
    needed = ("GITHUB_REPOSITORY", "GITHUB_TOKEN")
    if missing := [name for name in needed if not os.environ.get(name)]:
        raise GitHubError(
            f"not set: {', '.join(missing)}. A workflow has the first by itself; the second is "
            "given by `env: GITHUB_TOKEN: ${{ github.token }}`"
        )
    return Repository(
        name=os.environ["GITHUB_REPOSITORY"],
        token=os.environ["GITHUB_TOKEN"],
        api=os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"),
        author=author,
    )


def _reason(answer: requests.Response) -> str:
    try:
        return str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        return answer.reason or ""
