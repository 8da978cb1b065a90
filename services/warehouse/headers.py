"""The headers of answers, as a ClickHouse server sends them."""

import json

from infra.warehouse.embedded import Figures

DISPLAY_NAME = "salestape"

_MEDIA_TYPES = (
    ("JSONEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSONCompactEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSONStringsEachRow", "application/x-ndjson; charset=UTF-8"),
    ("JSON", "application/json; charset=UTF-8"),
    ("CSVWithNames", "text/csv; charset=UTF-8; header=present"),
    ("CSV", "text/csv; charset=UTF-8; header=absent"),
    ("TSV", "text/tab-separated-values; charset=UTF-8"),
    ("TabSeparated", "text/tab-separated-values; charset=UTF-8"),
    ("XML", "application/xml; charset=UTF-8"),
    ("Markdown", "text/markdown; charset=UTF-8"),
    ("Pretty", "text/plain; charset=UTF-8"),
    ("Vertical", "text/plain; charset=UTF-8"),
    ("Values", "text/plain; charset=UTF-8"),
)


def media_type(fmt: str | None) -> str:
    """Return the content type of an output format; None is for a statement without output."""
    if fmt is None:
        return "text/plain; charset=UTF-8"
    return next(
        (media for prefix, media in _MEDIA_TYPES if fmt.startswith(prefix)),
        "application/octet-stream",
    )


def summary(figures: Figures) -> str:
    """Return the figures of a statement as `X-ClickHouse-Summary` has them: JSON of texts."""
    told = {
        "read_rows": figures.read_rows,
        "read_bytes": figures.read_bytes,
        "written_rows": figures.written_rows,
        "written_bytes": figures.written_bytes,
        "total_rows_to_read": "0",
        "result_rows": figures.result_rows,
        "result_bytes": "0",
        "elapsed_ns": int(figures.seconds * 1e9),
    }
    return json.dumps({name: str(value) for name, value in told.items()})


def common(query_id: str, tag: str) -> dict[str, str]:
    """Return what every answer to a statement carries."""
    return {
        "X-ClickHouse-Server-Display-Name": DISPLAY_NAME,
        "X-ClickHouse-Query-Id": query_id,
        "X-ClickHouse-Timezone": "UTC",
        "X-ClickHouse-Exception-Tag": tag,
        "Access-Control-Expose-Headers": "X-ClickHouse-Query-Id,X-ClickHouse-Summary,"
        "X-ClickHouse-Format,X-ClickHouse-Timezone,X-ClickHouse-Exception-Code",
    }
