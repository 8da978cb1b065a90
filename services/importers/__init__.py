"""Importers: folders of SQL that turn a user's files into events, run by the ClickHouse engine.

`run` imports, `find` and `shipped` say which importers there are, `problems_of` what is wrong with
one before there are files. What a folder holds is told in ``docs/guide/write-an-importer.md``.
Where events go is the sink's matter.
"""

from services.importers.errors import ImporterError, ImportStopped
from services.importers.folder import Importer, find, load, shipped
from services.importers.runner import run
from services.importers.statement import problems_of
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
    "problems_of",
    "run",
    "shipped",
]
