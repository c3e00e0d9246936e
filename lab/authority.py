"""The laboratory's certificate authority: a root to trust, an intermediate, a leaf a host."""

from __future__ import annotations

import ssl
import tempfile
from typing import TYPE_CHECKING, Any

import trustme

from lab.home import read_json, write_bytes, write_json

if TYPE_CHECKING:
    from pathlib import Path

    from lab.home import Home

_ORGANIZATION = "vault-aws-federation laboratory"


class Authority:
    """One root with one intermediate, made at first use and the same ever after.

    The private keys lie in its folder, for the laboratory alone.

    Args:
        folder: where it is kept.
        root: whose intermediate it has; without, it has a root of its own.
    """

    def __init__(self, folder: Path, root: trustme.CA | None = None) -> None:
        self._folder = folder
        stored = folder / "authority.json"
        if not stored.exists():
            ca = root or trustme.CA(organization_name=_ORGANIZATION)
            write_json(stored, {"root": _dump(ca), "intermediate": _dump(ca.create_child_ca())})
        kept = read_json(stored)
        self.root = _restore(kept["root"])
        self._intermediate = _restore(kept["intermediate"])

    def server_context(self, host: str, presented_chain: str | None = None) -> ssl.SSLContext:
        """Return what ends TLS for ``host``: leaf and intermediate, unless told otherwise.

        Args:
            host: a host name known to be sound, because a file is named after it.
            presented_chain: ``leaf-only`` or ``with-root``.
        """
        leaf = self._leaf(host)
        # Not trustme's own chain: an authority restored by from_pem has forgotten its parent.
        chain = [leaf["certificate"]]
        if presented_chain != "leaf-only":
            chain.append(_dump(self._intermediate)["certificate"])
        if presented_chain == "with-root":
            chain.append(_dump(self.root)["certificate"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # A resumed session shows no certificates, and what is presented may have been switched;
        # unread tickets also turn a client's plain close into a reset.
        context.num_tickets = 0
        context.options |= ssl.OP_NO_TICKET
        # Many clients end with the connection alone, without TLS's own goodbye; their answer is
        # still owed to them.
        context.options |= ssl.OP_IGNORE_UNEXPECTED_EOF
        with tempfile.NamedTemporaryFile(dir=self._folder, suffix=".pem") as pem:
            pem.write("".join((leaf["key"], *chain)).encode())
            pem.flush()
            context.load_cert_chain(pem.name)
        return context

    def _leaf(self, host: str) -> dict[str, str]:
        path = self._folder / "hosts" / f"{host}.json"
        if not path.exists():
            issued = self._intermediate.issue_cert(
                host, common_name=host, organization_name=_ORGANIZATION
            )
            kept = {
                "certificate": issued.cert_chain_pems[0].bytes().decode(),
                "key": issued.private_key_pem.bytes().decode(),
            }
            write_json(path, kept)
        leaf: dict[str, str] = read_json(path)
        return leaf


class ServerContexts:
    """What each host presents, and what clients trust: two roots, the second to change over to.

    Both are trusted from the beginning, as in any store of public authorities; a server that
    reads its store only when it starts could not change over otherwise.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.authority
        self._authority = Authority(self._folder)
        self._contexts: dict[tuple[str, str | None], ssl.SSLContext] = {}
        renewed = self._signing("renewed-root")
        write_bytes(
            home.trust_bundle, self._authority.root.cert_pem.bytes() + renewed.root.cert_pem.bytes()
        )

    def get(self, host: str, presented_chain: str | None) -> ssl.SSLContext:
        """Return the TLS side of ``host`` as the switch ``presented_chain`` wants it."""
        key = (host, presented_chain)
        if key not in self._contexts:
            authority = self._signing(presented_chain)
            self._contexts[key] = authority.server_context(host, presented_chain)
        return self._contexts[key]

    def _signing(self, presented_chain: str | None) -> Authority:
        if presented_chain == "renewed-intermediate":
            return Authority(self._folder / presented_chain, self._authority.root)
        if presented_chain in ("renewed-root", "other-authority"):
            return Authority(self._folder / presented_chain)
        return self._authority


def _dump(authority: trustme.CA) -> dict[str, str]:
    return {
        "certificate": authority.cert_pem.bytes().decode(),
        "key": authority.private_key_pem.bytes().decode(),
    }


def _restore(kept: dict[str, Any]) -> trustme.CA:
    return trustme.CA.from_pem(kept["certificate"].encode(), kept["key"].encode())
