"""A real object store for tests: OpenStack Swift with its S3 interface (python3-swift), one of each of its servers on loopback, all
of its data in a temporary directory.

    with Swift() as swift:                        # Swift(pair=...) speaks https with this certificate
        swift.settings()                          # the section [objects] of a configuration; the bucket is there
        swift.names()                             # of all objects
        swift.kill(); swift.start()               # its data stay
        swift.start(shift_s=1200)                 # with a clock that goes wrong

As a program, in the interpreter of the system, which has the package: s3swift.py ring FILE PORT makes a ring of one disk;
s3swift.py serve CONF ROLE SHIFT_S is one of the servers.
"""

import datetime
import hashlib
import http.client
import os
import pwd
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import time

import processes
from s3 import BUCKET, REGION, SECRET, signature

ACCESS_KEY = "pidge:mail"
PYTHON = "/usr/bin/python3"
ROLES = ("account", "container", "object", "proxy")

COMMON = """[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}
mount_check = false
disable_fallocate = true
"""

BACKEND = COMMON + """
[pipeline:main]
pipeline = {role}-server
[app:{role}-server]
use = egg:swift#{role}
"""

# Nobody answers as memcached: everything is asked for anew.
PROXY = COMMON + """{tls}
[pipeline:main]
pipeline = catch_errors cache s3api tempauth proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
location = {region}
storage_domain = localhost
[filter:tempauth]
use = egg:swift#tempauth
user_pidge_mail = {secret} .admin
"""

SITE = """[swift-hash]
swift_hash_path_prefix = tests
swift_hash_path_suffix = tests
[storage-policy:0]
name = one
default = yes
"""


class Swift:
    def __init__(self, pair=None):
        self.pair = pair
        self.folder = tempfile.mkdtemp(prefix="swift-")
        os.mkdir(f"{self.folder}/disk")
        self.secret_file = os.path.join(self.folder, "secret")
        self.write("secret", SECRET + "\n")
        self.write("swift.conf", SITE)
        self.ports = dict(zip(ROLES, processes.free_ports(len(ROLES))))
        self.port = self.ports["proxy"]
        tls = f"cert_file = {pair.certificate}\nkey_file = {pair.key}" if pair else ""
        for role, port in self.ports.items():
            self.write(f"{role}.conf", (PROXY if role == "proxy" else BACKEND).format(
                port=port, user=pwd.getpwuid(os.geteuid()).pw_name, folder=self.folder, role=role,
                region=REGION, secret=SECRET, tls=tls))
            if role != "proxy":
                subprocess.run([PYTHON, "-B", __file__, "ring", f"{self.folder}/{role}.ring.gz", str(port)], check=True)
        self.processes = {}

    def write(self, name, text):
        with open(os.path.join(self.folder, name), "w", encoding="ascii", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)

    def settings(self, **changes):
        scheme = "https" if self.pair else "http"
        return {"endpoint": f"{scheme}://localhost:{self.port}", "bucket": BUCKET, "region": REGION, "access_key": ACCESS_KEY,
                "secret_file": self.secret_file, **changes}

    # Life

    def start(self, shift_s=0):
        for role in ROLES:
            if role not in self.processes:
                with open(f"{self.folder}/{role}.log", "ab") as log:
                    self.processes[role] = processes.start(
                        [PYTHON, "-B", __file__, "serve", f"{self.folder}/{role}.conf", role, str(shift_s)], log)
        for role in ROLES:
            processes.wait_for(lambda port=self.ports[role]: processes.is_open(port), self.processes[role], 60, f"Swift's {role} server")
        # The first requests after a start may find that a server was not there a moment ago.
        processes.wait_for(lambda: shift_s or self.request("PUT", f"/{BUCKET}")[0] in (200, 409), self.processes["proxy"], 60, "the bucket")
        return self

    def kill(self, roles=ROLES):
        for role in roles:
            process = self.processes.pop(role, None)
            if process:
                process.kill()
                process.wait()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # As its administrator

    def request(self, method, path, query=""):
        """(status, body)"""
        date = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        payload_hash = hashlib.sha256(b"").hexdigest()
        headers = {"host": f"localhost:{self.port}", "x-amz-content-sha256": payload_hash, "x-amz-date": date}
        scope, signed = signature(method, path, query, headers, payload_hash, date, sorted(headers))
        headers["authorization"] = (f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{scope}, SignedHeaders={';'.join(sorted(headers))}, "
                                    f"Signature={signed}")
        if self.pair:
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        else:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path + (f"?{query}" if query else ""), headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def names(self):
        status, body = self.request("GET", f"/{BUCKET}", "list-type=2&max-keys=1000")
        if status != 200:
            raise RuntimeError(f"Swift answers {status} to a listing: {body[:500]}")
        return re.findall(r"<Key>([^<]*)</Key>", body.decode())


def make_ring(path, port):
    from swift.common.ring import RingBuilder
    builder = RingBuilder(1, 1, 1)
    builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1, "ip": "127.0.0.1", "port": port, "device": "disk"})
    builder.rebalance()
    builder.get_ring().save(path)


def serve(conf, role, shift_s):
    from swift.common import utils, wsgi
    if shift_s:
        own = time.time
        time.time = lambda: own() + shift_s
    utils.set_swift_dir(os.path.dirname(conf))
    return wsgi.run_wsgi(conf, f"{role}-server")


if __name__ == "__main__":
    if sys.argv[1] == "ring":
        make_ring(sys.argv[2], int(sys.argv[3]))
    else:
        sys.exit(serve(sys.argv[2], sys.argv[3], int(sys.argv[4])))
