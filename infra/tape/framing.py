"""How a record lies in a SQLite tape: the bytes of a row's `state`, and the topic that names them.

One framing is one topic; a change of the framing is a new topic, and old rows keep theirs. What
the value says is not this module's matter.

    salestape.record.v1
        8 bytes   recorded_at: microseconds since 1970-01-01T00:00:00Z, signed, big-endian
        2 bytes   length of the key in bytes, unsigned, big-endian
        n bytes   the key, UTF-8
        the rest  the value, exactly as it was handed in
"""

import struct
from datetime import UTC, datetime, timedelta

TOPIC = "salestape.record.v1"

HEAD_BYTES = 10
_HEAD = struct.Struct(">qH")
_unpack_head = _HEAD.unpack_from
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def microseconds_of(moment: datetime) -> int:
    """Return the microseconds since the epoch of an aware moment, without rounding."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(microseconds: int) -> datetime:
    """Return the moment, aware, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def pack(recorded: int, key: bytes, value: bytes) -> bytes:
    """Frame one record. `recorded` is in microseconds since the epoch; `key` is UTF-8."""
    return _HEAD.pack(recorded, len(key)) + key + value


def unpack(state: bytes) -> tuple[int, str, bytes]:
    """Return the microseconds, the key and the value of one frame.

    Raises `ValueError` when the bytes are no frame.
    """
    try:
        recorded, length = _unpack_head(state)
    except struct.error as error:
        raise ValueError(f"{len(state)} bytes are too few for a frame") from error
    start = HEAD_BYTES + length
    if len(state) < start:
        raise ValueError(f"the key should have {length} bytes, the frame has {len(state)} in all")
    return recorded, state[HEAD_BYTES:start].decode(), state[start:]


def recorded_in(state: bytes) -> int:
    """Return only the microseconds of one frame."""
    return unpack(state)[0]
