"""A stand-in for the REST API of Patroni: says which version it is, or nothing at all.

    with Patroni("3.0.2") as patroni:
        patroni.url                  # for store.patroni
        patroni.version = "4.0.7"    # updated; None: takes calls and answers none
"""

import http.server
import json
import threading


class Patroni:
    def __init__(self, version, status=200):
        self.version, self.status = version, status
        self.calls = 0
        self.is_over = threading.Event()
        keeper = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                keeper.calls += 1
                if keeper.version is None:
                    keeper.is_over.wait(60)
                    return
                body = json.dumps({"state": "running", "role": "master", "server_version": 150004, "timeline": 1,
                                   "patroni": {"version": keeper.version, "scope": "pidge", "name": "p1"}}).encode()
                # 503 where PostgreSQL is not running: the version is told all the same.
                self.send_response(keeper.status if self.path == "/patroni" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.server.shutdown()
        self.server.server_close()
