"""Archives of `pidge store export`, read and written by what docs/store.md says, independently of the program.

    records = archive.read(octets).records        # [(space, key, value), ...]
    octets = archive.write(records, id="a1")
"""

import dataclasses
import hashlib
import struct

FIRST_LINE = b"pidge store archive, format 1\n"
SPACES = {"meta": 0, "counter": 1, "blob": 3, "due": 5, "audit": 8, "queue": 32}
FRAME_RECORDS = 4000


def crc_table():
    table = []
    for octet in range(256):
        for _ in range(8):
            octet = octet >> 1 ^ (0x82F63B78 if octet & 1 else 0)
        table.append(octet)
    return table


TABLE = crc_table()


def crc32c(octets):
    value = 0xFFFFFFFF
    for octet in octets:
        value = value >> 8 ^ TABLE[(value ^ octet) & 0xFF]
    return value ^ 0xFFFFFFFF


@dataclasses.dataclass
class Archive:
    header: dict
    records: list
    sha256: str


def frame(body):
    return struct.pack(">II", len(body), crc32c(body)) + body


def read(octets):
    assert octets.startswith(FIRST_LINE)
    at, archive, digest = len(FIRST_LINE), Archive({}, [], ""), hashlib.sha256()
    while at < len(octets):
        length, checksum = struct.unpack_from(">II", octets, at)
        body = octets[at + 8:at + 8 + length]
        assert crc32c(body) == checksum, "a checksum is wrong"
        at += 8 + length
        if body[:1] == b"H":
            archive.header = dict(line.split(" ", 1) for line in body[1:].decode().splitlines())
        elif body[:1] == b"R":
            digest.update(body[1:])
            archive.records += records_of(body)
        else:
            records, _, sha256 = struct.unpack(">QQ32s", body[1:])
            assert (records, sha256) == (len(archive.records), digest.digest()), "not what was written"
            archive.sha256 = sha256.hex()
    assert archive.sha256, "no end"
    return archive


def records_of(body):
    at = 1
    while at < len(body):
        space, key_size, value_size = struct.unpack_from(">BII", body, at)
        at += 9
        yield space, body[at:at + key_size], body[at + key_size:at + key_size + value_size]
        at += key_size + value_size


def write(records, id="test"):
    records = sorted(records)
    out, digest, octets = [FIRST_LINE, frame(f"Hid {id}\nmade 0\nversion test\nhost test\n".encode())], hashlib.sha256(), 0
    for begin in range(0, len(records), FRAME_RECORDS):
        body = b"".join(struct.pack(">BII", space, len(key), len(value)) + key + value
                        for space, key, value in records[begin:begin + FRAME_RECORDS])
        octets += sum(len(key) + len(value) for _, key, value in records[begin:begin + FRAME_RECORDS])
        digest.update(body)
        out.append(frame(b"R" + body))
    out.append(frame(b"E" + struct.pack(">QQ32s", len(records), octets, digest.digest())))
    return b"".join(out)
