"""Two stacks in one Vault and one account: each sees, changes and destroys its own alone."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import TYPE_CHECKING

import hvac.exceptions
import pytest

from tests.lab.conftest import ROOT, lab_command
from tests.lab.logins import log_in, session, signed
from tests.lab.stacks import Stack, administrator, beside, holdings, settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.lab.conftest import Laboratory
    from tests.lab.stacks import Settings

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/vault.lab.test/v1/identity/oidc/plugins"


def owner(**changes: str) -> Settings:
    """Return the settings of a stack that manages what is shared."""
    values = settings()
    values["secretsEngines"]["aws"] |= changes
    return values


def guest(**changes: str) -> Settings:
    """Return the settings of a stack with the same names that uses what is there."""
    return beside(owner(**({"path": "other", "audience": "vault-aws-other"} | changes)))


def declared(values: Settings, *, issuer: str, provider: str) -> Settings:
    """Return settings with another ownership of what is shared."""
    changed = copy.deepcopy(values)
    changed["vault"]["issuer"] = issuer
    changed["accounts"]["main"]["identityProvider"] = provider
    return changed


@pytest.fixture
def first(world: Laboratory, tmp_path: Path) -> Iterator[Stack]:
    """The stack that manages issuer and identity provider, not yet deployed."""
    with _stack(world, tmp_path / "first", owner()) as stack:
        yield stack


@pytest.fixture(scope="class")
def owned(world: Laboratory, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The first stack, deployed for all tests that leave it as it is."""
    with _stack(world, tmp_path_factory.mktemp("owned") / "first", owner()) as stack:
        stack.up()
        yield stack


@pytest.fixture
def second(world: Laboratory, tmp_path: Path) -> Iterator[Stack]:
    """The stack that uses what the first one manages, not yet deployed."""
    with _stack(world, tmp_path / "second", guest()) as stack:
        yield stack


@contextmanager
def _stack(world: Laboratory, folder: Path, values: Settings) -> Iterator[Stack]:
    stack = Stack(world, folder, folder.name, ROOT)
    stack.create(values)
    try:
        yield stack
    finally:
        stack.destroy()
        stack.pulumi("stack", "rm", "--yes")


def credentials(world: Laboratory, mount: str) -> dict[str, str]:
    """Read credentials of the one Vault role of a mount."""
    data: dict[str, str] = world.vault().read(f"{mount}/creds/my-role")["data"]
    return data


def path_of(world: Laboratory, issued: dict[str, str]) -> str:
    """Return the IAM path of the user that the credentials belong to, as AWS tells the user."""
    iam = world.aws("iam", issued["access_key"], issued["secret_key"])
    return str(iam.get_user()["User"]["Path"])


def refusal(stack: Stack, *command: str, env: Mapping[str, str] | None = None) -> str:
    """Run a command that must fail and return what it told, in one line."""
    refused = stack.pulumi(*command, check=False, env=env)
    assert refused.returncode != 0, refused.stdout
    return " ".join(refused.stdout.split())


UP = ("up", "--yes", "--skip-preview")
DESTROY = ("destroy", "--yes", "--skip-preview")
_MADE = ("roles", "mounts", "auth", "logins", "policies", "keys", "users")


class TestBesideAnOwner:
    """Another stack tries, succeeds or fails; the owner never notices."""

    def test_a_stack_that_comes_and_goes_leaves_the_other_as_it_was(
        self, world: Laboratory, owned: Stack, second: Stack
    ) -> None:
        issued = credentials(world, "aws")
        alone = holdings(world)

        second.up()
        together = holdings(world)
        assert together["providers"] == {PROVIDER: ["vault-aws-other", "vault-aws-secrets"]}
        assert together["issuer"] == alone["issuer"] == "https://vault.lab.test"
        for kind in ("roles", "mounts"):
            assert alone[kind].items() <= together[kind].items()
            assert len(together[kind]) == 2 * len(alone[kind])
        for kind in ("users", "policies", "keys"):
            assert alone[kind] <= together[kind]
        owned.expect_no_changes()
        second.expect_no_changes()

        assert path_of(world, credentials(world, "other")) == "/vault/second-root-aws/"
        assert path_of(world, issued) == "/vault/first-root-aws/"
        second.destroy()
        assert holdings(world) == alone
        assert path_of(world, issued) == "/vault/first-root-aws/"
        owned.expect_no_changes()

    @pytest.mark.parametrize(
        ("issuer", "provider", "told"),
        [
            (
                "managed",
                "existing",
                (
                    "the issuer of the root namespace is 'https://vault.lab.test' already, and not "
                    "this stack's: whoever set it would lose it. Set vault.issuer: existing to use"
                ),
            ),
            (
                "existing",
                "managed",
                (
                    f"the identity provider {PROVIDER} exists already, and not by this stack: set "
                    "identityProvider: existing in the account's settings to use it"
                ),
            ),
        ],
    )
    def test_a_second_stack_is_told_not_to_manage_what_is_there(
        self, issuer: str, provider: str, told: str, owned: Stack, second: Stack
    ) -> None:
        before = holdings(owned.laboratory)
        second.configure(declared(guest(), issuer=issuer, provider=provider))
        assert told in refusal(second, *UP)
        second.destroy()
        assert holdings(owned.laboratory) == before
        owned.expect_no_changes()

    @pytest.mark.parametrize(
        ("issuer", "provider", "told"),
        [
            ("existing", "managed", "keep vault.issuer: managed; only a destroyed stack gives it"),
            ("managed", "existing", "keep identityProvider: managed; only a destroyed stack gives"),
        ],
    )
    def test_the_owner_is_told_to_stay_the_owner(
        self, issuer: str, provider: str, told: str, owned: Stack
    ) -> None:
        before = holdings(owned.laboratory)
        owned.configure(declared(owner(), issuer=issuer, provider=provider))
        assert told in refusal(owned, *UP)
        assert holdings(owned.laboratory) == before
        owned.configure(owner())
        owned.expect_no_changes()

    def test_a_taken_path_is_refused(self, world: Laboratory, owned: Stack, second: Stack) -> None:
        before = holdings(world)
        second.configure(guest(path="aws"))
        assert "path is already in use" in refusal(second, *UP)
        second.destroy()
        assert holdings(world) == before
        owned.expect_no_changes()

    def test_a_taken_audience_is_warned_of_and_left_to_who_registered_it(
        self, world: Laboratory, owned: Stack, second: Stack
    ) -> None:
        issued = credentials(world, "aws")
        before = holdings(world)
        second.configure(guest(audience="vault-aws-secrets"))
        told = " ".join(second.up().stdout.split())
        assert "the audience 'vault-aws-secrets' was registered" in told
        assert "choose an audience of your own" in told
        assert path_of(world, credentials(world, "other")) == "/vault/second-root-aws/"
        second.destroy()
        assert holdings(world) == before
        assert path_of(world, issued) == "/vault/first-root-aws/"
        assert path_of(world, credentials(world, "aws")) == "/vault/first-root-aws/"

    def test_a_stack_of_the_same_name_is_refused(
        self, world: Laboratory, owned: Stack, tmp_path: Path
    ) -> None:
        before = holdings(world)
        backend = {"PULUMI_BACKEND_URL": f"file://{tmp_path}"}
        namesake = Stack(world, tmp_path / owned.name, owned.name, ROOT)
        namesake.configure(guest())
        namesake.pulumi("stack", "init", env=backend)
        told = refusal(namesake, *UP, env=backend)
        assert "the signing key 'first-root-plugin-identity' exists already" in told
        assert "Give this stack another name" in told
        namesake.pulumi(*DESTROY, env=backend)
        assert holdings(world) == before
        owned.expect_no_changes()


def test_the_owner_leaves_what_the_other_needs_until_it_is_gone(
    world: Laboratory, first: Stack, second: Stack
) -> None:
    first.up()
    second.up()
    issued = credentials(world, "other")
    assert (
        f"the identity provider {PROVIDER} stays: others use its audiences vault-aws-other. "
        "Destroy their stacks first"
    ) in refusal(first, *DESTROY)

    left = holdings(world)
    assert left["issuer"] == "https://vault.lab.test"
    assert left["providers"] == {PROVIDER: ["vault-aws-other"]}
    assert set(left["roles"]) == {"vault-secret-second-root-aws"}
    assert set(left["mounts"]) == {"other/"}
    assert left["policies"] == {"second-root-aws-creds-my-role"}
    second.expect_no_changes()
    assert path_of(world, issued) == "/vault/second-root-aws/"
    assert path_of(world, credentials(world, "other")) == "/vault/second-root-aws/"

    second.destroy()
    first.destroy()
    assert holdings(world) == {}


def test_an_issuer_stays_while_another_account_needs_it(
    world: Laboratory, first: Stack, second: Stack
) -> None:
    # An identity provider of neither stack stands for those of two accounts.
    iam = administrator(world)
    iam.create_open_id_connect_provider(Url=f"https://{PROVIDER.partition('/')[2]}")
    try:
        first.configure(declared(owner(), issuer="managed", provider="existing"))
        first.up()
        second.up()
        assert (
            "the issuer https://vault.lab.test stays: other stacks sign under it, with "
            "second-root-plugin-identity. Destroy them first"
        ) in refusal(first, *DESTROY)
        left = holdings(world)
        assert left["issuer"] == "https://vault.lab.test"
        assert set(left["mounts"]) == {"other/"}
        second.expect_no_changes()

        second.destroy()
        first.destroy()
        assert holdings(world) == {"providers": {PROVIDER: []}}
    finally:
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=PROVIDER)


def full(values: Settings, **method: str) -> Settings:
    """Add what a stack can have beside iam_user roles: a target role, its sessions, logins."""
    wanted = copy.deepcopy(values)
    sessions = {"credentialType": "assumed_role", "targetRoles": ["deploy"]}
    wanted["secretsEngines"]["aws"]["roles"]["deploy"] = sessions
    policy = "policies/aws/list-roles-and-users.json"
    target = {"account": "main", "policy": policy, "trustedBy": ["aws"]}
    login = {"boundPrincipals": ["arn:aws:iam::123456789012:role/app"], "policies": ["dev"]}
    logins = {"account": "main", "audience": "vault-aws-auth", "roles": {"app": login}}
    return wanted | {"targetRoles": {"deploy": target}, "authMethods": {"aws": logins | method}}


@pytest.fixture
def application(world: Laboratory) -> Iterator[None]:
    """The IAM role of an application that logs in."""
    lab_command("application", world.home.root)
    yield
    administrator(world).delete_role(RoleName="app")


def session_of(world: Laboratory, mount: str) -> str:
    """Assume the target role of a stack by its engine and return the role's name."""
    data = world.vault().read(f"{mount}/creds/deploy")["data"]
    return str(data["arn"].split("/")[1])


def granted(world: Laboratory, path: str) -> list[str]:
    """Log in by an auth method and return the Vault policies of the token."""
    policies = log_in(world, "app", signed(session(world, "app")), path=path)["policies"]
    return sorted(policies)


@pytest.mark.usefixtures("application")
def test_two_stacks_of_every_section_neither_see_nor_change_nor_destroy_each_other(
    world: Laboratory, first: Stack, second: Stack
) -> None:
    nothing = holdings(world)
    first.configure(full(owner()))
    second.configure(full(guest(), path="other", audience="vault-aws-auth-other"))
    first.up()
    issued, alone = credentials(world, "aws"), holdings(world)
    outputs = first.outputs()

    second.up()
    together = holdings(world)
    for kind in ("roles", "mounts", "auth"):
        assert alone[kind].items() <= together[kind].items()
    for kind in ("users", "policies", "keys", "logins"):
        assert alone[kind] <= together[kind]
    made = {kind: set(together[kind]) - set(alone[kind]) for kind in alone if kind in _MADE}
    assert made == {
        "roles": {
            "vault-secret-second-root-aws",
            "vault-auth-second-root-aws",
            "vault-target-second-deploy",
        },
        "mounts": {"other/"},
        "auth": {"other/"},
        "logins": {"other/"},
        "policies": {
            "second-root-aws-creds-my-role",
            "second-root-aws-creds-deploy",
            "second-root-aws-login-dev",
        },
        "keys": {"second-root-plugin-identity"},
        "users": set(),
    }
    assert together["providers"] == {
        PROVIDER: ["vault-aws-auth", "vault-aws-auth-other", "vault-aws-other", "vault-aws-secrets"]
    }
    for stack in (first, second):
        stack.expect_no_changes()
    assert first.outputs() == outputs

    for stack, mount in ((first, "aws"), (second, "other")):
        assert session_of(world, mount) == f"vault-target-{stack.name}-deploy"
        assert granted(world, mount) == ["default", f"{stack.name}-root-aws-login-dev"]
    crossed = {"role_arn": "arn:aws:iam::123456789012:role/vault-target-first-deploy"}
    with pytest.raises(hvac.exceptions.VaultError):
        world.vault().write_data("other/sts/deploy", data=crossed)

    second.destroy()
    assert holdings(world) == alone
    first.expect_no_changes()
    assert path_of(world, issued) == "/vault/first-root-aws/"
    assert session_of(world, "aws") == "vault-target-first-deploy"
    assert granted(world, "aws") == ["default", "first-root-aws-login-dev"]

    first.destroy()
    assert holdings(world) == nothing


@pytest.mark.parametrize(
    ("issuer", "provider", "told"),
    [
        (
            "existing",
            "managed",
            (
                "the root namespace has no issuer: set vault.issuer: managed, or deploy the stack "
                "that manages it first"
            ),
        ),
        (
            "managed",
            "existing",
            (
                f"there is no identity provider {PROVIDER}: set identityProvider: managed in the "
                "account's settings, or deploy the stack that manages it first"
            ),
        ),
    ],
)
def test_what_is_declared_existing_must_exist(
    issuer: str, provider: str, told: str, world: Laboratory, first: Stack
) -> None:
    first.configure(declared(owner(), issuer=issuer, provider=provider))
    assert told in refusal(first, "preview")
    assert holdings(world) == {}


def test_an_issuer_of_somebody_else_is_neither_taken_nor_assumed(
    world: Laboratory, first: Stack
) -> None:
    vault = world.vault()
    vault.write_data("identity/oidc/config", data={"issuer": "https://elsewhere.lab.test"})
    before = holdings(world)
    try:
        told = refusal(first, *UP)
        assert "is 'https://elsewhere.lab.test' already, and not this stack's" in told
        assert "vault.issuer: existing and vault.issuerAddress: https://elsewhere.lab.test" in told
        first.configure(declared(owner(), issuer="existing", provider="managed"))
        assert "set vault.issuerAddress: https://elsewhere.lab.test" in refusal(first, *UP)
        first.destroy()
        assert holdings(world) == before
    finally:
        vault.write_data("identity/oidc/config", data={"issuer": ""})


def test_the_owner_leaves_what_another_stack_of_the_same_audience_needs(
    world: Laboratory, first: Stack, second: Stack
) -> None:
    first.up()
    second.configure(guest(audience="vault-aws-secrets"))
    second.up()
    # Known to Vault by the keys that sign for it: AWS keeps no record of whose an audience is.
    told = refusal(first, *DESTROY)
    assert (
        f"the identity provider {PROVIDER} stays: other stacks have the same audiences, and keys "
        "that sign for them: vault-aws-secrets (second-root-plugin-identity)"
    ) in told
    assert holdings(world)["providers"] == {PROVIDER: ["vault-aws-secrets"]}
    assert path_of(world, credentials(world, "other")) == "/vault/second-root-aws/"
    second.destroy()
    first.destroy()
    assert holdings(world) == {}
