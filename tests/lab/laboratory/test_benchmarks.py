"""The benchmark as a person runs it, at one federation and without Terraform. No time is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_run_measures_every_phase_and_writes_what_it_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Results\n<!-- results -->\n<!-- /results -->\nEnd\n")
    finished = subprocess.run(
        [
            *(sys.executable, "-m", "benchmarks", "1", "--without-terraform"),
            *("--results", str(tmp_path / "results"), "--page", str(page)),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    results = json.loads((tmp_path / "results/results.json").read_text())
    phases = ["preview", "up", "no-op", "sampled", "destroy"]
    measured = [(row["subject"], row["federations"], row["phase"]) for row in results["rows"]]
    assert measured == [
        *(("floor", 0, phase) for phase in phases),
        *(("ours", 1, phase) for phase in phases),
        *(("floor", 1, phase) for phase in phases),
    ]
    for row in results["rows"]:
        assert min(row["wall"], row["cpu"], row["largest"]) > 0
        assert (row["aws"] > 0 and row["vault"] > 0) == (row["subject"] == "ours"), row
        assert (row["parts"] != {}) == (row["phase"] == "sampled")
    parts = next(row["parts"] for row in results["rows"] if row["parts"] and row["aws"])
    assert {"engine", "program", "plugin aws", "plugin vault"} <= set(parts)
    ours, floor = results["sizes"]
    assert (ours["subject"], floor["subject"]) == ("ours", "floor")
    assert floor["resources"] == ours["resources"] > 12
    tables = (tmp_path / "results/tables.md").read_text()
    assert tables.strip() in page.read_text()
    assert page.read_text().startswith("Results\n<!-- results -->\n![")
    assert page.read_text().endswith("<!-- /results -->\nEnd\n")
    assert (tmp_path / "page.svg").read_text() == (tmp_path / "results/growth.svg").read_text()
