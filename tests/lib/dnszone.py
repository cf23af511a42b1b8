"""A small DNS server on loopback, UDP and TCP, that answers from a table: the tests' whole Internet.

    with Zone() as zone:
        zone.add("example.test", "MX", 10, "mx.example.test")
        zone.add("mx.example.test", "A", "127.0.0.2")
        zone.fail("slow.test", "timeout")
        ... ask 127.0.0.1, port zone.port ...

It answers as a resolver does (recursion available, CNAMEs followed within the table). A name that is not in the table
does not exist; a name without records of the type asked for has an empty answer (RFC 2308 §2). `zone.queries` lists
what was asked.
"""

import ipaddress
import random
import socket
import socketserver
import struct
import threading

TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "DS": 43,
         "RRSIG": 46, "NSEC": 47, "DNSKEY": 48, "TLSA": 52, "CAA": 257}
NAMES = {number: name for name, number in TYPES.items()}
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, REFUSED = 0, 1, 2, 3, 5
UDP_SIZE_MAX = 1232
FAILURES = ("servfail", "nxdomain", "refused", "formerr", "timeout", "truncate", "garbage", "wrong-id", "close-tcp")


def canonical(name):
    return name.rstrip(".").lower()


def encode_name(name):
    out = b""
    for label in name.rstrip(".").split(".") if name.rstrip(".") else []:
        octets = label.encode("utf-8")
        out += bytes([len(octets)]) + octets
    return out + b"\0"


def encode_text(text):
    """TXT data: strings of at most 255 octets (RFC 1035 §3.3.14); a list of texts gives one string each."""
    pieces = text if isinstance(text, (list, tuple)) else [text]
    out = b""
    for piece in pieces:
        octets = piece if isinstance(piece, bytes) else piece.encode("utf-8")
        for start in range(0, max(len(octets), 1), 255):
            part = octets[start:start + 255]
            out += bytes([len(part)]) + part
    return out


def encode_data(kind, data):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(data[0]).packed
    if kind == "MX":
        return struct.pack("!H", data[0]) + encode_name(data[1])
    if kind in ("NS", "CNAME", "PTR"):
        return encode_name(data[0])
    if kind == "TXT":
        return encode_text(data[0])
    if kind == "SRV":
        return struct.pack("!HHH", *data[:3]) + encode_name(data[3])
    if kind == "TLSA":
        return bytes(data[:3]) + data[3]
    if kind == "SOA":
        return encode_name(data[0]) + encode_name(data[1]) + struct.pack("!5I", *data[2:7])
    return data[0]


def parse_question(packet):
    """(id, name, type number, raw question) of a query; raises ValueError when it is none."""
    if len(packet) < 17:
        raise ValueError("short")
    labels, position = [], 12
    while packet[position]:
        length = packet[position]
        if length > 63 or position + length + 5 >= len(packet):
            raise ValueError("bad name")
        labels.append(packet[position + 1:position + 1 + length].decode("utf-8", errors="replace"))
        position += length + 1
    kind = struct.unpack_from("!H", packet, position + 1)[0]
    return packet[:2], canonical(".".join(labels)), kind, packet[12:position + 5]


class Zone:
    def __init__(self, host="127.0.0.1", port=0, ttl_s=5):
        self.ttl_s = ttl_s
        self.records = {}   # (name, type) -> list of data tuples
        self.failures = {}  # (name, type or None) -> what goes wrong
        self.queries = []   # (name, type)
        self.lock = threading.Lock()
        self.stopping = threading.Event()
        self.servers = self.bind(host, port)
        self.host, self.port = self.servers[0].server_address[:2]

    # The table. All of it may change while the server runs.

    def add(self, name, kind, *data):
        with self.lock:
            self.records.setdefault((canonical(name), kind), []).append(data)

    def host_record(self, name, address):
        """A or AAAA, and the PTR that leads back."""
        self.add(name, "AAAA" if ":" in address else "A", address)
        self.add(ipaddress.ip_address(address).reverse_pointer, "PTR", name)

    def remove(self, name, kind=None):
        with self.lock:
            for key in [key for key in self.records if key[0] == canonical(name) and kind in (None, key[1])]:
                del self.records[key]

    def fail(self, name, how, kind=None):
        """how: one of FAILURES, a function that spoils the octets of an answer, or None to mend it; kind: only for this type of question."""
        if how is not None and not callable(how) and how not in FAILURES:
            raise ValueError(f"{how} is none of {FAILURES}")
        with self.lock:
            self.failures[canonical(name), kind] = how

    def asked(self, name, kind=None):
        with self.lock:
            return sum(1 for query in self.queries if query[0] == canonical(name) and kind in (None, query[1]))

    # Answers

    def find(self, name, kind):
        """(code, [(owner, type, data)]), CNAMEs followed at most eight times."""
        found = []
        for _ in range(8):
            data = self.records.get((name, kind))
            if data:
                return NOERROR, found + [(name, kind, each) for each in data]
            alias = self.records.get((name, "CNAME"))
            if not alias:
                break
            found.append((name, "CNAME", alias[0]))
            name = canonical(alias[0][0])
        below = any(owner == name or owner.endswith("." + name) for owner, _ in self.records)
        return (NOERROR if below else NXDOMAIN), found

    def reply(self, packet, over_tcp):
        """The octets to answer with, or None for silence."""
        try:
            identifier, name, number, question = parse_question(packet)
        except (ValueError, IndexError, struct.error):
            return None
        kind = NAMES.get(number, str(number))
        with self.lock:
            self.queries.append((name, kind))
            how = self.failures.get((name, kind)) or self.failures.get((name, None))
            code, answers = self.find(name, kind)
        if how == "timeout" or (how == "close-tcp" and over_tcp):
            return None
        if callable(how):
            return how(self.encode(identifier, packet, question, code, answers))
        if how == "garbage":
            return identifier + random.Random(name).randbytes(40)
        if how == "wrong-id":
            identifier = bytes(octet ^ 0xFF for octet in identifier)
        code = {"servfail": SERVFAIL, "nxdomain": NXDOMAIN, "refused": REFUSED, "formerr": FORMERR}.get(how, code)
        if code != NOERROR:
            answers = [] if how else answers
        out = self.encode(identifier, packet, question, code, answers)
        truncated = not over_tcp and (how in ("truncate", "close-tcp") or len(out) > UDP_SIZE_MAX)
        return self.encode(identifier, packet, question, code, [], truncated=True) if truncated else out

    def absence(self, question):
        """The authority section of an answer without records."""
        return [(".", "SOA", ("ns.test", "root.test", 1, 60, 60, 60, 1))]

    def encode(self, identifier, packet, question, code, answers, truncated=False):
        flags = 0x8080 | (0x0100 if packet[2] & 1 else 0) | (0x0200 if truncated else 0) | code
        authority = [] if answers or truncated else self.absence(question)
        out = identifier + struct.pack("!HHHHH", flags, 1, len(answers), len(authority), 1) + question
        for owner, kind, data in answers + authority:
            octets = encode_data(kind, data)
            out += encode_name(owner) + struct.pack("!HHIH", TYPES[kind], 1, self.ttl_s, len(octets)) + octets
        return out + b"\0" + struct.pack("!HHIH", 41, UDP_SIZE_MAX, 0, 0)  # EDNS(0)

    # The servers

    def bind(self, host, port):
        zone = self

        class Datagram(socketserver.BaseRequestHandler):
            def handle(self):
                answer = zone.reply(self.request[0], False)
                if answer is not None:
                    self.request[1].sendto(answer, self.client_address)

        class Stream(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.settimeout(5)
                source = self.request.makefile("rb")
                while not zone.stopping.is_set():
                    head = source.read(2)
                    if len(head) < 2:
                        return
                    answer = zone.reply(source.read(struct.unpack("!H", head)[0]), True)
                    if answer is None:
                        return
                    self.request.sendall(struct.pack("!H", len(answer)) + answer)

        class UdpServer(socketserver.ThreadingUDPServer):
            daemon_threads = True

        class TcpServer(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, client_address):
                pass  # a client that went away

        for _ in range(50):  # both protocols on one port; a port that one of them has free may be taken for the other
            udp = UdpServer((host, port), Datagram)
            try:
                return [udp, TcpServer((host, udp.server_address[1]), Stream)]
            except OSError:
                udp.server_close()
                if port:
                    raise
        raise OSError("no port is free for both UDP and TCP")

    def start(self):
        for server in self.servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def stop(self):
        self.stopping.set()
        for server in self.servers:
            server.shutdown()
            server.server_close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


def ask(name, kind, port, host="127.0.0.1", over_tcp=False, timeout_s=2.0):
    """The raw answer to one question; for tests of the tests."""
    packet = b"\x12\x34\x01\0\0\1\0\0\0\0\0\0" + encode_name(name) + struct.pack("!HH", TYPES[kind], 1)
    if over_tcp:
        with socket.create_connection((host, port), timeout_s) as stream:
            stream.sendall(struct.pack("!H", len(packet)) + packet)
            source = stream.makefile("rb")
            return source.read(struct.unpack("!H", source.read(2))[0])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(timeout_s)
        datagrams.sendto(packet, (host, port))
        return datagrams.recv(65535)
