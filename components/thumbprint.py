"""The certificate chain of the issuer's host, watched."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi
from pulumi.dynamic import CheckFailure, CheckResult, CreateResult, ResourceProvider, UpdateResult
from pulumi.runtime import rpc

from federation import certificates, identity

if TYPE_CHECKING:
    from settings import VaultSettings


@dataclass(frozen=True, kw_only=True, slots=True)
class ThumbprintArgs:
    """Whose chain, and what is already known about it."""

    cluster: "VaultSettings"
    """The cluster; Vault publishes its keys on the host that the issuer names."""


class _ThumbprintProvider(ResourceProvider):
    """Fetches in ``check``, the one call that both preview and update make.

    So a preview shows the old and the new thumbprint and hands the new one on. Module path and
    class name stand in the state: renaming either orphans existing resources.
    """

    serialize_as_secret_always = False  # holds nothing, least of all a secret

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Fill in thumbprints and warnings; an unknown host makes both unknown."""
        if news["pinned"]:
            return CheckResult({**_asked(news), "thumbprints": news["pinned"], "warnings": []}, [])
        # An unknown arrives as an object, not as a string.
        if not isinstance(news["host"], str) or news["host"] == rpc.UNKNOWN:
            unknown = {"thumbprints": rpc.UNKNOWN, "warnings": rpc.UNKNOWN}
            return CheckResult({**_asked(news), **unknown}, [])
        from clients import tls  # noqa: PLC0415 - the program itself never needs it

        try:
            verdict = certificates.judge(
                tls.presented_chain(news["host"]),
                now=dt.datetime.now(dt.UTC),
                expected_ca_sha256=news.get("ca_sha256"),
            )
        except (tls.TlsError, certificates.ChainRefused) as error:
            remedy = "; or pin thumbprints in the settings (vault.thumbprints)"
            return CheckResult(_asked(news), [CheckFailure("thumbprints", f"{error}{remedy}")])
        found = {"thumbprints": list(verdict.thumbprints), "warnings": list(verdict.warnings)}
        return CheckResult({**_asked(news), **found}, [])

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Record what ``check`` found."""
        return CreateResult("presented-chain", _outputs(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Record what ``check`` found."""
        return UpdateResult(_outputs(news))


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
        props = {
            "host": identity.host(args.cluster.public_address),
            "pinned": list(args.cluster.thumbprints),
            "ca_sha256": args.cluster.ca_sha256,
            "thumbprints": None,
            "warnings": None,
        }
        super().__init__(_ThumbprintProvider(), name, props, opts)
        self.warnings.apply(self._warn)

    def _warn(self, warnings: list[str]) -> None:
        for warning in warnings:
            pulumi.log.warn(warning, resource=self)


def _asked(props: dict[str, Any]) -> dict[str, Any]:
    return {
        key: props[key] for key in ("host", "pinned", "ca_sha256") if props.get(key) is not None
    }


def _outputs(props: dict[str, Any]) -> dict[str, Any]:
    return {
        **_asked(props),
        "thumbprints": props["thumbprints"],
        "warnings": props["warnings"],
    }
