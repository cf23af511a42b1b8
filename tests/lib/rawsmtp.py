"""SMTP octet by octet: for what no well-behaved client says."""

import socket
import ssl


class Raw:
    def __init__(self, port, host="127.0.0.1", source=None, tls=None, timeout_s=15):
        self.socket = socket.create_connection((host, port), timeout_s, (source, 0) if source else None)
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.buffer = b""

    def send(self, octets):
        self.socket.sendall(octets if isinstance(octets, bytes) else octets.encode())
        return self

    def try_send(self, octets):
        """True when all of it was taken."""
        try:
            self.send(octets)
            return True
        except (OSError, ssl.SSLError):
            return False

    def line(self):
        while b"\r\n" not in self.buffer:
            try:
                piece = self.socket.recv(65536)
            except (ConnectionResetError, ssl.SSLError, BrokenPipeError):
                piece = b""
            if not piece:
                return None
            self.buffer += piece
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def reply(self):
        """The lines of one reply joined by \\n; None when the connection has ended."""
        lines = []
        while True:
            line = self.line()
            if line is None:
                return "\n".join(lines) if lines else None
            lines.append(line)
            if line[3:4] != "-":
                return "\n".join(lines)

    def ask(self, command):
        self.send(command + "\r\n")
        return self.reply()

    def code(self, command):
        reply = self.ask(command)
        return reply[:3] if reply else None

    def is_closed(self):
        """Reads to the end; False when the server keeps the connection open until the time-out."""
        try:
            while self.socket.recv(65536):
                pass
            return True
        except (ConnectionResetError, ssl.SSLError):
            return True
        except TimeoutError:
            return False

    def hello(self):
        self.reply()
        self.ask("EHLO client.test")
        return self

    def envelope(self, sender="alice@site.test", recipient="x@out.test"):
        return self.code(f"MAIL FROM:<{sender}>"), self.code(f"RCPT TO:<{recipient}>")

    def start_tls(self, context):
        reply = self.ask("STARTTLS")
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        return reply

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
