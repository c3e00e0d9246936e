"""One laboratory as a whole: what its folder needs, which processes it is, up and down."""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import sys
import time
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from lab import processes
from lab.accounts import ACCOUNTS, DEPLOY_ROLE, EXTERNAL_ID, absent, region
from lab.home import Home, read_json, write_bytes, write_json
from lab.processes import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY: Final = Path(__file__).resolve().parent.parent
BINARIES: Final = REPOSITORY / ".tools" / "bin"
PLUGINS: Final = REPOSITORY / ".tools" / "plugins"
PYTHON: Final = Path(sys.prefix).resolve() / "bin" / "python"
"""Resolved, because what a link leads to tells one set of installed packages from another."""
NAMES: Final = ("network", "aws", "people", "vault")
_PASSPHRASE: Final = b"laboratory"
"""The committed dev stack carries a salt made with it, so it is the same in every clone. It hides
nothing: state and passphrase lie in one folder, which its owner alone may read."""
_PLUGIN_NAMES: Final = ("aws", "vault", "command")
_PORT_NAMES: Final = ("proxy", "aws", "people", "vault", "issuer")
_PORTS: Final = range(20_000, 32_000)
"""Below the kernel's range for outgoing connections, one of which could hold a remembered port."""
_CHOSEN: Final = re.compile(r"^(\d+) (\d+)$", re.MULTILINE)
_UNBOUND_SECONDS: Final = 60
"""How long a laboratory may take to serve at the ports that it has chosen."""


@dataclass(frozen=True, kw_only=True)
class VaultOptions:
    """Which Vault to be; kept in the home until changed."""

    edition: Literal["ent", "community"] = "ent"
    version: str | None = None
    """Three numbers; none is the version that the laboratory is built from."""
    hide_version: bool = False
    aws_region: str = ""
    """``AWS_REGION`` of its process, from which Vault knows the partition whose STS it asks."""
    aws_keys: str = ""
    """Account whose administrator's keys stand in its environment, where they mask federation;
    empty for none, which is how a server should be."""


def vault_options(home: Home) -> VaultOptions:
    """Return which Vault was asked for last."""
    if not home.vault_options.exists():
        return VaultOptions()
    return VaultOptions(**read_json(home.vault_options))


def programs(home: Home) -> tuple[Program, ...]:
    """Return the laboratory's processes as they should run, given what its home remembers."""
    ports = read_json(home.ports)
    plain = {"PATH": "/usr/bin:/bin", "HOME": str(home.root), "LANG": "C.UTF-8"}
    python = (str(PYTHON), "-P", "-u", "-m")  # -P: nothing of the current folder is imported
    place = ("--home", str(home.root))
    code = [str(REPOSITORY), *filter(None, [os.environ.get("LAB_PYTHONPATH")])]
    with_code = {**plain, "PYTHONPATH": os.pathsep.join(code)}
    options = vault_options(home)
    in_network = {
        **plain,
        "HTTPS_PROXY": f"http://127.0.0.1:{ports['proxy']}",
        "SSL_CERT_FILE": str(home.trust_bundle),
        **({"AWS_REGION": options.aws_region} if options.aws_region else {}),
        **(_masking_keys(home, options.aws_keys) if options.aws_keys else {}),
    }
    return (
        Program(
            name="network",
            command=(*python, "lab.network", *place),
            environment=with_code,
            port=ports["proxy"],
            ready_path="/_lab/ready",
        ),
        Program(
            name="aws",
            command=(*python, "lab.aws", *place),
            environment=with_code,
            port=ports["aws"],
            ready_path="/_lab/ready",
        ),
        Program(
            name="people",
            command=(*python, "lab.people", *place),
            environment=with_code,
            port=ports["people"],
            ready_path="/_lab/ready",
        ),
        Program(
            name="vault",
            command=_vault_command(home, ports),
            environment=in_network,
            port=ports["vault"],
            ready_path="/v1/sys/health",
        ),
    )


def up(home: Home, say: Callable[[str], None]) -> None:
    """Start what does not run as it should; leave alone what does.

    Raises:
        LaboratoryError: a process does not start, with its name, its log and its last words.
        ValueError: the laboratory has other accounts than it should.
    """
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with processes.locked(home, say):
        _furnish(home)
        _make_room_for_accounts(home, say)
        wanted = programs(home)
        for program in wanted:
            processes.require_executable(program)
        for program in wanted:
            process = processes.running(home, program.name)
            if process and process.is_as_it_should(program):
                continue
            if process:
                say(f"{program.name}: stops, because it is to run differently")
                processes.stop(home, [program.name])
            started = processes.start(home, program)
            say(f"{program.name}: starts as process {started.pid}")
        processes.await_ready(home, wanted)
        _write_client_files(home)


def down(home: Home, say: Callable[[str], None]) -> list[str]:
    """Stop the laboratory and return the names of the processes that ran."""
    if not home.root.exists():
        return []
    with processes.locked(home, say):
        return processes.stop(home, NAMES)


def _vault_command(home: Home, ports: Mapping[str, int]) -> tuple[str, ...]:
    binary = Path(os.environ.get("LAB_VAULT_BINARY", BINARIES / "lab-vault"))
    options = vault_options(home)
    return (
        # What the link leads to tells one build from another, so that a new one is taken into use.
        str(binary.resolve()),
        *("-home", str(home.vault)),
        *("-listen", f"127.0.0.1:{ports['vault']}"),
        *("-public", f"127.0.0.1:{ports['issuer']}"),
        *("-api-addr", "https://vault.lab.test"),
        *("-edition", options.edition),
        *("-switches", str(home.switches)),
        *(("-version", options.version) if options.version else ()),
        *(("-hide-version",) if options.hide_version else ()),
        *(("-masked",) if options.aws_keys else ()),
    )


def _masking_keys(home: Home, account: str) -> dict[str, str]:
    accounts = {entry["name"]: entry for entry in read_json(home.accounts)}
    if account not in accounts:
        raise ValueError(f"there is no account {account!r}; there are {', '.join(accounts)}")
    return {
        "AWS_ACCESS_KEY_ID": accounts[account]["access_key_id"],
        "AWS_SECRET_ACCESS_KEY": accounts[account]["secret_access_key"],
    }


def _furnish(home: Home) -> None:
    home.root.chmod(0o700)
    for folder in (home.vault, home.pulumi_home, home.pulumi_state):
        folder.mkdir(mode=0o700, exist_ok=True)
    ports = read_json(home.ports) if home.ports.exists() else {}
    if missing := [name for name in _PORT_NAMES if name not in ports]:
        write_json(home.ports, {**ports, **free_ports(missing)})
    write_bytes(home.passphrase, _PASSPHRASE)
    for name in _PLUGIN_NAMES:
        _install_plugin(home, name)
    _keep_engine_from_logging(home)


def free_ports(names: list[str]) -> dict[str, int]:
    """Choose ports at which nobody serves, and which no other laboratory has just chosen."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"  # XDG Base Directory
    chosen = Path(base) / "vault-aws-federation" / "ports"
    chosen.parent.mkdir(parents=True, exist_ok=True)
    with chosen.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        now = int(time.time())
        held = {int(port): int(at) for port, at in _CHOSEN.findall(stream.read())}
        taken = {port: at for port, at in held.items() if now - at < _UNBOUND_SECONDS}
        free: list[int] = []
        while len(free) < len(names):
            port = secrets.choice(_PORTS)
            if port not in taken and processes.is_free(port):
                free.append(port)
                taken[port] = now
        stream.truncate(0)
        stream.writelines(f"{port} {at}\n" for port, at in taken.items())
    return dict(zip(names, free, strict=True))


def _install_plugin(home: Home, name: str) -> None:
    """Put a plugin where the engine looks for the one that the installed SDK asks for."""
    program = f"pulumi-resource-{name}"
    folder = home.pulumi_home / "plugins" / f"resource-{name}-v{metadata.version(f'pulumi-{name}')}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    link = folder / program
    if not link.is_symlink() or link.readlink() != PLUGINS / program:
        link.unlink(missing_ok=True)
        link.symlink_to(PLUGINS / program)


def _keep_engine_from_logging(home: Home) -> None:
    """Put a file where the engine makes the folder of its automatic logs; it goes on without them.

    It writes all of its traffic there, at every command, which takes a tenth of the command's time.
    It has no setting for it.
    """
    logs = home.pulumi_home / "logs"
    if logs.is_dir():  # of a laboratory that began when this was not done
        shutil.rmtree(logs)
    logs.touch(mode=0o600)


def _make_room_for_accounts(home: Home, say: Callable[[str], None]) -> None:
    """Stop an AWS that began to run when laboratories had fewer accounts; it adds them on start."""
    if not home.accounts.exists():
        return
    missing = absent(read_json(home.accounts))
    if missing and processes.running(home, "aws"):
        say(f"aws: stops, because it is to serve {', '.join(entry.name for entry in missing)} too")
        processes.stop(home, ["aws"])


def _write_client_files(home: Home) -> None:
    """Give the AWS clients each account's administrator, whose keys the front has made.

    An account with a deploy role has a second profile, which comes to it by that role.
    """
    config, credentials, keys = [], [], {}
    for account in read_json(home.accounts):
        keys[account["name"]] = account["access_key_id"]
        # Without a pager the AWS CLI answers a script and a person alike.
        config.append(
            f"[profile {account['name']}]\nregion = {region(account['partition'])}\ncli_pager =\n"
        )
        # The role of `lab.application`, for those who want to be it.
        config.append(
            f"[profile {account['name']}-app]\nregion = {region(account['partition'])}\n"
            f"role_arn = arn:{account['partition']}:iam::{account['id']}:role/app\n"
            f"source_profile = {account['name']}\nrole_session_name = {account['access_key_id']}\n"
            "cli_pager =\n"
        )
        credentials.append(
            f"[{account['name']}]\naws_access_key_id = {account['access_key_id']}\n"
            f"aws_secret_access_key = {account['secret_access_key']}\n"
        )
    # The CLI keeps sessions in the person's home by what was asked for: without a name of its own
    # a laboratory would be sent those of another.
    config += [
        f"[profile {account.name}-{DEPLOY_ROLE}]\nregion = {region(account.partition)}\n"
        f"role_arn = {account.deploy_role_arn}\nsource_profile = {account.deployer}\n"
        f"external_id = {EXTERNAL_ID}\nrole_session_name = {keys[account.deployer]}\n"
        "cli_pager =\n"
        for account in ACCOUNTS
        if account.deployer
    ]
    write_bytes(home.aws_config, "\n".join(config).encode())
    write_bytes(home.aws_credentials, "\n".join(credentials).encode())


def choose_vault(home: Home, options: VaultOptions) -> None:
    """Remember which Vault to be; ``up`` restarts a Vault that is another."""
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_json(home.vault_options, asdict(options))
