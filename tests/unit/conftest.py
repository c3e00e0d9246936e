"""What all unit tests share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pulumi
import pytest
from hypothesis import settings
from pulumi.runtime.config import CONFIG

from tests.unit.declared import write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Properties are never tried against the clock, which the machine shares with others.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(autouse=True)
def _restore_configuration() -> Iterator[None]:
    before = CONFIG.get()
    yield
    pulumi.runtime.set_all_config(before, [])


@pytest.fixture(autouse=True)
def _event_loop() -> Iterator[None]:
    """Pulumi's outputs belong to a loop from the moment they are made."""
    with asyncio.Runner() as runner:
        runner.get_loop()
        yield


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project's folder with the policy files that the tests' settings name."""
    project = tmp_path / "project"
    project.mkdir()
    write_files(project)
    return project
