"""What is started once for all processes of a test run, and ends when the last has let it go."""

import fcntl
import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import pytest


def folder_of_run(factory: pytest.TempPathFactory) -> Path:
    """Return the temporary folder that all processes of a test run have in common."""
    own = factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@contextmanager
def shared(
    folder: Path, name: str, opening: Callable[[], AbstractContextManager[str]]
) -> Generator[str, None, None]:
    """Yield the address of what the first process to come here opened.

    That process closes it, and waits until the others have let go. The kernel holds the locks, so
    that one that is killed is waited for no longer.
    """
    address = folder / f"{name}.address"
    with (folder / f"{name}.users").open("w") as users, ExitStack() as stack:
        with (folder / f"{name}.door").open("w") as door:
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while it is being closed
            owns = not address.exists()
            if owns:
                address.write_text(stack.enter_context(opening()))
        try:
            yield address.read_text()
        finally:
            if owns:
                fcntl.flock(users, fcntl.LOCK_EX)
                address.unlink()
