"""What the docstrings below fields say of them, for readers of a schema or a page."""

from __future__ import annotations

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise


@cache
def described(owner: type) -> dict[str, str]:
    """Return what is said of each field of a class, by the field's name, as one line of Markdown.

    A field that a class has from another, or says nothing about, is described by that other one.
    They are read from the source, for Python keeps docstrings of modules, classes and functions
    alone.
    """
    found: dict[str, str] = {}
    for part in reversed(owner.__mro__):
        if not part.__module__.startswith(("settings.", "components.")):
            continue
        source = ast.parse(textwrap.dedent(inspect.getsource(part))).body[0]
        assert isinstance(source, ast.ClassDef)  # noqa: S101 - what inspect promises of a class
        for field, told in pairwise(source.body):
            if isinstance(field, ast.AnnAssign) and isinstance(told, ast.Expr):
                text = ast.literal_eval(told.value)
                found[ast.unparse(field.target)] = " ".join(text.replace("``", "`").split())
    return found
