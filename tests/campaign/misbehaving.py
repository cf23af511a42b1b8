"""A mail server that misbehaves at one stage in one way, and what must become of a message for it: the table of C8."""

import random
import socket

from sink import DROP, RESET, Drip, Flood, Hang, Message, Raw, Sink

STAGES = ("banner", "ehlo", "starttls", "handshake", "ehlo-tls", "mail", "rcpt", "data", "body", "end", "next", "quit")
BEHAVIOURS = ("4xx", "5xx", "hang", "rst", "fin", "garbage", "flood", "drip", "421", "disagree")
CONNECTING = ("refused", "no answer")  # of a stage before all others
TLS_STAGES = ("starttls", "handshake", "ehlo-tls")
TABLE = [("connect", behaviour) for behaviour in CONNECTING] + [(stage, behaviour) for stage in STAGES for behaviour in BEHAVIOURS]
FLOOD_OCTETS = 1 << 30


def expected(stage, behaviour):
    """What must have become of the message while the server misbehaves: "delivered", "deferred" or "failed"."""
    says_something = behaviour in ("4xx", "5xx", "421")
    if stage == "connect":
        return "deferred"
    if stage == "quit":
        return "delivered"
    # What is only opportunistic is done without (RFC 7435 §3); 421 is the end of the attempt (RFC 5321 §3.8).
    if stage == "handshake" or (stage == "starttls" and behaviour != "421"):
        return "delivered"
    if stage == "ehlo-tls" and not says_something:
        return "delivered"
    # The connection may have been closed since the last message: a new one is made at once.
    if stage == "next" and not says_something:
        return "delivered"
    return "failed" if behaviour == "5xx" else "deferred"


class Cell:
    """One misbehaving server and the recipient it answers for."""

    def __init__(self, number, stage, behaviour, seed, port, tls):
        self.chance = random.Random(f"{seed} {stage} {behaviour}")
        self.number, self.stage, self.behaviour = number, stage, behaviour
        self.domain = f"c{number}.test"
        self.recipient = f"x@{self.domain}"
        self.cuts = 0  # messages taken over without our having said so
        self.misbehaved = 0
        self.port = port
        self.host = f"127.20.{number // 200 + 1}.{number % 200 + 1}"
        self.sink = self.make_sink(tls)

    def __str__(self):
        return f"{self.stage}/{self.behaviour}"

    def make_sink(self, tls):
        extensions = {"8BITMIME", "SMTPUTF8", "SIZE", "ENHANCEDSTATUSCODES", "DSN"}
        if self.chance.random() < 0.5:
            extensions.add("PIPELINING")
        if self.stage not in ("data", "body") and self.chance.random() < 0.5:
            extensions.add("CHUNKING")
        has_tls = self.stage in TLS_STAGES or self.chance.random() < 0.3
        return Sink(self.host, self.port, tls=tls if has_tls else None, extensions=extensions, script=self.script(),
                    backlog=0 if self.behaviour == "no answer" else 16)

    def script(self):
        stage = self.stage
        if stage == "banner":
            return {"connect": self.act}
        if stage == "ehlo":
            return {"ehlo": self.act, "helo": self.act}
        if stage == "ehlo-tls":
            act = lambda connection, argument: self.act(connection, argument) if connection.tls_version else None
            return {"ehlo": act, "helo": act}
        if stage == "body":
            return {"text": self.act}
        if stage == "end":
            return {"message": self.act}
        if stage == "next":
            return {"mail": lambda connection, argument: self.act(connection, argument) if self.has_served(connection) else None}
        return {} if stage == "connect" else {stage: self.act}

    def has_served(self, connection):
        return any(message.connection is connection for message in self.sink.messages)

    def act(self, connection, _):
        self.misbehaved += 1
        if self.stage == "body":
            return self.act_within_text(connection)
        action = self.action(connection)
        # A server that took the message and did not get to say so (RFC 1047).
        if self.stage == "end" and self.behaviour not in ("4xx", "5xx", "421") and self.chance.random() < 0.5:
            self.cuts += 1
            connection.sink.take(self.taken(connection))
        if self.stage == "end" and isinstance(action, Raw):
            connection.stream.sendall(action.octets)  # which would count as a reply otherwise, and the text as taken
            return DROP
        return action

    def action(self, connection):
        behaviour, chance = self.behaviour, self.chance
        if behaviour == "4xx":
            return chance.choice(("450 4.2.0 Later", "451 4.3.0 Trouble", "452 4.3.1 No room", "450-4.7.1 Greylisted\n450 4.7.1 Come again",
                                  "454 4.7.0 Not just now", "499 Odd"))
        if behaviour == "5xx":
            return chance.choice(("550 5.7.1 No", "554 5.7.0 Go away", "521 5.3.2 No mail here", "550 No", "556 5.1.10 None", "599 5.0.0 Odd"))
        if behaviour == "421":
            connection.send("421 4.3.2 Closing")
            return DROP
        if behaviour == "garbage":
            return Raw(chance.choice((b"\0\xff\xfe nonsense\r\n", b"hello\r\n", b"25\r\n", b"\r\n", b"2500 ok\r\n", chance.randbytes(300) + b"\r\n",
                                      b"99 x\r\n", b"650 x\r\n")))
        if behaviour == "disagree":
            return Raw(chance.choice((b"250-yes\r\n550 no\r\n", b"550-no\r\n250 yes\r\n", b"450-x\r\n354 y\r\n", b"220-a\r\n221-b\r\n220 c\r\n")))
        return {"hang": Hang(60), "rst": RESET, "fin": DROP, "flood": Flood(FLOOD_OCTETS), "drip": Drip(1)}[behaviour]

    def act_within_text(self, connection):
        """A reply comes too early; the rest of the text is read and nothing said any more."""
        action = self.action(connection)
        if action in (DROP, RESET) or isinstance(action, (Hang, Flood)):
            return action
        if isinstance(action, Drip):
            while not self.sink.stopping.wait(1):
                connection.stream.recv(1)
            return DROP
        connection.stream.sendall(action.octets if isinstance(action, Raw) else connection.encode(action))
        connection.read_text()
        return DROP

    @staticmethod
    def taken(connection):
        return Message(connection.sender, connection.parameters, tuple(connection.recipients), tuple(connection.rcpt_parameters),
                       connection.text, connection.tls_version is not None, connection)

    # Before and after

    def start(self):
        if self.behaviour == "refused":
            self.sink.listener.close()
        elif self.behaviour == "no answer":
            # One connection fills a backlog of nought; the kernel drops the others' SYN.
            self.fillers = [socket.socket() for _ in range(3)]
            for filler in self.fillers:
                filler.setblocking(False)
                filler.connect_ex((self.host, self.port))
        else:
            self.sink.start()

    def mend(self):
        """The misbehaving server goes, and one that behaves takes its place with what the first one has received."""
        messages, old = self.sink.messages, self.sink
        for filler in getattr(self, "fillers", ()):
            filler.close()
        old.stop()
        self.sink = Sink(self.host, self.port)
        self.sink.messages = messages
        self.sink.start()
