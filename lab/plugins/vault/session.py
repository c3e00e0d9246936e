"""The connection of one plugin process to one Vault."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import hvac
import requests
import urllib3
from requests.adapters import HTTPAdapter

from lab.plugins.resource import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lab.plugins.values import Values

TIMEOUT_SECONDS: Final = 60
CHILD_TOKEN_TTL_SECONDS: Final = 1200
REMOUNT_DEADLINE_SECONDS: Final = 60
REMOUNT_POLL_SECONDS: Final = 0.2
_SEMVER: Final = re.compile(r"v?(\d+)\.(\d+)\.\d+(-[^+]+)?(?:\+(.+))?")


class VaultRefusal(ProviderError):  # noqa: N818 - what Vault answered, not what went wrong here
    """Vault answered with an error status."""

    def __init__(self, method: str, path: str, status: int, errors: list[str]) -> None:
        said = "; ".join(errors) or "no reason given"
        super().__init__(f"{method} {path}: Vault answered {status}: {said}")
        self.status = status
        self.errors = errors


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The provider's settings that are served."""

    address: str
    token: str
    namespace: str = ""
    skip_child_token: bool = False
    max_retries: int = 2
    """How often a request is repeated after a refused connection or a status of 500 and more."""
    child_token_ttl_seconds: int = CHILD_TOKEN_TTL_SECONDS


class VaultSession:
    """Talks to Vault as the official plugin does; opened by the first call that needs it.

    Opening looks the token up, makes a child token unless told not to, and asks for the server's
    version. A version that cannot be learnt is no error: every feature that depends on one is then
    dropped without a word, as the official plugin does it.
    """

    def __init__(self, settings: Settings) -> None:
        self.address = settings.address
        self.namespace = settings.namespace
        self._settings = settings
        self._opening = threading.Lock()
        self._client: hvac.Client | None = None
        self._release: tuple[int, int, bool] | None = None

    def supports(self, major: int, minor: int, *, enterprise: bool) -> bool:
        """Tell whether the server is at least this release, and Enterprise if that is asked."""
        self._open()
        if self._release is None:
            return False
        return self._release[:2] >= (major, minor) and (self._release[2] or not enterprise)

    def get(self, path: str, namespace: str = "") -> Values | None:
        """Read ``path``; None when there is nothing (404)."""
        try:
            return self._data("GET", path, namespace)
        except VaultRefusal as refusal:
            if refusal.status == requests.codes.not_found:
                return None
            raise

    def put(self, path: str, body: Values, namespace: str = "") -> Values:
        """Write ``body`` to ``path``."""
        return self._data("PUT", path, namespace, body)

    def post(self, path: str, body: Values, namespace: str = "") -> Values:
        """Write ``body`` to one of the ``sys`` paths that take POST."""
        return self._data("POST", path, namespace, body)

    def patch(self, path: str, body: Values, namespace: str = "") -> Values:
        """Merge ``body`` into what stands at ``path``; null takes a key away."""
        return self._data("PATCH", path, namespace, body)

    def delete(self, path: str, namespace: str = "") -> None:
        """Delete ``path``."""
        self._data("DELETE", path, namespace)

    def mount(self, path: str, namespace: str = "") -> Values | None:
        """Return the mount at ``path`` (``auth/...`` for auth methods); None when there is none."""
        try:
            return self.get(f"sys/mounts/{path}", namespace)
        except VaultRefusal as refusal:
            missing = ("No secret engine mount at", "No auth engine at")
            if refusal.status == requests.codes.bad_request and any(
                phrase in error for phrase in missing for error in refusal.errors
            ):
                return None
            raise

    def remount(self, source: str, target: str, namespace: str = "") -> None:
        """Move a mount and wait until Vault has done so."""
        answer = self.post("sys/remount", {"from": source, "to": target}, namespace)
        status = f"sys/remount/status/{answer['migration_id']}"
        deadline = time.monotonic() + REMOUNT_DEADLINE_SECONDS
        while time.monotonic() < deadline:
            info = (self.get(status, namespace) or {})["migration_info"]
            if info["status"] == "success":
                return
            if info["status"] == "failure":
                raise ProviderError(f"moving the mount {source} to {target} failed in Vault")
            time.sleep(REMOUNT_POLL_SECONDS)
        raise ProviderError(f"moving the mount {source} to {target} did not end in time")

    def _data(self, method: str, path: str, namespace: str, body: Values | None = None) -> Values:
        client = self._open()
        full = "/".join(part for part in (self._settings.namespace, namespace) if part)
        answer = self._request(client, method, path, full, body)
        return dict(answer.get("data") or {})

    def _open(self) -> hvac.Client:
        with self._opening:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> hvac.Client:
        settings = self._settings
        transport = requests.Session()
        retries = urllib3.Retry(
            total=settings.max_retries,
            backoff_factor=1,
            status_forcelist=(500, 502, 503, 504),
            allowed_methods=None,
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            transport.mount(scheme, HTTPAdapter(max_retries=retries, pool_maxsize=32))
        client = hvac.Client(
            url=settings.address,
            token=settings.token,
            session=transport,
            timeout=TIMEOUT_SECONDS,
            namespace="",
        )
        self._request(client, "GET", "auth/token/lookup-self", settings.namespace)
        if not settings.skip_child_token:
            client.token = self._child_token(client)
        self._release = self._learn_release(client)
        return client

    def _child_token(self, client: hvac.Client) -> str:
        ttl = f"{self._settings.child_token_ttl_seconds}s"
        body = {
            "display_name": "terraform",
            "ttl": ttl,
            "explicit_max_ttl": ttl,
            "renewable": False,
        }
        answer = self._request(client, "POST", "auth/token/create", self._settings.namespace, body)
        return str(answer["auth"]["client_token"])

    def _learn_release(self, client: hvac.Client) -> tuple[int, int, bool] | None:
        try:
            answer = self._request(client, "GET", "sys/seal-status", "")
        except ProviderError:
            return None
        matched = _SEMVER.fullmatch(str(answer.get("version", "")))
        if matched is None:
            return None
        major, minor, before_release, build = matched.groups()
        # A pre-release sorts below its release, so it is not yet "at least" that release.
        return int(major), int(minor) - (before_release is not None), "ent" in (build or "")

    def _request(
        self,
        client: hvac.Client,
        method: str,
        path: str,
        namespace: str,
        body: Values | None = None,
    ) -> dict[str, Any]:
        headers = {"X-Vault-Namespace": namespace} if namespace else {}
        try:
            response = client.adapter.request(
                method,
                f"/v1/{path}",
                headers=headers,
                json=body,
                raise_exception=False,
            )
        except requests.RequestException as error:
            raise ProviderError(
                f"{method} {path}: no answer from Vault at {self.address} "
                f"({type(error).__name__}); is it running, and is the address right?"
            ) from error
        if isinstance(response, dict):
            return response
        if response.ok:
            return {}
        raise VaultRefusal(method, path, response.status_code, _errors(response))


def repeated(call: Callable[[], Values], *, tries: int, pause_seconds: float) -> Values:
    """Return what ``call`` returns, repeating it while Vault answers 400."""
    for _ in range(tries - 1):
        try:
            return call()
        except VaultRefusal as refusal:
            if refusal.status != requests.codes.bad_request:
                raise
            time.sleep(pause_seconds)
    return call()


def _errors(response: requests.Response) -> list[str]:
    try:
        errors = response.json()["errors"]
    except (ValueError, KeyError, TypeError):
        return [response.text[:200]]
    return [str(error) for error in errors]
