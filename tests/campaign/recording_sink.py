"""The fake remote servers of a campaign, and what they record of each message that reaches them.

    with RecordingSink(Journal(path)) as sink:
        sink.deferred.add("slow.test")      # 451 to every recipient there, until discarded from the set
        sink.refused.add("no.test")         # 550

Records, each with "t" (seconds since 1970) and "c" (number of the connection):

    text      a message after its final dot and before our reply: "n" number of the copy, "sender", "recipients", "token",
              "sha256" of its octets without trace fields, "size", and for a report "failed": the recipients it is about
    refusal   a negative reply: "stage", "recipient", "reply"; after a text with "n"
    on        the client went on after copy "n": it has seen our reply and kept what came of it
    end       the connection is over

A script (see sink.py) goes before the two sets, so that a campaign can do worse than these.
"""

import hashlib
import itertools
import re
import socket
import threading
import time

from sink import Connection, Gone, Sink

TOKEN = re.compile(rb"(?im)^Message-ID: <([^@>\s]+)@client\.test>")
FINAL_RECIPIENT = re.compile(rb"(?im)^Final-Recipient: rfc822; ?(\S+)")
FIRST_FIELD = b"X-Campaign: "
HEADER_SIZE_MAX = 16384
REFUSING = ("rcpt", "mail", "data", "message", "connect", "bdat")


def own_digest(octets):
    """Of what the sender wrote: without the fields that were put on top."""
    at = octets.find(FIRST_FIELD)
    return hashlib.sha256(octets[max(at, 0):]).hexdigest()


def describe(sender, octets):
    token = TOKEN.search(octets if not sender else octets[:HEADER_SIZE_MAX])
    described = {"token": token.group(1).decode() if token else "", "sha256": own_digest(octets), "size": len(octets)}
    if not sender:
        described["failed"] = [address.decode() for address in FINAL_RECIPIENT.findall(octets)]
    return described


class RecordingConnection(Connection):
    def __init__(self, sink, stream, peer, number):
        super().__init__(sink, stream, peer)
        self.number = number
        self.unsettled = None  # the copy after which the client has said nothing yet

    def record(self, kind, **more):
        self.sink.journal.add(kind=kind, t=round(time.time(), 4), c=self.number, **more)

    def fill(self):
        piece = self.stream.recv(262144)
        if not piece:
            raise Gone()
        self.buffer += piece

    def read_line(self):
        line = super().read_line()
        if self.unsettled is not None:
            self.record("on", n=self.unsettled)
            self.unsettled = None
        return line

    def read_text(self):
        self.buffer = b"\r\n" + self.buffer  # so that a text of nothing but the dot is found too
        seen = 0
        while (at := self.buffer.find(b"\r\n.\r\n", seen)) < 0:
            seen = max(len(self.buffer) - 4, 0)
            self.fill()
        text, self.buffer = self.buffer[2:at + 2], self.buffer[at + 5:]
        return text.replace(b"\r\n.", b"\r\n")[1 if text.startswith(b".") else 0:]

    def scripted(self, stage, argument):
        action = super().scripted(stage, argument)
        if action is None and stage == "rcpt":
            domain = argument.rpartition("@")[2].lower()
            if domain in self.sink.deferred:
                action = "451 4.2.0 Not now"
            elif domain in self.sink.refused:
                action = "550 5.1.1 Nobody of that name"
        return action

    def answer(self, stage, argument="", usual=None):
        """A refusal is recorded before it is told: what comes of it must not be known anywhere before it is known here."""
        is_noted = False

        def note(text):
            nonlocal is_noted
            if stage in REFUSING and not is_noted:
                is_noted = True
                self.record("refusal", stage=stage, recipient=argument, reply=text, **({"n": self.unsettled} if stage == "message" else {}))

        def send(text):
            if text[:1] in ("4", "5"):
                note(text)
            Connection.send(self, text)

        self.send = send  # at this stage, and at no other
        try:
            good = super().answer(stage, argument, usual)
        finally:
            del self.send
        if not good:
            note("")
        return good

    def finish(self):
        self.unsettled = next(self.sink.copies)
        self.record("text", n=self.unsettled, sender=self.sender, recipients=self.recipients,
                    **describe(self.sender, self.text))
        self.answer("message")
        with self.sink.arrived:
            self.sink.taken += 1
            self.sink.arrived.notify_all()
        self.reset_transaction()

    def serve(self):
        try:
            super().serve()
        finally:
            self.record("end", n=self.unsettled)
            self.sink.open_connections.discard(self)


class RecordingSink(Sink):
    def __init__(self, journal, **options):
        super().__init__(**options)
        self.journal = journal
        self.deferred, self.refused = set(), set()
        self.copies, self.numbers = itertools.count(1), itertools.count(1)
        self.taken = 0
        self.open_connections = set()

    def accept(self):
        while not self.stopping.is_set():
            try:
                stream, peer = self.listener.accept()
            except OSError:
                return
            stream.settimeout(self.timeout_s)
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection = RecordingConnection(self, stream, peer, next(self.numbers))
            self.open_connections.add(connection)
            threading.Thread(target=connection.serve, daemon=True).start()

    def stop(self):
        self.connections = list(self.open_connections)
        super().stop()
