"""Messages of all shapes, lawful but often odd, always the same ones for the same seed.

    for shape in shapes(500):
        shape.octets             # what a client hands in, CRLF, dots not stuffed
        shape.token              # a text that occurs once in it, to find it again
        shape.body               # "7BIT", "8BITMIME" or "BINARYMIME"
        shape.smtputf8

Every message has Date, From, To and Message-ID, so that a submission service has nothing to add.
"""

import base64
import email.utils
import random
from typing import NamedTuple

WORDS = ("queue", "letter", "pigeon", "stamp", "river", "carrier", "paper", "basket", "window", "harbour", "lamp", "copper")


class Shape(NamedTuple):
    name: str
    token: str
    octets: bytes
    body: str = "7BIT"
    smtputf8: bool = False
    sender: str = ""       # instead of the usual one
    recipient: str = ""


def text(chance, size, line_octets=72):
    lines, total = [], 0
    while total < size:
        line = " ".join(chance.choice(WORDS) for _ in range(line_octets // 7))[:line_octets]
        lines.append(line)
        total += len(line) + 2
    return "\r\n".join(lines)[:max(size, 1)].rstrip("\r\n").encode() + b"\r\n"


class Maker:
    def __init__(self, seed, sender, recipient):
        self.chance = random.Random(seed)
        self.sender, self.recipient = sender, recipient
        self.number = 0

    def header(self, *more, sender=None, recipient=None):
        self.number += 1
        token = f"shape-{self.number}-{self.chance.getrandbits(64):016x}"
        fields = [f"Date: {email.utils.formatdate(localtime=False, usegmt=False)}", f"From: {sender or self.sender}",
                  f"To: {recipient or self.recipient}", f"Message-ID: <{token}@client.test>", *more]
        return token, "\r\n".join(fields).encode("utf-8") + b"\r\n"

    def shape(self, name, *more, content=b"", **about):
        token, header = self.header(*more, sender=about.get("header_sender"), recipient=about.get("recipient"))
        return Shape(name, token, header + b"\r\n" + content, **{key: value for key, value in about.items() if key != "header_sender"})

    # --- plain ---

    def tiny(self):
        return self.shape("tiny", content=b"x\r\n")

    def no_body(self):
        return self.shape("no body")

    def plain(self, size):
        return self.shape(f"plain {size}", "Subject: plain", content=text(self.chance, size))

    def dots(self):
        lines = [b".", b"..", b".x", b"...", b" .", b". ", b"x.", b".\t.", b"." * 998]
        self.chance.shuffle(lines)
        return self.shape("dots", content=b"\r\n".join(lines) + b"\r\n")

    def long_lines(self):
        return self.shape("998 octets", content=b"\r\n".join([b"y" * 998] * 20) + b"\r\n")

    def no_last_line_end(self):
        # SMTP ends every message with CRLF; what stands before it is what counts.
        return self.shape("blank lines", content=b"\r\n" * 50 + b"end\r\n" + b"\r\n" * 3)

    # --- headers ---

    def many_fields(self):
        return self.shape("5000 fields", *[f"X-Field-{n}: {self.chance.getrandbits(32)}" for n in range(5000)], content=b"many\r\n")

    def folded(self):
        words = "\r\n ".join(text(self.chance, 60).decode().strip() for _ in range(30))
        return self.shape("folded", f"Subject: {words}", "X-Tab: a\r\n\tb\r\n\t c", content=b"folded\r\n")

    def encoded_words(self):
        words = " ".join("=?utf-8?B?" + base64.b64encode(word.encode()).decode() + "?=" for word in ("Grüße", "日本", "мир"))
        return self.shape("encoded words", f"Subject: {words}", content=b"words\r\n")

    def odd_header(self):
        return self.shape("odd header", "X-Empty:", "X-Colon::::", "x-lower: a", "Comments: (nested (comment) \\) )", "X-1: a;b=\"c\\\"d\"",
                          "References: " + "\r\n ".join(f"<{n}@x.test>" for n in range(40)), content=b"odd\r\n")

    def many_recipients_in_header(self):
        names = ",\r\n ".join(f"Person {n} <p{n}@list.test>" for n in range(900))
        return self.shape("900 in Cc", f"Cc: {names}", content=b"list\r\n")

    # --- eight bits ---

    def eight_bit(self):
        content = "Grüße aus Köln – größte Überraschung, 日本語\r\n".encode() * self.chance.randrange(1, 200)
        return self.shape("8bit", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit",
                          content=content, body="8BITMIME")

    def latin1(self):
        return self.shape("latin1", "MIME-Version: 1.0", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: 8bit",
                          content="Straße äöü\r\n".encode("latin-1") * 30, body="8BITMIME")

    def utf8_header(self):
        return self.shape("utf8 header", "Subject: Grüße 日本語", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
                          "Content-Transfer-Encoding: 8bit", content="мир\r\n".encode(), body="8BITMIME", smtputf8=True)

    def utf8_recipient(self):
        return self.shape("utf8 recipient", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8",
                          "Content-Transfer-Encoding: 8bit", content="δοκιμή\r\n".encode(), body="8BITMIME", smtputf8=True,
                          recipient="δοκιμή@" + self.recipient.split("@")[1])

    def binary(self):
        octets = bytes(self.chance.getrandbits(8) for _ in range(3000)) + b"\r\n.\r\n\n.\n\r\0"
        boundary = f"b{self.chance.getrandbits(60)}"
        content = (f"--{boundary}\r\nContent-Type: text/plain\r\n\r\nwith a picture\r\n--{boundary}\r\n"
                   "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n").encode() + octets + \
            f"\r\n--{boundary}--\r\n".encode()
        return self.shape("binary", "MIME-Version: 1.0", f"Content-Type: multipart/mixed; boundary={boundary}",
                          "Content-Transfer-Encoding: binary", content=content, body="BINARYMIME")

    # --- MIME ---

    def part(self, kind, content, *more):
        return "\r\n".join([f"Content-Type: {kind}", *more]).encode() + b"\r\n\r\n" + content

    def multipart(self, subtype, parts, preamble=b"", epilogue=b""):
        boundary = f"=_{self.chance.getrandbits(64):x}"
        out = preamble
        for part in parts:
            out += f"\r\n--{boundary}\r\n".encode() + part
        return f'multipart/{subtype}; boundary="{boundary}"', out.removeprefix(b"\r\n") + f"\r\n--{boundary}--\r\n".encode() + epilogue

    def attachment(self, size):
        encoded = base64.encodebytes(self.chance.randbytes(size)).replace(b"\n", b"\r\n")
        kind, content = self.multipart("mixed", [
            self.part("text/plain; charset=utf-8", b"see attachment\r\n"),
            self.part("application/pdf; name=a.pdf", encoded, "Content-Transfer-Encoding: base64",
                      "Content-Disposition: attachment; filename*=utf-8''gr%C3%BC%C3%9Fe.pdf")])
        return self.shape(f"attachment {size}", "MIME-Version: 1.0", f"Content-Type: {kind}", content=content)

    def deep(self, depth):
        content, kind = b"the bottom\r\n", "text/plain"
        for level in range(depth):
            if level % 5 == 4:
                content = f"From: a@b.test\r\nSubject: level {level}\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n".encode() + content
                kind = "message/rfc822"
            else:
                kind, content = self.multipart("mixed", [self.part(kind, content)])
        return self.shape(f"{depth} levels", "MIME-Version: 1.0", f"Content-Type: {kind}", content=content)

    def wide(self):
        kind, content = self.multipart("mixed", [self.part("text/plain", b"part %d\r\n" % n) for n in range(300)],
                                       preamble=b"A preamble.\r\n", epilogue=b"An epilogue.\r\n")
        return self.shape("300 parts", "MIME-Version: 1.0", f"Content-Type: {kind}", content=content)

    def quoted_printable(self):
        return self.shape("quoted-printable", "MIME-Version: 1.0 (odd but lawful)", "Content-Type: text/plain;\r\n charset=\"utf-8\"",
                          "Content-Transfer-Encoding: Quoted-Printable", content=b"Gr=C3=BC=C3=9Fe=\r\n and=20more=20\r\n" * 40)

    def alternative(self):
        kind, inner = self.multipart("related", [self.part("text/html; charset=us-ascii", b"<p>hello</p>\r\n"),
                                                 self.part("image/png", base64.encodebytes(self.chance.randbytes(300)).replace(b"\n", b"\r\n"),
                                                           "Content-Transfer-Encoding: base64", "Content-ID: <i@x.test>")])
        kind, content = self.multipart("alternative", [self.part("text/plain", b"hello\r\n"), self.part(kind, inner)])
        return self.shape("alternative", "Mime-Version: 1.0", f"Content-Type: {kind}", content=content)


def shapes(count, sender="alice@site.test", recipient="bob@out.test", seed=7, large=True):
    """count messages; with large, the biggest has 50 MB."""
    make = Maker(seed, sender, recipient)
    kinds = [make.tiny, make.no_body, make.dots, make.long_lines, make.no_last_line_end, make.folded, make.encoded_words, make.odd_header,
             make.eight_bit, make.latin1, make.utf8_header, make.utf8_recipient, make.binary, make.quoted_printable, make.alternative,
             lambda: make.attachment(make.chance.choice((10, 3000, 60_000, 300_000))), lambda: make.deep(make.chance.randrange(2, 40)),
             lambda: make.plain(int(10 ** make.chance.uniform(1, 5.5)))]
    rare = [make.many_fields, make.many_recipients_in_header, make.wide]
    if large:
        rare += [lambda: make.plain(50_000_000), lambda: make.attachment(15_000_000), lambda: make.plain(8_000_000), lambda: make.attachment(3_000_000)]
    for number in range(count):
        if number % 70 == 69 and rare:
            yield rare[(number // 70) % len(rare)]()
        else:
            yield kinds[number % len(kinds)]()
