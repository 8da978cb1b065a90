"""The feed over HTTP: `GET /feed`, a filtered stream of events that can be taken up again."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Response

from infra.http_problem import problem
from infra.tape.contract import TapeRefused, TapeUnavailable
from services.feed.filters import BadFilter, Filter, TeamOf, types_of
from services.feed.hub import FeedHub
from services.feed.positions import NOW, BadPosition, position_of
from services.feed.stream import KEEP_ALIVE_SECONDS, MEDIA_TYPE, FeedStream

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events without end. `id` is the position on the tape, `event` "
        "the type, `data` the event with `recordedtime`.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}}},
    },
    400: {"description": "A position that this tape does not have, or a filter that is none."},
    503: {"description": "The feed has ended or has too many readers; says when to try again."},
}

Names = Annotated[list[str], Query(default_factory=list, max_length=100)]


def feed_router(
    hub: FeedHub,
    team_of: TeamOf | None = None,
    *,
    keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
) -> APIRouter:
    """Return the route of the feed.

    `team_of` tells the team (or the teams) of a rep; without it nobody can filter by team. A
    comment is sent when nothing else was for `keep_alive_seconds`.
    """
    router = APIRouter(tags=["feed"])

    async def get_feed(
        types: Annotated[list[str], Query(alias="type", default_factory=list, max_length=100)],
        account: Names,
        deal: Names,
        actor: Names,
        team: Names,
        since: str = NOW,
        last_event_id: Annotated[str | None, Header()] = None,
    ) -> Response:
        """Follow the tape. Parts of a filter that are given twice mean either; different parts
        mean both. `type` may be a beginning, such as `sales.deal`. `since` is `now`, `start` or
        the id of an event, which is not sent again; `Last-Event-ID` goes before it.
        """
        try:
            if team and team_of is None:
                raise BadFilter("team: nobody can tell here which rep is in which team")
            wanted = Filter(
                types_of(types),
                frozenset(account),
                frozenset(deal),
                frozenset(actor),
                frozenset(team),
                team_of,
            )
            position = position_of(last_event_id or since, await hub.ends())
        except (BadFilter, BadPosition) as error:
            return problem(400, str(error))
        except (TapeUnavailable, TapeRefused) as error:
            return problem(503, str(error), {"Retry-After": "2"})
        return FeedStream(hub, position, wanted, keep_alive_seconds=keep_alive_seconds)

    router.add_api_route(
        "/feed",
        get_feed,
        methods=["GET"],
        response_class=Response,
        responses=_ANSWERS,
        summary="Watch events as they are recorded",
    )
    return router
