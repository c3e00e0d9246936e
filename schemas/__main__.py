"""Writes what is made of the models: ``python -m schemas``, or ``make schema``."""

from __future__ import annotations

from pathlib import Path

from schemas.made import made

ROOT = Path(__file__).parents[1]

for name, text in made(ROOT).items():
    (ROOT / name).write_text(text, "utf-8")
    print(name)
