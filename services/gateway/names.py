"""Short names for events and deals, and a filter that knows which of them are surely new.

A Bloom filter whose six bits for a name lie in one word of 64 bits, so that the warehouse can
make the whole of it in one grouped pass over the ledger. It answers "surely new" or "perhaps
there"; what is perhaps there is looked up.
"""

from array import array
from hashlib import md5

BITS_PER_NAME = 32
"""At this load about one new name in 10,000 is taken for one that is perhaps there."""

_BITS = array("Q", ((1 << (n & 63)) | (1 << (n >> 6)) for n in range(4096)))


def event_name(source: str, id: str) -> bytes:  # noqa: A002 - the attribute is called so
    """Return 16 bytes that name a pair of source and id."""
    return md5(f"{source}\n{id}".encode(), usedforsecurity=False).digest()


def deal_name(deal: str) -> bytes:
    """Return 16 bytes that name a deal; no event has such a name, its source is never empty."""
    return md5(f"\n{deal}".encode(), usedforsecurity=False).digest()


def exponent_for(names: int) -> int:
    """Return the exponent of a filter with room for so many names, and at least 8 MiB."""
    return max(20, (names * BITS_PER_NAME // 64).bit_length())


class NameFilter:
    """A filter of 2**exponent words; `words` are those it begins with, little-endian.

    The word of a name is given by the highest bits of its first 8 bytes, read as a big-endian
    number; its bits by the lowest 36, six for each. `named` is how many names it has, roughly:
    those it begins with and each that was new since. Beyond `capacity` it errs more often.
    """

    def __init__(self, exponent: int, words: bytes = b"", named: int = 0) -> None:
        size = 8 << exponent
        if words and len(words) != size:
            raise ValueError(f"a filter of 2**{exponent} words has {size} bytes, not {len(words)}")
        self._words = memoryview(bytearray(words or size)).cast("Q")
        self._shift = 64 - exponent
        self.exponent = exponent
        self.capacity = (64 << exponent) // BITS_PER_NAME
        self.named = named

    def add(self, name: bytes) -> bool:
        """Make a name perhaps there, and tell whether it was already; False is certain."""
        h = int.from_bytes(name[:8])
        mask = _BITS[h & 4095] | _BITS[h >> 12 & 4095] | _BITS[h >> 24 & 4095]
        place = h >> self._shift
        word = self._words[place]
        if word & mask == mask:
            return True
        self._words[place] = word | mask
        self.named += 1
        return False

    def may_hold(self, name: bytes) -> bool:
        """Tell whether a name is perhaps there; False is certain."""
        h = int.from_bytes(name[:8])
        mask = _BITS[h & 4095] | _BITS[h >> 12 & 4095] | _BITS[h >> 24 & 4095]
        return self._words[h >> self._shift] & mask == mask

    def tobytes(self) -> bytes:
        """Return the words, little-endian on the machines there are."""
        return self._words.tobytes()
