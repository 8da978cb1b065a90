"""Starts programs in processes of their own, forked from one that has loaded the platform's code.

Loading it takes about a second of processor time, and the tests start commands some hundred times.
What runs is what would run otherwise: an engine, a folder's lock and signals are of that process.
Commands begin from nothing where a test is about how they begin, see `newcomer`.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.reduction import DupFd
from typing import IO, Any

LOADED = (
    "services.cli.main",
    "services.cli.embedded",
    "services.cli.projecting",
    "services.cli.remote",
    "aiokafka",
    "nicegui",
    "uvicorn",
)
"""What is loaded before the fork; not the engine, which starts threads as it is loaded."""

Stream = int | IO[Any]
"""A file, or `subprocess.PIPE`, `DEVNULL` or `STDOUT`."""


@cache
def _server() -> ForkServerContext:
    context = get_context("forkserver")
    context.set_forkserver_preload(list(LOADED))
    return context


class _Handed:
    """A file's number in this process; that of a copy of it in the process it is sent to."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __getstate__(self) -> Any:
        return DupFd(self.number)

    def __setstate__(self, copy: Any) -> None:
        self.number = copy.detach()


def _run(program: str, arguments: list[str], env: dict[str, str], files: list[_Handed]) -> None:
    for number, file in enumerate(files):
        os.dup2(file.number, number)
        os.close(file.number)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    os.environ.clear()
    os.environ.update(env)
    sys.argv = arguments
    exec(compile(program, arguments[0], "exec"), {"__name__": "__main__"})


class Forked:
    """A program that was started so, with what `subprocess.Popen` has for one."""

    def __init__(
        self,
        program: str,
        arguments: Sequence[str],
        env: Mapping[str, str],
        *,
        stdin: Stream = subprocess.DEVNULL,
        stdout: Stream = subprocess.PIPE,
        stderr: Stream = subprocess.PIPE,
        text: bool = True,
    ) -> None:
        self.args = ["salestape", *arguments]
        self.stdin: IO[Any] | None = None
        self.stdout: IO[Any] | None = None
        self.stderr: IO[Any] | None = None
        given, lent = [], []
        for name, stream in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            if stream == subprocess.STDOUT:
                given.append(given[1])
            elif stream == subprocess.PIPE:
                ours, theirs = os.pipe() if name != "stdin" else reversed(os.pipe())
                mode = ("w" if name == "stdin" else "r") + ("" if text else "b")
                setattr(self, name, open(ours, mode))  # noqa: SIM115 - closed by `communicate`
                given.append(theirs)
                lent.append(theirs)
            elif stream == subprocess.DEVNULL:
                given.append(os.open(os.devnull, os.O_RDWR))
                lent.append(given[-1])
            else:
                given.append(stream if isinstance(stream, int) else stream.fileno())
        self._process = _server().Process(  # type: ignore[attr-defined]  # typeshed has no such
            target=_run,
            args=(program, self.args, dict(env), [_Handed(number) for number in given]),
            daemon=True,
        )
        self._process.start()
        for number in lent:
            os.close(number)
        assert self._process.pid is not None
        self.pid: int = self._process.pid

    @property
    def returncode(self) -> int | None:
        """What it ended with, minus the signal's number where one ended it; None while it runs."""
        code: int | None = self._process.exitcode
        return code

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def communicate(self, given: Any = None, timeout: float | None = None) -> tuple[Any, Any]:
        """Write what is given, read what it prints until its end, and close the pipes."""
        told: dict[IO[Any], Any] = {}
        readers = [
            threading.Thread(target=lambda file=file: told.update({file: file.read()}))
            for file in (self.stdout, self.stderr)
            if file is not None and not file.closed
        ]
        for reader in readers:
            reader.start()
        if self.stdin is not None and not self.stdin.closed:
            if given is not None:
                self.stdin.write(given)
            self.stdin.close()
        self.wait(timeout)
        for reader in readers:
            reader.join()
        for file in told:
            file.close()
        return tuple(  # type: ignore[return-value]  # always two
            None if file is None else told.get(file, "") for file in (self.stdout, self.stderr)
        )


def run(
    program: str,
    arguments: Iterable[str],
    env: Mapping[str, str],
    *,
    given: Any = None,
    text: bool = True,
    timeout: float,
) -> "subprocess.CompletedProcess[Any]":
    """Start a program and wait for its end, as `subprocess.run` does; what it prints is kept."""
    stdin = subprocess.DEVNULL if given is None else subprocess.PIPE
    process = Forked(program, list(arguments), env, stdin=stdin, text=text)
    try:
        out, err = process.communicate(given, timeout)
    finally:
        process.kill()
    assert process.returncode is not None
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)
