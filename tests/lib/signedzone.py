"""A dnszone.Zone that signs what lies below some names (DNSSEC, RFC 4035, RSA/SHA-256), as it answers.

    with SignedZone("secure.test") as zone:
        zone.add("secure.test", "MX", 10, "mx.secure.test")
        zone.forge("_25._tcp.mx.secure.test", "TLSA")     # its signature does not hold
        anchors = zone.write_anchors(folder)               # for the resolver that is to trust it

Names that are not there exist without records: each absence is proven by an NSEC record for the name alone (RFC 4470).
Everything else is answered without signatures, and nothing proves it.
"""

import hashlib
import os
import re
import struct
import subprocess
import time

from dnszone import NOERROR, TYPES, Zone, canonical, encode_data, encode_name, parse_question

ALGORITHM = 8                                                          # RSA/SHA-256 (RFC 5702)
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # of SHA-256 (RFC 8017 §9.2)
KEY_OCTETS = 256


def number_of(text, name):
    """A number of `openssl rsa -text`: hexadecimal digits, colons and line ends."""
    digits = re.search(name + r":\s*((?:[0-9a-f]{2}[:\s]*)+)\n", text).group(1)
    return int(re.sub(r"[^0-9a-f]", "", digits), 16)


class Key:
    def __init__(self):
        made = subprocess.run(["openssl", "genrsa", str(8 * KEY_OCTETS)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
        text = subprocess.run(["openssl", "rsa", "-noout", "-text"], input=made, stdout=subprocess.PIPE, check=True).stdout.decode()
        self.modulus, self.private = number_of(text, "modulus"), number_of(text, "privateExponent")
        # RFC 3110 §2: the length of the exponent, 65537, the modulus.
        self.data = struct.pack("!HBB", 257, 3, ALGORITHM) + b"\x03\x01\x00\x01" + self.modulus.to_bytes(KEY_OCTETS, "big")
        total = sum(octet if place & 1 else octet << 8 for place, octet in enumerate(self.data))
        self.tag = (total + (total >> 16 & 0xFFFF)) & 0xFFFF  # RFC 4034, appendix B

    def sign(self, octets):
        digest = DIGEST_INFO + hashlib.sha256(octets).digest()
        padded = b"\x00\x01" + b"\xff" * (KEY_OCTETS - len(digest) - 3) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), self.private, self.modulus).to_bytes(KEY_OCTETS, "big")


def type_bitmap(numbers):
    """RFC 4034 §4.1.2; all types that we have are in the first two windows."""
    out = b""
    for window in sorted({number >> 8 for number in numbers}):
        octets = bytearray(32)
        for number in numbers:
            if number >> 8 == window:
                octets[(number & 255) // 8] |= 0x80 >> (number & 7)
        octets = bytes(octets).rstrip(b"\0")
        out += bytes([window, len(octets)]) + octets
    return out


class SignedZone(Zone):
    def __init__(self, *apexes, **settings):
        super().__init__(**settings)
        self.apexes = [canonical(apex) for apex in apexes]
        self.key = Key()
        self.forged = set()
        self.signatures = {}
        for apex in self.apexes:
            self.add(apex, "DNSKEY", self.key.data)

    def forge(self, name, kind):
        self.forged.add((canonical(name), kind))

    def write_anchors(self, folder):
        path = os.path.join(folder, "anchors")
        with open(path, "w", encoding="ascii") as file:
            for apex in self.apexes:
                digest = hashlib.sha256(encode_name(apex) + self.key.data).hexdigest()
                file.write(f"{apex}. IN DS {self.key.tag} {ALGORITHM} 2 {digest}\n")
        return path

    def apex_of(self, name):
        return next((apex for apex in self.apexes if name == apex or name.endswith("." + apex)), None)

    def signature(self, apex, owner, kind, datas):
        """RFC 4034 §3.1."""
        octets = sorted(encode_data(kind, data) for data in datas)
        known = (owner, kind, tuple(octets))
        if known not in self.signatures:
            now = int(time.time())
            head = struct.pack("!HBBIIIH", TYPES[kind], ALGORITHM, len(owner.split(".")), self.ttl_s, now + 86400, now - 3600, self.key.tag)
            head += encode_name(apex)
            signed = head
            for each in octets:
                signed += encode_name(owner) + struct.pack("!HHIH", TYPES[kind], 1, self.ttl_s, len(each)) + each
            made = self.key.sign(signed)
            if (owner, kind) in self.forged:
                made = bytes([made[0] ^ 1]) + made[1:]
            self.signatures[known] = head + made
        return self.signatures[known]

    def signed(self, records):
        """The records, each set of one owner and type followed by its signature."""
        sets, out = {}, []
        for owner, kind, data in records:
            sets.setdefault((owner, kind), []).append(data)
        for (owner, kind), datas in sets.items():
            out += [(owner, kind, data) for data in datas]
            apex = self.apex_of(owner)
            if apex:
                out.append((owner, "RRSIG", (self.signature(apex, owner, kind, datas),)))
        return out

    def find(self, name, kind):
        code, found = super().find(name, kind)
        last = canonical(found[-1][2][0]) if found and found[-1][1] == "CNAME" else name
        return (NOERROR if self.apex_of(last) else code), self.signed(found)

    def absence(self, question):
        _, name, _, _ = parse_question(b"\0" * 12 + question)
        apex = self.apex_of(name)
        if not apex:
            return super().absence(question)
        types = {TYPES[kind] for owner, kind in self.records if owner == name} | {TYPES["RRSIG"], TYPES["NSEC"]}
        following = b"\x01\x00" + encode_name(name)
        return self.signed([(apex, "SOA", ("ns." + apex, "root." + apex, 1, 60, 60, 60, 1)), (name, "NSEC", (following + type_bitmap(types),))])
