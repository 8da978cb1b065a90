"""Importers: folders of SQL that turn a user's files into events, run by the ClickHouse engine.

`run` imports, `find` and `shipped` say which importers there are. What an importer's folder holds
is told in ``docs/guide/write-an-importer.md``. Where events go is the sink's matter.
"""

from services.importers.errors import ImporterError, ImportStopped
from services.importers.folder import Importer, find, load, shipped
from services.importers.runner import run
from services.importers.summary import FileRead, Progress, ProgressCallback, Reject, Summary

__all__ = [
    "FileRead",
    "ImportStopped",
    "Importer",
    "ImporterError",
    "Progress",
    "ProgressCallback",
    "Reject",
    "Summary",
    "find",
    "load",
    "run",
    "shipped",
]
