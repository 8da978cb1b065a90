"""How a process reaches Kafka: the options of its clients, and their errors in the tape's words."""

import asyncio
import contextlib
import ssl
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from aiokafka import errors
from aiokafka.conn import AIOKafkaConnection

from infra.settings import KafkaSettings
from infra.tape.contract import TapeError, TapeRefused, TapeUnavailable

REQUEST_SECONDS = 10.0
"""How long one request may take before its connection counts as broken and it is sent again."""

STOP_SECONDS = 3.0
"""How long a client may take to stop."""

_RETRY_MS = 200

_NEVER = (
    errors.AuthenticationFailedError,
    errors.AuthenticationMethodNotSupported,
    errors.ClusterAuthorizationFailedError,
    errors.CorruptRecordException,
    errors.IllegalSaslStateError,
    errors.IncompatibleBrokerVersion,
    errors.InvalidTopicError,
    errors.MessageSizeTooLargeError,
    errors.PolicyViolationError,
    errors.RecordListTooLargeError,
    errors.SaslAuthenticationFailed,
    errors.TopicAuthorizationFailedError,
    errors.UnsupportedSaslMechanismError,
    errors.UnsupportedVersionError,
    ssl.SSLError,
)


def options(servers: Sequence[str], settings: KafkaSettings) -> dict[str, Any]:
    """Return what every client of aiokafka is given. Raises `TapeRefused` for unusable files."""
    found: dict[str, Any] = {
        "bootstrap_servers": list(servers),
        "client_id": "salestape",
        "request_timeout_ms": int(REQUEST_SECONDS * 1000),
        "retry_backoff_ms": _RETRY_MS,
        "metadata_max_age_ms": 30_000,
        "security_protocol": ("SASL_" if settings.sasl else "")
        + ("SSL" if settings.tls else "PLAINTEXT"),
    }
    if settings.tls:
        found["ssl_context"] = _tls(settings)
    if settings.sasl:
        password = settings.password
        found["sasl_mechanism"] = settings.sasl
        found["sasl_plain_username"] = settings.user
        found["sasl_plain_password"] = "" if password is None else password.get_secret_value()
    return found


def _tls(settings: KafkaSettings) -> ssl.SSLContext:
    authority = settings.tls_authority
    try:
        context = ssl.create_default_context(cafile=None if authority is None else str(authority))
    except OSError as error:
        raise TapeRefused(
            f"SALESTAPE_KAFKA_TLS_AUTHORITY {authority} cannot be used: {error}"
        ) from error
    if settings.tls_certificate is not None:
        secret = settings.tls_key_password
        try:
            context.load_cert_chain(
                settings.tls_certificate,
                settings.tls_key,
                # Never asks at the terminal: without a password a locked key is an error.
                "" if secret is None else secret.get_secret_value(),
            )
        except OSError as error:
            raise TapeRefused(
                f"SALESTAPE_KAFKA_TLS_CERTIFICATE {settings.tls_certificate} and its key cannot "
                f"be used: {error}"
            ) from error
    return context


async def knock(given: dict[str, Any]) -> None:
    """Connect to one of the servers, for its error: clients only say that they could not start."""
    failed: BaseException | None = None
    for server in given["bootstrap_servers"]:
        host, _, port = server.rpartition(":")
        rest = {
            name: value
            for name, value in given.items()
            if name not in ("bootstrap_servers", "metadata_max_age_ms", "retry_backoff_ms")
        }
        connection = AIOKafkaConnection(host.strip("[]"), int(port), **rest)
        try:
            await connection.connect()
        except (TimeoutError, OSError, errors.KafkaError) as error:
            failed = error if failed is None or isinstance(error, _NEVER) else failed
        else:
            return
        finally:
            if connection.connected():  # otherwise its closing is never told
                await connection.close()
    if failed is not None:
        raise failed


async def finish(work: Coroutine[Any, Any, object]) -> None:
    """Await what stops or closes a client, within a limit: it may wait for a broker that is away.

    In a task of its own: a consumer hands on the cancellation of its fetches as if it were ours.
    """
    task = asyncio.ensure_future(work)
    _, pending = await asyncio.wait([task], timeout=STOP_SECONDS)
    if pending:
        task.cancel()
        await asyncio.wait([task], timeout=STOP_SECONDS)
    if task.done() and not task.cancelled():
        with contextlib.suppress(errors.KafkaError, OSError):  # it could not say goodbye
            task.result()


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what Kafka's client raises into the tape's words for *later* and *never*."""
    try:
        yield
    except (TimeoutError, errors.KafkaError, OSError) as error:
        raise in_words(place, error) from error


def in_words(place: str, error: BaseException) -> TapeError:
    """Return the tape's error for one of Kafka's client."""
    why = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(
        error, errors.TopicAuthorizationFailedError | errors.ClusterAuthorizationFailedError
    ):
        return TapeRefused(
            f"{place} is not open to this user ({why}); grant it Describe, DescribeConfigs, Read "
            "and Write on the topic, and Create if the topic is to be made"
        )
    if isinstance(error, errors.CorruptRecordException):
        return TapeRefused(f"{place} is damaged ({why}); restore it from a replica or a copy")
    if isinstance(error, _NEVER):
        return TapeRefused(f"{place} cannot be reached with these settings ({why})")
    return TapeUnavailable(f"{place} cannot be reached now ({why}); try again later")
