"""The laboratory's command: start it, look into it, make it behave differently, stop it."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lab import environment, laboratory, processes, switches
from lab.home import Home, read_json
from lab.laboratory import VaultOptions
from lab.processes import LaboratoryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_DEFAULT_HOME: Final = laboratory.REPOSITORY / ".lab"
_FOLLOW_SECONDS: Final = 0.2


def main() -> int:
    """Do what the command line says; print one clear error instead of a trace."""
    arguments = _parser().parse_args()
    home = Home(arguments.home.resolve())
    os.umask(0o077)  # also of the processes started, whatever they write
    try:
        arguments.run(home, arguments)
    except (LaboratoryError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130  # as a shell reports SIGINT
    except BrokenPipeError:
        # Whoever read has seen enough; what is left must not fail again when Python flushes it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _up(home: Home, arguments: argparse.Namespace) -> None:
    began = time.monotonic()
    options = laboratory.vault_options(home)
    chosen = VaultOptions(
        edition=arguments.vault_edition or options.edition,
        version=arguments.vault_version or options.version,
        hide_version=options.hide_version
        if arguments.hide_vault_version is None
        else arguments.hide_vault_version,
        aws_region=options.aws_region
        if arguments.vault_aws_region is None
        else arguments.vault_aws_region,
        aws_keys=options.aws_keys if arguments.vault_aws_keys is None else arguments.vault_aws_keys,
    )
    if chosen != options:
        laboratory.choose_vault(home, chosen)
    if arguments.propagation_delay is not None:
        assignment = f"propagation_delay_seconds={arguments.propagation_delay}"
        switches.store(home, switches.changed(switches.SwitchBoard(home).read(), [assignment]))
    laboratory.up(home, say=lambda line: print(line, flush=True))
    proxy = read_json(home.ports)["proxy"]
    print(f"the laboratory runs ({time.monotonic() - began:.1f} s), its state is in {home.root}")
    print("  https://vault.lab.test                 Vault")
    print("  https://{iam,sts,ec2}.*.amazonaws.com  AWS")
    print("  https://people.lab.test                identity provider")
    print(f'all through the proxy http://127.0.0.1:{proxy}; to enter: eval "$(make -s env)"')


def _down(home: Home, _: argparse.Namespace) -> None:
    stopped = laboratory.down(home, say=print)
    print(f"stopped: {', '.join(stopped)}" if stopped else "the laboratory was not running")


def _application(home: Home, _: argparse.Namespace) -> None:
    from lab import application  # noqa: PLC0415 - the AWS SDK takes half a second to import

    for arn in application.make_roles(home):
        print(f"an application runs as {arn}")


def _env(home: Home, arguments: argparse.Namespace) -> None:
    exports = environment.exports(home, without_vault=arguments.without_vault)
    print(f"unset {' '.join(environment.UNSET)}")
    for name, value in exports.items():
        print(f"export {name}={shlex.quote(value)}")


def _status(home: Home, _: argparse.Namespace) -> None:
    if not home.ports.exists():
        raise LaboratoryError(f"there is no laboratory in {home.root}; type `make lab`")
    print(f"{'NAME':<9}{'PROCESS':<10}{'PORT':<8}{'HEALTH':<16}LOG")
    for program in laboratory.programs(home):
        process = processes.running(home, program.name)
        serves = "serves" if processes.serves(program) else "does not serve"
        print(
            f"{program.name:<9}{process.pid if process else '-':<10}{program.port:<8}"
            f"{serves if process else 'down':<16}{processes.log_file(home, program.name)}"
        )


def _decisions(home: Home, arguments: argparse.Namespace) -> None:
    for line in _lines(home.decisions, follow=arguments.follow):
        decision = json.loads(line)
        if not arguments.refused or decision["outcome"] == "refused":
            print(_readable(decision), flush=arguments.follow)


def _readable(decision: dict[str, Any]) -> str:
    time_of_day = decision["time"].partition("T")[2] or decision["time"]
    error = f" ({decision['error']})" if decision.get("error") else ""
    return (
        f"{time_of_day}  {decision['outcome']:<8} {decision['action']}\n"
        f"    by {decision['principal']}\n"
        f"    on {decision['resource']}\n"
        f"    {decision['rule']}{error}"
    )


def _lines(path: Path, *, follow: bool) -> Iterator[str]:
    while not path.exists():
        if not follow:
            return
        time.sleep(_FOLLOW_SECONDS)
    with path.open(encoding="utf-8") as stream:
        begun = ""
        while True:
            begun += stream.readline()
            if begun.endswith("\n"):
                yield begun
                begun = ""
            elif follow:
                time.sleep(_FOLLOW_SECONDS)
            else:
                return


def _switch(home: Home, arguments: argparse.Namespace) -> None:
    now = switches.SwitchBoard(home).read()
    if arguments.assignments:
        now = switches.changed(now, arguments.assignments)
        switches.store(home, now)
    for name, value in asdict(now).items():
        print(f"{name} = {json.dumps(value)}")


def _version(text: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not three numbers, such as 1.21.0")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab", description=__doc__)
    place = argparse.ArgumentParser(add_help=False)
    place.add_argument(
        "--home",
        type=Path,
        default=_DEFAULT_HOME,
        help="the laboratory's folder (default: %(default)s)",
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Callable[..., None], text: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, parents=[place], help=text, description=text)
        added.set_defaults(run=run)
        return added

    _add_up(command("up", _up, "start what does not run; leave alone what does"))
    command("down", _down, "stop the laboratory; its state stays")
    command("application", _application, "make the role of an application in each account")
    env = command("env", _env, "print the shell commands that enter the laboratory")
    env.add_argument(
        "--without-vault", action="store_true", help="also when Vault does not run; without a token"
    )
    command("status", _status, "list the processes, their ports and health")
    decisions = command("decisions", _decisions, "print what AWS was asked and decided")
    decisions.add_argument("--follow", action="store_true", help="go on as decisions are made")
    decisions.add_argument("--refused", action="store_true", help="only what was refused")
    switch = command(
        "switch", _switch, "make the laboratory behave differently; without NAME=VALUE, show how"
    )
    switch.add_argument(
        "assignments",
        nargs="*",
        metavar="NAME=VALUE",
        help="clock_offset_seconds=S, vault_clock_offset_seconds=S, propagation_delay_seconds=S, "
        "key_delay_seconds=S, trail_delay_seconds=S, vault_standby_lag_seconds=S, "
        "vault_replication=primary or secondary, service_control_policy=FILE, "
        "unreachable=HOST,..., "
        "presented_chain=HOST:CHAIN,... "
        f"({', '.join(switches.PRESENTED_CHAINS)}), "
        "fault=KIND:WRITE or fault=KIND (watch, watch-all, refuse, hold, lose, step-down); "
        "an empty value resets",
    )
    return parser


def _add_up(up: argparse.ArgumentParser) -> None:
    up.add_argument(
        "--propagation-delay",
        type=float,
        metavar="SECONDS",
        help="how long AWS answers as if an IAM change had not happened yet; remembered",
    )
    up.add_argument(
        "--vault-edition",
        choices=("ent", "community"),
        help="which edition Vault behaves as; remembered, a change restarts Vault",
    )
    up.add_argument(
        "--vault-version",
        type=_version,
        metavar="X.Y.Z",
        help="which version Vault reports; remembered, a change restarts Vault",
    )
    up.add_argument(
        "--hide-vault-version",
        action=argparse.BooleanOptionalAction,
        help="whether Vault keeps its version to itself; remembered, a change restarts Vault",
    )
    up.add_argument(
        "--vault-aws-region",
        metavar="REGION",
        help="AWS_REGION of Vault's process, which decides whose partition's STS it asks; "
        "empty for none; remembered, a change restarts Vault",
    )
    up.add_argument(
        "--vault-aws-keys",
        metavar="ACCOUNT",
        help="account whose administrator's keys Vault's process has in its environment, where "
        "they mask federation; empty for none; remembered, a change restarts Vault",
    )


if __name__ == "__main__":
    sys.exit(main())
