"""The platform that runs in another process: the same verbs, over HTTP."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn, Self
from urllib.parse import quote

import httpx

from infra.clock import monotonic
from infra.closing import Closing
from infra.settings import GatewaySettings, load
from infra.sink import Outcome
from infra.urls import has_tls
from services.cli.failures import Failed, Misused, Unreachable
from services.cli.platform import PROJECTOR, FeedRequest, Progress, Rebuilt, silent
from services.cli.sse import Message, messages
from services.query.answers import WHOLE, Answer, ColumnInfo, Explained, QuestionInfo, Slices
from services.query.encoding import answer_from_json, explained_from_json

if TYPE_CHECKING:
    from infra.http_sink import HttpSink

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 150.0
"""Longer than any question may take there, so that its own limit speaks first."""
CONNECT_SECONDS = 5.0
POLL_SECONDS = 0.1
RECONNECT_SECONDS = 1.0
SILENCE_SECONDS = 60.0
"""How long the feed may be silent; it says every 15 seconds that it is there."""
STUCK_SECONDS = 120.0
"""How long a platform may make no progress before the command stops waiting for it."""
AWAY_SECONDS = 20.0
"""How long on end it may say that no projector works: one that has just begun, or that has been
held up, is not seen at once."""


class Remote(Closing):
    """A `Platform` at an address."""

    live = True

    def __init__(self, address: str, client: httpx.Client, key: str | None) -> None:
        """`client` is closed with the platform."""
        self.place = address
        self._client = client
        self._key = key
        self._sink: HttpSink | None = None
        self._pause = Event()

    @classmethod
    def connect(cls, address: str) -> Self:
        """Return the platform at an address; nothing is asked of it yet."""
        settings = load(GatewaySettings)
        key = None if settings.api_key is None else settings.api_key.get_secret_value()
        headers = {"User-Agent": f"salestape/{version('salestape')}"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
        # A proxy in the environment is for other machines, and this platform is on this one.
        client = httpx.Client(
            base_url=address,
            headers=headers,
            timeout=timeout,
            verify=has_tls(address),
            trust_env=False,
        )
        return cls(address, client, key)

    def accept(self, raws: Sequence[bytes]) -> list[Outcome]:
        if self._sink is None:
            # Here, since it loads the whole vocabulary, which a command that only asks can spare.
            from infra.http_sink import HttpSink

            self._sink = HttpSink(self.place, self._key)
        return self._sink.accept(raws)

    def query(self, sql: str) -> Answer:
        return answer_from_json(self._ask("POST", "/sql", json={"query": sql}))

    def show(
        self,
        question: str,
        as_of: str | None,
        known_at: str | None,
        limit: int | None,
        slices: Slices = WHOLE,
    ) -> Answer:
        given = {"as_of": as_of, "known_at": known_at, "limit": limit, **slices.given()}
        return answer_from_json(self._ask("GET", _path("questions", question), params=_told(given)))

    def why(
        self,
        question: str,
        row: Mapping[str, str],
        as_of: str | None,
        known_at: str | None,
        slices: Slices = WHOLE,
    ) -> Explained:
        given = {"as_of": as_of, "known_at": known_at, **slices.given()}
        named = [f"{name}={value}" for name, value in row.items()]
        path = _path("questions", question, "why")
        return explained_from_json(self._ask("GET", path, params=_told(given) | {"row": named}))

    def questions(self) -> list[QuestionInfo]:
        return [
            QuestionInfo(
                name=one["name"],
                theme=one["theme"],
                summary=one["summary"],
                description=one["description"],
                columns=tuple(ColumnInfo(**column) for column in one["columns"]),
                key=tuple(one["key"]),
                why=one["why"],
                slices=tuple(one["slices"]),
                periods=tuple(one["periods"]),
            )
            for one in self._ask("GET", "/questions")["questions"]
        ]

    def replay(self, deal: str, at: str | None, known: str | None) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(
            "GET", _path("deals", deal, "replay"), params=_told({"at": at, "known": known})
        )
        return found

    def rebuild(
        self, tables: Sequence[str], *, wait: bool, progress: Progress = silent
    ) -> list[Rebuilt]:
        before = self._ask("POST", "/rebuild", json={"tables": list(tables)})["before"]
        while True:
            state = self.health()
            found = [_rebuilt(name, old, state) for name, old in before.items()]
            done = sum(one.after is not None or one.trouble is not None for one in found)
            progress(done, len(found))
            if not wait or done == len(found):
                return found
            self._pause.wait(POLL_SECONDS)

    def health(self) -> dict[str, Any]:
        return self._state(detail=True)

    def feed(self, wanted: FeedRequest) -> Iterator[dict[str, Any]]:
        """Follow the feed; where the connection is lost, take it up again without a gap."""
        position = wanted.since
        params = {
            "type": list(wanted.types),
            "account": list(wanted.accounts),
            "deal": list(wanted.deals),
            "actor": list(wanted.actors),
            "team": list(wanted.teams),
        }
        while True:
            try:
                for event in self._stream("/feed", {**params, "since": position}):
                    position = event.id or position
                    if event.data:
                        yield json.loads(event.data) | {"position": position}
            except httpx.HTTPError as error:
                log.info("the feed was interrupted: %s", error)
            except Unreachable as error:
                raise Unreachable(f"{error}; go on later with --since {position}") from error
            self._pause.wait(RECONNECT_SECONDS)

    def _stream(self, path: str, params: dict[str, Any]) -> Iterator[Message]:
        timeout = httpx.Timeout(CONNECT_SECONDS, read=SILENCE_SECONDS)
        try:
            with self._client.stream("GET", path, params=params, timeout=timeout) as answer:
                if not answer.is_success:
                    answer.read()
                    self._refuse(answer, path)
                yield from messages(answer.iter_lines())
        except httpx.ConnectError as error:
            raise self._unreachable(error) from error

    def wait_until_derived(self, progress: Progress = silent) -> None:
        """Wait until the tables shown have come to where the tape ends now.

        That the platform cannot say how far they are for a while is waited out, too, and that it
        knows of no projector. Raises `Unreachable` where nothing moves.
        """
        end: dict[str, int] | None = None
        best, since = -1, monotonic()
        alone: float | None = None
        while True:
            try:
                state = self._state()
            except Unreachable:
                if monotonic() - since > STUCK_SECONDS:
                    raise
                self._pause.wait(RECONNECT_SECONDS)
                continue
            end = end or dict(state["tape"]["ends"])
            total = sum(end.values())
            if why := state["failing"].get(PROJECTOR):
                alone = alone or monotonic()
                if monotonic() - alone > AWAY_SECONDS:
                    raise Unreachable(why)
            else:
                alone = None
            tables = [one for one in state["tables"] if one["trouble"] is None]
            # None are told while the warehouse cannot be asked.
            nothing = total if state["tables"] else 0
            done = min((_followed(one["position"], end) for one in tables), default=nothing)
            if done >= total:
                return
            progress(done, total)
            if done > best:
                best, since = done, monotonic()
            elif monotonic() - since > STUCK_SECONDS:
                told = {**state["trouble"], **state["failing"]}
                trouble = "; ".join(told.values()) or "it does not say why"
                raise Unreachable(
                    f"the platform at {self.place} has derived nothing for {STUCK_SECONDS:g} "
                    f"seconds: {trouble}; see `salestape doctor`"
                )
            self._pause.wait(POLL_SECONDS)

    def import_engine(self) -> AbstractContextManager[Any]:
        from services.cli.engine import memory_engine

        return memory_engine()

    def close(self) -> None:
        if self._sink is not None:
            self._sink.close()
        self._client.close()

    def _state(self, *, detail: bool = False) -> dict[str, Any]:
        """Return what `/health` says, also where it says that something is wrong."""
        try:
            answer = self._client.get("/health", params={"detail": detail})
            state: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError) as error:
            raise self._unreachable(error) from error
        if "tables" not in state:
            raise Unreachable(str(state.get("detail") or f"{self.place}: {answer.status_code}"))
        return state

    def _ask(self, method: str, path: str, **given: Any) -> Any:
        try:
            answer = self._client.request(method, path, **given)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        if not answer.is_success:
            self._refuse(answer, path)
        return answer.json()

    def _refuse(self, answer: httpx.Response, path: str) -> NoReturn:
        detail = _detail(answer)
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY and path.startswith(
            "/questions/"
        ):
            raise Misused(detail)
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise Failed(detail) if path.startswith("/deals/") else Misused(detail)
        if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.SERVICE_UNAVAILABLE):
            raise Unreachable(detail)
        if answer.status_code == httpx.codes.BAD_REQUEST and path == "/feed":
            raise Misused(detail)
        raise Failed(detail)

    def _unreachable(self, error: Exception) -> Unreachable:
        reason = str(error) or type(error).__name__
        return Unreachable(f"the platform at {self.place} does not answer: {reason}")


def _path(*parts: str) -> str:
    return "/" + "/".join(quote(part, safe="") for part in parts)


def _told(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _detail(answer: httpx.Response) -> str:
    try:
        told = answer.json()
    except ValueError:
        told = None
    if isinstance(told, dict) and told.get("detail"):
        return str(told["detail"])
    return f"{answer.request.url}: {answer.status_code} {answer.reason_phrase}"


def _followed(position: dict[str, int], end: dict[str, int]) -> int:
    return sum(min(position.get(partition, 0), stop) for partition, stop in end.items())


def _rebuilt(name: str, before: str, state: dict[str, Any]) -> Rebuilt:
    shown = state["shown"].get(name)
    after = shown if shown != before else None
    return Rebuilt(name, before, after, None if after else state["failing"].get(name))
