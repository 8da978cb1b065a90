"""Which entries a tape takes, whatever it is made of; what the values say is not judged here."""

from infra.tape.contract import MAX_RECORD_BYTES, Entry, TapeRefused

MAX_KEY_BYTES = 2**16 - 1


def checked(place: int, entry: Entry) -> tuple[bytes, bytes]:
    """Return the key, in UTF-8, and the value of the entry at `place` of its batch.

    Raises `TapeRefused` for one that no tape takes.
    """
    if len(entry.value) > MAX_RECORD_BYTES:
        raise TapeRefused(
            f"entry {place} has {len(entry.value):,} bytes, a record has at most "
            f"{MAX_RECORD_BYTES:,}; nothing was appended"
        )
    return checked_key(place, entry.key), entry.value


def checked_key(place: int, key: str) -> bytes:
    """Return the key, in UTF-8, of the entry at `place`. Raises `TapeRefused`."""
    try:
        encoded = key.encode()
    except UnicodeEncodeError as error:
        raise TapeRefused(
            f"the key of entry {place} is not Unicode text ({error.reason}); nothing was appended"
        ) from error
    if len(encoded) > MAX_KEY_BYTES:
        raise TapeRefused(
            f"the key of entry {place} has {len(encoded):,} bytes, a key has at most "
            f"{MAX_KEY_BYTES:,}; nothing was appended"
        )
    return encoded
