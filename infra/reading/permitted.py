"""What a statement of a person may name: tables, table functions, functions, settings, formats.

Whatever makes rows (tables, table functions) is named here one by one; of plain functions only
those are, which reach files, the network, other processes, secrets or the engine's own insides.
"""

import re

DATABASE = "sales"
"""The database that people read."""

SYSTEM_TABLES = frozenset(
    {
        "aggregate_function_combinators",
        "build_options",
        "codecs",
        "collations",
        "columns",
        "contributors",
        "data_type_families",
        "databases",
        "documentation",
        "formats",
        "functions",
        "keywords",
        "licenses",
        "numbers",
        "numbers_mt",
        "one",
        "settings",
        "table_engines",
        "table_functions",
        "tables",
        "time_zones",
        "unicode",
        "zeros",
        "zeros_mt",
    }
)
"""Tables of `system` that tell what there is, and nothing of who asks what."""

SCHEMA_TABLES = frozenset({"columns", "schemata", "tables", "views"})
"""Tables of `information_schema`, which BI tools ask."""

SCHEMA_DATABASES = frozenset({"information_schema", "INFORMATION_SCHEMA"})

TABLE_FUNCTIONS = frozenset(
    {
        "generaterandom",
        "generateseries",
        "generate_series",
        "null",
        "numbers",
        "numbers_mt",
        "primes",
        "sqlstandardvalues",
        "values",
        "view",
    }
)
"""Table functions that make their rows out of nothing, or out of a subquery; in lower case."""

QUESTION_VIEW = re.compile(r"^(sales\.)?[a-z][a-z0-9_]*_(?:at|by)$")
"""The names of the views that take two clocks, slices, or both."""

REFUSED_FUNCTIONS = frozenset(
    {
        "buildid",
        "catboostevaluate",
        "connectionid",
        "currenthandler",
        "currentrequesturl",
        "defaultprofiles",
        "demangle",
        "displayname",
        "enabledprofiles",
        "currentprofiles",
        "evalmlmethod",
        "file",
        "fqdn",
        "fullhostname",
        "generateserialid",
        "getclienthttpheader",
        "getmacro",
        "getmergetreesetting",
        "getoskernelversion",
        "getserverport",
        "getserversetting",
        "getsetting",
        "getsettingordefault",
        "hascolumnintable",
        "hasthreadfuzzer",
        "hostname",
        "ispartcoveredby",
        "logtrace",
        "mergetreepartinfo",
        "modelevaluate",
        "serveruuid",
        "showcertificate",
        "tcpport",
        "tid",
        "zookeepersessionuptime",
    }
)
"""Functions that people do not call; in lower case."""

REFUSED_FUNCTION_PREFIXES = (
    "__",
    "addressto",
    "ai",
    "dict",
    "filesystem",
    "joinget",
    "naivebayesclassifier",
    "region",
    "sleep",
    "transaction",
)

MEMBERSHIP = frozenset(
    {
        name + ignored
        for name in (
            "in",
            "notin",
            "nullin",
            "notnullin",
            "globalin",
            "globalnotin",
            "globalnullin",
            "globalnotnullin",
        )
        for ignored in ("", "ignoreset")
    }
)
"""Functions whose second argument may be the name of a table; in lower case."""

SETTINGS = frozenset(
    {
        "aggregate_functions_null_for_empty",
        "data_type_default_nullable",
        "date_time_output_format",
        "extremes",
        "format_csv_delimiter",
        "format_csv_null_representation",
        "format_tsv_null_representation",
        "group_by_use_nulls",
        "join_default_strictness",
        "join_use_nulls",
        "limit",
        "offset",
        "output_format_csv_crlf_end_of_line",
        "output_format_decimal_trailing_zeros",
        "output_format_json_array_of_rows",
        "output_format_json_named_tuples_as_objects",
        "output_format_json_quote_64bit_integers",
        "output_format_json_quote_decimals",
        "output_format_json_quote_denormals",
        "output_format_pretty_color",
        "output_format_pretty_max_rows",
        "output_format_pretty_row_numbers",
        "output_format_write_statistics",
        "prefer_column_name_to_alias",
        "session_timezone",
        "transform_null_in",
        "union_default_mode",
    }
)
"""Settings that change how an answer is made or written, but no limit."""

FORMATS = re.compile(
    r"^(JSON\w*|BSONEachRow|CSV\w*|CustomSeparated\w*|TSV\w*|TabSeparated\w*|Pretty\w*|Vertical"
    r"|Markdown|XML|Values|SQLInsert|Parquet|Arrow|ArrowStream|ORC|Avro|MsgPack|Native|Npy|Null"
    r"|RowBinary\w*|LineAsString|Hash)$"
)
"""Output formats that are complete in themselves: they need no schema file and write none."""


def refused_function(name: str) -> bool:
    """Tell whether a function, by its name in any case, is one that people do not call."""
    lower = name.lower()
    return lower in REFUSED_FUNCTIONS or lower.startswith(REFUSED_FUNCTION_PREFIXES)
