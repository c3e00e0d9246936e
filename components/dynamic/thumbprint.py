"""The certificate chain of the issuer's host, watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult
from pulumi.runtime import rpc

from components.dynamic.base import Props, Recorder, inputs, is_known, log, names
from federation import certificates

if TYPE_CHECKING:
    from collections.abc import Sequence

FOUND = ("thumbprints", "warnings")


@dataclass(frozen=True, kw_only=True, slots=True)
class ThumbprintArgs:
    """Whose chain, and what is already known about it."""

    host: pulumi.Input[str]
    """Host of the issuer, where Vault publishes its keys."""
    pinned: Sequence[str] = ()
    """Thumbprints that are trusted whatever the host presents; empty to look."""
    ca_sha256: str | None = None
    """SHA-256 of the only certificate that the chain may end in."""


class _ThumbprintProvider(Recorder):
    """Fetches in ``check``, the one call that both preview and update make.

    So a preview shows the old and the new thumbprint and hands the new one on.
    """

    INPUTS = (*names(ThumbprintArgs), *FOUND)

    def identify(self, _props: Props) -> str:
        """Return what is the same whatever the host."""
        return "presented-chain"

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Fill in thumbprints and warnings; an unknown host makes both unknown.

        What the host still presents of what the state remembers stays, whatever it presents
        besides: a preview that changes its mind each time is worse than none.
        """
        asked = self.asked(news)
        if asked["pinned"]:
            return CheckResult(asked | {"thumbprints": asked["pinned"], "warnings": []}, [])
        if not is_known(asked["host"]):
            unknown = dict.fromkeys(("host", *FOUND), rpc.UNKNOWN)
            return CheckResult(asked | unknown, [])
        from clients import chains, tls  # noqa: PLC0415 - the program itself never needs it

        kept = tuple(olds.get("thumbprints") or ()) if olds.get("host") == asked["host"] else ()
        try:
            seen = chains.presented(asked["host"], asked.get("ca_sha256"), kept)
        except (tls.TlsError, certificates.ChainRefused) as error:
            remedy = "; or pin thumbprints in the settings (vault.thumbprints)"
            return CheckResult(asked, [CheckFailure("thumbprints", f"{error}{remedy}")])
        if len(seen) > 1:
            told = certificates.alternates(asked["host"], seen)
            if kept not in seen:
                return CheckResult(asked, [CheckFailure("thumbprints", told)])
            # Not among the warnings that are recorded: they would come and go with the chain.
            log.warning("%s; until then %s stays", told, ", ".join(kept))
        verdict = seen.get(kept) or next(iter(seen.values()))
        found = {"thumbprints": list(verdict.thumbprints), "warnings": list(verdict.warnings)}
        return CheckResult(asked | found, [])


class Thumbprint(pulumi.dynamic.Resource, module="vaultwif", name="Thumbprint"):
    """Reads the thumbprints of the issuer's host anew at every preview and update.

    Problems with the chain are reported before anything is changed; what is merely unwise is a
    warning. ``certificates.judge`` decides which is which.
    """

    thumbprints: pulumi.Output[list[str]]
    """SHA-1 thumbprints, lower case, at most five."""
    warnings: pulumi.Output[list[str]]
    """What a person should know about the chain."""

    def __init__(
        self, name: str, args: ThumbprintArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        found = dict.fromkeys(FOUND)
        super().__init__(_ThumbprintProvider(), name, inputs(args) | found, opts)
        self.warnings.apply(self._warn)

    def _warn(self, warnings: list[str]) -> None:
        for warning in warnings:
            pulumi.log.warn(warning, resource=self)
