"""The bootstrap: what is cached, what is used instead, and what a person reads when it fails."""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import pytest

from tools import bootstrap, cache, go
from tools.stage import Stage, StageFailedError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def _on_path(folder: Path, name: str, answer: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return program


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
    _on_path(tmp_path / "bin", "go", "go version go1.25.3 linux/amd64", monkeypatch)
    assert go.installed_compiler() is None
    newer = _on_path(tmp_path / "bin", "go", "go version go1.26.8 linux/amd64", monkeypatch)
    assert go.installed_compiler() == newer


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
        "pulumi-language-python",
    ]
    assert vault.files() == ["lab-vault"]
    names = {path.name for path in vault.programs[0].sources()}
    assert names >= {"go.mod", "go.sum", "main.go"}
    assert not any(name.endswith("_test.go") for name in names)


def test_the_engine_equals_its_python_sdk() -> None:
    pins = (bootstrap.ROOT / "requirements/program.txt").read_text("utf-8")
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


def test_too_little_disk_is_said_before_anything_is_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tools.bootstrap.ROOT", tmp_path)
    for name in ("program", "lab", "dev", "bench"):
        (tmp_path / "requirements").mkdir(exist_ok=True)
        (tmp_path / f"requirements/{name}.txt").touch()
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Usage", (), {"free": 2**20})())
    assert bootstrap.main() == 1
    error = capsys.readouterr().err
    assert "needs 1 GiB free" in error
    assert "which has 0.0 GiB" in error
    assert "XDG_CACHE_HOME" in error
    assert not (tmp_path / ".venv").exists()
