"""What the benchmark makes of numbers; these are made up, and round."""

from __future__ import annotations

import sys
from importlib import metadata
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from benchmarks import report
from benchmarks.report import FLOOR, OURS, PEER, Results, Row, Size

if TYPE_CHECKING:
    from collections.abc import Callable


def _row(subject: str, federations: int, phase: str, wall: float, **more: object) -> Row:
    values = {"cpu": wall / 2, "largest": 2**20, "aws": federations * 3, "vault": 5, **more}
    return Row(subject=subject, federations=federations, phase=phase, wall=wall, **values)  # type: ignore[arg-type] # mixed


def _results(*, peer: bool = True) -> Results:
    rows = [_row(FLOOR, 0, phase, 1.0) for phase in report.PHASES]
    for number in (1, 10, 50):
        for phase in report.PHASES:
            rows += [_row(OURS, number, phase, 2.0 * number), _row(FLOOR, number, phase, 1.0)]
            rows += [_row(PEER, number, phase, 0.1 * number**2)] if peer else []
    rows.append(_row(OURS, 10, "sampled", 9.0, parts={"engine": 1.5, "program": 0.25}))
    sizes = [Size(subject=OURS, federations=10, resources=42, state=20_480)]
    return Results(about="A machine.", rows=rows, sizes=sizes)


def _line(table: str, start: str) -> str:
    return next(line for line in table.splitlines() if line.startswith(start))


@pytest.mark.parametrize(
    ("command", "part"),
    [
        (["pulumi", "preview"], "engine"),
        (["/x/terraform", "plan"], "engine"),
        (["/x/pulumi-language-python", "-root", "/x"], "language host"),
        (["/x/.venv/bin/python", "-m", "pip", "list"], "language host"),
        (["/x/python", "-u", "/x/pulumi-language-python-exec", "--stack", "dev", "."], "program"),
        (["/x/python", "-u", "-m", "pulumi.dynamic", "127.0.0.1:1"], "plugin pulumi-python"),
        (["/bin/sh", "/x/pulumi-resource-pulumi-python", "127.0.0.1:1"], "plugin pulumi-python"),
        (["/x/pulumi-resource-vault", "127.0.0.1:1"], "plugin vault"),
        (["/x/terraform-provider-aws_v5.100.0_x5"], "plugin aws"),
        (["/usr/bin/git", "config"], "other"),
        ([""], "other"),
    ],
)
def test_a_process_belongs_to_the_part_that_its_command_line_tells(
    command: list[str], part: str
) -> None:
    assert report.part(command) == part


def test_cpu_seconds_are_summed_by_part_and_the_unseen_rest_is_told() -> None:
    seen = [(["pulumi"], 1.0), (["pulumi-resource-aws"], 0.5), (["pulumi-resource-aws"], 0.25)]
    assert report.parts(seen, whole=2.0) == {
        "engine": 1.0,
        "plugin aws": 0.75,
        "between samples": 0.25,
    }


def test_more_seen_than_accounted_leaves_no_negative_rest() -> None:
    assert report.parts([(["pulumi"], 1.02)], whole=1.0)["between samples"] == 0


@pytest.mark.parametrize("exponent", [1, 2])
def test_growth_is_the_exponent_from_ten_on(exponent: int) -> None:
    points = {1: 100.0, 10: 10.0**exponent, 25: 7.0, 50: 50.0**exponent}
    assert report.growth(points) == pytest.approx(exponent)


def test_one_point_has_no_growth() -> None:
    assert report.growth({1: 1.0, 10: 10.0}) is None


def test_the_ratio_is_ours_by_terraforms_of_the_medians() -> None:
    results = _results()
    results.rows.extend([_row(OURS, 10, "up", 1.0), _row(OURS, 10, "up", 40.0)])
    tables = report.markdown(results)
    assert _line(tables, "| N = 10 |").split(" | ")[2] == "20.0 / 10.0 = **2.00**"
    assert _line(tables, "| N = 50 |").split(" | ")[1] == "100.0 / 250.0 = **0.40**"


def test_without_terraform_the_tables_are_of_ours_and_the_floor() -> None:
    tables = report.markdown(_results(peer=False))
    assert _line(tables, "| N = 50 |") == "| N = 50 | 100.0 | 100.0 | 100.0 | 100.0 |"
    assert PEER not in tables.partition("### Growth")[2]


def test_the_tables_tell_growth_sizes_requests_and_parts() -> None:
    tables = report.markdown(_results())
    after = {
        title: tables.partition(f"### {title}")[2] for title in ("Growth", "What", "Req", "CPU")
    }
    assert _line(after["Growth"], "| ours") == "| ours | 1.00 | 1.00 | 1.00 | 1.00 |"
    assert _line(after["Growth"], "| Terraform") == "| Terraform | 2.00 | 2.00 | 2.00 | 2.00 |"
    assert _line(after["What"], "| ours") == "| ours | 10 | 42 | 4.2 | 20 KiB | 2.0 KiB |"
    assert _line(after["Req"], "| ours") == "| ours " + "| 3.0 + 0.0 " * 4 + "|"
    assert _line(after["CPU"], "| ours") == "| ours, N = 10 | 1.50 | 0.25 |"


def _drawing() -> Callable[[Results], str]:
    """Import what draws. pygal changes how the whole process imports, so it comes when needed.

    It adds a finder of a kind that Python gave up, which goes. What it uses to look for packages
    adds one that stays, for it has taken that task away from Python's own.
    """
    from benchmarks.picture import picture  # noqa: PLC0415 - see above

    for finder in [each for each in sys.meta_path if type(each).__name__ == "PluginImportFixer"]:
        sys.meta_path.remove(finder)
    return picture


@pytest.mark.filterwarnings("ignore:PluginImportFixer:ImportWarning")
def test_the_picture_is_an_svg_that_names_every_line_and_loads_nothing() -> None:
    drawn = _drawing()(_results())
    words = " ".join(ET.fromstring(drawn).itertext())  # noqa: S314 - our own
    for subject in (OURS, PEER, FLOOR):
        for phase in ("up", "no-op"):
            assert f"{subject}: {report.PHASES[phase]}" in words
    assert not [text for text in ("src=", "href=", "@import", "url(http") if text in drawn]
    assert metadata.version("pytest") == pytest.__version__


def test_results_replace_what_is_between_the_markers_alone() -> None:
    page = "before\n<!-- results -->\nold\n<!-- /results -->\nafter\n"
    assert report.placed(page, "new") == page.replace("old", "new")


def test_a_page_without_markers_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a line <!-- results -->"):
        report.placed("no markers <!-- results -->", "new")
