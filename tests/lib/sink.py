"""A receiving SMTP server that does as it is told, and remembers every octet it was sent.

    with Sink(extensions={"PIPELINING", "8BITMIME"}) as sink:
        sink.script["rcpt:bob@example.test"] = ["450 4.2.0 Not now", None]   # once refused, then as usual
        sink.script["message"] = "550 5.7.1 No"
        ... deliver to 127.0.0.1, port sink.port ...
        message = sink.wait_for(1)[0]

A script maps a stage to what happens there: "connect", "ehlo", "helo", "lhlo", "starttls", "auth", "mail", "rcpt", "data",
"bdat", "message" (the reply to the text), "rset", "noop", "vrfy", "quit"; "rcpt:ADDRESS" and "mail:ADDRESS" go before "rcpt"
and "mail". At two more no reply is due, so that nothing is the usual one: "handshake" (after the reply to STARTTLS) and "text"
(after 354, when the first octets have come). What happens is one of

    None                   the usual reply
    "450 4.2.0 Later"      this reply; several lines are separated by \\n
    Raw(b"...")            these octets, whatever they are
    DROP                   the connection is closed without a reply; RESET: with a TCP reset
    Hang(seconds)          silence, then the usual reply
    Drip(seconds)          the usual reply, so long for each octet
    Flood(size)            so many octets of a reply that does not end, then the connection is closed
    a function             (connection, argument) -> one of these
    a list                 its items in turn, one per time the stage is reached; after the last one: the usual reply
"""

import base64
import re
import socket
import ssl
import struct
import threading
import time
from typing import NamedTuple

DROP, RESET = object(), object()
LINE_SIZE_MAX, MESSAGE_SIZE_MAX = 65536, 256 * 1024 * 1024
USUAL = {"connect": "220 sink.test ESMTP", "starttls": "220 2.0.0 Go on", "mail": "250 2.1.0 Ok", "rcpt": "250 2.1.5 Ok",
         "data": "354 Go on", "message": "250 2.0.0 Taken", "rset": "250 2.0.0 Ok", "noop": "250 2.0.0 Ok",
         "vrfy": "252 2.0.0 Perhaps", "quit": "221 2.0.0 Bye", "auth": "235 2.7.0 Ok", "bdat": "250 2.0.0 Chunk"}
ALL = frozenset({"PIPELINING", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES", "DSN", "SIZE"})


class Raw(NamedTuple):
    octets: bytes


class Hang(NamedTuple):
    seconds: float


class Drip(NamedTuple):
    seconds: float


class Flood(NamedTuple):
    octets: int


class Gone(Exception):
    """The client left, or the script made us leave."""


class Message(NamedTuple):
    sender: str
    parameters: str        # of MAIL, as sent
    recipients: tuple      # accepted ones, as sent between < and >
    rcpt_parameters: tuple
    octets: bytes          # the text with dots unstuffed
    tls: bool
    connection: object


class Connection:
    def __init__(self, sink, stream, peer):
        self.sink, self.stream, self.peer = sink, stream, peer
        self.raw = b""          # every octet received, after decryption
        self.commands = []      # lines as received, without CRLF
        self.buffer = b""
        self.tls_version = None
        self.server_name = None  # what the client asked for in SNI
        self.helo = ""
        self.login = None       # (name, password) of the last AUTH PLAIN or LOGIN
        self.reset_transaction()

    def reset_transaction(self):
        self.sender, self.parameters, self.recipients, self.rcpt_parameters, self.text = None, "", [], [], b""

    # Octets

    def fill(self):
        piece = self.stream.recv(65536)
        if not piece:
            raise Gone()
        self.raw += piece
        self.buffer += piece

    def read_line(self):
        while b"\r\n" not in self.buffer:
            if len(self.buffer) > LINE_SIZE_MAX:
                raise Gone()
            self.fill()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def read_exactly(self, size):
        while len(self.buffer) < size:
            self.fill()
        octets, self.buffer = self.buffer[:size], self.buffer[size:]
        return octets

    def read_text(self):
        """Up to CRLF.CRLF, dots unstuffed (RFC 5321 §4.5.2). Only that sequence ends it."""
        lines, size = [], 0
        while True:
            line = self.read_line()
            if line == b".":
                return b"".join(lines)
            line = (line[1:] if line.startswith(b".") else line) + b"\r\n"
            size += len(line)
            if size > MESSAGE_SIZE_MAX:
                raise Gone()
            lines.append(line)

    @staticmethod
    def encode(text):
        lines = text.split("\n")
        code = lines[0][:3]
        texts = [lines[0][4:]] + [line[4:] if line[:3] == code else line for line in lines[1:]]
        out = "".join(f"{code}{'-' if number < len(texts) - 1 else ' '}{each}\r\n" for number, each in enumerate(texts))
        return out.encode("utf-8")

    def send(self, text):
        self.stream.sendall(self.encode(text))

    def drip(self, octets, seconds):
        for at in range(len(octets)):
            self.stream.sendall(octets[at:at + 1])
            if self.sink.stopping.wait(seconds):
                raise Gone()

    def flood(self, size):
        piece = b"250-" + b"x" * 60 + b"\r\n"
        while size > 0:
            self.stream.sendall(piece * 1000)
            size -= len(piece) * 1000
        raise Gone()

    # Stages

    def scripted(self, stage, argument):
        with self.sink.lock:
            for key in (f"{stage}:{argument}", stage):
                action = self.sink.script.get(key)
                if isinstance(action, list):
                    action = action.pop(0) if action else None
                if action is not None:
                    break
        return action(self, argument) if callable(action) else action

    def answer(self, stage, argument="", usual=None):
        """Does what the script says; returns whether the reply was positive."""
        usual = USUAL[stage] if usual is None else usual
        action = self.scripted(stage, argument)
        if isinstance(action, Hang):
            if self.sink.stopping.wait(action.seconds):
                raise Gone()
            action = None
        if isinstance(action, Flood):
            self.flood(action.octets)
        if isinstance(action, Drip):
            self.drip(self.encode(usual), action.seconds)
            return usual[:1] in ("2", "3")
        if action is DROP or action is RESET:
            if action is RESET:
                self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise Gone()
        if isinstance(action, Raw):
            self.stream.sendall(action.octets)
            return action.octets[:1] in (b"2", b"3")
        reply = action or usual
        if reply:
            self.send(reply)
        return reply[:1] in ("2", "3")

    def hello(self, verb, name):
        self.helo = name
        self.reset_transaction()
        if verb == "helo":
            self.answer("helo", name, "250 sink.test")
            return
        offers = sorted(self.sink.extensions - {"SIZE", "AUTH", "STARTTLS"})
        if "SIZE" in self.sink.extensions:
            offers.append(f"SIZE {self.sink.size_max}")
        if self.sink.users:
            offers.append("AUTH " + " ".join(self.sink.mechanisms))
        if self.sink.offers_starttls and not self.tls_version:
            offers.append("STARTTLS")
        self.answer(verb, name, "\n".join(["250 sink.test"] + [f"250 {offer}" for offer in offers]))

    def start_tls(self):
        if not self.sink.tls or self.tls_version:
            self.send("502 5.5.1 No TLS here")
        elif self.answer("starttls"):
            self.buffer = b""  # what came before the handshake is thrown away (RFC 3207 §6)
            self.secure()

    def secure(self):
        self.answer("handshake", usual="")
        self.stream = self.sink.context.wrap_socket(self.stream, server_side=True)
        self.tls_version = self.stream.version()
        self.server_name = getattr(self.stream, "asked_name", None)

    def mail(self, rest):
        if isinstance(self.sink.users, dict) and not self.login:
            self.send("530 5.7.0 Log in first")
            return
        match = re.match(r"(?i)FROM: ?<([^>]*)>(.*)", rest)
        if not match:
            self.send("501 5.5.4 MAIL FROM:<address>")
        elif self.answer("mail", match.group(1)):
            self.reset_transaction()
            self.sender, self.parameters = match.group(1), match.group(2).strip()

    def rcpt(self, rest):
        match = re.match(r"(?i)TO: ?<(.*?)>(?: (.*))?$", rest)
        if self.sender is None:
            self.send("503 5.5.1 MAIL first")
        elif not match:
            self.send("501 5.5.4 RCPT TO:<address>")
        elif self.answer("rcpt", match.group(1)):
            self.recipients.append(match.group(1))
            self.rcpt_parameters.append((match.group(2) or "").strip())

    def data(self):
        if not self.recipients:
            self.send("503 5.5.1 No recipients")
        elif self.answer("data"):
            if not self.buffer:
                self.fill()
            self.answer("text", usual="")
            self.text = self.read_text()
            self.finish()

    def bdat(self, rest):
        size, _, last = rest.partition(" ")
        self.text += self.read_exactly(int(size))
        if last.strip().upper() == "LAST":
            self.finish()
        else:
            self.answer("bdat", size)

    def finish(self):
        """One reply, or with LMTP one for each recipient (RFC 2033 §4.2)."""
        message = Message(self.sender, self.parameters, tuple(self.recipients), tuple(self.rcpt_parameters), self.text,
                          self.tls_version is not None, self)
        replies = [self.answer("message", recipient) for recipient in (self.recipients if self.sink.lmtp else [""])]
        if any(replies):
            self.sink.take(message)
        self.reset_transaction()

    def ask(self, prompt):
        self.stream.sendall(b"334 " + base64.b64encode(prompt) + b"\r\n")
        return base64.b64decode(self.read_line())

    def auth(self, rest):
        """PLAIN (RFC 4616) and LOGIN. Any login will do, unless users is a dictionary of names and passwords."""
        mechanism, _, initial = rest.partition(" ")
        if mechanism.upper() == "LOGIN":
            name = base64.b64decode(initial) if initial else self.ask(b"Username:")
            self.login = name.decode(), self.ask(b"Password:").decode()
        else:
            octets = base64.b64decode(initial) if initial else self.ask(b"")
            self.login = tuple(each.decode() for each in octets.split(b"\0")[1:])
        users = self.sink.users
        if isinstance(users, dict) and users.get(self.login[0]) != self.login[1]:
            self.login = None
            self.answer("auth", rest, "535 5.7.8 Wrong name or password")
        else:
            self.answer("auth", rest)

    def command(self, line):
        verb, _, rest = line.partition(" ")
        verb = verb.lower()
        if verb in ("ehlo", "helo", "lhlo"):
            self.hello(verb, rest)
        elif verb == "starttls":
            self.start_tls()
        elif verb == "mail":
            self.mail(rest)
        elif verb == "rcpt":
            self.rcpt(rest)
        elif verb == "data":
            self.data()
        elif verb == "bdat":
            self.bdat(rest)
        elif verb == "rset":
            self.reset_transaction()
            self.answer("rset")
        elif verb == "auth":
            self.auth(rest)
        elif verb in ("noop", "vrfy"):
            self.answer(verb, rest)
        elif verb == "quit":
            self.answer("quit")
            raise Gone()
        else:
            self.send("500 5.5.2 What?")

    def serve(self):
        try:
            if self.sink.implicit_tls:
                self.secure()
            self.answer("connect")
            while True:
                line = self.read_line().decode("utf-8", errors="surrogateescape")
                self.commands.append(line)
                self.command(line)
        except (Gone, OSError, ValueError):
            pass
        finally:
            self.stream.close()


class Sink:
    def __init__(self, host="127.0.0.1", port=0, tls=None, offers_starttls=True, implicit_tls=False, extensions=ALL,
                 script=None, users=False, lmtp=False, size_max=104857600, timeout_s=30, backlog=128,
                 mechanisms=("PLAIN", "LOGIN")):
        """tls: a certs.Pair; users: offer AUTH (any password will do), or {name: password}: nobody else may send."""
        self.mechanisms = mechanisms
        self.tls, self.offers_starttls, self.implicit_tls = tls, bool(tls) and offers_starttls, implicit_tls
        self.extensions, self.script, self.users, self.lmtp = set(extensions), dict(script or {}), users, lmtp
        self.size_max, self.timeout_s = size_max, timeout_s
        self.lock, self.arrived = threading.Lock(), threading.Condition()
        self.stopping = threading.Event()
        self.connections, self.messages = [], []
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(tls.certificate, tls.key)
            self.context.sni_callback = lambda stream, name, _: setattr(stream, "asked_name", name)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.listener = socket.create_server((host, port), family=family, backlog=backlog)
        self.host, self.port = self.listener.getsockname()[:2]

    def take(self, message):
        with self.arrived:
            self.messages.append(message)
            self.arrived.notify_all()

    def wait_for(self, count, timeout_s=20.0):
        """The messages, as soon as there are count of them; AssertionError when they do not come."""
        with self.arrived:
            if not self.arrived.wait_for(lambda: len(self.messages) >= count, timeout_s):
                raise AssertionError(f"{len(self.messages)} messages arrived in {timeout_s} s, not {count}")
            return list(self.messages)

    def accept(self):
        while not self.stopping.is_set():
            try:
                stream, peer = self.listener.accept()
            except OSError:
                return
            stream.settimeout(self.timeout_s)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = Connection(self, stream, peer)
            self.connections.append(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def start(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def stop(self):
        """Closes the port and every connection; what was received stays."""
        self.stopping.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in self.connections:
            try:
                connection.stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    __enter__ = start

    def __exit__(self, *_):
        self.stop()


def wait_until(condition, timeout_s=20.0, what="the condition"):
    """Polls until condition() is true; AssertionError when it stays false."""
    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true in {timeout_s} s")
        time.sleep(0.02)
