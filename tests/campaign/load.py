"""The load of a campaign: a seeded mixture of mail, and the sender's record of what was promised for it.

Half of the sessions submit on port 587 with STARTTLS and a password, half on port 25 from the anonymous range. Sizes are
spread evenly over the orders of magnitude from 1 kB to 1 MB; a fifth of the messages has several recipients. Who gets it:

    out.test    taken          slow.test   deferred by the sink as long as it is told to
    no.test     refused        site.test   one of ours, whose mailbox lies behind a route

Records: "try" before a message is sent (token, sha256, size, sender, recipients) and "reply" with what was answered to
its final dot ("code", "text", "queue") and the recipients that had been accepted before.
"""

import hashlib
import random
import re
import smtplib
import threading
import time

SENDER = "alice@site.test"
SIZE_MIN, SIZE_MAX = 1000, 1_000_000
DOMAINS = ("out.test",) * 6 + ("slow.test",) * 2 + ("no.test", "site.test")
QUEUE_ID = re.compile(r"accepted (\S+)")


def make_message(chance, token, size):
    """Every line differs from every other, so that no piece can be taken for another one."""
    head = (f"X-Campaign: {token}\r\nFrom: {SENDER}\r\nTo: x@out.test\r\n"
            f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0000', time.gmtime())}\r\n"
            f"Message-ID: <{token}@client.test>\r\nSubject: {size} octets\r\n\r\n").encode()
    filler = f"{chance.getrandbits(200):050x}"
    count = max(size - len(head), 0) // (len(filler) + 13) + 1
    return head + b"".join(b".%09d %s\r\n" % (number, filler.encode()) for number in range(count))


class Load:
    """with Load(site, journal, seed, rate=50): ...    pause(), resume() and stop(), which wait for what is under way."""

    def __init__(self, site, journal, seed, rate=50.0, sessions=10, size_max=SIZE_MAX, domains=DOMAINS):
        self.site, self.journal, self.seed = site, journal, seed
        self.rate, self.sessions, self.size_max, self.domains = rate, sessions, size_max, domains
        self.stopping, self.running = threading.Event(), threading.Event()
        self.running.set()
        self.lock = threading.Lock()
        self.in_flight = self.tried = self.acknowledged = 0
        # Of each 250: when (seconds since 1970), how long its sender had wanted one (seconds), how often it had tried in vain,
        # and which of the sessions it was.
        self.waits = []
        self.troubles = []  # (seconds since 1970, "connect", "break" or "put off", what was said)
        self.on_reply = None  # called without arguments as soon as a 250 to a final dot has come
        self.threads = []
        self.newest, self.rounds = 0, {}  # session -> how often reconnect() had been asked when it connected

    def start(self):
        self.threads = [threading.Thread(target=self.send_without_end, args=(number,), daemon=True)
                        for number in range(self.sessions)]
        for thread in self.threads:
            thread.start()
        return self

    def pause(self, timeout_s=30):
        """Returns when nothing is under way any longer."""
        self.running.clear()
        end = time.monotonic() + timeout_s
        while self.in_flight:
            if time.monotonic() > end:
                raise RuntimeError(f"a transaction has not ended within {timeout_s} s")
            time.sleep(0.002)

    def reconnect(self, timeout_s=60):
        """All sessions end after the message that is under way, and connect anew; returns when all old ones have ended."""
        self.newest += 1
        end = time.monotonic() + timeout_s
        while any(self.rounds.get(session) != self.newest for session in range(self.sessions)):
            if time.monotonic() > end:
                raise RuntimeError(f"a session has not ended within {timeout_s} s")
            time.sleep(0.01)

    def resume(self):
        self.running.set()

    def stop(self, timeout_s=60):
        self.stopping.set()
        self.resume()
        for thread in self.threads:
            thread.join(timeout_s)
        if any(thread.is_alive() for thread in self.threads):
            raise RuntimeError(f"a sender has not ended within {timeout_s} s")

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def send_without_end(self, number):
        chance = random.Random(f"{self.seed}/sender/{number}")
        port = "submission" if number % 2 else "smtp"
        count, vain, wanted = 0, 0, time.time()
        while not self.stopping.is_set():
            step = "connect"
            self.rounds[number] = self.newest
            try:
                with self.site.client(port, timeout_s=30) as client:
                    for _ in range(chance.randint(1, 20)):
                        self.running.wait()
                        if self.stopping.is_set() or self.rounds[number] != self.newest:
                            break
                        step = "break"
                        is_taken = self.send(client, chance, f"s{number}-{count}-{chance.getrandbits(32):08x}", port)
                        step = "connect"
                        count += 1
                        vain += 1
                        if is_taken:
                            self.waits.append((time.time(), time.time() - wanted, vain - 1, number))
                        # As many a second as asked for, with the unevenness of life.
                        self.stopping.wait(chance.expovariate(self.rate / self.sessions))
                        if is_taken:
                            vain, wanted = 0, time.time()
                        if client.sock is None:
                            break
            except (OSError, smtplib.SMTPException) as error:
                self.troubles.append((time.time(), step, repr(error)))
                count += 1
                vain += 1
                self.stopping.wait(0.03)

    def recipients(self, chance, token):
        count = chance.randint(2, 6) if chance.random() < 0.2 else 1
        chosen = [chance.choice(self.domains) for _ in range(count)]
        return [f"bob@{domain}" if domain == "site.test" else f"r{place}-{token}@{domain}"
                for place, domain in enumerate(dict.fromkeys(chosen) if "site.test" in chosen else chosen)]

    def send(self, client, chance, token, port):
        """Whether it was answered with 250."""
        size = int(SIZE_MIN * (self.size_max / SIZE_MIN) ** chance.random())
        octets = make_message(chance, token, size)
        wanted = self.recipients(chance, token)
        self.journal.add(kind="try", t=round(time.time(), 4), token=token, sha256=hashlib.sha256(octets).hexdigest(),
                         size=len(octets), sender=SENDER, recipients=wanted, port=port)
        with self.lock:
            self.in_flight += 1
            self.tried += 1
        try:
            return self.transact(client, token, octets, wanted)
        finally:
            with self.lock:
                self.in_flight -= 1

    def transact(self, client, token, octets, wanted):
        code, text = client.mail(SENDER)
        accepted = []
        if code == 250:
            for recipient in wanted:
                code, text = client.rcpt(recipient)
                if code == 250:
                    accepted.append(recipient)
        if accepted:
            code, text = client.data(octets)
            if code == 250 and self.on_reply:
                self.on_reply()
        said = text.decode(errors="replace")
        queue = QUEUE_ID.search(said) if accepted and code == 250 else None
        self.journal.add(kind="reply", t=round(time.time(), 4), token=token, code=code, text=said, recipients=accepted,
                         queue=queue.group(1) if queue else "")
        if queue:
            with self.lock:
                self.acknowledged += 1
        else:
            self.troubles.append((time.time(), "put off", f"{code} {said}"))
            if code == 421:
                client.close()
            else:
                client.rset()
        return bool(queue)
