"""What changes in the life of a deployed stack: keys, certificates, names, audiences, accounts.

Two engines: what is done to ``aws`` must not touch ``beside``.
"""

from __future__ import annotations

import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import hvac.exceptions
import pytest

from lab import switches
from lab.accounts import plan
from lab.switches import Switches
from tests.awaiting import eventually
from tests.committed import USER
from tests.lab.changed_program import changed
from tests.lab.conftest import ROOT
from tests.lab.lease_ends import up_that_ends_leases_first
from tests.lab.leases import read_lease
from tests.lab.several import BY_PROFILE
from tests.lab.stacks import Stack, administrator, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

HOST = "vault.lab.test"
PROVIDER = f"arn:aws:iam::{plan('main').id}:oidc-provider/{HOST}/v1/identity/oidc/plugins"
KEY = "turning-root-plugin-identity"
ROTATION_SECONDS = 60
IMPATIENT = {"LEASE_REVOCATION_SECONDS": "2"}
EXCHANGE = "sts:AssumeRoleWithWebIdentity"
_IN_OUTPUT = re.compile(
    r"^      ~ (?P<engine>\S+) *: \{\n(?:        .*\n)*?"
    r"          ~ thumbprints +: \[\n"
    r"              ~ \[0\]: \"(?P<old>[0-9a-f]{40})\" => \"(?P<new>[0-9a-f]{40})\"\n",
    re.MULTILINE,
)
"""A changed thumbprint of one engine, as ``pulumi preview --diff`` prints the stack's outputs."""


def _settings(**aws: Any) -> Settings:  # noqa: ANN401 - as many types as settings
    """Return the stack's settings, with those of the engine ``aws`` as given."""
    shared = {"account": "main", "tokenTtlSeconds": 600, "roles": {"my-role": USER}}
    declared = settings(
        aws=shared | {"audience": "vault-aws"} | aws, beside=shared | {"audience": "vault-beside"}
    )
    declared["vault"] |= {
        "keyRotationSeconds": ROTATION_SECONDS,
        "keyVerificationSeconds": 10 * ROTATION_SECONDS,
    }
    return declared


@pytest.fixture(scope="module")
def made(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    stack = Stack(world, tmp_path_factory.mktemp("stack"), "turning", ROOT)
    stack.create(_settings())
    return stack


@pytest.fixture
def stack(made: Stack) -> Stack:
    """The stack with its plain settings deployed, whatever the test before has made of it."""
    switches.store(made.laboratory.home, Switches())
    made.configure(_settings())
    made.up()
    return made


def _sign_in_anew(laboratory: Laboratory, mount: str) -> None:
    """Make Vault forget its session, as any write of the configuration does."""
    config = f"{mount}/config/root"
    held = laboratory.vault().read(config)["data"]
    laboratory.vault().write_data(config, data={"username_template": held["username_template"]})


def _users(laboratory: Laboratory, account: str = "main") -> set[str]:
    listed = administrator(laboratory, account).list_users(PathPrefix="/vault/")["Users"]
    return {user["Arn"] for user in listed}


class Reader(threading.Thread):
    """Reads credentials and gives them back until told to stop, each time by a new token."""

    def __init__(self, laboratory: Laboratory) -> None:
        super().__init__(daemon=True)
        self.read = 0
        self.failures: list[str] = []
        self._laboratory = laboratory
        self._stopping = threading.Event()

    def run(self) -> None:
        vault = self._laboratory.vault()
        while not self._stopping.is_set():
            try:
                _sign_in_anew(self._laboratory, "aws")
                vault.sys.revoke_lease(vault.read("aws/creds/my-role")["lease_id"])
            except hvac.exceptions.VaultError as error:
                self.failures.append(str(error))
            else:
                self.read += 1

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        self.start()
        try:
            self.read_more()
            yield self
            self.read_more()
        finally:
            self._stopping.set()
            self.join()

    def read_more(self) -> None:
        """Wait until credentials were read by a token that was signed after now."""
        enough = self.read + 2
        eventually("credentials are read", lambda: self.read >= enough or self.failures)


def _published(laboratory: Laboratory) -> set[str]:
    document = laboratory.vault().adapter.get("/v1/identity/oidc/plugins/.well-known/keys")
    return {key["kid"] for key in document["keys"]}


def _exchanged(laboratory: Laboratory, since: int) -> list[dict[str, Any]]:
    return [entry for entry in laboratory.decisions()[since:] if entry["action"] == EXCHANGE]


def test_credentials_work_while_the_signing_key_is_rotated_by_hand_and_on_schedule(
    stack: Stack,
) -> None:
    laboratory, begun = stack.laboratory, len(stack.laboratory.decisions())
    with Reader(laboratory).reading() as reader:
        for _ in range(2):
            before = _published(laboratory)
            laboratory.vault().write_data(f"identity/oidc/key/{KEY}/rotate", data={})
            after = _published(laboratory)
            assert before < after, "what is verified by an old key can be, and a next one is known"
            reader.read_more()
        eventually(
            "the key is rotated on schedule",
            lambda: _published(laboratory) - after or reader.failures,
            seconds=2 * ROTATION_SECONDS,
        )
    assert reader.failures == []
    exchanged = _exchanged(laboratory, begun)
    assert len(exchanged) >= reader.read
    assert {entry["outcome"] for entry in exchanged} == {"allowed"}
    stack.expect_no_changes()


def _listed(laboratory: Laboratory) -> list[str]:
    provider = administrator(laboratory).get_open_id_connect_provider(
        OpenIDConnectProviderArn=PROVIDER
    )
    return provider["ThumbprintList"]


@pytest.mark.parametrize("chain", ["renewed-intermediate", "renewed-root"])
def test_another_certificate_authority_is_shown_named_and_mended(stack: Stack, chain: str) -> None:
    laboratory, (old,) = stack.laboratory, _listed(stack.laboratory)
    held = read_lease(laboratory, "aws/creds/my-role")
    begun = len(laboratory.decisions())
    switches.store(laboratory.home, Switches(presented_chain={HOST: chain}))

    # Vault needs its issuer no sooner than its session ends.
    laboratory.vault().sys.revoke_lease(read_lease(laboratory, "beside/creds/my-role").id)
    _sign_in_anew(laboratory, "aws")
    with pytest.raises(hvac.exceptions.VaultError, match="NoCredentialProviders"):
        read_lease(laboratory, "aws/creds/my-role")
    refused = _exchanged(laboratory, begun)[-1]
    assert refused["error"] == "InvalidIdentityToken"
    assert f"the provider lists {old}" in refused["rule"]
    assert "doesn't match configured thumbprint" in (laboratory.home.logs / "vault.log").read_text()

    digest = stack.preview()
    shown = {
        step["urn"].rpartition("::")[2]: step
        for step in digest["steps"]
        if step["op"] not in ("same", "refresh")
    }
    assert {name: step["op"] for name, step in shown.items()} == {
        "issuer-host": "update",
        "123456789012/root-oidc": "update",
        "aws-federation": "update",
        "beside-federation": "update",
    }
    (new,) = shown["issuer-host"]["newState"]["inputs"]["thumbprints"]
    assert new != old
    for name, step in shown.items():
        listed = "thumbprintLists" if name.endswith("-oidc") else "thumbprints"
        assert {path.removesuffix("[0]") for path in step["detailedDiff"]} == {listed}
        assert step["oldState"]["inputs"][listed] == [old]
        assert step["newState"]["inputs"][listed] == [new]
    # The digest tells nothing of outputs.
    assert _announced_thumbprints(stack) == dict.fromkeys(("aws", "beside"), (old, new))

    # A destroy in between ends before anything is lost, and names what AWS would have to know.
    stopped = stack.pulumi("destroy", "--yes", "--skip-preview", check=False, env=IMPATIENT)
    assert stopped.returncode != 0
    assert f"The thumbprint of {HOST} is {new} now" in stopped.stdout
    assert held.user() in _users(laboratory)

    stack.up()
    assert _listed(laboratory) == [new]
    assert {tuple(engine["thumbprints"]) for engine in _outputs(stack)} == {(new,)}
    assert held.user() in _users(laboratory)
    for engine in ("aws", "beside"):
        _sign_in_anew(laboratory, engine)
        laboratory.vault().sys.revoke_lease(read_lease(laboratory, f"{engine}/creds/my-role").id)
    laboratory.vault().sys.revoke_lease(held.id)
    stack.expect_no_changes()


def _announced_thumbprints(stack: Stack) -> dict[str, tuple[str, str]]:
    """Return the old and the new thumbprint of each secrets engine in the stack's outputs."""
    _, _, outputs = stack.pulumi("preview", "--diff").stdout.partition("\n    --outputs:--\n")
    _, _, engines = outputs.partition("  ~ secrets_engines: {\n")
    return {found["engine"]: (found["old"], found["new"]) for found in _IN_OUTPUT.finditer(engines)}


def _outputs(stack: Stack) -> list[dict[str, Any]]:
    return list(stack.outputs()["secrets_engines"].values())


def test_a_host_that_presents_two_chains_changes_nobodys_mind(stack: Stack) -> None:
    """Whichever comes first: four looks in a row see both in turns."""
    laboratory = stack.laboratory
    switches.store(laboratory.home, Switches(presented_chain={HOST: "alternating"}))
    for _ in range(2):
        stack.expect_no_changes()
    known = stack.outputs()["secrets_engines"]["aws"]["thumbprints"]
    iam = administrator(laboratory)
    iam.update_open_id_connect_provider_thumbprint(
        OpenIDConnectProviderArn=PROVIDER, ThumbprintList=["0" * 40]
    )
    mended = stack.up()
    assert mended.returncode == 0
    held = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)
    assert held["ThumbprintList"] == known


def test_a_pinned_thumbprint_that_is_not_the_issuers_fails_the_update_by_name(
    stack: Stack,
) -> None:
    (right,) = _listed(stack.laboratory)
    pinned = _settings()
    pinned["vault"]["thumbprints"] = ["0123456789abcdef0123456789abcdef01234567"]
    stack.configure(pinned)
    failed = stack.up(check=False)
    assert failed.returncode != 0
    told = " ".join(failed.stdout.split())
    assert (
        f"AWS gives Vault's mount aws no session of arn:aws:iam::{plan('main').id}:role/"
        f"vault-secret-turning-root-aws. thumbprint: {HOST} presents a chain that ends in {right}, "
        f"the identity provider {PROVIDER} lists {pinned['vault']['thumbprints'][0]}"
    ) in told

    stack.configure(_settings())
    stack.up()
    laboratory = stack.laboratory
    laboratory.vault().sys.revoke_lease(read_lease(laboratory, "aws/creds/my-role").id)


@contextmanager
def _ends_leases_first(stack: Stack) -> Iterator[None]:
    """Hold a lease of each engine over an announced change of ``aws``: its user must go, first."""
    laboratory, begun = stack.laboratory, len(stack.laboratory.decisions())
    gone, kept = (read_lease(laboratory, f"{engine}/creds/my-role") for engine in ("aws", "beside"))
    users = {held.user(): held for held in (gone, kept)}
    announced = up_that_ends_leases_first(stack, "aws")
    assert not {name for name in announced if name.startswith("beside")}

    (left,) = set(users) & (_users(laboratory) | _users(laboratory, "data"))
    assert users[left] is kept
    assert kept.user() == left
    with pytest.raises(hvac.exceptions.VaultError):
        laboratory.vault().sys.read_lease(gone.id)
    done = [
        (entry["action"], entry["resource"])
        for entry in laboratory.decisions()[begun:]
        if entry["outcome"] == "allowed"
    ]
    ended = done.index(("iam:DeleteUser", next(user for user in users if user != left)))
    needed = ("DeleteRole", "DeleteRolePolicy", "UpdateAssumeRolePolicy")
    assert {action for action, _ in done[:ended]} & {f"iam:{action}" for action in needed} == set()
    lost = "iam:RemoveClientIDFromOpenIDConnectProvider"
    assert lost not in [action for action, _ in done[:ended]]

    yield
    vault = laboratory.vault()
    for engine in ("aws", "beside"):
        vault.sys.revoke_lease(read_lease(laboratory, f"{engine}/creds/my-role").id)
    vault.sys.revoke_lease(kept.id)
    stack.expect_no_changes()


def test_a_new_audience_ends_the_leases_of_its_engine_alone(stack: Stack) -> None:
    stack.configure(_settings(audience="vault-renewed"))
    with _ends_leases_first(stack):
        held = stack.laboratory.vault().read("aws/config/root")["data"]
        assert held["identity_token_audience"] == "vault-renewed"
        assert holdings(stack.laboratory)["providers"] == {
            PROVIDER: ["vault-beside", "vault-renewed"]
        }


def test_a_new_username_template_ends_the_leases_of_its_engines(stack: Stack) -> None:
    """It is every engine's, so a later version of the program ends all leases, as it says."""
    laboratory = stack.laboratory
    leases = [read_lease(laboratory, f"{engine}/creds/my-role") for engine in ("aws", "beside")]
    users = {held.user() for held in leases}
    name = "DISPLAY_NAME_KEPT = 1"
    with changed(stack, "federation/names.py", f"{name}6", f"{name}2"):
        up_that_ends_leases_first(stack, "aws", "beside")
        assert users & _users(laboratory) == set()
        for engine in ("aws", "beside"):
            template = laboratory.vault().read(f"{engine}/config/root")["data"]["username_template"]
            assert "truncate 12" in template
            laboratory.vault().sys.revoke_lease(
                read_lease(laboratory, f"{engine}/creds/my-role").id
            )


def test_a_new_role_name_ends_the_leases_made_by_the_old_one(stack: Stack) -> None:
    old = 'return f"vault-{self.mount_class}-{self._scope}"'
    new = 'return f"vault-{self.mount_class}-{self._scope}" + "-v2" * (self.key == "aws")'
    with changed(stack, "federation/names.py", old, new), _ends_leases_first(stack):
        assert set(holdings(stack.laboratory)["roles"]) == {
            "vault-secret-turning-root-aws-v2",
            "vault-secret-turning-root-beside",
        }


@pytest.mark.parametrize("audience", ["vault-cloud", None])
def test_an_engine_given_another_name_takes_its_leases_along_and_no_others(
    stack: Stack, audience: str | None
) -> None:
    laboratory = stack.laboratory
    gone, kept = (read_lease(laboratory, f"{engine}/creds/my-role") for engine in ("aws", "beside"))
    users = {held.user() for held in (gone, kept)}
    renamed = _settings()
    renamed["secretsEngines"]["cloud"] = renamed["secretsEngines"].pop("aws")
    if audience:
        renamed["secretsEngines"]["cloud"]["audience"] = audience
    stack.configure(renamed)
    stack.up()
    stack.expect_no_changes()  # of the same audience, neither side may have lost it
    assert users & _users(laboratory) == {kept.user()}
    assert set(holdings(laboratory)["mounts"]) == {"beside/", "cloud/"}
    vault = laboratory.vault()
    for lease in (kept.id, read_lease(laboratory, "cloud/creds/my-role").id):
        vault.sys.revoke_lease(lease)


def test_a_new_account_ends_what_was_issued_in_the_old_one(stack: Stack) -> None:
    moved = _settings(account="data")
    moved["accounts"]["data"] = BY_PROFILE
    stack.configure(moved)
    with _ends_leases_first(stack):
        role = stack.laboratory.vault().read("aws/config/root")["data"]["role_arn"]
        assert role == f"arn:aws:iam::{plan('data').id}:role/vault-secret-turning-root-aws"
        issued = read_lease(stack.laboratory, "aws/creds/my-role")
        assert f"::{plan('data').id}:" in issued.user()
        stack.laboratory.vault().sys.revoke_lease(issued.id)
        assert _users(stack.laboratory, "data") == set()


def test_nothing_is_left_of_all_this(stack: Stack) -> None:
    stack.destroy()
    assert holdings(stack.laboratory) == {}
    roles = administrator(stack.laboratory, "data").list_roles()["Roles"]
    assert {role["RoleName"] for role in roles} <= {"deploy"}
