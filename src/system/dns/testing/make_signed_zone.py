#!/usr/bin/env python3
"""Makes signed_zone.txt: a small DNSSEC zone for tests of validation (ECDSA P-256, RFC 6605).

Run it by hand when the zone is to hold something else; it needs python3-cryptography. Each line of its output is
  NAME TYPE-NUMBER RDATA-IN-HEX          a record
  anchor TEXT                            the trust anchor
  deny NAME OWNER TYPE-NUMBER RDATA      a record that proves an absence, for questions about NAME
Signatures hold from 2020 to 2080.
"""
import hashlib
import struct

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

APEX = "signed.test"
TTL = 300
INCEPTION, EXPIRATION = 1577836800, 3471292800
A, NS, SOA, MX, TXT, DS, RRSIG, NSEC, DNSKEY, TLSA = 1, 2, 6, 15, 16, 43, 46, 47, 48, 52


def wire(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label) + b"\0"


def nsec(following, types):
    bitmap = bytearray(max(types) // 8 + 1)
    for number in types:
        bitmap[number // 8] |= 0x80 >> (number % 8)
    return wire(following) + bytes([0, len(bitmap)]) + bytes(bitmap)


# Not a secret: the zone exists in tests only.
key = ec.derive_private_key(int.from_bytes(hashlib.sha256(b"pidge test zone").digest(), "big"), ec.SECP256R1())
point = key.public_key().public_numbers()
dnskey = struct.pack("!HBB", 257, 3, 13) + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
tag = sum(octet if i & 1 else octet << 8 for i, octet in enumerate(dnskey))
tag = (tag + (tag >> 16 & 0xFFFF)) & 0xFFFF


def sign(owner, number, rdatas):
    labels = len(owner.split("."))
    head = struct.pack("!HBBIIIH", number, 13, labels, TTL, EXPIRATION, INCEPTION, tag) + wire(APEX)
    data = head
    for rdata in sorted(rdatas):
        data += wire(owner) + struct.pack("!HHIH", number, 1, TTL, len(rdata)) + rdata
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return head + r.to_bytes(32, "big") + s.to_bytes(32, "big")


mx, tlsa, bogus = "mx." + APEX, "_25._tcp.mx." + APEX, "bogus." + APEX
soa = wire("ns." + APEX) + wire("root." + APEX) + struct.pack("!IIIII", 1, 3600, 600, 86400, 60)
records = {
    (APEX, SOA): [soa],
    (APEX, NS): [wire("ns.test")],
    (APEX, DNSKEY): [dnskey],
    (APEX, MX): [struct.pack("!H", 10) + wire(mx)],
    (bogus, MX): [struct.pack("!H", 10) + wire(mx)],
    (mx, A): [bytes([192, 0, 2, 25])],
    (tlsa, TLSA): [bytes([3, 1, 1]) + hashlib.sha256(b"a key").digest()],
}
chain = {
    APEX: nsec(bogus, [NS, SOA, MX, RRSIG, NSEC, DNSKEY]),
    bogus: nsec(mx, [MX, RRSIG, NSEC]),
    mx: nsec(tlsa, [A, RRSIG, NSEC]),
    tlsa: nsec(APEX, [TLSA, RRSIG, NSEC]),
}

print("# Made by make_signed_zone.py.")
print("anchor", APEX + ". IN DS", tag, 13, 2, hashlib.sha256(wire(APEX) + dnskey).hexdigest())
for (owner, number), rdatas in records.items():
    signature = sign(owner, number, rdatas)
    for rdata in rdatas:
        # What is signed for this name is not what the zone says.
        print(owner, number, (rdata if owner != bogus else struct.pack("!H", 10) + wire("evil.test")).hex())
    print(owner, RRSIG, signature.hex())
denials = {mx: [mx], "nothing." + APEX: [tlsa, APEX], "_25._tcp.nothing." + APEX: [tlsa, APEX]}
for name, owners in denials.items():
    print("deny", name, APEX, SOA, soa.hex())
    print("deny", name, APEX, RRSIG, sign(APEX, SOA, [soa]).hex())
    for owner in owners:
        print("deny", name, owner, NSEC, chain[owner].hex())
        print("deny", name, owner, RRSIG, sign(owner, NSEC, [chain[owner]]).hex())
