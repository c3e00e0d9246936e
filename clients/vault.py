"""What the product asks of Vault beside the resources that Pulumi manages there."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import hvac
import hvac.exceptions
import requests  # hvac lets its exceptions through

from clients.cluster import ClusterSession, UnsafeRedirectError, advice, cut_off
from clients.errors import (
    VaultError,
    VaultForbiddenError,
    VaultUnreachableError,
    VaultUntrustedError,
)
from clients.held_token import LOOKUP, HeldToken, told
from federation.identity import MountClass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ABSENT = ("No secret engine mount at", "No auth engine at")
"""How Vault says 400 for a mount that does not exist (``sys/mounts/<path>``)."""

OF_EVERY_NAMESPACE = frozenset(
    f"{prefix}{kind}" for kind in ("system", "identity", "cubbyhole") for prefix in ("", "ns_")
)
"""Types of the mounts that a namespace has from the beginning; Enterprise calls those of all but
the root one ``ns_...`` (``sys/mounts``)."""


REVOCATION_SECONDS = 100.0
"""How long a revocation of many leases may take; Vault itself gives up after 90 (Vault,
"Parameters", ``default_max_request_duration``), and then what was revoked stays revoked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldFederation:
    """What a mount really holds, whatever Pulumi believes it wrote. Unset is empty or zero."""

    accessor: str
    audience: str
    role_arn: str
    token_ttl_seconds: int
    token_key: str
    username_template: str = ""
    """Of a secrets engine only."""
    access_key: str = ""
    """Id of a long-lived key, which a federated mount has none of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class HeldMount:
    """What is mounted at a path; for anything but an AWS secrets engine, ``kind`` alone counts."""

    kind: str
    role_arn: str = ""
    access_key: str = ""
    vault_roles: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """Which part in a cluster the node has that answers."""

    performance_standby: bool = False
    replication: str = ""
    """``primary`` or ``secondary``, where performance replication is used."""
    disaster_recovery: str = ""
    """The same for disaster recovery."""
    time: float | None = field(default=None, compare=False)
    """Its clock, in whole seconds since the epoch, rounded down; None where it does not tell."""


class Vault:
    """A connection to one namespace of one Vault; a context manager.

    The token is the one of ``VAULT_TOKEN``, or of the file that ``vault login`` writes, and is
    kept nowhere else. ``VAULT_CACERT`` and ``VAULT_CAPATH`` are respected as by Vault's own CLI.

    Args:
        address: ``https://host[:port]``.
        namespace: path of the namespace; empty for the root namespace. ``VAULT_NAMESPACE`` is
            deliberately not read: what is declared must not depend on a shell.
        timeout: seconds for each request.
        token: another token than that of the environment; empty for none, as who logs in has none
            yet.
    """

    def __init__(
        self, address: str, namespace: str = "", *, timeout: float = 10.0, token: str | None = None
    ) -> None:
        self.address, self.namespace = address, namespace
        self._timeout = timeout
        self._client = _client(address, timeout, namespace=namespace or None, token=token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.adapter.close()

    def look_up_token(self) -> HeldToken:
        """Ask Vault about the token, which the official provider does before anything else.

        Raises:
            VaultForbiddenError: no token, or not one that Vault knows.
            VaultError: unreachable or sealed.
        """
        if not self._client.token:
            raise VaultForbiddenError(
                f"there is no token for Vault at {self.address}: set VAULT_TOKEN"
            )
        try:
            return told(self.read(LOOKUP) or {})
        except VaultForbiddenError as error:
            raise VaultForbiddenError(
                f"Vault at {self.address} does not accept the token of VAULT_TOKEN: it is wrong, "
                f"expired or revoked, its policies do not allow {LOOKUP}, or it belongs to another "
                "namespace than root, whose tokens alone can be used; log in again"
            ) from error

    def revoke_lease(self, lease: str) -> None:
        """End one lease, and wait for it.

        Raises:
            VaultError: unreachable or refused, or AWS did not let Vault delete what it had made.
        """
        self.write(
            "sys/leases/revoke", {"lease_id": lease, "sync": True}, timeout=REVOCATION_SECONDS
        )

    def capabilities(self, paths: list[str]) -> dict[str, list[str]]:
        """Return what the token may do at each of the paths, as its own policies say it.

        Raises:
            VaultError: unreachable, or the token may not ask.
        """
        answer = self.write("sys/capabilities-self", {"paths": paths})
        held = answer["data"] if answer else {}
        return {asked: list(held.get(asked) or ()) for asked in paths}

    def federation(self, mount_class: MountClass, path: str) -> HeldFederation | None:
        """Return what the mount at ``path`` holds; ``None`` when there is no such mount.

        Raises:
            VaultError: unreachable or refused.
        """
        if mount_class is MountClass.AUTH:
            mount, config = f"sys/mounts/auth/{path}", f"auth/{path}/config/client"
        else:
            mount, config = f"sys/mounts/{path}", f"{path}/config/root"
        mounted = self.read(mount)
        if mounted is None:
            return None
        held = self.read(config) or {}
        return HeldFederation(
            accessor=mounted["accessor"],
            audience=held.get("identity_token_audience") or "",
            role_arn=held.get("role_arn") or "",
            token_ttl_seconds=int(held.get("identity_token_ttl") or 0),
            token_key=mounted.get("config", {}).get("identity_token_key") or "",
            username_template=held.get("username_template") or "",
            access_key=held.get("access_key") or "",
        )

    def mount(self, path: str) -> HeldMount | None:
        """Return what is mounted at ``path``; ``None`` when nothing is.

        Raises:
            VaultError: unreachable or refused.
        """
        mounted = self.read(f"sys/mounts/{path}")
        if mounted is None:
            return None
        if mounted["type"] != "aws":
            return HeldMount(kind=mounted["type"])
        held = self.read(f"{path}/config/root") or {}
        return HeldMount(
            kind=mounted["type"],
            role_arn=held.get("role_arn") or "",
            access_key=held.get("access_key") or "",
            vault_roles=tuple(self.listed(f"{path}/roles")),
        )

    def issuer(self) -> str:
        """Return the issuer that the namespace is set to; empty where nobody has set one.

        Raises:
            VaultError: unreachable or refused.
        """
        held = self.read("identity/oidc/config") or {}
        return str(held.get("issuer") or "")

    def has_namespace(self, name: str) -> bool:
        """Tell whether the namespace has a child of this name.

        Raises:
            VaultError: unreachable or refused.
        """
        return self.read(f"sys/namespaces/{name}") is not None

    def namespaces(self) -> list[str]:
        """Return the names of the namespaces directly in this one.

        Raises:
            VaultError: unreachable or refused.
        """
        return self.listed("sys/namespaces")

    def mounted(self) -> list[str]:
        """Return the paths of what is mounted in the namespace, beside what each one has.

        Raises:
            VaultError: unreachable or refused.
        """
        engines = self.read("sys/mounts") or {}
        methods = self.read("sys/auth") or {}
        return [
            *(path for path, mount in engines.items() if mount["type"] not in OF_EVERY_NAMESPACE),
            *(f"auth/{path}" for path in methods if path != "token/"),
        ]

    def aws_engines(self) -> dict[str, str]:
        """Return the accessor of each AWS secrets engine of the namespace, by its path.

        Raises:
            VaultError: unreachable or refused.
        """
        mounts = self.read("sys/mounts") or {}
        return {
            path.rstrip("/"): mount["accessor"]
            for path, mount in mounts.items()
            if mount["type"] == "aws"
        }

    def signing_keys(self) -> list[str]:
        """Return the names of the namespace's keys that sign identity tokens.

        Raises:
            VaultError: unreachable or refused.
        """
        return self.listed("identity/oidc/key")

    def node(self) -> Node:
        """Return what kind of node of a cluster answers.

        Source: Vault, "/sys/health". Asked without a token, in the root namespace, and so that
        every kind answers alike.

        Raises:
            VaultError: unreachable.
        """
        alike = "standbyok=true&perfstandbyok=true&drsecondarycode=200&sealedcode=200"
        try:
            health = public_document(f"{self.address}/v1/sys/health?{alike}", timeout=self._timeout)
        except VaultUnreachableError:
            raise
        except VaultError:
            return Node()  # what stands before it need not let this through
        return Node(
            performance_standby=bool(health.get("performance_standby")),
            replication=str(health.get("replication_performance_mode") or ""),
            disaster_recovery=str(health.get("replication_dr_mode") or ""),
            time=health.get("server_time_utc"),
        )

    def version(self) -> str:
        """Return the server's version, for example ``1.21.0+ent``.

        Raises:
            VaultError: unreachable, or the version is hidden.
        """
        # Asked without namespace and token, as the official provider does it.
        status = public_document(f"{self.address}/v1/sys/seal-status", timeout=self._timeout)
        return str(status.get("version", ""))

    def leases(self, prefix: str) -> list[str]:
        """Return the ids of the leases directly under ``prefix`` (needs ``sudo``).

        Raises:
            VaultError: unreachable or refused.
        """
        return [f"{prefix}/{key}" for key in self.listed(f"sys/leases/lookup/{prefix}")]

    def revoke_prefix(self, prefix: str) -> None:
        """Revoke every lease under ``prefix`` and wait for it (needs ``sudo``).

        Raises:
            VaultError: unreachable or refused, or AWS did not let Vault delete what it had made.
        """
        path = f"sys/leases/revoke-prefix/{prefix}"
        put = self._client.adapter.put
        body, timeout = {"sync": True}, (self._timeout, REVOCATION_SECONDS)
        self._ask("update", path, lambda: put(f"/v1/{path}", json=body, timeout=timeout))

    def set_token_key(self, path: str, key: str) -> None:
        """Let the auth method at ``path`` have its tokens signed with the named key.

        Raises:
            VaultError: unreachable or refused.
        """
        self.write(f"sys/auth/{path}/tune", {"identity_token_key": key})

    def requests_under_way(self) -> dict[str, str]:
        """Return the paths of the requests that the node is working on, by id.

        Asked of the root namespace. A node counts what standbys forward to it as its own; which
        node answers is up to the address (Vault, "/sys/in-flight-req").

        Raises:
            VaultError: unreachable or refused.
        """
        path = "sys/in-flight-req"
        found = self._ask("read", path, lambda: self._client.read(path))
        if not found:  # a node that tells at all tells at least of this request
            raise VaultError(f"Vault at {self.address} does not tell which requests are under way")
        return {key: entry["request_path"] for key, entry in found.items()}

    def read(self, path: str) -> dict[str, Any] | None:
        """Return the data at a path; ``None`` where nothing is.

        Raises:
            VaultError: unreachable or refused.
        """
        answer = self._ask("read", path, lambda: self._client.read(path))
        return answer["data"] if answer else None

    def fetched_once(
        self,
        path: str,
        parameters: Mapping[str, str] | None = None,
        *,
        verb: str = "read",
        timeout: float | None = None,
    ) -> dict[str, Any] | None:
        """Read what is made by being read, and return the whole answer; ``None``: no such path.

        Whatever becomes of it, it is not asked for again where it may have been made: nobody would
        hold the first one.

        Args:
            path: Below ``/v1/``.
            parameters: The query; may hold secrets, and no error shows it.
            verb: What an error says that Vault does not do.
            timeout: Seconds for the answer; the connection's own where none is given.

        Raises:
            VaultError: unreachable or refused.
        """
        bounds = (self._timeout, timeout or self._timeout)
        get = partial(self._client.adapter.get, params=parameters, timeout=bounds, repeatable=False)
        answer = self._ask(verb, path, lambda: get(f"/v1/{path}"))
        return answer if answer is None or isinstance(answer, dict) else {}

    def listed(self, path: str) -> list[str]:
        """Return the keys that Vault lists under a path; none where nothing is.

        Raises:
            VaultError: unreachable or refused.
        """
        found = self._ask("list", path, lambda: self._client.list(path))
        return list(found["data"]["keys"]) if found else []

    def write(
        self,
        path: str,
        data: Mapping[str, Any],
        *,
        verb: str = "update",
        timeout: float | None = None,
        repeatable: bool = True,
    ) -> dict[str, Any] | None:
        """Write to a path and return the whole answer, empty without one; ``None``: no such path.

        Args:
            path: Below ``/v1/``.
            data: May hold secrets; no error shows it.
            verb: What an error says that Vault does not do.
            timeout: Seconds for the answer; the connection's own where none is given.
            repeatable: Whether it may be done twice, where nobody knows of the first time.

        Raises:
            VaultError: unreachable or refused.
        """
        bounds = (self._timeout, timeout or self._timeout)
        post = partial(self._client.adapter.post, timeout=bounds, repeatable=repeatable)
        answer = self._ask(verb, path, lambda: post(f"/v1/{path}", json=data))
        # Where Vault answers nothing, hvac returns the response itself.
        return answer if answer is None or isinstance(answer, dict) else {}

    def delete(self, path: str) -> None:
        """Delete what is at a path; nothing there is no error.

        Raises:
            VaultError: unreachable or refused.
        """
        self._ask("delete", path, lambda: self._client.delete(path))

    def _ask(self, verb: str, path: str, call: Callable[[], Any]) -> Any:  # noqa: ANN401 - JSON
        """Run ``call``; what does not exist is ``None``, every failure a VaultError."""
        try:
            return call()
        except hvac.exceptions.InvalidPath:
            return None
        except hvac.exceptions.VaultError as error:
            reasons = "; ".join(error.errors or [type(error).__name__])
            if reasons.startswith(ABSENT):
                return None
            message = f"Vault at {self.address} does not {verb} {path}: {reasons.strip()}"
            if isinstance(error, hvac.exceptions.Forbidden):
                hint = "is VAULT_TOKEN set, still valid, and allowed to do this?"
                raise VaultForbiddenError(f"{message} ({hint})") from error
            if hint := advice(reasons):
                message += f" ({hint})"
            elif isinstance(error, hvac.exceptions.VaultDown):
                message += " (unseal it, or see its log)"
            raise VaultError(message) from error
        except requests.RequestException as error:
            raise _unreachable(self.address, error) from error


def public_document(url: str, *, timeout: float = 10.0) -> dict[str, Any]:
    """Fetch a JSON document that Vault serves to everybody, without a token.

    Args:
        url: ``https://host[:port]/path``.
        timeout: seconds for the request.

    Raises:
        VaultError: unreachable, refused, or not a JSON object.
    """
    parts = urlsplit(url)
    origin = f"{parts.scheme}://{parts.netloc}"
    client = _client(origin, timeout, token="")
    try:
        document = client.adapter.get(parts.path, params=parts.query)
    except hvac.exceptions.VaultError as error:
        reasons = "; ".join(error.errors or [type(error).__name__])
        raise VaultError(f"{url} is not served: {reasons}") from error
    except requests.RequestException as error:
        raise _unreachable(origin, error) from error
    finally:
        client.adapter.close()
    if not isinstance(document, dict):
        raise VaultError(f"{url} does not answer with a JSON object")
    return document


def _client(address: str, timeout: float, **options: str | None) -> hvac.Client:
    session = ClusterSession()
    session.verify = _verify()  # hvac prefers it to what it is told itself
    return hvac.Client(
        url=address, timeout=timeout, verify=session.verify, session=session, **options
    )


def _verify() -> str | bool:
    return os.environ.get("VAULT_CACERT") or os.environ.get("VAULT_CAPATH") or True


def _unreachable(address: str, error: requests.RequestException) -> VaultUnreachableError:
    if isinstance(error, UnsafeRedirectError):
        return VaultUnreachableError(str(error))
    asked = urlsplit(str(getattr(error.request, "url", None) or address))
    if asked.netloc and asked.netloc != urlsplit(address).netloc:
        address = f"{asked.scheme}://{asked.netloc}, to which Vault at {address} sends its clients,"
    if isinstance(error, requests.exceptions.SSLError):
        return VaultUntrustedError(
            f"{address} cannot be reached: its certificate is not trusted here; set VAULT_CACERT "
            "to the authority's certificate"
        )
    if cut_off(error):
        why = "it ended the connection; see its log, and whether a leader is missing"
    elif isinstance(error, requests.exceptions.ProxyError):
        why = "the proxy of HTTPS_PROXY does not let the request through"
    elif isinstance(error, requests.exceptions.Timeout):
        why = "no answer in time; check that it is up and not blocked by a firewall"
    else:
        why = "no connection; check the address, that Vault is up, and HTTPS_PROXY"
    return VaultUnreachableError(f"{address} cannot be reached: {why}")
