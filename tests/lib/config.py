"""The configuration of a pidge under test. The form of the file is known here and nowhere else in the tests."""

import os


def quoted(value):
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(quoted(each) for each in value) + "]"
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def table(name, values):
    return f"[{name}]\n" + "".join(f"{key} = {quoted(value)}\n" for key, value in values.items()) + "\n"


def merged(sections, changes):
    """changes: {"relay": {"port": 2525}} over the sections; None as a value takes a key out."""
    for name, values in (changes or {}).items():
        section = sections.setdefault(name, {})
        section.update(values)
        for key in [key for key, value in section.items() if value is None]:
            del section[key]
    return sections


def site_config(folder, ports, pair=None, domain="site.test", hostname="mx.site.test", dns_port=None, relay_port=25,
                anchors=None, next_hop=None, changes=None):
    """Writes the TOML file of one machine below folder and returns its path.

    ports      {"smtp": n, "submission": n, "submissions": n, "admin": n}; a missing one is not opened
    pair       certs.Pair of the server
    dns_port   of a dnszone.Zone on 127.0.0.1 that all look-ups go to
    relay_port the port at which other sites' mail exchangers listen (25 outside tests)
    next_hop   "HOST:PORT": everything for other sites goes there instead; "discard": it is queued, then thrown away
    anchors    PEM file of the authorities that relaying trusts
    changes    {section: {key: value}} laid over the rest
    """
    sections = {
        "site": {"hostname": hostname, "domains": [domain]},
        "store": {"engine": "rocksdb", "path": os.path.join(folder, "data")},
        "listen": {name: f"127.0.0.1:{port}" for name, port in ports.items()},
        "control": {"socket": os.path.join(folder, "control.sock")},
        "log": {"level": "debug", "form": "json"},
        "relay": {"port": relay_port},
    }
    if pair:
        sections["tls"] = {"certificate": pair.certificate, "key": pair.key}
    if anchors:
        sections["relay"]["anchors"] = anchors
    if next_hop:
        sections["relay"]["next_hop"] = next_hop
    if dns_port:
        sections["dns"] = {"servers": [f"127.0.0.1:{dns_port}"]}
    path = os.path.join(folder, "pidge.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(table(name, values) for name, values in merged(sections, changes).items()))
    os.chmod(path, 0o600)
    return path
