"""What AWS reads of an issuer, as the doctor judges it: documents, chain, and who is in between."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest

from clients import chains, tls
from clients.errors import CloudError, VaultError
from operations.doctor import issuer
from operations.doctor.patient import Patient
from operations.doctor.rows import State
from tests.unit.chains import NOW, certificate, sha1
from tests.unit.declared import ENGINES, PEOPLE, changed, load

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from operations.doctor.rows import Row

HOST = "vault.example.com"
ISSUER = f"https://{HOST}/v1/identity/oidc/plugins"
KEYS = f"{ISSUER}/.well-known/keys"
TODAY = dt.datetime.now(dt.UTC) - NOW


def _documents(
    monkeypatch: pytest.MonkeyPatch, *, answers: bool = True, signs: bool = True, **said: object
) -> dict[str, tuple[str, str]]:
    whole = {"issuer": ISSUER, "jwks_uri": KEYS, "keys": [{}], **said}

    def read(url: str) -> dict[str, Any]:
        if url == said.get("away"):
            raise VaultError(f"{url} is not served: 404")
        return whole

    monkeypatch.setattr(issuer, "public_document", read)
    found = issuer.documents(ISSUER, "", answers=answers, signs=signs)
    return {row.what.rpartition(", ")[2]: (row.state.value, row.detail) for row in found}


def test_documents_that_name_the_issuer_byte_by_byte_are_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = _documents(monkeypatch)
    assert {state for state, _ in found.values()} == {"ok"}
    assert set(found) == {"discovery document", "keys document"}


@pytest.mark.parametrize(
    "named", [f"{ISSUER}/", ISSUER.upper(), ISSUER.replace("https", "http"), None]
)
def test_an_issuer_that_differs_by_one_byte_is_found(
    monkeypatch: pytest.MonkeyPatch, named: str | None
) -> None:
    state, detail = _documents(monkeypatch, issuer=named)["discovery document"]
    assert (state, f"AWS expects '{ISSUER}'" in detail) == ("broken", True)


def test_an_issuer_that_nobody_has_set_yet_is_set_by_the_update(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {"issuer": "https://10.0.0.1:8200/v1/identity/oidc/plugins", "keys": []}
    found = _documents(monkeypatch, answers=False, signs=False, **before)
    assert {state for state, _ in found.values()} == {"ok"}
    assert "until this update" in found["discovery document"][1]


@pytest.mark.parametrize(
    ("said", "document", "state"),
    [
        ({"away": f"{ISSUER}/.well-known/openid-configuration"}, "discovery document", "broken"),
        ({"away": KEYS}, "keys document", "broken"),
        ({"keys": []}, "keys document", "broken"),
        ({"keys": [{}] * 91}, "keys document", "warn"),
    ],
)
def test_documents_that_aws_could_not_use_are_found(
    monkeypatch: pytest.MonkeyPatch, said: dict[str, Any], document: str, state: str
) -> None:
    assert _documents(monkeypatch, **said)[document][0] == state


def test_keys_that_are_named_elsewhere_are_told_beside_those_that_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = {"issuer": ISSUER, "jwks_uri": "https://other/keys", "keys": [{}]}
    monkeypatch.setattr(issuer, "public_document", lambda _url: whole)
    found = list(issuer.documents(ISSUER, "", answers=True, signs=True))
    assert [row.state for row in found] == [State.OK, State.WARN, State.OK]


@pytest.mark.parametrize(
    ("named", "state"),
    [
        ("https://people.example.com/realms/main", "ok"),
        ("https://people.example.com/realms/main/", "broken"),
        (CloudError("it is not read"), "unknown"),
    ],
)
def test_an_identity_provider_of_people_names_itself_as_it_is_declared(
    monkeypatch: pytest.MonkeyPatch, folder: Path, named: str | CloudError, state: str
) -> None:
    def read(_url: str) -> str:
        if isinstance(named, CloudError):
            raise named
        return named

    monkeypatch.setattr(issuer, "named_issuer", read)
    (found,) = issuer.people(load(PEOPLE, folder).human_logins["people"])
    assert found.state == state
    assert state != "broken" or found.fix.endswith(str(named))


def _chain(*, days: int = 200, last: str = "intermediate", authority: str = "root") -> list[bytes]:
    begins, ends = TODAY - dt.timedelta(days=1), TODAY + dt.timedelta(days=days)
    return [
        certificate("host", last, ca=False, begins=begins, ends=ends),
        certificate(last, authority, begins=begins, ends=ends),
    ]


def _looked(  # noqa: PLR0913 - what differs in the world
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    host: list[bytes] | tls.TlsError,
    *,
    sts: list[bytes] | tls.TlsError | None = None,
    public: bool = False,
    kept: str = "",
    declared: Mapping[str, object] | None = None,
) -> dict[str, Row]:
    def presented(name: str) -> list[bytes]:
        found = host if name == HOST else sts or _chain(authority="Amazon")
        if isinstance(found, tls.TlsError):
            raise found
        return found

    monkeypatch.setattr(tls, "presented_chain", presented)
    monkeypatch.setattr(chains, "is_public", lambda _host: public)
    sections = changed(ENGINES, {f"vault.{key}": value for key, value in (declared or {}).items()})
    state: tuple[dict[str, Any], ...] = ()
    if kept:
        inputs = {"host": HOST, "thumbprints": [kept]}
        state = ({"type": "pulumi-python:dynamic/vaultwif:Thumbprint", "inputs": inputs},)
    patient = Patient(stack="dev", settings=load(sections, folder), resources=state)
    return {row.what.partition(", ")[2]: row for row in issuer.chain(patient)}


def test_a_chain_tells_its_authority_and_how_long_it_lasts(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    found = _looked(monkeypatch, folder, _chain(), public=True)
    assert {row.state for row in found.values()} == {State.OK}
    assert found["certificate chain"].detail == "public authority CN=root, 199 days left"
    assert "interception" not in found  # nobody intercepts with a public authority
    private = _looked(monkeypatch, folder, _chain())
    assert private["certificate chain"].detail.startswith("private authority CN=root")
    assert private["interception"].state is State.OK


@pytest.mark.parametrize(
    ("chain", "declared", "found"),
    [
        (_chain(days=20), {}, ("warn", "19 days left")),
        (_chain()[:1], {}, ("warn", "a single certificate")),
        (_chain(days=0), {}, ("broken", "expired at")),
        ([], {}, ("broken", "presented no certificate")),
        (tls.TlsError("away"), {}, ("broken", "away")),
        (tls.TlsError("away"), {"thumbprints": ["a" * 40]}, ("warn", "away")),
        (_chain(), {"caSha256": "0" * 64}, ("broken", "a proxy may be intercepting TLS")),
    ],
    ids=["soon", "alone", "expired", "nothing", "away", "away but pinned", "another authority"],
)
def test_a_chain_that_aws_could_not_know_for_long_is_found(
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    chain: list[bytes] | tls.TlsError,
    declared: dict[str, object],
    found: tuple[str, str],
) -> None:
    row = _looked(monkeypatch, folder, chain, declared=declared)["certificate chain"]
    state, words = found
    assert (row.state.value, words in row.detail) == (state, True), row
    assert row.fix


def test_a_thumbprint_that_is_not_the_one_of_the_last_update_is_told(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    chain = _chain()
    same = _looked(monkeypatch, folder, chain, kept=sha1(chain[-1]))["thumbprint"]
    assert same.state is State.OK
    other = _looked(monkeypatch, folder, chain, kept="b" * 40)["thumbprint"]
    assert (other.state, "`pulumi up` tells AWS" in other.fix) == (State.WARN, True)
    pinned = _looked(monkeypatch, folder, chain, declared={"thumbprints": ["c" * 40]})["thumbprint"]
    assert (pinned.state, "vault.thumbprints" in pinned.fix) == (State.WARN, True)


def test_one_authority_before_vault_and_aws_is_suspected(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    proxy = _chain(authority="proxy")
    found = _looked(monkeypatch, folder, proxy, sts=_chain(authority="proxy"))["interception"]
    assert (found.state, "a proxy seems to intercept both" in found.detail) == (State.WARN, True)
    pinned = {"thumbprints": [sha1(proxy[-1])]}
    calm = _looked(monkeypatch, folder, proxy, sts=_chain(authority="proxy"), declared=pinned)
    assert calm["interception"].state is State.OK
    unseen = _looked(monkeypatch, folder, proxy, sts=tls.TlsError("STS is away"))["interception"]
    assert (unseen.state, unseen.detail) == (State.UNKNOWN, "STS is away")
