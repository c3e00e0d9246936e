"""Go modules without some of their packages, for which those of ``tools/absent`` stand in.

``replace`` in a go.mod can only exchange a whole module, and Go refuses to look past a file of its
module cache. So the module is copied, the packages are exchanged in the copy, and a second go.mod
(``-modfile``) leads to it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tools import cache

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tools.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Trimmed:
    """A module to copy: ``kept`` folders with all below them, but for those of ``stand_ins``."""

    module: str
    kept: tuple[str, ...]
    stand_ins: Path


def replaced(module: Path) -> list[Path]:
    """Return the folders that a module's go.mod has instead of other modules."""
    named = re.findall(r"=> (\.\.?/\S+)$", (module / "go.mod").read_text("utf-8"), re.MULTILINE)
    return [Path(os.path.normpath(module / path)) for path in named]


def modfile(
    module: Path,
    parts: Sequence[Trimmed],
    go: str,
    stage: Stage,
    env: Mapping[str, str],
) -> list[str]:
    """Copy ``parts`` into the user's cache; return the flag that makes Go build from them."""
    if not parts:
        return []

    def build(folder: Path) -> None:
        text = (module / "go.mod").read_text("utf-8")
        for part in parts:
            copy = folder / part.module
            _copy(part, _downloaded(part.module, module, go, stage, env), copy)
            text += f"\nreplace {part.module} => {json.dumps(str(copy))}\n"
        (folder / "go.mod").write_text(text, "utf-8")
        shutil.copyfile(module / "go.sum", folder / "go.sum")

    sources = [module / "go.mod", module / "go.sum"]
    sources += [path for part in parts for path in part.stand_ins.rglob("*.go")]
    traits = [word for part in parts for word in (part.module, *part.kept)]
    return [f"-modfile={cache.entry('modules', cache.key(sources, *traits), build) / 'go.mod'}"]


def _downloaded(name: str, module: Path, go: str, stage: Stage, env: Mapping[str, str]) -> Path:
    lines: list[str] = []
    stage.run([go, "mod", "download", "-json", name], cwd=module, env=env, on_line=lines.append)
    return Path(json.loads("".join(lines))["Dir"])


def _copy(part: Trimmed, source: Path, target: Path) -> None:
    exchanged = {path.parent.relative_to(part.stand_ins) for path in part.stand_ins.rglob("*.go")}
    files = [source / "go.mod"]
    files += [path for folder in part.kept for path in (source / folder).rglob("*")]
    for path in files:
        place = path.relative_to(source)
        if path.is_file() and not path.name.endswith("_test.go") and place.parent not in exchanged:
            # Contents only: what Go keeps in its cache cannot be written to, folders included.
            (target / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target / place)
    shutil.copytree(part.stand_ins, target, dirs_exist_ok=True)
