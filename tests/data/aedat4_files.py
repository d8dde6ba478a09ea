"""Event recordings in the format AEDAT 4, written by the tests.

A file is a line of text, a header and packets, both FlatBuffers: a table, preceded by the list of where its fields lie.
Packets are not compressed, and there is no table of packets at the end.
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

VERSION = b"#!AER-DAT4.0\r\n"
EVENT = np.dtype({"names": ["t", "x", "y", "p"], "formats": ["<i8", "<i2", "<i2", "u1"], "itemsize": 16})

DESCRIPTION = """\
<dv version="2.0"><node name="outInfo" path="/mainloop/Recorder/outInfo/">
<node name="0" path="/mainloop/Recorder/outInfo/0/">
<attr key="compression" type="string">NONE</attr><attr key="typeIdentifier" type="string">EVTS</attr>
<node name="info" path="/mainloop/Recorder/outInfo/0/info/">
<attr key="sizeX" type="int">{width}</attr><attr key="sizeY" type="int">{height}</attr>
</node></node></node></dv>
"""


def write_aedat4(path: Path, events: NDArray[np.void], sensor: tuple[int, int], packets: int = 2) -> None:
    """Write events with fields `x`, `y`, `t`, `p` as so many packets."""
    text = DESCRIPTION.format(height=sensor[0], width=sensor[1]).encode()
    # Fields: compression (none), where the table of packets begins (nowhere), description.
    fields = struct.pack("<iIqI", 0, 12, -1, len(text))
    data = VERSION + _flat(b"IOHE", (4, 12, 8), fields + text + b"\0", table_bytes=20)
    for part in np.array_split(events, packets):
        rows = np.zeros(len(part), EVENT)
        for name in EVENT.names or ():
            rows[name] = part[name]
        packet = _flat(b"EVTS", (4,), struct.pack("<II", 4, len(rows)) + rows.tobytes(), table_bytes=8)
        data += struct.pack("<ii", 0, len(packet)) + packet
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _flat(identifier: bytes, places: tuple[int, ...], content: bytes, table_bytes: int) -> bytes:
    """Return a table of one buffer; `places` are its fields' offsets, `content` all that follows its first word."""
    listed = struct.pack(f"<HH{len(places)}H", 4 + 2 * len(places), table_bytes, *places)
    listed += bytes(-len(listed) % 4)
    body = struct.pack("<I", 8 + len(listed)) + identifier + listed + struct.pack("<i", len(listed)) + content
    return struct.pack("<I", len(body)) + body
