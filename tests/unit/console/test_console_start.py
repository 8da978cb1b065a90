"""The console starts beside threads that are at work already, and disturbs none of them."""

import subprocess
import sys

# Where somebody refers to all objects, a tuple that another thread is making cannot be finished.
START = """
import asyncio, gc
from unittest.mock import Mock
from fastapi import FastAPI
from services.console import ConsolePorts, mount_console

looks = []
gc.get_objects = lambda *_: looks.append(1) or []
app = FastAPI()
mount_console(app, ConsolePorts(Mock(), Mock()))

async def start():
    async with app.router.lifespan_context(app):
        print("started, looks:", len(looks))

asyncio.run(start())
"""


def test_it_looks_at_no_objects_of_others() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.strip() == "started, looks: 0", done.stderr
