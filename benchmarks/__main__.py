"""Measure this program beside Terraform and beside an empty program: ``make bench``."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from benchmarks import report, subjects
from benchmarks.picture import picture
from benchmarks.report import Results, Row, Size
from lab.environment import entered
from lab.home import Home
from tools.stage import StageFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from benchmarks.subjects import Subject

_MEASURE: Final = Path(__file__).with_name("measure.py")
_KEPT: Final = ("HOME", "LANG", "PATH")
"""What a measured command has of the person's environment."""
_LAST_LINES: Final = 30


class BenchmarkError(Exception):
    """A command failed; the message says which and shows its last words."""


class Bench:
    """One laboratory, and what is measured in it."""

    def __init__(self, folder: Path, home: Home, environment: Mapping[str, str]) -> None:
        self._home = home
        self._environment = environment
        self._made = 0
        self._folder = folder
        self.rows: list[Row] = []
        self.sizes: dict[tuple[str, int], Size] = {}

    def round(self, federations: list[int], mirrors: tuple[Path, Path] | None) -> None:
        """Let each subject live through its phases, in turn."""
        self._live(subjects.floor(self._place(), self._environment, 0, 0))
        for number in federations:
            size = self._live(subjects.ours(self._place(), self._environment, number))
            empty = size.resources - 1  # the stack itself is one
            self._live(subjects.floor(self._place(), self._environment, number, empty))
            if mirrors:
                self._live(subjects.terraform(self._place(), self._environment, number, *mirrors))

    def _place(self) -> Path:
        self._made += 1
        return self._folder / f"run-{self._made}"

    def _live(self, subject: Subject) -> Size:
        _run(subject.before, subject)
        for phase in ("preview", "up", "no-op"):
            self._measure(subject, phase)
        self._measure(subject, "no-op", sample=True)
        state = _run(subject.export, subject)
        size = Size(
            subject=subject.name,
            federations=subject.federations,
            resources=subject.count(json.loads(state)),
            state=len(state),
        )
        if subject.federations:
            self.sizes[size.subject, size.federations] = size
        self._measure(subject, "destroy")
        if subject.after:
            _run(subject.after, subject)
        return size

    def _measure(self, subject: Subject, phase: str, *, sample: bool = False) -> None:
        """Add a row; a sampled one has a phase of its own, because looking costs time."""
        took = subject.folder / "took.json"
        flags = ["--sample"] if sample else []
        command = [sys.executable, "-I", str(_MEASURE), str(took), *flags, "--"]
        self._home.writes.unlink(missing_ok=True)
        _run((*command, *subject.phases[phase]), subject)
        found = json.loads(took.read_text("utf-8"))
        asked = self._asked()
        processes = [(each["command"], each["cpu"]) for each in found["processes"]]
        row = Row(
            subject=subject.name,
            federations=subject.federations,
            phase="sampled" if sample else phase,
            **{name: found[name] for name in ("wall", "cpu", "largest")},
            aws=asked["aws"],
            vault=asked["vault"],
            parts=report.parts(processes, found["cpu"]) if sample else {},
        )
        self.rows.append(row)
        print(
            f"{row.subject:<10} N {row.federations:<3} {row.phase:<8} {row.wall:6.1f} s, "
            f"CPU {row.cpu:6.1f} s, {row.largest / 2**20:4.0f} MiB, "
            f"requests {row.aws} at AWS, {row.vault} at Vault",
            flush=True,
        )

    def _asked(self) -> Counter[str]:
        if not self._home.writes.exists():
            return Counter()
        hosts = (
            json.loads(line)["write"].split()[0]
            for line in self._home.writes.read_text("utf-8").splitlines()
        )
        return Counter("vault" if host == "vault.lab.test" else "aws" for host in hosts)


@contextmanager
def laboratory(home: Home) -> Iterator[Mapping[str, str]]:
    """Start a laboratory that lists every request; yield the environment inside; stop it."""

    def command(*words: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "lab", *words, "--home", str(home.root)],
            cwd=subjects.ROOT,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    try:
        command("up")
        command("application")
        command("switch", "fault=watch-all")
        yield entered(home, {name: os.environ[name] for name in _KEPT if name in os.environ})
    finally:
        command("down")


def _run(command: tuple[str, ...], subject: Subject) -> str:
    finished = subprocess.run(
        command,
        cwd=subject.folder,
        env=dict(subject.environment),
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        lines = [*finished.stdout.splitlines(), *finished.stderr.splitlines()]
        last = "\n".join(f"    {line}" for line in lines[-_LAST_LINES:])
        raise BenchmarkError(
            f"{last}\n{subject.name} at N = {subject.federations}: `{' '.join(command)}` ended "
            f"with {finished.returncode}, its last lines are above"
        )
    return finished.stdout


def _about(rounds: int, load: float) -> str:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],
        cwd=subjects.ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.strip()
    return (
        f"{datetime.now(UTC):%d %B %Y}, commit {commit or 'unknown'}, {os.cpu_count()} cores of a "
        f"{platform.machine()} with {platform.system()}, load {load:.1f} before it began; "
        f"{'one round' if rounds == 1 else f'medians of {rounds} rounds'}."
    )


def _write(results: Results, folder: Path, page: Path | None) -> None:
    tables, growth = report.markdown(results), picture(results)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(json.dumps(asdict(results), indent=1) + "\n", "utf-8")
    (folder / "tables.md").write_text(tables + "\n", "utf-8")
    (folder / "growth.svg").write_text(growth, "utf-8")
    print(f"\n{tables}\n\nwritten to {folder}: results.json, tables.md, growth.svg")
    if page:
        image = page.with_suffix(".svg")
        image.write_text(growth, "utf-8")
        shown = f"![seconds by number of federations]({image.name})\n\n{tables}"
        page.write_text(report.placed(page.read_text("utf-8"), shown), "utf-8")
        print(f"and to {page}, with {image.name}")


def main() -> int:
    """Measure and write; print one clear error instead of a trace."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("federations", type=int, nargs="*", default=[1, 10, 25, 50], metavar="N")
    parser.add_argument("--rounds", type=int, default=1, help="tables show medians")
    parser.add_argument("--without-terraform", action="store_true")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("results"))
    parser.add_argument("--page", type=Path, help="page whose results are replaced")
    given = parser.parse_args()
    if min([given.rounds, *given.federations]) < 1:
        parser.error("N and --rounds are 1 or more")
    os.umask(0o077)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="vault-aws-bench-") as name:
        folder, home = Path(name), Home(Path(name) / "lab")
        aws = None if given.without_terraform else subjects.mirror_of_aws()
        if not aws:
            print("without Terraform: docs/performance.md says what the comparison needs")
        try:
            mirrors = (aws, subjects.mirror_of_vault(folder / "mirror")) if aws else None
            with laboratory(home) as environment:
                bench = Bench(folder, home, environment)
                for _ in range(given.rounds):
                    bench.round(sorted(set(given.federations)), mirrors)
        except (BenchmarkError, StageFailedError, subprocess.CalledProcessError) as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130  # as a shell reports SIGINT
    about = _about(given.rounds, load)
    results = Results(about=about, rows=bench.rows, sizes=list(bench.sizes.values()))
    _write(results, given.results, given.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
