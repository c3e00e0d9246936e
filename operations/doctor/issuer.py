"""What AWS reads of an issuer, looked at from here: two documents, and the certificate chain."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clients import chains, tls
from clients.discovery import named_issuer
from clients.errors import CloudError, VaultError
from clients.vault import public_document
from federation import certificates, identity, regions
from operations.doctor.rows import broken, ok, unknown, warn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from operations.doctor.patient import Patient
    from operations.doctor.rows import Row
    from settings import HumanLoginSettings, Settings

MOST_KEYS = 90
"""Keys of an issuer beyond which AWS may soon not find the newest (it reads some hundred; seen with
SPIRE, spiffe/spire issue 4699)."""
PUBLISH = (
    "Let GET through to both documents of the issuer, for everybody and unchanged "
    "(docs/private-vault.md)"
)


def documents(issuer: str, path: str, *, answers: bool, signs: bool) -> Iterator[Row]:
    """Tell whether the discovery document names the issuer, byte by byte, and keys are served.

    Args:
        issuer: What AWS will read in tokens.
        path: Path of the namespace.
        answers: Whether Vault is set to that issuer by now.
        signs: Whether the stack's key is there by now.
    """
    where, url = f"issuer of {path or 'root'}", identity.discovery_url(issuer)
    try:
        document = public_document(url)
    except VaultError as error:
        yield broken(f"{where}, discovery document", str(error), PUBLISH)
        return
    named = document.get("issuer")
    if named == issuer:
        yield ok(f"{where}, discovery document", f"names {issuer}, as seen from here")
    elif not answers:
        yield ok(f"{where}, discovery document", f"is served; names {named} until this update")
    else:
        yield broken(
            f"{where}, discovery document",
            f"{url} names the issuer {named!r}, AWS expects {issuer!r}",
            "Check vault.issuerAddress, and whether something in between rewrites the document",
        )
    what, url = f"{where}, keys document", identity.keys_url(issuer)
    if answers and document.get("jwks_uri") != url:
        fix = "Check whether something in between rewrites the document; AWS reads what is named"
        told = f"is named as {document.get('jwks_uri')!r}, expected is {url!r}"
        yield warn(what, told, fix)
    yield from _keys(what, url, signs=signs)


def _keys(what: str, url: str, *, signs: bool) -> Iterator[Row]:
    try:
        served = len(public_document(url).get("keys") or ())
    except VaultError as error:
        yield broken(what, str(error), PUBLISH)
        return
    if not served and signs:
        told = f"{url} serves no keys, so AWS could verify no token"
        yield broken(what, told, "Check whether something in between takes them away, and Vault")
    elif served > MOST_KEYS:
        fix = "Take signing keys away that nobody uses, or rotate them less often"
        yield warn(what, f"serves {served} keys; AWS may not find the newest", fix)
    else:
        yield ok(what, f"serves {served} keys" if served else "is served; this update makes a key")


def people(login: HumanLoginSettings) -> Iterator[Row]:
    """Tell whether a people's identity provider names itself as the settings do, byte by byte."""
    what = f"login {login.name}, discovery document"
    try:
        named = named_issuer(login.discovery_url)
    except CloudError as error:
        fix = "Check humanLogins, and that Vault reaches it: Vault reads it before it takes it"
        yield unknown(what, str(error), fix)
        return
    if named == login.discovery_url:
        yield ok(what, f"names {named}, as seen from here")
    else:
        told = f"names the issuer {named!r}, declared is {login.discovery_url!r}"
        yield broken(what, told, f"Set humanLogins.{login.name}.discoveryUrl: {named}")


def chain(patient: Patient) -> Iterator[Row]:
    """Tell by what certificates AWS will know the issuer's host, and what is wrong with them."""
    declared = patient.settings.vault
    host, what = identity.host(patient.settings.issuer("")), "issuer's host, certificate chain"
    remembered = patient.remembered("Thumbprint", host=host)
    kept = tuple(remembered.get("thumbprints") or declared.thumbprints)
    try:
        seen = chains.presented(host, declared.ca_sha256, kept)
        public = chains.is_public(host)
    except (certificates.ChainRefused, tls.TlsError) as error:
        fix = "Mend that, or pin vault.thumbprints to those of the chain that AWS meets"
        yield (warn if declared.thumbprints else broken)(what, str(error), fix)
        return
    verdict = seen.get(kept) or next(iter(seen.values()))
    days = (verdict.ends - dt.datetime.now(dt.UTC)).days
    kind = "public" if public else "private"
    found = f"{kind} authority {verdict.authority}, {days} days left"
    if len(seen) > 1 and not declared.thumbprints:
        yield broken(what, certificates.alternates(host, seen), "Set vault.thumbprints to all")
    elif days < certificates.EXPIRES_SOON.days:
        fix = "Renew it in time, and type `pulumi up` then: AWS may know another thumbprint by then"
        yield warn(what, found, fix)
    elif unwise := [each for each in verdict.warnings if "expires" not in each]:
        yield warn(
            what,
            f"{found}; {'; '.join(unwise)}",
            "Mend it at the host, then type `pulumi up`: the thumbprint may be another",
        )
    else:
        yield ok(what, found)
    yield from _changed(host, kept, verdict.thumbprints, pinned=bool(declared.thumbprints))
    if not public:
        yield _intercepted(patient.settings, host, verdict)


def _changed(
    host: str, kept: tuple[str, ...], now: tuple[str, ...], *, pinned: bool
) -> Iterator[Row]:
    what = "issuer's host, thumbprint"
    if not kept:
        yield ok(what, f"{', '.join(now)}, which this update gives to AWS")
    elif set(now) <= set(kept):
        yield ok(what, f"{', '.join(now)}, as AWS was given it")
    else:
        tells = "set it in vault.thumbprints" if pinned else "`pulumi up` tells AWS"
        yield warn(
            what,
            f"{host} presents {', '.join(now)}, AWS is given {', '.join(kept)}",
            f"If the certificate was renewed, {tells}; if not, a proxy intercepts: look from "
            "another network, and set vault.caSha256",
        )


def _intercepted(settings: Settings, host: str, verdict: certificates.Verdict) -> Row:
    """Compare with what STS presents, whose authority is a public one and never the host's own."""
    what = "issuer's host, interception"
    declared, account = settings.vault, next(iter(settings.accounts.values()))
    sts = identity.host(regions.sts_endpoint(account.region))
    if declared.ca_sha256 or declared.thumbprints:
        return ok(what, "what AWS will be given is pinned in the settings")
    try:
        theirs = certificates.judge(tls.presented_chain(sts), now=dt.datetime.now(dt.UTC))
    except (tls.TlsError, certificates.ChainRefused) as error:
        return unknown(what, str(error), "Mend the way to AWS, with whose chain it is compared")
    if theirs.authority != verdict.authority:
        return ok(what, f"{sts} has another authority, so nothing here seems to intercept both")
    return warn(
        what,
        f"{host} and {sts} present certificates of one private authority, {theirs.authority}: a "
        "proxy seems to intercept both, and AWS would be given the proxy's thumbprint",
        "Unless AWS is reached by that proxy too, as in the laboratory: set vault.caSha256 to what "
        "the host itself presents, and deploy from a network without the proxy",
    )
