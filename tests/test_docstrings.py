"""Docstrings name their subject: none begins with a word that leaves it out."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("models", "tiedtts_cli", "scripts", "tests")
DANGLING = {"Of", "As", "What", "That", "Those"}


def docstrings(tree: ast.AST) -> list[tuple[int, str]]:
    """Return the texts that stand alone, of attributes and constants, too, with their lines."""
    return [
        (node.lineno, node.value.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]


@pytest.mark.parametrize("folder", FOLDERS)
def test_docstrings_begin_with_their_subject(folder: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text.splitlines()[0]}"
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line, text in docstrings(ast.parse(path.read_text(encoding="utf-8")))
        if text.split(maxsplit=1)[:1] and text.split(maxsplit=1)[0] in DANGLING
    ]
    assert found == []
