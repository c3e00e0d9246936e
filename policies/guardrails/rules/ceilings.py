"""Sessions, tokens and leases end in time."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from policies.guardrails.rules.rule import AUTH_CLIENT, AUTH_ROLE, ENGINE, ENGINE_ROLE, ROLE, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from policies.guardrails.rules.rule import Resource, Settings

_PEOPLE_ROLE: Final = "vault:jwt/authBackendRole:AuthBackendRole"
_ENDPOINT: Final = "vault:generic/endpoint:Endpoint"
_LOGIN_ROLE: Final = re.compile(r"auth/.+/role/[^/]+")


class _Limit(NamedTuple):
    input: str
    setting: str
    unset: str = ""
    """What happens where it is not given; empty if that is within the default ceiling."""


_VAULTS: Final = "Vault's own, 768 hours"
_LIMITS: Final = {
    ROLE: (_Limit("maxSessionDuration", "sessionSeconds"),),
    ENGINE: (
        _Limit("identityTokenTtl", "identityTokenSeconds"),
        _Limit("defaultLeaseTtlSeconds", "leaseSeconds"),
        _Limit("maxLeaseTtlSeconds", "leaseSeconds", _VAULTS),
    ),
    ENGINE_ROLE: (
        _Limit("defaultStsTtl", "sessionSeconds"),
        _Limit("maxStsTtl", "sessionSeconds"),
    ),
    AUTH_CLIENT: (_Limit("identityTokenTtl", "identityTokenSeconds"),),
    AUTH_ROLE: (
        _Limit("tokenTtl", "loginSeconds"),
        _Limit("tokenMaxTtl", "loginSeconds", _VAULTS),
    ),
    _PEOPLE_ROLE: (
        _Limit("tokenTtl", "loginSeconds"),
        _Limit("tokenMaxTtl", "loginSeconds", _VAULTS),
    ),
}
"""Defaults of AWS are 3,600 s (IAM API Reference, CreateRole; Vault, AWS secrets engine (API),
identity_token_ttl), of Vault 768 hours (Vault, tune mount, max_lease_ttl)."""


def _judge(resource: Resource, settings: Settings) -> Iterator[str]:
    for limit in _LIMITS.get(resource.type, ()):
        ceiling = settings[limit.setting]
        given = resource.number(limit.input)
        if given > ceiling:
            yield f"has {limit.input} {given:.0f} s, more than {limit.setting}, {ceiling:.0f}"
        elif not given and limit.unset:
            yield f"has no {limit.input}, so it is {limit.unset}"
    if resource.type in (AUTH_ROLE, _PEOPLE_ROLE) and resource.number("tokenPeriod"):
        yield "has tokenPeriod, with which a token that is renewed never ends"
    if resource.type == _ENDPOINT and _LOGIN_ROLE.fullmatch(str(resource.props["path"])):
        yield from _written(json.loads(resource.props["dataJson"]), settings["loginSeconds"])


def _written(role: Mapping[str, Any], ceiling: float) -> Iterator[str]:
    """Judge a login's role that is written as Vault takes it."""
    for name in ("token_ttl", "token_max_ttl"):
        given = float(role.get(name) or 0)
        if given > ceiling:
            yield f"has {name} {given:.0f} s, more than loginSeconds, {ceiling:.0f}"
    if not role.get("token_max_ttl"):
        yield f"has no token_max_ttl, so it is {_VAULTS}"
    if role.get("token_period"):
        yield "has token_period, with which a token that is renewed never ends"


def _mend(resource: Resource, settings: Settings) -> Mapping[str, float]:
    """Lower what is too long, and set what is not given. A period is a decision of people."""
    return {
        limit.input: settings[limit.setting]
        for limit in _LIMITS.get(resource.type, ())
        for given in [resource.number(limit.input)]
        if given > settings[limit.setting] or (not given and limit.unset)
    }


def _seconds(default: int, description: str) -> Mapping[str, Any]:
    return {"type": "number", "minimum": 60, "default": default, "description": description}


RULE: Final = Rule(
    name="ceilings",
    promise="Sessions, tokens and leases end within the ceilings.",
    remedy="Lower the setting that ends with TtlSeconds, or raise the ceiling in the pack's "
    "configuration",
    judge=_judge,
    mend=_mend,
    settings={
        "sessionSeconds": _seconds(3_600, "Longest session of an IAM role."),
        "identityTokenSeconds": _seconds(3_600, "Longest life of a token that AWS is shown."),
        "leaseSeconds": _seconds(86_400, "Longest lease of a secrets engine."),
        "loginSeconds": _seconds(43_200, "Longest life of the Vault token of a login."),
    },
)
