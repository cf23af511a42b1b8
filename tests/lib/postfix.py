"""A private Postfix, made from Debian's package: a real peer to send to and to receive from.

    with Postfix(tls=pair) as peer:                       # receives for any domain into one maildir
        ... deliver to 127.0.0.1, port peer.port ...
        octets = peer.wait_for(1)[0]                      # as they came, without what Postfix put on top

    with Postfix(relay="127.0.0.1:2525") as peer:         # hands on what it is given on peer.port
        peer.inject("a@out.test", ["b@site.test"], octets)

It has a queue, a log and a configuration of its own and never touches the machine's instance. Postfix's master insists on
root: without root (or without Postfix) unittest.SkipTest says so.
"""

import os
import pwd
import re
import shutil
import smtplib
import subprocess
import tempfile
import unittest

import processes
from sink import wait_until

SAMPLE = "/usr/share/postfix/master.cf.dist"
# What the delivering Postfix writes above the message (RFC 5321 §4.4: trace fields).
ON_TOP = re.compile(rb"(?:Return-Path|X-Original-To|Delivered-To): [^\n]*\n|Received: [^\n]*\n(?:[ \t][^\n]*\n)*")


def require():
    if os.geteuid() != 0:
        raise unittest.SkipTest("a private Postfix needs root")
    if not processes.has("postfix") or not os.path.exists(SAMPLE):
        raise unittest.SkipTest("Postfix is not installed")


def master_services(listen, extra=""):
    """The package's services without chroot, on our port only, without the old pipe transports."""
    lines = []
    with open(SAMPLE, encoding="utf-8") as file:
        for line in file:
            if line.startswith("maildrop"):
                break
            if line.startswith(("#", "\n")):
                continue
            line = re.sub(r"^(\S+\s+\S+\s+[-yn]\s+[-yn]\s+)y ", r"\1n ", line)
            lines.append(re.sub(r"^smtp(\s+inet)", listen + r"\1", line))
    return "".join(lines) + extra


class Postfix:
    def __init__(self, tls=None, relay=None, discard=False, host="127.0.0.1", port=0, hostname="mx.peer.test", settings=None,
                 services="", below=None):
        """tls: a certs.Pair, offered by STARTTLS; relay: HOST:PORT that gets everything; discard: queue, then throw away;
        settings: more of main.cf; services: more of master.cf; below: folder for its own one."""
        require()
        self.folder = tempfile.mkdtemp(prefix="pidge-postfix-", dir=below)
        self.host, self.port = host, port or processes.free_port(host)
        self.etc, self.mail = os.path.join(self.folder, "etc"), os.path.join(self.folder, "mail")
        self.process = None
        self.write(tls, relay, discard, hostname, settings or {})
        self.save("master.cf", master_services(f"{self.host}:{self.port}", services))

    def write(self, tls, relay, discard, hostname, settings):
        os.chmod(self.folder, 0o755)
        for name in ("etc", "queue", "data", "mail"):
            os.mkdir(os.path.join(self.folder, name))
        account = pwd.getpwnam("postfix")
        for name in ("data", "mail"):
            os.chown(os.path.join(self.folder, name), account.pw_uid, account.pw_gid)
        values = {
            "compatibility_level": "3.6", "queue_directory": f"{self.folder}/queue", "data_directory": f"{self.folder}/data",
            "maillog_file": f"{self.folder}/postfix.log", "maillog_file_prefixes": self.folder, "myhostname": hostname,
            "mydestination": "", "mynetworks": "127.0.0.0/8", "inet_interfaces": self.host, "inet_protocols": "ipv4",
            "alias_maps": "", "alias_database": "", "smtp_dns_support_level": "disabled", "in_flow_delay": "0",
            "smtputf8_enable": "yes", "local_header_rewrite_clients": "", "biff": "no", "local_recipient_maps": "", "smtpd_peername_lookup": "no",
            "message_size_limit": "104857600", "mailbox_size_limit": "0", "virtual_mailbox_limit": "0",
        }
        if relay:
            address, _, port = relay.rpartition(":")
            values |= {"relayhost": f"[{address}]:{port}", "default_transport": "smtp", "smtp_tls_security_level": "may",
                       "minimal_backoff_time": "1s", "queue_run_delay": "1s"}
        elif discard:
            values |= {"default_transport": "discard:"}
        else:
            values |= {"virtual_mailbox_domains": "static:ok", "virtual_mailbox_maps": "static:inbox/",
                       "virtual_mailbox_base": self.mail, "virtual_uid_maps": f"static:{account.pw_uid}",
                       "virtual_gid_maps": f"static:{account.pw_gid}", "virtual_minimum_uid": "1",
                       "virtual_transport": "virtual"}
        if tls:
            values |= {"smtpd_tls_cert_file": tls.certificate, "smtpd_tls_key_file": tls.key,
                       "smtpd_tls_security_level": "may", "smtpd_tls_received_header": "yes"}
        values |= settings
        self.save("main.cf", "".join(f"{key} = {value}\n" for key, value in values.items()))
        self.save("dynamicmaps.cf", "")

    def save(self, name, text):
        with open(os.path.join(self.etc, name), "w", encoding="utf-8") as file:
            file.write(text)

    def start(self):
        with open(os.path.join(self.folder, "start.log"), "ab") as log:
            # Makes the queue's folders with the owners that Postfix wants.
            subprocess.run(["postfix", "-c", self.etc, "check"], stdout=log, stderr=log, check=False)
            master = os.path.join(self.setting("daemon_directory"), "master")
            self.process = processes.start([master, "-c", self.etc, "-d"], log)
        self.guard = processes.Guard(self.process)
        try:
            processes.wait_for(lambda: processes.greets(self.port, self.host), self.process, 20, "Postfix")
        except RuntimeError as error:
            raise AssertionError(f"{error}:\n{self.log()}") from None
        return self

    def setting(self, name):
        done = subprocess.run(["postconf", "-c", self.etc, "-h", name], stdout=subprocess.PIPE, check=True)
        return done.stdout.decode().strip()

    def stop(self):
        """SIGTERM to master ends its daemons with it."""
        if self.process:
            self.guard.dismiss()
            self.process.terminate()
            self.process.wait(20)
        shutil.rmtree(self.folder, ignore_errors=True)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def log(self):
        text = ""
        for name in ("start.log", "postfix.log"):
            path = os.path.join(self.folder, name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    text += file.read()
        return text

    # Mail

    def inject(self, sender, recipients, octets, options=()):
        """Gives Postfix a message over SMTP, to be relayed."""
        with smtplib.SMTP(self.host, self.port, timeout=20) as client:
            client.sendmail(sender, recipients, octets, mail_options=list(options))

    def raw_messages(self):
        """Files of the maildir in order of arrival, with everything that Postfix wrote above."""
        folder = os.path.join(self.mail, "inbox", "new")
        if not os.path.isdir(folder):
            return []
        files = sorted((os.path.join(folder, name) for name in os.listdir(folder)), key=os.path.getmtime)
        found = []
        for path in files:
            with open(path, "rb") as file:
                found.append(file.read())
        return found

    def messages(self):
        """What was sent: without the trace fields of this Postfix, lines ended by CRLF again."""
        return [self.as_sent(octets) for octets in self.raw_messages()]

    @staticmethod
    def as_sent(octets):
        received = False
        while True:
            field = ON_TOP.match(octets)
            if not field or (received and field.group().startswith(b"Received:")):
                return octets.replace(b"\n", b"\r\n")
            received = received or field.group().startswith(b"Received:")
            octets = octets[field.end():]

    def wait_for(self, count, timeout_s=30.0):
        wait_until(lambda: len(self.raw_messages()) >= count, timeout_s, f"the arrival of {count} messages at Postfix")
        return self.messages()
