"""Chapters, tags and a cover in sound files: written into a file that is encoded already.

The marks are comments `CHAPTER001` and `CHAPTER001NAME` in FLAC and Opus, as players know them, and CHAP and
CTOC frames of ID3 in MP3. van Beurden and Weaver, "Free Lossless Audio Codec", RFC 9639, 2024; Terriberry et
al., "Ogg Encapsulation for the Opus Audio Codec", RFC 7845, 2016; Nilsson and Weber, "ID3 tag version 2.4.0"
and "ID3v2 Chapter Frame Addendum", 2000 and 2005.
"""

import base64
import shutil
import struct
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from tiedtts.audio import ogg

FORMATS = (".flac", ".opus", ".mp3")
"""Suffixes of files that have a place for chapters."""
_PICTURE = 6
_COMMENTS = 4
_FRONT = 3
_LARGEST_BLOCK = 2**24 - 1
_LARGEST_SEGMENTS = 255
_ID3 = {
    "title": b"TIT2",
    "artist": b"TPE1",
    "album": b"TALB",
    "date": b"TDRC",
    "tracknumber": b"TRCK",
    "voice": b"TPE3",
}


@dataclass(frozen=True)
class Contents:
    """Description of a sound file, kept in the file itself."""

    chapters: Sequence[tuple[float, str]] = ()
    """Where each begins, seconds, and its title."""
    seconds: float = 0.0
    """Length of the sound."""
    tags: Mapping[str, str] = field(default_factory=dict)
    """`title`, `artist`, `album`, `date`, `tracknumber`, `voice`."""
    cover: tuple[bytes, str] | None = None
    """A picture, and its kind: `image/jpeg` or `image/png`."""


def write(file: BinaryIO, suffix: str, contents: Contents) -> None:
    """Put chapters, tags and a cover into a whole sound file; other formats are left as they are.

    Args:
        file: The file, open for reading and writing.
        suffix: One of `FORMATS`.
        contents: What is put in.
    """
    if suffix not in FORMATS:
        return
    with tempfile.TemporaryFile() as old:
        file.flush()
        file.seek(0)
        shutil.copyfileobj(file, old)
        old.seek(0)
        file.seek(0)
        file.truncate()
        {".flac": _flac, ".opus": _opus, ".mp3": _mp3}[suffix](old, file, contents)


def _comments(vendor: bytes, kept: Sequence[bytes], contents: Contents) -> bytes:
    """Return a comment header: the fields there were, but for those that are replaced, and the new ones."""
    names = {"voice": "PERFORMER"}
    fields = [f"{names.get(key, key.upper())}={value}" for key, value in contents.tags.items() if value]
    for number, (start, title) in enumerate(contents.chapters, start=1):
        fields += [f"CHAPTER{number:03}={_clock(start)}", f"CHAPTER{number:03}NAME={title}"]
    new = [text.encode("utf-8", "replace") for text in fields]
    replaced = {text.partition(b"=")[0].upper() for text in new}
    listed = [text for text in kept if text.partition(b"=")[0].upper() not in replaced] + new
    parts = [struct.pack("<I", len(vendor)), vendor, struct.pack("<I", len(listed))]
    return b"".join([*parts, *(struct.pack("<I", len(text)) + text for text in listed)])


def _parsed(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the vendor and the fields of a comment header."""
    place = 4 + struct.unpack_from("<I", data)[0]
    vendor = data[4:place]
    fields = []
    for _ in range(struct.unpack_from("<I", data, place)[0]):
        size = struct.unpack_from("<I", data, place + 4)[0]
        fields.append(data[place + 8 : place + 8 + size])
        place += 4 + size
    return vendor, fields


def _clock(seconds: float) -> str:
    whole = round(seconds * 1000)
    minutes, milliseconds = divmod(whole, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _picture(cover: tuple[bytes, str]) -> bytes:
    data, kind = cover
    name = kind.encode()
    return b"".join(
        (
            struct.pack(">II", _FRONT, len(name)),
            name,
            struct.pack(">5I", 0, 0, 0, 0, 0),
            struct.pack(">I", len(data)),
            data,
        )
    )


def _flac(old: BinaryIO, new: BinaryIO, contents: Contents) -> None:
    """Write the blocks before the sound anew."""
    new.write(old.read(4))
    blocks: list[tuple[int, bytes]] = []
    vendor, kept = b"", list[bytes]()
    last = False
    while not last:
        head = old.read(4)
        last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        data = old.read(size)
        if kind == _COMMENTS:
            vendor, kept = _parsed(data)
        else:
            blocks.append((kind, data))
    blocks.insert(1, (_COMMENTS, _comments(vendor, kept, contents)))
    if contents.cover is not None:
        blocks.append((_PICTURE, _picture(contents.cover)))
    blocks = [(kind, data) for kind, data in blocks if len(data) <= _LARGEST_BLOCK]
    for number, (kind, data) in enumerate(blocks, start=1):
        new.write(
            bytes((kind | (0x80 if number == len(blocks) else 0),)) + len(data).to_bytes(3, "big") + data
        )
    shutil.copyfileobj(old, new)


def _opus(old: BinaryIO, new: BinaryIO, contents: Contents) -> None:
    """Write the pages of the comment header anew, and number the others after them."""
    new.write(_page(old))
    packet = b""
    while True:
        page = _page(old)
        segments = page[27 : 27 + page[26]]
        packet += page[27 + page[26] :]
        if segments[-1:] != b"\xff":
            break
    vendor, kept = _parsed(packet[8:])
    if contents.cover is not None:
        kept.append(b"METADATA_BLOCK_PICTURE=" + base64.b64encode(_picture(contents.cover)))
    packet = b"OpusTags" + _comments(vendor, kept, contents)
    serial = page[14:18]
    number = 1
    place = 0
    sizes = [255] * (len(packet) // 255) + [len(packet) % 255]
    for first in range(0, len(sizes), _LARGEST_SEGMENTS):
        part = sizes[first : first + _LARGEST_SEGMENTS]
        body = packet[place : place + sum(part)]
        place += sum(part)
        whole = first + len(part) == len(sizes)
        position = bytes(8) if whole else b"\xff" * 8
        head = (
            b"OggS\0" + bytes((1 if first else 0,)) + position + serial + struct.pack("<I", number) + bytes(4)
        )
        new.write(_sealed(head + bytes((len(part),)) + bytes(part) + body))
        number += 1
    while page := _page(old):
        new.write(_sealed(page[:18] + struct.pack("<I", number) + page[22:]))
        number += 1


def _page(file: BinaryIO) -> bytes:
    """Return the next page of Ogg; nothing at the end."""
    head = file.read(27)
    if len(head) < 27:
        return b""
    segments = file.read(head[26])
    return head + segments + file.read(sum(segments))


def _sealed(page: bytes) -> bytes:
    blank = page[:22] + bytes(4) + page[26:]
    return page[:22] + ogg.checksum(blank).to_bytes(4, "little") + page[26:]


def _mp3(old: BinaryIO, new: BinaryIO, contents: Contents) -> None:
    """Write an ID3 tag in the place of the one that is there."""
    head = old.read(10)
    if head[:3] == b"ID3":
        old.seek(10 + _unsynchronised(head[6:10]))
    else:
        old.seek(0)
    frames = [_text(_ID3[key], value) for key, value in contents.tags.items() if key in _ID3 and value]
    ends = [*(start for start, _ in contents.chapters[1:]), contents.seconds]
    names = [f"ch{number}".encode() + b"\0" for number in range(len(contents.chapters))]
    # A table of contents counts its entries in a byte.
    if 0 < len(names) <= 255:
        frames.append(_frame(b"CTOC", b"toc\0\x03" + bytes((len(names),)) + b"".join(names)))
    for name, (start, title), end in zip(names, contents.chapters, ends, strict=False):
        times = struct.pack(">IIII", round(start * 1000), round(end * 1000), 2**32 - 1, 2**32 - 1)
        frames.append(_frame(b"CHAP", name + times + _text(b"TIT2", title)))
    if contents.cover is not None:
        data, kind = contents.cover
        frames.append(_frame(b"APIC", b"\x03" + kind.encode() + b"\0" + bytes((_FRONT,)) + b"\0" + data))
    body = b"".join(frames)
    new.write(b"ID3\x04\0\0" + _synchsafe(len(body)) + body)
    shutil.copyfileobj(old, new)


def _text(name: bytes, text: str) -> bytes:
    return _frame(name, b"\x03" + text.encode("utf-8", "replace").replace(b"\0", b""))


def _frame(name: bytes, data: bytes) -> bytes:
    return name + _synchsafe(len(data)) + b"\0\0" + data


def _synchsafe(size: int) -> bytes:
    return bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))


def _unsynchronised(data: bytes) -> int:
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]
