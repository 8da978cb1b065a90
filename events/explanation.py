"""Why something is not an event, in words for the person who sent it.

Turns the findings of the models into one sentence a field: which field, what was expected, what
was found. Decides nothing: what is refused is the models' matter.
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from events import values
from events.catalogue import CATALOGUE, event_models
from events.catalogue.fields import annotations_of
from events.envelope import Envelope, PayloadMismatch, TraceParent

MAX_SENTENCES = 10
"""How many findings are told; the rest is counted."""

_SHOWN = 80

_EXPECTED: Mapping[Any, str] = MappingProxyType(
    {
        values.Id: "a name of 1 to 256 characters, none of them a control character",
        values.Text: "text of 1 to 20,000 characters, none of them NUL",
        values.Amount: 'a decimal number as a string such as "12.50", with at most 29 digits '
        "before the point and 9 after it",
        values.Currency: 'an ISO 4217 code such as "EUR"',
        values.Share: 'a part of one as a string from "0" to "1", such as "0.25"',
        values.Count: f"a whole number from 0 to {values.MAX_INTEGER}",
        values.Score: "a whole number from -100 to 100",
        values.Instant: 'a time with an offset such as "2026-03-01T09:30:00Z"',
        values.Day: 'a day such as "2026-03-01"',
        values.Ids: "a list of at most 1,000 names",
        TraceParent: "a trace context as W3C writes it: version-trace-parent-flags",
        bool: "true or false",
        dict[str, Any]: "an object",
    }
)


def _types_by_word() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in CATALOGUE:
        for word in name.split(".")[1:3]:
            found.setdefault(word, []).append(name)
    return MappingProxyType(found)


_SHARING = _types_by_word()
"""Noun or verb to the types that have it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why something is not an event."""

    reason: str
    """What was wrong and where: one sentence a field, joined by semicolons."""
    field: str | None = None
    """The first field that is wrong, such as ``data.amount``."""


@dataclass(frozen=True, slots=True)
class _Finding:
    """One thing that is wrong, at a path inside a model."""

    kind: str
    path: tuple[int | str, ...]
    model: type[BaseModel] | None
    inside: tuple[int | str, ...]
    """The path from the model on."""
    found: Any
    message: str
    context: Mapping[str, Any]


def explain(error: ValidationError) -> Rejection:
    """Say in words what is wrong with an event, or an attempt at one."""
    return _told(list(_findings(error)))


def explain_mismatch(mismatch: PayloadMismatch, *path: str) -> Rejection:
    """Say in words what is wrong with a payload that stands at `path` in its event."""
    return _told(list(_payload_findings(mismatch, path)))


def near_types(name: str) -> tuple[str, ...]:
    """Return at most two event types whose name somebody may have meant by `name`.

    Looks only at types that share its noun, or else its verb: comparing it with the whole
    catalogue takes a millisecond, too long for a flood of bad events.
    """
    words = [word for word in re.findall(r"[a-z_]+", name[:100].lower()) if word != "sales"]
    noun, verb, *_ = [*words, "", ""]
    by_noun = {type_.split(".")[2]: type_ for type_ in _SHARING.get(noun, ())}
    by_verb = {type_.split(".")[1]: type_ for type_ in _SHARING.get(verb, ())}
    if by_noun:
        return tuple(by_noun[near] for near in difflib.get_close_matches(verb, by_noun, n=2))
    return tuple(by_verb[near] for near in difflib.get_close_matches(noun, by_verb, n=2))


def unknown_type(name: Any) -> str:
    """Return a sentence that says that there is no such event type, and which one is near."""
    if not isinstance(name, str):
        return f"expected the name of an event type; found {_shown(name)}"
    return f"{_shown(name)} is not an event type of the catalogue{_meant(near_types(name))}"


def _told(found: Sequence[_Finding]) -> Rejection:
    findings = [finding for finding in found if not _says_nothing_new(finding, found)]
    sentences = [_sentence(finding) for finding in findings[:MAX_SENTENCES]]
    if len(findings) > MAX_SENTENCES:
        sentences.append(f"and {len(findings) - MAX_SENTENCES} more")
    return Rejection("; ".join(sentences), field=_named(findings[0].path) or None)


def _says_nothing_new(finding: _Finding, all_findings: Sequence[_Finding]) -> bool:
    """A list whose items are wrong is found too short as well."""
    depth = len(finding.path)
    return finding.kind == "too_short" and any(
        other.path[:depth] == finding.path for other in all_findings if len(other.path) > depth
    )


def _findings(error: ValidationError) -> Iterator[_Finding]:
    for detail in error.errors(include_url=False):
        path = detail["loc"]
        if detail["type"] in ("union_tag_invalid", "union_tag_not_found"):
            path = ("type",)
        model = None
        if path and path[0] in event_models():
            model, path = event_models()[str(path[0])], path[1:]
        cause = detail.get("ctx", {}).get("error")
        if isinstance(cause, PayloadMismatch):
            yield from _payload_findings(cause, path)
        else:
            yield _finding(detail, path, model, path)


def _payload_findings(mismatch: PayloadMismatch, path: tuple[int | str, ...]) -> Iterator[_Finding]:
    for detail in mismatch.error.errors(include_url=False):
        yield _finding(detail, path + detail["loc"], mismatch.model, detail["loc"])


def _finding(
    detail: Any,
    path: tuple[int | str, ...],
    model: type[BaseModel] | None,
    inside: tuple[int | str, ...],
) -> _Finding:
    return _Finding(
        detail["type"], path, model, inside, detail["input"], detail["msg"], detail.get("ctx", {})
    )


def _sentence(finding: _Finding) -> str:
    """Return the finding in words.

    The names of the kinds are pydantic's: https://docs.pydantic.dev/latest/errors/validation_errors
    """
    where, found = _named(finding.path) or "the event", _shown(finding.found)
    match finding.kind:
        case "json_invalid":
            return not_json(str(finding.context["error"]))
        case "union_tag_invalid":
            return f"type: {unknown_type(finding.found['type'])}"
        case "union_tag_not_found":
            return "type: is missing; every event names its type"
        case "missing":
            return f"{where}: is missing{_expecting(finding)}"
        case "extra_forbidden" if finding.path == ("recordedtime",):
            return "recordedtime: is set by the tape, never by a client; leave it out"
        case "extra_forbidden":
            return f"{where}: {_not_a_field(finding)}"
        case "timezone_aware":
            return f"{where}: needs an offset such as Z or +02:00; found {found}"
        case "greater_than_equal" | "less_than" if isinstance(finding.found, str | date):
            bounds = f"must lie between {values.EARLIEST:%Y-%m-%d} and {values.LATEST:%Y-%m-%d}"
            return f"{where}: {bounds}; found {found}"
        case "value_error":
            said = str(finding.context["error"])
            told = isinstance(finding.found, Mapping) or found in said
            return f"{where}: {said}" if told else f"{where}: {said}; found {found}"
    expected = _expected(finding)
    if expected is None:
        return f"{where}: {finding.message}; found {found}"
    return f"{where}: expected {expected}; found {found}"


def not_json(problem: str) -> str:
    """Return a sentence about text that is not JSON; `problem` is what the JSON parser says."""
    plain = problem.replace("EOF while parsing", "it ends too early, in")
    plain = plain.replace("unexpected end of hex escape", "half a surrogate pair in a \\u escape")
    return f"not readable as JSON: {plain}"


def _expecting(finding: _Finding) -> str:
    expected = _expected(finding)
    return f"; expected {expected}" if expected else ""


def _not_a_field(finding: _Finding) -> str:
    """Return what to say of a field that the model does not have."""
    owner = _at(finding.model, finding.inside[:-1]) if finding.model else None
    if not (isinstance(owner, type) and issubclass(owner, BaseModel)):
        return "is not a field of this type"
    near = difflib.get_close_matches(str(finding.inside[-1])[:100], owner.model_fields, n=2)
    return f"is not a field of {_title(owner)}{_meant(tuple(near))}"


def _title(model: type[BaseModel]) -> str:
    if issubclass(model, Envelope):
        return "the event"
    return getattr(model, "event_type", None) or f"a {model.__name__.lower()}"


def _meant(names: tuple[str, ...]) -> str:
    return f"; did you mean {' or '.join(names)}?" if names else ""


def _expected(finding: _Finding) -> str | None:
    """Return what the model takes at the place of a finding, or None where nobody can say."""
    annotation = _at(finding.model, finding.inside) if finding.model else None
    if annotation is None:
        return "an object" if not finding.path else None
    return _in_words(annotation)


def _in_words(annotation: Any) -> str | None:
    if annotation in _EXPECTED:
        return _EXPECTED[annotation]
    if get_origin(annotation) is Literal:
        choices = [json.dumps(choice) for choice in get_args(annotation)]
        return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    for part in getattr(annotation, "__metadata__", ()):
        if isinstance(part, FieldInfo) and part.description:
            return part.description
    bare = getattr(annotation, "__origin__", annotation)
    if get_origin(bare) is tuple:
        return "a list of 1 to 100 objects"
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        return "an object"
    return None


def _at(model: type[BaseModel], path: Sequence[int | str]) -> Any:
    """Return the annotation at a path inside a model, without ``| None``; None where none is."""
    annotation: Any = model
    for part in path:
        bare = getattr(annotation, "__origin__", annotation)
        if isinstance(part, int) and get_origin(bare) is tuple:
            annotation = get_args(bare)[0]
        elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
            annotation = annotations_of(annotation).get(str(part))
        else:
            return None
    return annotation


def _named(path: Sequence[int | str]) -> str:
    return ".".join(
        str(part) if isinstance(part, int) or re.fullmatch(r"\w{1,80}", part) else _shown(part)
        for part in path
    )


def _shown(found: Any) -> str:
    if isinstance(found, Mapping):
        return "an object"
    if isinstance(found, list | tuple):
        return f"a list of {len(found)}"
    if isinstance(found, str) and len(found) > _SHOWN:
        return json.dumps(found[:_SHOWN], ensure_ascii=False) + " and more"
    return json.dumps(found, ensure_ascii=False, default=str)
