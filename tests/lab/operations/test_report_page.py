"""The page of the report in a real browser: read, searched, filtered, without any network."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

from operations.report import build, resources
from operations.report.page import page as html
from tests.committed import SECRET, SECRET_SECTION
from tests.production import shipped
from tests.program.conftest import run_program
from tests.program.states import exported, multiplied

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync")
MOUNTS = 200


@pytest.fixture(scope="module")
def state() -> dict[str, Any]:
    """The production example, as an update leaves it."""
    values = {**shipped(), SECRET_SECTION: {"people": SECRET}}
    return exported(run_program(values, stack="production"))


@pytest.fixture(scope="module")
def browser(state: dict[str, Any]) -> Iterator[Browser]:
    # The state first: where a browser is driven, its loop of events runs, and Pulumi wants its own.
    assert state
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        # Where the suite decides, a page that nobody looked at must not pass.
        pytest.skip("needs Chromium or Chrome on PATH")
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser, state: dict[str, Any], tmp_path: Path) -> Iterator[Page]:
    """The report of the production example, opened from its file."""
    yield from _opened(browser, state, tmp_path / "report.html")


@pytest.fixture(scope="module")
def large(
    browser: Browser, state: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The same with 200 mounts more."""
    many = multiplied(state, "apps-data", MOUNTS)
    yield from _opened(browser, many, tmp_path_factory.mktemp("large") / "report.html")


def _opened(browser: Browser, state: dict[str, Any], file: Path) -> Iterator[Page]:
    file.write_text(html(build.graph(resources.of_state(state, named="it"))), "utf-8")
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_offline(offline=True)
    opened = context.new_page()
    wrong: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda said: wrong.append(said.text))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(file.as_uri())
    yield opened
    context.close()
    assert wrong == [], "the page complains, or its own policy stops a part of it"
    assert asked == [file.as_uri()], "the page needs more than its file"


SHOWN_BOXES = """() => [...document.querySelectorAll(".node")]
  .filter((node) => node.getBoundingClientRect().width)
  .map((node) => {
    const of = (element) => { const r = element.getBoundingClientRect();
      return [r.left, r.top, r.right, r.bottom]; };
    return { box: of(node.querySelector("rect")), name: node.getAttribute("aria-label"),
      texts: [...node.querySelectorAll("text")].map(of) };
  })"""


def _boxes(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(SHOWN_BOXES)
    return found


def _overlaps(boxes: list[list[float]]) -> list[tuple[list[float], list[float]]]:
    """Return the pairs that lie on each other; in the order of their left edges few are near."""
    ordered = sorted(boxes)
    found = []
    for at, first in enumerate(ordered):
        for second in ordered[at + 1 :]:
            if second[0] >= first[2]:
                break
            if second[1] < first[3] and first[1] < second[3]:
                found.append((first, second))
    return found


def _nothing_lies_on_anything(page: Page) -> int:
    boxes = _boxes(page)
    assert _overlaps([each["box"] for each in boxes]) == []
    assert _overlaps([text for each in boxes for text in each["texts"]]) == []
    for each in boxes:
        left, top, right, bottom = each["box"]
        assert each["texts"]
        for text in each["texts"]:
            assert left <= text[0], each["name"]
            assert text[2] <= right, each["name"]
            assert top <= text[1], each["name"]
            assert text[3] <= bottom, each["name"]
    return len(boxes)


def _rows(page: Page) -> list[str]:
    return [row.inner_text() for row in page.locator("#rows tr:visible").all()]


def _names(page: Page) -> set[str]:
    return {each["name"] for each in _boxes(page)}


def test_two_boxes_that_overlap_are_found() -> None:
    assert _overlaps([[0, 0, 10, 10], [5, 5, 15, 15]])
    assert not _overlaps([[0, 0, 10, 10], [0, 10, 10, 20], [10, 0, 20, 10]])


def test_a_person_reads_who_becomes_whom(page: Page) -> None:
    rows = _rows(page)
    assert len(rows) == 4
    (operate,) = [row for row in rows if "vault-target-production-operate" in row]
    for told in ("people of the group engineering", "123456789012", "iam:ListRoles"):
        assert told in operate
    assert _nothing_lies_on_anything(page) > 40
    assert {"Who: engineering", "Becomes: vault-target-production-operate"} <= _names(page)


def test_a_search_leaves_the_ways_through_what_is_typed(page: Page) -> None:
    before = len(_boxes(page))
    page.fill("#search", "engineering operate")
    assert len(_rows(page)) == 1
    assert 10 == len(_boxes(page)) < before
    assert "Who: engineering" in _names(page)
    assert "Vault role: apps-data/creds/legacy" not in _names(page)
    _nothing_lies_on_anything(page)
    page.fill("#search", "nobody is called so")
    assert _rows(page) == []
    assert _boxes(page) == []
    page.click("#everything")
    assert len(_boxes(page)) == before


@pytest.mark.parametrize(
    ("filter_", "value", "left"),
    [("#account", "account 444455556666", 2), ("#namespace", "namespace data", 1)],
)
def test_a_filter_leaves_one_account_or_namespace(
    page: Page, filter_: str, value: str, left: int
) -> None:
    page.select_option(filter_, value)
    assert len(_rows(page)) == left
    _nothing_lies_on_anything(page)


def test_vault_itself_can_be_looked_at_alone(page: Page) -> None:
    page.select_option("#beginning", "Mount")
    assert _rows(page) == []
    names = _names(page)
    assert "May do: revoke" in names
    assert not any(name.startswith("Who: ") for name in names)


def test_a_box_shows_its_ways_and_its_details(page: Page) -> None:
    page.locator('.node[aria-label="IAM role of Vault: vault-secret-production-apps-apps"]').click()
    details = page.locator("#details")
    assert (
        "arn:aws:iam::123456789012:role/vault-secret-production-apps-apps" in details.inner_text()
    )
    assert "sts:AssumeRoleWithWebIdentity" in details.inner_text()
    assert len(_rows(page)) == 2
    _nothing_lies_on_anything(page)
    page.keyboard.press("Escape")
    assert not details.is_visible()
    assert len(_rows(page)) == 4


def test_a_row_shows_its_way_by_keyboard_too(page: Page) -> None:
    page.locator("#rows tr").first.focus()
    page.keyboard.press("Enter")
    assert len(_rows(page)) == 1
    assert len(_boxes(page)) == 10


def test_the_picture_fits_and_grows(page: Page) -> None:
    def width() -> float:
        return float(
            page.evaluate("document.getElementById('graph').getBoundingClientRect().width")
        )

    page.click("[data-zoom=fit]")
    fitting = width()
    assert fitting <= page.evaluate("document.getElementById('picture').clientWidth") + 1
    page.click("[data-zoom=in]")
    assert width() > fitting
    _nothing_lies_on_anything(page)


def test_two_hundred_mounts_are_drawn_searched_and_readable(large: Page) -> None:
    assert large.locator(".node.mount").count() > MOUNTS
    assert _nothing_lies_on_anything(large) > 9 * MOUNTS
    large.fill("#search", "apps-data123")
    assert len(_rows(large)) == 1
    assert _nothing_lies_on_anything(large) < 30


def test_without_scripts_the_table_and_the_whole_picture_are_there(
    browser: Browser, state: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    file.write_text(html(build.graph(resources.of_state(state, named="it"))), "utf-8")
    context = browser.new_context(java_script_enabled=False)
    still = context.new_page()
    still.goto(file.as_uri())
    assert still.locator("#rows tr").count() == 4
    assert still.locator(".node").count() > 40
    assert not still.locator("#filters").is_visible()
    context.close()


def test_what_a_name_holds_is_shown_and_never_run(
    browser: Browser, state: dict[str, Any], tmp_path: Path
) -> None:
    wicked = "</script><script>document.title='run'</script><img src=x onerror=alert(1)>"
    changed = resources.of_state(state, named="it")
    for each in changed.resources:
        if each.name == "people-alias/engineering":
            each.values["name"] = wicked
        if each.name == "people-role":
            each.values.pop("boundClaims")
    file = tmp_path / "report.html"
    file.write_text(html(build.graph(changed)), "utf-8")
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(file.as_uri())
    assert opened.title() == "Who can become whom: production"
    assert wicked in opened.locator("#rows").inner_text()
    opened.fill("#search", "onerror")
    assert len(_rows(opened)) == 2
    _nothing_lies_on_anything(opened)
    context.close()
