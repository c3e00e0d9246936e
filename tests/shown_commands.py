"""Every command that README and docs show, and how each is held to be true.

``tests/unit/test_documented_commands.py`` sees that none is missing here, and
``tests/lab/operations/test_documented_commands.py`` types those that are ``Run``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

_DOCUMENT = re.compile(r"( <<'(\w+)')\n.*?\n\2$", re.DOTALL | re.MULTILINE)
"""What a command is given to read, after the line that says where it ends."""
_REMARK = re.compile(r"\s+#\s.*$")
_WHOLE = re.compile(
    r"(?:[A-Z_]+=\S+ )?(?:"
    r"(?:bin/)?vaultaws (?:credentials )?(?!--help)[a-z-]+ \S"
    r"|make .*[A-Z]+="
    r"|pulumi [a-z].* --"
    r"|python -m "
    r")|[A-Z_]+=\S+ make "
)
"""Within a sentence: what is more than the name of a command."""


def shown() -> dict[str, str]:
    """Return every line of every ``sh`` fence and whole command of a sentence, with its page.

    Remarks are left out, and what is shown twice counts for the page that shows it first.
    """
    found: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text("utf-8")
        fences = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
        plain = [_DOCUMENT.sub(r"\1", each) for each in fences]
        joined = [line for each in plain for line in each.replace("\\\n", " ").splitlines()]
        lines = [re.sub(r"\s+", " ", _REMARK.sub("", line)).strip() for line in joined]
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        inline = [
            code.replace("\n", " ").strip()
            for paragraph in prose.split("\n\n")
            for code in paragraph.split("`")[1::2]
        ]
        typed = [*filter(None, lines), *filter(_WHOLE.match, inline)]
        found = {**dict.fromkeys(typed, page.relative_to(ROOT).as_posix()), **found}
    return found


@dataclass(frozen=True, kw_only=True)
class Run:
    """Typed in the laboratory, in the order of this table."""

    put: Mapping[str, str] = field(default_factory=dict)
    """What is typed in place of what the page leaves open."""
    who: str = "administrator"
    """Whose shell: ``administrator``, ``application`` or ``alice``, each with a home."""
    says: str = ""
    """What stands in its output, on either stream."""
    code: int = 0
    stdin: str = ""


@dataclass(frozen=True, kw_only=True)
class Example:
    """With this put in, it is the example of a command's help, which ``test_help.py`` types."""

    put: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Elsewhere:
    """Typed by another test, or a fixture, whose file holds these texts."""

    test: str
    """As ``file::name``, the file below ``tests``."""
    texts: tuple[str, ...]
    put: Mapping[str, str] = field(default_factory=dict)
    """What that test types in place of words of the page; empty for what it need not type."""


@dataclass(frozen=True)
class Nowhere:
    """Typed by no test, for a reason."""

    reason: str


Entry = Run | Example | Elsewhere | Nowhere

_CLONE = "lab/laboratory/test_commands.py"
_COMES_UP = f"{_CLONE}::test_a_fresh_clone_comes_up_stays_up_and_goes_away"
_FLEET = (
    "lab/change/test_fleet.py"
    "::test_a_fleet_of_which_one_stack_fails_is_repeated_found_done_and_destroyed"
)
_BENCH = (
    "lab/laboratory/test_benchmarks.py::test_a_run_measures_every_phase_and_writes_what_it_found"
)
_GUARDED = (
    "lab/change/test_guardrails.py::test_a_sound_stack_passes_and_what_is_not_known_yet_is_said",
    ('stack.pulumi("preview", *PACK)', '"--policy-pack", "policies/guardrails/guardrails"'),
    {" --stack production $guarded": "", "pulumi up": "pulumi preview"},
)
_OWN_ROLE = "lab/federation/test_examples.py::example"
_INSTALLED = "lab/operations/test_installed.py::programs"
_NO_GATEWAY = Nowhere("the laboratory has no API Gateway; the page says so")
_NO_CLUSTER = Nowhere("it needs a Kubernetes cluster; test_fleet.py holds the objects to schemas")
_CONFIRMED = "y\n"
_DEV = {"production": "dev"}
_REPORTS = "2026.csv"
_TARGET = "arn:aws:iam::123456789012:role/vault-target-dev-deploy"

README: dict[str, Entry] = {
    "make up": Elsewhere(_COMES_UP, ('_make(clone, "up")',)),
    "OFFICIAL_PLUGINS=1 make up": Elsewhere(
        "unit/test_tools.py::test_official_plugins_are_installed_by_the_cli_once_and_given_back_on_request",
        ('setenv("OFFICIAL_PLUGINS", "1")', "bootstrap.main()"),
        {"make up": ""},
    ),
    "make test": Nowhere("it is what runs this"),
    'eval "$(make -s env)"': Elsewhere(_COMES_UP, ('eval "$(make -s env)"',)),
    "pulumi stack output --json": Run(says='"server_id"'),
    "token=$(vaultaws login --method aws --role dev-role-iam --profile main-app --stack dev "
    "--print)": Run(),
    "python -m lab decisions": Run(says="sts:AssumeRoleWithWebIdentity"),
    "vaultaws prove --stack dev": Example(),
    "vaultaws credentials aws/my-role --exec -- aws s3 ls s3://laboratory-main/reports/": Run(
        says=_REPORTS
    ),
    "vaultaws credentials aws/my-role --exec -- aws s3 cp "
    "s3://laboratory-main/reports/2026.csv -": Run(says="month,users\n1,3\n2,5\n"),
    "vaultaws credentials aws/my-role --exec -- aws s3 ls || true": Run(
        says="no identity-based policy allows the s3:ListAllMyBuckets action"
    ),
    "python -m lab switch key_delay_seconds=10": Run(says="key_delay_seconds = 10"),
    "unset VAULT_TOKEN": Run(),
    "vaultaws login --path people": Run(who="alice", says="may read  aws/deploy"),
    "vaultaws credentials aws/deploy --exec -- aws sts get-caller-identity": Run(
        who="alice", says="assumed-role/vault-target-dev-deploy/"
    ),
    'vaultaws explain "InvalidIdentityToken: Incorrect token audience"': Example(),
    "vaultaws explain --stack dev": Run(says="AWS lists"),
    "vaultaws sweep --delete": Run(says="looking at what 0 user(s) have"),
    "make down ABANDON_VAULT=1": Elsewhere(
        f"{_CLONE}::test_a_vault_that_is_gone_for_good_is_abandoned",
        ('_make(clone, "down", "ABANDON_VAULT=1")',),
    ),
    "vaultaws abandon --stack STACK": Example(put={"STACK": "dev"}),
    "vaultaws recover --stack STACK": Example(put={"STACK": "dev"}),
    "pulumi up --run-program --stack STACK": Run(put={"STACK": "dev"}, says="unchanged"),
    "pulumi destroy --run-program": Elsewhere(
        "lab/accounts/test_partitions.py"
        "::test_a_stack_in_another_partition_issues_there_and_leaves_nothing",
        ('stack.destroy("--run-program")',),
    ),
    "pulumi install": Nowhere("it fetches packages; `make tools` installs the same file"),
    "source .venv/bin/activate": Run(),
    "pulumi login s3://…": Nowhere("it needs a bucket of one's own"),
    "cp Pulumi.production.yaml.example Pulumi.production.yaml": Run(),
    "pulumi stack init production": Elsewhere(
        "lab/conftest.py::deployed", ('.pulumi("stack", "init")',), {" production": ""}
    ),
    "export VAULT_TOKEN=…": Run(),
    "unset VAULT_NAMESPACE": Run(),
    "bin/vaultaws doctor --stack production": Example(put={**_DEV, "bin/": ""}),
    'guarded="--policy-pack policies/guardrails '
    '--policy-pack-config policies/guardrails/production.json"': Run(),
    "pulumi preview --stack production $guarded": Elsewhere(*_GUARDED),
    "pulumi up --stack production $guarded": Elsewhere(*_GUARDED),
    "pulumi up --stack production": Elsewhere(
        "lab/conftest.py::deployed",
        ('.pulumi("up", "--yes", "--skip-preview")', '"--stack", STACK'),
        {"production": "STACK"},
    ),
    "vaultaws prove --stack production": Example(put=_DEV),
    "pulumi config set --secret --path 'vault-aws-federation:humanLoginSecrets.people'": Elsewhere(
        "lab/stacks.py::hide_client_secret",
        ('"config", "set", "--secret", "--path", f"{SECRET_SECTION}.{login}"',),
        {"'vault-aws-federation:humanLoginSecrets.people'": ""},
    ),
    "pulumi up --replace <URN of its Vault role>": Elsewhere(
        "lab/federation/test_auth_method.py"
        "::test_a_principal_made_anew_under_its_name_is_refused_until_somebody_decides",
        ('stack.up("--replace", urn)',),
        {"<URN of its Vault role>": "urn"},
    ),
    "python -m lab switch service_control_policy=FILE": Run(
        put={"FILE": "policy.json"}, says='service_control_policy = {"Version": '
    ),
    "cd examples/own-role && pulumi stack init own": Elsewhere(
        _OWN_ROLE,
        ('"examples" / "own-role"', 'pulumi(deployed, folder, "stack", "init")'),
        {"cd examples/own-role && pulumi": "pulumi", " own": ""},
    ),
    "pulumi config set region us-east-1": Elsewhere(
        _OWN_ROLE, ('"config", "set-all", *flags(CONFIG)', '"region": "us-east-1"')
    ),
    "pulumi config set federation organization/vault-aws-federation/dev": Elsewhere(
        _OWN_ROLE,
        (
            '"config", "set-all", *flags(CONFIG)',
            '"federation": "organization/vault-aws-federation/dev"',
        ),
    ),
    "pulumi config set engine aws": Elsewhere(
        _OWN_ROLE, ('"config", "set-all", *flags(CONFIG)', '"engine": "aws"')
    ),
    "pulumi up": Elsewhere(
        "lab/federation/test_examples.py"
        "::test_a_role_of_another_stack_is_assumed_by_the_engine_it_read_of_and_no_other",
        ('pulumi(deployed, example, "up", "--yes"',),
    ),
}

PAGES_OF_DOCS: dict[str, Entry] = {
    # docs/fleet.md
    "python -m examples.fleet.make": Run(),
    "pulumi preview --stack payments-main": Elsewhere(
        _FLEET, ('"run", "preview"', '"payments-main/checkout"'), {"--stack ": ""}
    ),
    "vaultaws recover --stack payments-main": Example(put={"payments-main": "dev"}),
    "python -m examples.fleet.run preview": Elsewhere(_FLEET, ('"run", "preview"',)),
    "python -m examples.fleet.run up --at-once 4": Elsewhere(
        _FLEET, ('"run", "up", "--at-once", "2"',), {"4": "2"}
    ),
    "python -m examples.fleet.run up --only payments-main search-main": Elsewhere(
        _FLEET,
        ('"run", "up", "--only", "payments-data"',),
        {"payments-main search-main": "payments-data"},
    ),
    "python -m examples.fleet.run preview --expect-no-changes": Elsewhere(
        _FLEET, ('"run", "preview", "--expect-no-changes"',)
    ),
    "python -m examples.fleet.run destroy": Elsewhere(_FLEET, ('"run", "destroy"',)),
    "python -m examples.fleet.make --workflow .github/workflows/fleet.yaml": Run(),
    "python -m examples.fleet.make --kubernetes fleet.yaml": Run(),
    "kubectl apply --dry-run=server --validate=strict -f fleet.yaml": _NO_CLUSTER,
    "kubectl apply -f fleet.yaml": _NO_CLUSTER,
    "kubectl delete stacks.pulumi.com -l app.kubernetes.io/component=team": _NO_CLUSTER,
    "kubectl delete stacks.pulumi.com base": _NO_CLUSTER,
    "python -m examples.fleet.measure --stacks 20 --federations 10 --at-once 2": Elsewhere(
        "lab/change/test_fleet.py::test_a_fleet_is_measured_and_leaves_nothing",
        ('"measure", "--stacks", "1", "--federations", "1"',),
        {" --at-once 2": "", "20": "1", "10": "1"},
    ),
    # docs/high-availability.md
    "VAULT_ADDR=https://<secondary> vaultaws revoke aws my-role": Example(
        put={"VAULT_ADDR=https://<secondary> ": ""}
    ),
    "python -m lab switch vault_standby_lag_seconds=1": Run(says="vault_standby_lag_seconds = 1"),
    "python -m lab switch fault=step-down": Run(says="step-down"),
    "python -m lab switch vault_replication=secondary": Run(says='vault_replication = "secondary"'),
    # docs/performance.md
    "make bench": Elsewhere(_BENCH, ('"-m", "benchmarks", "1"',)),
    'make bench N="1 10"': Elsewhere(_BENCH, ('"-m", "benchmarks", "1"',), {'N="1 10"': "1"}),
    "make bench ROUNDS=3": Elsewhere(_BENCH, ('"-m", "benchmarks", "1"',), {"ROUNDS=3": ""}),
    # docs/private-vault.md
    "aws apigateway import-rest-api --endpoint-configuration-types REGIONAL "
    "--body fileb://docs/private-vault/api-gateway.yaml": _NO_GATEWAY,
    "aws apigateway create-deployment --rest-api-id ID --stage-name documents "
    "--variables vpcLinkId=VPC-LINK": _NO_GATEWAY,
    "aws apigateway create-domain-name --domain-name issuer.example.com "
    "--regional-certificate-arn CERTIFICATE --security-policy TLS_1_2 "
    "--endpoint-configuration types=REGIONAL": _NO_GATEWAY,
    "aws apigateway create-base-path-mapping --domain-name issuer.example.com "
    "--rest-api-id ID --stage documents": _NO_GATEWAY,
    # docs/rotation.md
    "vault write identity/oidc/key/<stack>-root-plugin-identity/rotate "
    "verification_ttl=0": Elsewhere(
        "lab/change/test_rotation.py"
        "::test_credentials_work_while_the_signing_key_is_rotated_by_hand_and_on_schedule",
        ('write_data(f"identity/oidc/key/{KEY}/rotate"',),
        {"<stack>-root-plugin-identity": "{KEY}", " verification_ttl=0": ""},
    ),
    "vault write sys/plugins/reload/backend mounts=<mount>/": Elsewhere(
        "lab/people/test_people.py::_forget_sessions",
        ('write_data("sys/plugins/reload/backend", data={"mounts": "aws/"})',),
        {"mounts=<mount>/": "mounts aws/"},
    ),
    "python -m lab decisions --refused": Run(),
    "python -m lab switch presented_chain=vault.lab.test:renewed-root": Run(says="renewed-root"),
    "python -m lab switch clock_offset_seconds=3601 vault_clock_offset_seconds=3601": Run(
        says="vault_clock_offset_seconds = 3601"
    ),
    "python -m lab switch propagation_delay_seconds=8": Run(says="propagation_delay_seconds = 8"),
    "python -m lab switch service_control_policy=policy.json": Run(
        says='service_control_policy = {"Version": '
    ),
    "python -m lab switch presented_chain= clock_offset_seconds= vault_clock_offset_seconds= "
    "propagation_delay_seconds=": Run(says="propagation_delay_seconds = 0"),
}

OPERATIONS: dict[str, Entry] = {
    "pipx install git+https://…/vault-aws-federation.git": Elsewhere(
        _INSTALLED,
        ('"install", *offline, str(wheel)',),
        {" git+https://…/vault-aws-federation.git": ""},
    ),
    "uv tool install git+https://…/vault-aws-federation.git": Elsewhere(
        _INSTALLED,
        ('"install", *offline, str(wheel)',),
        {"tool ": "", " git+https://…/vault-aws-federation.git": ""},
    ),
    "export VAULT_ADDR=https://vault.lab.test": Run(who="alice"),
    "vaultaws credentials install": Run(who="alice", says="aws --profile aws/deploy sts"),
    "vaultaws doctor --stack dev": Example(),
    "aws sts assume-role-with-web-identity … 2>&1 | vaultaws explain -": Run(
        put={
            "…": f"--role-arn {_TARGET} --role-session-name me --web-identity-token garbage",
        },
        says="AWS (InvalidIdentityToken): what was sent is no token",
    ),
    "vaultaws explain vault.log": Run(says="InvalidIdentityToken"),
    "vaultaws report --stack dev": Example(),
    "vaultaws report --stack dev --only engineering": Run(says="engineering"),
    "vaultaws report --stack dev --format html --output report.html": Run(),
    "vaultaws report --stack dev --format mermaid": Run(says="flowchart"),
    "pulumi stack export | vaultaws report --state -": Run(says="engineering"),
    "pulumi preview --json --stack dev > preview.json": Run(),
    "vaultaws report --diff preview.json": Run(),
    "vaultaws report --diff preview.json --fail-on-new-rights": Run(),
    "vaultaws prove --stack production --profile app --cloudtrail --report evidence.md": Run(
        put={**_DEV, "--profile app": "--profile main-app"}, says="shown"
    ),
    "python -m lab up --vault-aws-keys main": Elsewhere(
        "lab/operations/test_prove.py::test_a_server_with_aws_keys_in_its_environment_is_unmasked",
        ('"up", world.home.root, "--vault-aws-keys", "main"',),
    ),
    "vaultaws revoke-sessions aws --stack dev": Run(stdin=_CONFIRMED, says="blocked"),
    "vaultaws revoke-sessions deploy --stack dev": Run(stdin=_CONFIRMED, says="blocked"),
    "vaultaws revoke-sessions auth/aws --stack dev": Run(stdin=_CONFIRMED, says="blocked"),
    "vaultaws revoke-sessions arn:aws:iam::…:role/… --stack dev": Run(
        put={"arn:aws:iam::…:role/…": _TARGET}, stdin=_CONFIRMED, says="blocked"
    ),
    "vaultaws revoke-sessions aws --stack dev --undo": Run(stdin=_CONFIRMED),
    "vaultaws revoke MOUNT ROLE": Example(put={"MOUNT": "aws", "ROLE": "my-role"}),
    "vaultaws sweep": Run(says="looking at what 0 user(s) have"),
    "vaultaws sweep --all": Run(says="looking at what 0 user(s) have"),
    "vaultaws sweep --tag team=a --older-than 2d": Run(says="looking at what 0 user(s) have"),
    "vaultaws login --stack dev": Run(who="alice", says="may read  aws/deploy"),
    "vaultaws login --no-browser --stack dev": Elsewhere(
        "lab/operations/test_login.py"
        "::test_a_person_at_another_machine_pastes_where_the_browser_ended",
        ('"vaultaws", "login", "--no-browser", "--stack", "dev"',),
    ),
    "vaultaws login --method aws --role dev-role-iam --profile main-app --stack dev": Run(
        who="application", says="may read  aws/my-role"
    ),
    'eval "$(vaultaws credentials aws/my-role)"': Run(who="application"),
    "vaultaws credentials install --stack dev": Run(
        who="application", says="aws --profile aws/my-role sts"
    ),
    "aws --profile aws/my-role s3 ls s3://laboratory-main/reports/": Run(
        who="application", says=_REPORTS
    ),
    "AWS_PROFILE=aws/my-role python my_program.py": Run(
        who="application", says="user/vault/dev-root-aws/"
    ),
    "vaultaws credentials console aws/deploy --stack dev": Run(
        who="alice", says="the console is open until"
    ),
}

_PULL = "lab/change/test_pull_request.py"
_WATCHES = f"{_PULL}::test_drift_has_an_issue_as_long_as_it_is_there"
_WATCHED = ('"vaultaws", "watch", what, "--stack", STACK',)
_MOVED = "lab/operations/test_migrate.py::migrate"
_STEPS = ('"vaultaws", "migrate", "aws", *options, "--stack", self.stack.name',)
_MIGRATED = {"dev": "self.stack.name"}
_WAY_IN = "lab/federation/test_keyless.py::way_in"
_SET = ('"config", "set-all", "--path", *flags',)
_OPTIONAL = Nowhere("the laboratory keeps its state in files, under a passphrase")
_NO_JWT = Nowhere("test_github_actions.py holds the page to the job; the laboratory has no GitHub")

REVIEW: dict[str, Entry] = {
    # docs/operations.md
    "vaultaws migrate aws --stack dev": Example(),
    "vaultaws migrate aws": Elsewhere(_MOVED, _STEPS),
    "vaultaws migrate aws move --stack dev": Elsewhere(
        _MOVED, (*_STEPS, 'self.step("move", '), _MIGRATED
    ),
    "vaultaws migrate aws prove --stack dev": Elsewhere(
        _MOVED, (*_STEPS, 'moved.migrate("prove")'), _MIGRATED
    ),
    "vaultaws migrate aws deactivate --stack dev": Elsewhere(
        _MOVED, (*_STEPS, '"deactivate"'), _MIGRATED
    ),
    "vaultaws migrate aws delete --stack dev": Elsewhere(_MOVED, (*_STEPS, '"delete"'), _MIGRATED),
    "vaultaws migrate aws undo --stack dev": Elsewhere(_MOVED, (*_STEPS, '"undo"'), _MIGRATED),
    "vaultaws review changed --since origin/main": Example(put={"origin/main": "HEAD"}),
    "pulumi preview --json --stack dev > dev.json": Run(),
    "vaultaws review comment dev.json": Run(says="dev"),
    "vaultaws review comment dev.json --pull 7": Elsewhere(
        f"{_PULL}::comment",
        ('"vaultaws", "review", "comment", str(previews', '"--pull", PULL'),
        {"dev.json": "str(previews", "7": "PULL"},
    ),
    "vaultaws watch drift --stack dev": Elsewhere(
        _WATCHES, (*_WATCHED, 'forge.watch("drift")'), {"dev": "STACK"}
    ),
    "vaultaws watch certificates --stack dev": Run(),
    "vaultaws watch users --stack dev": Example(),
    "vaultaws watch drift --stack dev --issue": Elsewhere(
        _WATCHES, (*_WATCHED, '"--issue"', 'forge.watch("drift")'), {"dev": "STACK"}
    ),
    "pulumi refresh --preview-only": Nowhere("the page says what it does not tell"),
    # docs/pull-requests.md
    "cd bootstrap && pulumi stack init main": Elsewhere(
        _WAY_IN, ('"bootstrap"', '"stack", "init"'), {"cd bootstrap && pulumi": "x", " main": ""}
    ),
    **{
        f"pulumi config set {key} {value}": Elsewhere(
            _WAY_IN, (*_SET, f'"{key}"'), {f" {value}": ""}
        )
        for key, value in {
            "repository": "owner/name",
            "account": "123456789012",
            "vault": "https://vault.example.com",
        }.items()
    },
    "pulumi config set stateBucket example-pulumi-state": _OPTIONAL,
    "pulumi config set secretsKey arn:aws:kms:us-east-1:123456789012:key/…": _OPTIONAL,
    "vaultaws review changed --since COMMIT": Example(put={"COMMIT": "HEAD"}),
    "vaultaws review comment PREVIEW.json …": Run(put={"PREVIEW.json …": "dev.json"}),
    "vaultaws watch drift": Elsewhere(_WATCHES, (*_WATCHED, 'forge.watch("drift")')),
    # docs/operations-guide.md, docs/upgrading.md
    "python3 -m venv .venv && .venv/bin/pip install --require-hashes "
    "-r requirements/program.txt": Nowhere("`make tools` installs the same file"),
    'export PATH="$PWD/bin:$PWD/.venv/bin:$PATH"': Run(),
    "vaultaws doctor --stack production": Example(put=_DEV),
    "pulumi preview --stack production --json > preview.json": Run(put=_DEV),
    "pulumi preview --stack production --diff": Run(put=_DEV, says="unchanged"),
    "pulumi preview --stack production --expect-no-changes": Elsewhere(
        _COMES_UP, ("pulumi preview --stack dev --expect-no-changes",), _DEV
    ),
    "pulumi stack export --stack production --file state.json": Run(put=_DEV),
    "pulumi stack import --file state.json": Run(says="Import complete"),
    "pulumi stack import --stack production --file state.json": Run(
        put=_DEV, says="Import complete"
    ),
    "vaultaws sweep --stack production": Run(put=_DEV, says="looking at what 0 user(s) have"),
    "vaultaws sweep --stack production --delete": Run(
        put=_DEV, says="looking at what 0 user(s) have"
    ),
    "pulumi up --run-program --stack production": Run(put=_DEV, says="unchanged"),
    "vaultaws revoke aws my-role": Example(),
    "vaultaws revoke-sessions aws --stack production": Example(put=_DEV),
    "pulumi destroy --stack production": Elsewhere(
        "lab/stacks.py::destroy",
        ('self.pulumi("destroy", "--yes", "--skip-preview"',),
        {" --stack production": ""},
    ),
    "vaultaws explain --stack production": Run(put=_DEV, says="AWS lists"),
    "vaultaws recover --stack production": Example(put=_DEV),
    "vaultaws abandon --stack production": Example(put=_DEV),
    # docs/github-actions.md
    "vault auth enable -path=github jwt": _NO_JWT,
    "vault write auth/github/config "
    "bound_issuer=https://token.actions.githubusercontent.com "
    "oidc_discovery_url=https://token.actions.githubusercontent.com": _NO_JWT,
    "vault write auth/github/role/reports - <<'JSON'": _NO_JWT,
    # docs/fleet.md
    "pulumi up --policy-pack policies/guardrails": Elsewhere(*_GUARDED),
}

TYPED: dict[str, Entry] = {**README, **PAGES_OF_DOCS, **OPERATIONS, **REVIEW}


def put_in(command: str, put: Mapping[str, str]) -> str:
    """Return a command with values in place of what its page leaves open."""
    for open_, value in put.items():
        command = command.replace(open_, value)
    return command
