"""The rules of structure that a reviewer would otherwise have to remember."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]

ROOMS = (
    "__main__",
    "settings",
    "federation",
    "clients",
    "components",
    "operations",
    "lab",
    "tools",
)
MAY_IMPORT = {
    "__main__": {"settings", "components", "federation"},
    "settings": {"federation"},
    "components": {"federation", "clients"},
    "clients": {"federation"},
    "operations": {"federation", "clients"},
    "federation": set(),
    "lab": set(),
    "tools": set(),
}
"""Arrows point one way. The laboratory knows none of the rooms it judges."""
MAY_NAME = {"components": {"settings"}}
"""What a room may import for the type checker alone, beside what it may import."""

FORBIDDEN_LIBRARIES = {
    "federation": {"pulumi", "pulumi_aws", "pulumi_vault", "boto3", "hvac", "requests", "socket"},
    "settings": {"pulumi_aws", "pulumi_vault", "boto3", "hvac", "requests", "socket"},
    "clients": {"pulumi", "pulumi_aws", "pulumi_vault"},
}


def _files(room: str) -> list[Path]:
    single = ROOT / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).rglob("*.py"))


def _module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def _named(path: Path) -> Iterator[tuple[str, bool]]:
    """Name everything that a file imports, and whether for the type checker alone."""
    tree = ast.parse(path.read_text("utf-8"))
    for_types = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: rooms are imported by their full name"
            yield from ((f"{node.module}.{alias.name}", node in for_types) for alias in node.names)


def _imports(path: Path) -> set[str]:
    return {name.partition(".")[0] for name, _ in _named(path)}


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_one_way(room: str) -> None:
    files = _files(room)
    assert files
    allowed = MAY_IMPORT[room] | {room}
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name, for_types in _named(path)
        if (top := name.partition(".")[0]) in ROOMS
        and top not in (allowed | MAY_NAME.get(room, set()) if for_types else allowed)
    }
    assert wrong == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even for the type checker: what needs each other is one thing in two files."""
    modules = {_module(path): path for room in ROOMS for path in _files(room)}
    arrows = {
        module: {name if name in modules else name.rpartition(".")[0] for name, _ in _named(path)}
        for module, path in modules.items()
    }
    assert {"settings.section", "settings.problems"} <= arrows["settings"]
    # Whoever has no arrow left to one that stays is in no circle; what stays is in one, or behind.
    left = arrows
    while ends := [module for module, to in left.items() if not to & left.keys()]:
        left = {module: to for module, to in left.items() if module not in ends}
    assert {module: sorted(to & left.keys()) for module, to in left.items()} == {}


def test_a_dynamic_provider_s_process_needs_no_settings() -> None:
    """It imports the components, but is told all it must know by its inputs."""
    modules = sorted(
        _module(path)
        for path in _files("components")
        if "ResourceProvider" in path.read_text("utf-8")
    )
    assert modules
    script = (
        "import importlib, sys\n"
        "for module in sys.argv[1:]: importlib.import_module(module)\n"
        "print(*sys.modules)"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script, *modules],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert set(modules) <= set(loaded)
    assert {name for name in loaded if name.partition(".")[0] in ("settings", "pydantic")} == set()


@pytest.mark.parametrize(("room", "libraries"), FORBIDDEN_LIBRARIES.items())
def test_rooms_without_the_engine_or_the_network_stay_so(room: str, libraries: set[str]) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in _files(room)
        for name in _imports(path) & libraries
    }
    assert wrong == set()


def test_the_domain_opens_no_file() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in _files("federation")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and (
            (isinstance(node.func, ast.Name) and node.func.id == "open")
            or (isinstance(node.func, ast.Attribute) and node.func.attr.startswith("read_"))
        )
    ]
    assert wrong == []


def test_the_program_is_wiring_of_at_most_110_lines() -> None:
    text = (ROOT / "__main__.py").read_text("utf-8")
    assert len(text.splitlines()) <= 110
    logic = (ast.If, ast.While, ast.Try, ast.FunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, logic)]


def test_only_settings_read_the_configuration() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for room in MAY_IMPORT
        if room not in ("lab", "tools")
        for path in _files(room)
        if "pulumi.Config" in path.read_text("utf-8")
    }
    # The program hands the configuration over; nobody else sees it.
    assert readers <= {"settings/__init__.py", "__main__.py"}


def test_only_the_door_of_the_settings_knows_pulumi() -> None:
    wrong = {
        path.name
        for path in _files("settings")
        for name, for_types in _named(path)
        if name.partition(".")[0] == "pulumi" and not for_types
    }
    assert wrong == {"__init__.py"}


def _calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_no_component_makes_a_provider_an_export_or_a_random_name() -> None:
    forbidden = ("Provider", "export", "uuid4", "randint", "token_hex", "today")
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno} calls {call.func.attr}"
        for path in _files("components")
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute) and call.func.attr in forbidden
    ]
    assert wrong == []


def test_no_resource_is_made_inside_an_apply() -> None:
    def makes(node: ast.AST) -> bool:
        return any(
            isinstance(inner, ast.Call) and any(keyword.arg == "opts" for keyword in inner.keywords)
            for inner in ast.walk(node)
        )

    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in [*_files("components"), *_files("__main__")]
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr == "apply"
        and any(makes(argument) for argument in call.args)
    ]
    assert wrong == []


def test_every_component_registers_its_outputs_once_and_last() -> None:
    checked = 0
    for path in _files("components"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not (
                isinstance(node, ast.ClassDef)
                and any("ComponentResource" in ast.unparse(base) for base in node.bases)
            ):
                continue
            constructor = next(
                item
                for item in node.body
                if isinstance(item, ast.FunctionDef) and item.name == "__init__"
            )
            assert ast.unparse(constructor.body[-1]).startswith("self.register_outputs("), node.name
            assert ast.unparse(node).count("register_outputs(") == 1, node.name
            token = ast.unparse(constructor.body[0])
            assert f":{node.name}'" in token, f"{node.name}: its type token is a literal"
            assert "vaultwif:" in token, node.name
            checked += 1
    assert checked >= 4


def test_every_waiver_of_a_check_gives_code_and_reason() -> None:
    wrong = []
    for room in (*ROOMS, "tests"):
        for path in _files(room):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                for waiver in ("# noqa", "# type: ignore"):
                    head, found, rest = line.partition(waiver)
                    if found and '"' not in head and not (" - " in rest or " # " in rest):
                        wrong.append(f"{path.relative_to(ROOT)}:{number}")
    assert wrong == []


PAUSES = {"sleep", "wait_for_timeout"}


def _fixed_pauses(source: str) -> list[int]:
    """Return the lines that pause outside a loop that ends as soon as a condition holds.

    The clock is no such condition, and a ``for`` has none: they need another way out.
    """
    lines: list[int] = []

    def visit(node: ast.AST, loop: ast.While | ast.For | ast.AsyncFor | None) -> None:
        if isinstance(node, ast.ImportFrom):
            # Under another name, a pause would not be found.
            lines.extend(node.lineno for name in node.names if name.name in PAUSES and name.asname)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in PAUSES:
            lines.extend([] if loop is not None and _awaits(loop) else [node.lineno])
        if isinstance(node, ast.While | ast.For | ast.AsyncFor):
            loop = node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            loop = None
        for child in ast.iter_child_nodes(node):
            visit(child, loop)

    visit(ast.parse(source), None)
    return lines


def _awaits(loop: ast.While | ast.For | ast.AsyncFor) -> bool:
    """Tell whether a loop ends by something else than the clock or a number of rounds."""
    if isinstance(loop, ast.While):
        looks = [node for node in ast.walk(loop.test) if isinstance(node, ast.Name | ast.Call)]
        clock = any("time" in ast.unparse(node) for node in looks)
        if looks and not clock:
            return True
    return any(map(_leaves, loop.body))


def _leaves(node: ast.AST) -> bool:
    """Tell whether a statement of a loop ends this loop, not one inside."""
    if isinstance(node, ast.Return | ast.Raise | ast.Break):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return False
    inner = isinstance(node, ast.While | ast.For | ast.AsyncFor)
    return any(
        _leaves(child)
        for child in ast.iter_child_nodes(node)
        if not (inner and isinstance(child, ast.Break))
    )


@pytest.mark.parametrize(
    "source",
    [
        "while not ready():\n    time.sleep(1)",
        "while left := users():\n    time.sleep(1)",
        "while time.monotonic() < deadline:\n    if ready():\n        break\n    time.sleep(1)",
        "async def f():\n  while True:\n    if ready(): return\n    await asyncio.sleep(1)",
        "for _ in range(3):\n    try: return call()\n    except OSError: time.sleep(1)",
    ],
)
def test_a_pause_between_two_looks_at_a_condition_is_none(source: str) -> None:
    assert _fixed_pauses(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "time.sleep(1)",
        "sleep(1)",
        "page.wait_for_timeout(100)",
        "from time import sleep as rest",
        "for _ in range(3):\n    time.sleep(1)",
        "while time.monotonic() < deadline:\n    time.sleep(1)",
        "while True:\n    time.sleep(1)",
        "while not ready():\n    def f():\n        time.sleep(1)",
        "for _ in range(3):\n    for _ in ():\n        break\n    time.sleep(1)",
        "while not ready():\n    for _ in range(3):\n        time.sleep(1)",
    ],
)
def test_a_pause_that_awaits_nothing_is_found(source: str) -> None:
    assert _fixed_pauses(source)


def _everything(suffix: str) -> list[Path]:
    """Return every such file of the repository; what is made in a clone is below hidden folders."""
    own = [entry for entry in ROOT.iterdir() if not entry.name.startswith(".")]
    found = [file for entry in own if entry.is_dir() for file in entry.rglob(f"*{suffix}")]
    return sorted(found + [entry for entry in own if entry.is_file() and entry.suffix == suffix])


def test_no_file_pauses_for_a_fixed_time() -> None:
    """Waiting is for a condition: a pause is only allowed between two looks at it."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in _everything(".py")
        for line in _fixed_pauses(path.read_text("utf-8"))
    ]
    assert wrong == []
    assert not [path for path in _everything(".go") if "time.Sleep(" in path.read_text("utf-8")]


def test_every_module_class_and_public_function_says_what_it_promises() -> None:
    silent = []
    for room in ROOMS:
        for path in _files(room):
            tree = ast.parse(path.read_text("utf-8"))
            if tree.body and ast.get_docstring(tree) is None:
                silent.append(str(path.relative_to(ROOT)))
    assert silent == []
