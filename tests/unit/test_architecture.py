"""The rules of structure that a reviewer would otherwise have to remember."""

from __future__ import annotations

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

ROOMS = (
    "__main__",
    "settings",
    "federation",
    "clients",
    "components",
    "operations",
    "policies",
    "lab",
    "tools",
    "benchmarks",
    "schemas",
)
MAY_IMPORT = {
    "__main__": {"settings", "components", "federation"},
    "settings": {"federation"},
    "components": {"federation", "clients"},
    "clients": {"federation"},
    # A doctor judges what is declared before anything of it is deployed.
    "operations": {"federation", "clients", "settings"},
    "federation": set(),
    # A judge of its own, which the program could otherwise mislead.
    "policies": set(),
    "lab": set(),
    "tools": set(),
    "benchmarks": {"lab", "tools"},
    "schemas": {"settings", "components", "federation"},
}
"""Arrows point one way. The laboratory knows none of the rooms it judges."""
MAY_NAME = {"components": {"settings"}}
"""Rooms whose types are named and that are not imported: a component is given its settings."""

FORBIDDEN_LIBRARIES = {
    "federation": {"pulumi", "pulumi_aws", "pulumi_vault", "boto3", "hvac", "requests", "socket"},
    "settings": {"pulumi_aws", "pulumi_vault", "boto3", "hvac", "requests", "socket"},
    "clients": {"pulumi", "pulumi_aws", "pulumi_vault"},
    "policies/guardrails/rules": {"pulumi", "pulumi_policy", "boto3", "hvac", "requests", "socket"},
}


def _files(room: str) -> list[Path]:
    single = ROOT / f"{room}.py"
    return [single] if single.exists() else sorted((ROOT / room).rglob("*.py"))


@functools.cache
def _modules(path: Path, *, for_types: bool = False) -> frozenset[str]:
    """Return what a file imports by full name; what it imports only to name types, if asked."""
    found: set[str] = set()
    nodes: list[ast.AST] = [ast.parse(path.read_text("utf-8"))]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and _last_name(node.test) == "TYPE_CHECKING":
            nodes += node.body if for_types else node.orelse
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: rooms are imported by their full name"
            module = node.module or ""
            inner = [f"{module}.{alias.name}" for alias in node.names]
            found |= {name if _is_module(name) else module for name in inner}
        else:
            nodes += ast.iter_child_nodes(node)
    return frozenset(found)


def _last_name(node: ast.expr) -> str:
    """Return what stands after the last dot of a name; empty where it is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@functools.cache
def _is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _imports(path: Path, *, for_types: bool = False) -> set[str]:
    return {name.partition(".")[0] for name in _modules(path, for_types=for_types)}


@pytest.mark.parametrize("room", ROOMS)
def test_arrows_point_one_way(room: str) -> None:
    files = _files(room)
    assert files
    allowed = MAY_IMPORT[room] | {room}
    named = allowed | MAY_NAME.get(room, set())
    wrong = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files
        for name in (_imports(path) - allowed) | (_imports(path, for_types=True) - named)
        if name in ROOMS
    }
    assert wrong == set()


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Not even to name types: what needs each other is one thing in two files."""
    files = [path for room in ROOMS for path in _files(room)]
    called = {_name(path): path for path in files}
    needs = {
        name: (_modules(path) | _modules(path, for_types=True)) & called.keys() - {name}
        for name, path in called.items()
    }
    assert any(needs.values())
    # What needs nothing that is left is taken away, until only circles are.
    while free := [name for name, needed in needs.items() if not needed & needs.keys()]:
        for name in free:
            del needs[name]
    assert needs == {}


def _name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_of_the_operations_only_the_doctor_knows_the_settings() -> None:
    rooms = {
        path.relative_to(ROOT / "operations").parts[0]
        for path in _files("operations")
        if "settings" in _imports(path, for_types=True) | _imports(path)
    }
    assert rooms == {"doctor"}


LONGEST_FILE = 325
"""Lines of a file of the program that need no reason."""
REASONS = {"clients/vault.py": "whatever is asked of a namespace, in one class"}


def test_no_file_of_the_program_is_long_without_a_reason_or_too_short_to_be_one() -> None:
    program = (
        "__main__",
        "settings",
        "federation",
        "clients",
        "components",
        "operations",
        "policies",
    )
    lines = {
        path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines())
        for room in program
        for path in _files(room)
    }
    assert {path for path, count in lines.items() if count > LONGEST_FILE} == set(REASONS)
    short = {path for path, count in lines.items() if count < 20}
    doors = ("__init__.py", "__main__.py")
    # A command is as long as its options.
    rest = {path for path in short if not path.startswith("operations/commands/")}
    assert {path for path in rest if not path.endswith(doors)} == set()


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


def test_the_program_is_wiring_of_at_most_90_lines() -> None:
    text = (ROOT / "__main__.py").read_text("utf-8")
    assert len(text.splitlines()) <= 90
    logic = (ast.If, ast.While, ast.Try, ast.FunctionDef, ast.ClassDef, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(text)) if isinstance(node, logic)]


def test_only_settings_read_the_configuration() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for room in MAY_IMPORT
        if room not in ("lab", "tools", "benchmarks")
        for path in _files(room)
        if "pulumi.Config" in path.read_text("utf-8")
    }
    # The program hands the configuration over; nobody else sees it.
    assert readers <= {"settings/__init__.py", "__main__.py"}


def test_only_the_door_of_the_settings_knows_pulumi() -> None:
    knowing = {path.name for path in _files("settings") if "pulumi" in _imports(path)}
    assert knowing == {"__init__.py"}


def _calls(path: Path) -> list[ast.Call]:
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


SIGN_IN = ("account.py", "cluster.py")
"""Where providers are made: one for each account, one for each namespace."""


def test_no_component_makes_a_provider_an_export_or_a_random_name() -> None:
    forbidden = ("Provider", "export", "uuid4", "randint", "token_hex", "today")
    wrong = [
        f"{path.relative_to(ROOT)}:{call.lineno} calls {call.func.attr}"
        for path in _files("components")
        for call in _calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in forbidden
        and not (call.func.attr == "Provider" and path.name in SIGN_IN)
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
        if isinstance(node, ast.Call) and _last_name(node.func) in PAUSES:
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
