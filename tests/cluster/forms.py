"""Which machines a cluster has, and on which sites: the two forms of docs/cluster.md. All else is the same for both."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Form:
    """Each table: machine -> (site, last number of its address)."""
    databases: dict    # PostgreSQL, Patroni and etcd
    nodes: dict        # pidge
    balancers: dict
    witnesses: dict = field(default_factory=dict)  # etcd, a vote and nothing else

    @property
    def synchronous(self):
        """Standbys that have a commit before it is acknowledged: all. Then the one that is furthest ahead takes over, and no
        other has to be rewound before it can follow."""
        return len(self.databases) - 1

    @property
    def votes(self):
        return {**self.databases, **self.witnesses}

    @property
    def sites(self):
        """Those that hold data, in order."""
        return list(dict.fromkeys(site for site, _ in self.databases.values()))


# Site a holds the majority of votes and cannot be lost.
SMALL = Form(databases={"a1": ("a", 11), "a2": ("a", 12), "b1": ("b", 11)},
             nodes={"n1": ("a", 21), "n2": ("a", 22), "n3": ("b", 21)},
             balancers={"la": ("a", 31), "lb": ("b", 31)})

# 2 + 2 + 1: any site can be lost.
WIDE = Form(databases={"a1": ("a", 11), "a2": ("a", 12), "b1": ("b", 11), "b2": ("b", 12)},
            nodes={"n1": ("a", 21), "n2": ("a", 22), "n3": ("b", 21), "n4": ("b", 22)},
            balancers={"la": ("a", 31), "lb": ("b", 31)}, witnesses={"w1": ("w", 11)})
