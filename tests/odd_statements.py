"""Lists of statements, one a line: ordinary ones, refused ones, and what is no statement.

In a list ``{secret}`` stands for the path of a file outside the warehouse, ``{out}`` for one
that is not there.
"""

from pathlib import Path

LISTS = Path(__file__).parent / "statements"


def listed(name: str) -> list[str]:
    """Return the statements of a list."""
    return (LISTS / f"{name}.sql.txt").read_text().rstrip("\n").split("\n")


def with_paths(statement: str, **paths: object) -> str:
    """Return a statement with paths put in."""
    for name, path in paths.items():
        statement = statement.replace(f"{{{name}}}", str(path))
    return statement
