"""Firewalls: rules, and the droplets or tags that they hold for."""

import ipaddress
import re
import uuid

from .account import ApiError, date, not_found, unprocessable
from .operations import nothing, one, operation, page

SIDES = {"inbound_rules": "sources", "outbound_rules": "destinations"}


def covers(firewall, droplet):
    """Whether a firewall holds for a droplet."""
    return droplet.id in firewall["droplet_ids"] or bool(set(firewall["tags"]) & set(droplet.tags))


def show(account, firewall):
    now = account.clock.now()
    pending = [{"droplet_id": number, "removing": False, "status": "waiting"} for number in firewall["droplet_ids"]
               if now < firewall["changed"] + account.settings.action_seconds]
    return {"id": firewall["id"], "name": firewall["name"], "status": "waiting" if pending else "succeeded",
            "inbound_rules": firewall["inbound_rules"], "outbound_rules": firewall["outbound_rules"],
            "created_at": date(firewall["created"]), "droplet_ids": firewall["droplet_ids"], "tags": firewall["tags"],
            "pending_changes": pending}


def _firewall(account, request):
    firewall = account.firewalls.get(request.values["firewall_id"])
    if firewall is None:
        raise not_found()
    return firewall


def _check_rule(account, rule, end):
    ports = rule["ports"]
    if rule["protocol"] != "icmp" and ports not in ("all", "0"):
        bounds = [int(part) for part in ports.split("-")] if re.fullmatch(r"\d{1,5}(-\d{1,5})?", ports) else [0]
        if not all(0 < port < 65536 for port in bounds) or bounds != sorted(bounds):
            raise unprocessable("invalid port range")
    targets = {key: value for key, value in rule[end].items() if value}
    if not targets:
        raise unprocessable(f"{end} can't be empty")
    for address in targets.get("addresses", []):
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise unprocessable("invalid address") from None
    _check_tags(account, targets.get("tags", []))
    shown_ports = "0" if ports == "all" or rule["protocol"] == "icmp" else ports
    return {"protocol": rule["protocol"], "ports": shown_ports, end: targets}


def _check_rules(account, body):
    return {side: [_check_rule(account, rule, end) for rule in body.get(side) or []] for side, end in SIDES.items()}


def _check_droplets(account, numbers):
    for number in numbers:
        if number not in account.droplets:
            raise unprocessable(f"droplet {number} not found")
    return list(numbers)


def _check_tags(account, names):
    known = [account.tag_name(name) for name in names]
    if None in known:
        raise unprocessable(f"tag {names[known.index(None)]} does not exist")
    return known


def _fill(account, firewall, body):
    """Replaces all that a body says of a firewall."""
    name = body["name"]
    if any(other["name"] == name and other is not firewall for other in account.firewalls.values()):
        raise ApiError(409, "conflict", "duplicate name")
    firewall.update(_check_rules(account, body), name=name, droplet_ids=_check_droplets(account, body.get("droplet_ids") or []),
                    tags=_check_tags(account, body.get("tags") or []), changed=account.clock.now())


@operation("firewalls_list")
def firewalls_list(account, request):
    return page(request, "firewalls", [show(account, firewall) for firewall in account.firewalls.values()])


@operation("firewalls_create")
def firewalls_create(account, request):
    firewall = {"id": str(uuid.uuid4()), "created": account.clock.now()}
    _fill(account, firewall, request.body)
    account.firewalls[firewall["id"]] = firewall
    return one("firewall", show(account, firewall), 202)


@operation("firewalls_get")
def firewalls_get(account, request):
    return one("firewall", show(account, _firewall(account, request)))


@operation("firewalls_update")
def firewalls_update(account, request):
    firewall = _firewall(account, request)
    _fill(account, firewall, request.body)
    return one("firewall", show(account, firewall))


@operation("firewalls_delete")
def firewalls_delete(account, request):
    del account.firewalls[_firewall(account, request)["id"]]
    return nothing()


def _change(name, check, removes):
    def change(account, request):
        firewall = _firewall(account, request)
        given = check(account, request.body[name] or [])
        kept = [item for item in firewall[name] if item not in given]
        firewall.update({name: kept if removes else kept + given, "changed": account.clock.now()})
        return nothing()
    return change


operation("firewalls_assign_droplets")(_change("droplet_ids", _check_droplets, False))
operation("firewalls_delete_droplets")(_change("droplet_ids", lambda account, numbers: numbers, True))
operation("firewalls_add_tags")(_change("tags", _check_tags, False))
operation("firewalls_delete_tags")(_change("tags", lambda account, names: names, True))


@operation("firewalls_add_rules")
def firewalls_add_rules(account, request):
    firewall = _firewall(account, request)
    for side, rules in _check_rules(account, request.body).items():
        firewall[side] = firewall[side] + [rule for rule in rules if rule not in firewall[side]]
    firewall["changed"] = account.clock.now()
    return nothing()


@operation("firewalls_delete_rules")
def firewalls_delete_rules(account, request):
    firewall = _firewall(account, request)
    for side, rules in _check_rules(account, request.body).items():
        if any(rule not in firewall[side] for rule in rules):
            raise unprocessable("rule not found")
        firewall[side] = [rule for rule in firewall[side] if rule not in rules]
    firewall["changed"] = account.clock.now()
    return nothing()


@operation("droplets_list_firewalls")
def droplets_list_firewalls(account, request):
    droplet = account.droplet(request.values["droplet_id"])
    return page(request, "firewalls", [show(account, firewall) for firewall in account.firewalls.values() if covers(firewall, droplet)])
