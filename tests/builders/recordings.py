"""Reading recordings back, independently of what wrote them."""

from pathlib import Path


def sides_of(path: Path) -> tuple[bytes, bytes]:
    """Left and right side of a WAV file, found chunk by chunk."""
    data, at = path.read_bytes(), 12
    while data[at : at + 4] != b"data":
        at += 8 + int.from_bytes(data[at + 4 : at + 8], "little")
    size = int.from_bytes(data[at + 4 : at + 8], "little")
    both = data[at + 8 : at + 8 + size]
    assert len(both) == size, "the file is as long as its header says"
    return both[0::2], both[1::2]
