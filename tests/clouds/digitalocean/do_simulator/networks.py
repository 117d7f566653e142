"""What reaches a droplet: its addresses, and what the firewalls that hold for it let in."""

import ipaddress

from .account import NoHooks
from .firewalls import covers


def reach(account, droplet):
    """The addresses that lead to a droplet, and rules (protocol, first port, last port, network), -1 for all; None for no firewall."""
    addresses = [droplet.address] if droplet.public_networking else []
    addresses += [reserved["ip"] for reserved in account.reserved_ips.values() if reserved["droplet_id"] == droplet.id]
    firewalls = [firewall for firewall in account.firewalls.values() if covers(firewall, droplet)]
    if not firewalls:
        return {"addresses": addresses, "rules": None}
    return {"addresses": addresses, "rules": [[rule["protocol"], *_ports(rule), network] for firewall in firewalls
                                              for rule in firewall["inbound_rules"] for network in _networks(account, rule["sources"])]}


def _ports(rule):
    if rule["ports"] == "0":
        return -1, -1
    first, _, last = rule["ports"].partition("-")
    return int(first), int(last or first)


def _networks(account, sources):
    """The IPv4 networks that a rule's sources are."""
    found = [text for text in sources.get("addresses", []) if ipaddress.ip_network(text, strict=False).version == 4]
    for droplet in account.droplets.values():
        if droplet.address_ready and (droplet.id in sources.get("droplet_ids", []) or set(sources.get("tags", [])) & set(droplet.tags)):
            found += [f"{droplet.address}/32", f"{droplet.private_address}/32"]
    return found


def announce(account):
    """Tells the hooks of every droplet whose reach is no longer what they were told last."""
    if type(account.hooks) is NoHooks:
        return
    for droplet in account.droplets.values():
        if not droplet.address_ready:
            continue
        now = reach(account, droplet)
        if now != droplet.reach:
            droplet.reach = now
            work = account.run_hook(account.hooks.network, droplet.id, droplet.id, now["addresses"], now["rules"])
            work.add_done_callback(lambda done, number=droplet.id: _note(account, number, done))


def _note(account, number, done):
    if not done.cancelled() and done.exception():
        account.faults.append(f"hook for the network of {number}: {done.exception()!r}")
