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


SERVICES = {"smtp": "mx", "submission": "submission", "submissions": "submissions", "admin": "http"}


def table(name, values):
    """One table, or for a list of dictionaries an array of tables."""
    if isinstance(values, list):
        return "".join(f"[[{name}]]\n" + lines(each) for each in values)
    return f"[{name}]\n" + lines(values)


def lines(values):
    return "".join(f"{key} = {quoted(value)}\n" for key, value in values.items()) + "\n"


def merged(sections, changes):
    """changes: {"relay": {"port": 2525}} over the sections; None as a value takes a key out; a list replaces an array."""
    for name, values in (changes or {}).items():
        if isinstance(values, list):
            sections[name] = values
            continue
        section = sections.setdefault(name, {})
        section.update(values)
        for key in [key for key, value in section.items() if value is None]:
            del section[key]
    return sections


def site_config(folder, ports, pair=None, hostname="mx.site.test", dns_port=None, relay_port=25, anchors=None, store=None, changes=None):
    """Writes the TOML file of one machine below folder and returns its path. Domains, people and routes are no part of it:
    they are made by the command line (testsite.py).

    ports      {"smtp": n, "submission": n, "submissions": n, "admin": n}; a missing one is not opened
    pair       certs.Pair of the server
    dns_port   of a dnszone.Zone on 127.0.0.1 that all look-ups go to
    relay_port the port at which other sites' mail exchangers listen (25 outside tests)
    anchors    PEM file of the authorities that relaying trusts
    store      the section of the store, where it is not the default one
    changes    {section: {key: value}} laid over the rest
    """
    sections = {
        "site": {"hostname": hostname, "data": os.path.join(folder, "data")},
        "log": {"level": "debug", "form": "json"},
        "certificate": [{"chain": pair.certificate, "key": pair.key}] if pair else [],
        "listener": [{"name": name, "service": SERVICES[name], "address": f"127.0.0.1:{port}"} for name, port in ports.items()],
        "control": {"socket": os.path.join(folder, "control.sock")},
        "relay": {"port": relay_port},
        # Every client of a test comes from one address.
        # Tests send faster than people do.
        "limits": {"connections_per_client": 10000, "sending_rates": False},
    }
    if store:
        sections["store"] = dict(store)
    if anchors:
        sections["relay"]["authorities"] = anchors
    if dns_port:  # the zone signs nothing
        sections["dns"] = {"resolvers": [f"127.0.0.1:{dns_port}"], "validate": False}
    path = os.path.join(folder, "pidge.toml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("".join(table(name, values) for name, values in merged(sections, changes).items()))
    os.chmod(path, 0o600)
    return path
