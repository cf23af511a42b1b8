"""The web server that has the MTA-STS policies of other domains (RFC 8461 §3.3), on loopback by HTTPS.

    with PolicyHost(authority.issue("mta-sts.out.test")) as host:
        host.policies["mta-sts.out.test"] = policy("enforce", "mx.out.test")
        ... fetch https://mta-sts.out.test/.well-known/mta-sts.txt from 127.0.0.1, port host.port ...

It also takes what is posted (TLS reports, RFC 8460 §5.4): host.posted lists (path, content type, octets).
"""

import http.server
import ssl
import threading

PATH = "/.well-known/mta-sts.txt"


def policy(mode, *patterns, max_age=86400):
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {each}" for each in patterns), f"max_age: {max_age}"]
    return "".join(line + "\r\n" for line in lines)


class PolicyHost:
    def __init__(self, pair, host="127.0.0.1"):
        """pair: certs.Pair, which should name every host that has a policy here."""
        self.policies = {}   # host name -> text of the policy; others get 404
        self.fetched = []    # host names, as they were asked for
        self.posted = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.headers.get("Host", "").split(":")[0]
                outer.fetched.append(name)
                text = outer.policies.get(name) if self.path == PATH else None
                self.answer(200 if text else 404, (text or "nothing here").encode())

            def do_POST(self):
                octets = self.rfile.read(int(self.headers["Content-Length"]))
                outer.posted.append((self.path, self.headers["Content-Type"], octets))
                self.answer(201, b"thank you")

            def answer(self, code, octets):
                self.send_response(code)
                self.send_header("Content-Type", "text/plain")
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def log_message(self, *_):
                pass

        class WebServer(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that did not like the certificate

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self.server = WebServer((host, 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
