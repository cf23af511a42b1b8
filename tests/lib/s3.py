"""A stand-in for an S3-compatible object store: one bucket in memory, path style. It checks every signature (AWS Signature
Version 4) by its own reckoning, and misbehaves on demand.

    with S3() as s3:
        s3.settings()             # the section [objects] of a configuration; the secret lies in s3.secret_file
        s3.objects                # name → octets
        s3.is_down = True         # closes every connection at once
        s3.faults = ["500", "404", "cut", "damaged", "slow"]   # each fits one request of its kind, then is gone
        s3.refused                # requests whose signature, or whose body's checksum, was wrong

As a program: s3.py FOLDER writes FOLDER/port, and obeys FOLDER/orders: one of the words above, "down", "up".
"""

import datetime
import hashlib
import hmac
import http.server
import os
import sys
import tempfile
import threading
import time
import urllib.parse
from xml.sax.saxutils import escape

ACCESS_KEY, SECRET, REGION, BUCKET = "PIDGETESTKEY", "secret/of+the+tests", "eu-test-1", "mail"


def signature(method, path, query, headers, payload_hash, date, signed):
    """Of what came, as the documentation of the service tells it."""
    pairs = sorted((urllib.parse.quote(name, safe="-_.~"), urllib.parse.quote(value, safe="-_.~"))
                   for name, value in urllib.parse.parse_qsl(query, keep_blank_values=True))
    canonical = "\n".join([method, urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"),
                           "&".join(f"{name}={value}" for name, value in pairs),
                           *(f"{name}:{' '.join(headers[name].split())}" for name in signed), "", ";".join(signed), payload_hash])
    scope = f"{date[:8]}/{REGION}/s3/aws4_request"
    key = ("AWS4" + SECRET).encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    text = "\n".join(["AWS4-HMAC-SHA256", date, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    return scope, hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def refusal(self, body):
        """Why the request is not to be served, or nothing."""
        fields = dict(word.strip().split("=", 1) for word in self.headers.get("Authorization", "").partition(" ")[2].split(",") if "=" in word)
        headers = {name.lower(): value for name, value in self.headers.items()}
        date, payload_hash = headers.get("x-amz-date", ""), headers.get("x-amz-content-sha256", "")
        signed = fields.get("SignedHeaders", "").split(";")
        if not {"host", "x-amz-date", "x-amz-content-sha256"} <= set(signed) or not set(signed) <= set(headers):
            return "AccessDenied"
        try:
            at = datetime.datetime.strptime(date, "%Y%m%dT%H%M%SZ").replace(tzinfo=datetime.timezone.utc)
        except ValueError:
            return "AccessDenied"
        if abs(at.timestamp() - time.time()) > 900:
            return "RequestTimeTooSkewed"
        path, _, query = self.path.partition("?")
        scope, wanted = signature(self.command, path, query, headers, payload_hash, date, signed)
        if fields.get("Credential") != f"{ACCESS_KEY}/{scope}" or fields.get("Signature") != wanted:
            return "SignatureDoesNotMatch"
        if hashlib.sha256(body).hexdigest() != payload_hash:
            return "XAmzContentSHA256Mismatch"
        return None

    def answer(self, status, body=b"", cut=False):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if cut:
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return
        self.wfile.write(body)

    def fail(self, status, code):
        self.answer(status, f"<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>".encode())

    def serve(self):
        s3 = self.server.s3
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if s3.is_down:
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        name = urllib.parse.unquote(path)[len(BUCKET) + 2:]
        why = "NoSuchBucket" if not path.startswith(f"/{BUCKET}") else self.refusal(body)
        with s3.lock:
            s3.requests.append((self.command, name))
            if why:
                s3.refused.append((self.command, self.path, why))
            fault = s3.take_fault(self.command, name) if not why else None
        if why:
            self.fail(404 if why == "NoSuchBucket" else 403, why)
            return
        if fault == "500":
            self.fail(500, "InternalError")
            return
        if fault == "404":
            self.answer(404, b"<html>no such page</html>")  # a proxy in front of the store
            return
        if fault == "slow":
            time.sleep(s3.slow_s)
        if fault == "cut" and self.command != "GET":
            self.close_connection = True  # taken or not: nobody is told
            return
        if self.command == "PUT":
            s3.objects[name] = body
            self.answer(200)
        elif self.command == "DELETE":
            s3.objects.pop(name, None)
            self.answer(204)
        elif not name:
            self.list(urllib.parse.parse_qs(query))
        elif name not in s3.objects:
            self.fail(404, "NoSuchKey")
        else:
            octets = s3.objects[name]
            if fault == "damaged" and octets:
                octets = octets[:-1] + bytes([octets[-1] ^ 1])
            self.answer(200, octets, cut=fault == "cut")

    def list(self, query):
        prefix, after = query.get("prefix", [""])[0], query.get("continuation-token", [""])[0]
        most = min(int(query.get("max-keys", ["1000"])[0]), self.server.s3.page)
        names = sorted(name for name in list(self.server.s3.objects) if name.startswith(prefix) and name > after)
        more = len(names) > most
        names = names[:most]
        keys = "".join(f"<Contents><Key>{escape(name)}</Key><Size>1</Size></Contents>" for name in names)
        token = f"<NextContinuationToken>{escape(names[-1])}</NextContinuationToken>" if more else ""
        self.answer(200, (f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>{BUCKET}</Name>'
                          f"<IsTruncated>{str(more).lower()}</IsTruncated>{token}{keys}</ListBucketResult>").encode())

    do_GET = do_PUT = do_DELETE = serve

    def log_message(self, *_):
        pass


class S3:
    def __init__(self, port=0):
        self.objects, self.refused, self.requests, self.faults = {}, [], [], []
        self.is_down, self.slow_s, self.page = False, 1.0, 1000
        self.lock = threading.Lock()
        self.folder = tempfile.TemporaryDirectory(prefix="s3-")
        self.secret_file = os.path.join(self.folder.name, "secret")
        with open(self.secret_file, "w", encoding="ascii") as file:
            file.write(SECRET + "\n")
        os.chmod(self.secret_file, 0o600)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.s3 = self
        self.port = self.server.server_address[1]

    def settings(self, **changes):
        return {"endpoint": f"http://127.0.0.1:{self.port}", "bucket": BUCKET, "region": REGION, "access_key": ACCESS_KEY,
                "secret_file": self.secret_file, **changes}

    def take_fault(self, command, name):
        """The next fault, if it suits: only an object that is fetched can be damaged."""
        if not self.faults or not name or (self.faults[0] == "damaged" and command != "GET"):
            return None
        return self.faults.pop(0)

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.folder.cleanup()


def main(folder):
    with S3() as s3:
        with open(f"{folder}/port.new", "w", encoding="ascii") as file:
            file.write(str(s3.port))
        os.rename(f"{folder}/port.new", f"{folder}/port")
        parent = os.getppid()
        while os.getppid() == parent:
            if os.path.exists(f"{folder}/orders"):
                with open(f"{folder}/orders", encoding="ascii") as file:
                    for word in file.read().split():
                        if word in ("down", "up"):
                            s3.is_down = word == "down"
                        else:
                            with s3.lock:
                                s3.faults.append(word)
                os.unlink(f"{folder}/orders")
            time.sleep(0.01)


if __name__ == "__main__":
    main(sys.argv[1])
