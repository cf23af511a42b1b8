"""./dev run --cluster: the whole service on several machines, which are network namespaces of this one.

Three machines with PostgreSQL, Patroni and etcd, three nodes of pidge, a balancer on each of two sites; made anew each time.
"""

import os
import signal
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests", "cluster"), os.path.join(ROOT, "tests", "lib")]

import cluster  # noqa: E402
from dnszone import Zone  # noqa: E402
from sink import Sink  # noqa: E402

SINK_PORT = 2525
NOT_RUN = 77


class ShownSink(Sink):
    """The mail exchanger of everybody else; a line for each message."""

    def take(self, message):
        super().take(message)
        peer = message.octets.split(b"\r\n", 1)[0].decode(errors="replace")
        print(f"out.test received: {message.sender or '<>'} -> {', '.join(message.recipients)}, {len(message.octets)} octets; "
              f"{peer}", flush=True)


def tell(made):
    enter = f"ip netns exec {made.network.name('x')}"
    addresses = made.network.addresses
    first = made.nodes["n1"]
    print(f"""
The cluster runs. Sites: a (a1 a2 n1 n2 la) and b (b1 n3 lb); clients stand outside (x).

  accounts          alice@site.test, bob@site.test; password: {cluster.PASSWORD}
  balancers         {addresses['la']}, {addresses['lb']}: ports 25, 587, 465
  send a message    {enter} swaks --server {addresses['la']}:587 -tls -au alice -ap '{cluster.PASSWORD}' \\
                        --from alice@site.test --to somebody@out.test
  nodes             {first.program} node list --config {first.config_path}
  drain one         {first.program} node drain n2 --wait --config {first.config_path}
  database          {enter} curl -s http://{addresses['a1']}:8008/cluster
  a link of n3      ip -n {made.network.name('swb')} link set pn3 down        (and up)
  the primary       {made.database.primary()}; its processes: ip netns pids {made.network.name(made.database.primary())}
  logs              {made.folder}

Ctrl-C ends all of it.
""", flush=True)


def main():
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended = threading.Event()
    try:
        made = cluster.Cluster()
    except cluster.NotHere as reason:
        print(f"not run: {reason}", file=sys.stderr)
        return NOT_RUN
    with made:
        outside = made.network.addresses[cluster.OUTSIDE]
        zone = made.network.inside(cluster.OUTSIDE, lambda: Zone(host=outside, port=53))
        sink = made.network.inside(cluster.OUTSIDE, lambda: ShownSink(host=outside, port=SINK_PORT))
        zone.add("out.test", "MX", 10, "mx.out.test")
        zone.host_record("mx.out.test", outside)
        print("Starting three databases, three nodes and two balancers; half a minute …", flush=True)
        with zone, sink:
            made.start()
            tell(made)
            ended.wait()
            print("Ending …", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
