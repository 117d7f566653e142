"""Reserved IPs: addresses that stay the account's, and can be put on a droplet."""

import ipaddress

from . import catalogue, droplet_actions, droplets
from .account import date, not_found, unprocessable
from .operations import Answer, nothing, one, operation, page


def show(account, reserved):
    droplet = account.droplets.get(reserved["droplet_id"])
    return {"ip": reserved["ip"], "region": catalogue.REGIONS[reserved["region"]],
            "droplet": droplets.show(account, droplet) if droplet else None, "locked": _pending(account, reserved) is not None,
            "project_id": reserved["project"]}


def _number(reserved):
    """An address as the number that DigitalOcean gives as the resource of its actions."""
    return int(ipaddress.IPv4Address(reserved["ip"]))


def _pending(account, reserved):
    return next((action for action in account.running.values()
                 if (action.resource_type, action.resource_id) == ("reserved_ip", _number(reserved))), None)


def _reserved(account, request):
    reserved = account.reserved_ips.get(request.values["reserved_ip"])
    if reserved is None:
        raise not_found()
    return reserved


def _refuse_if_pending(account, reserved):
    if _pending(account, reserved):
        raise unprocessable("The reserved IP already has a pending event.")


def _begin(account, reserved, kind, droplet_id):
    def effect():
        if droplet_id is None or droplet_id in account.droplets:
            reserved["droplet_id"] = droplet_id

    return account.begin(kind, _number(reserved), "reserved_ip", reserved["region"], account.settings.action_seconds, effect)


def _check_droplet(account, reserved, number):
    droplet = account.droplets.get(number)
    if droplet is None:
        raise unprocessable("Droplet could not be found.")
    if reserved and droplet.region != reserved["region"]:
        raise unprocessable("Droplet and reserved IP must be in the same region.")
    droplets.refuse_if_pending(account, droplet)
    if any(other["droplet_id"] == number and other is not reserved for other in account.reserved_ips.values()):
        raise unprocessable("Droplet already has a reserved IP.")
    return droplet


@operation("reservedIPs_list")
def reserved_ips_list(account, request):
    return page(request, "reserved_ips", [show(account, reserved) for reserved in account.reserved_ips.values()])


@operation("reservedIPs_create")
def reserved_ips_create(account, request):
    droplet_id, region = request.body.get("droplet_id"), request.body.get("region")
    if len(account.reserved_ips) >= account.settings.reserved_ip_limit:
        raise unprocessable("You have reached your reserved IP limit.")
    if droplet_id is not None:
        region = _check_droplet(account, None, droplet_id).region
    if region not in catalogue.OPEN_REGIONS:
        raise unprocessable("You specified an invalid region for the reserved IP.")
    project = request.body.get("project_id", account.default_project)
    if project not in account.projects:
        raise not_found()
    number = account.next_id("action")
    reserved = {"ip": f"{account.settings.reserved_network}.{number // 250 % 250}.{number % 250 + 1}", "region": region, "droplet_id": None, "project": project}
    account.reserved_ips[reserved["ip"]] = reserved
    account.projects[project]["resources"][f"do:floatingip:{reserved['ip']}"] = date(account.clock.now())
    links = {}
    if droplet_id is not None:
        action = _begin(account, reserved, "assign_ip", droplet_id)
        links = {"droplets": [{"id": droplet_id, "rel": "droplet", "href": f"{request.base}/v2/droplets/{droplet_id}"}],
                 "actions": [{"id": action.id, "rel": "assign_ip", "href": f"{request.base}/v2/actions/{action.id}"}]}
    return Answer(202, {"reserved_ip": show(account, reserved), "links": links})


@operation("reservedIPs_get")
def reserved_ips_get(account, request):
    return one("reserved_ip", show(account, _reserved(account, request)))


@operation("reservedIPs_delete")
def reserved_ips_delete(account, request):
    reserved = _reserved(account, request)
    _refuse_if_pending(account, reserved)
    del account.reserved_ips[reserved["ip"]]
    for project in account.projects.values():
        project["resources"].pop(f"do:floatingip:{reserved['ip']}", None)
    return nothing()


@operation("reservedIPsActions_post")
def actions_post(account, request):
    reserved, droplet_id = _reserved(account, request), request.body.get("droplet_id")
    _refuse_if_pending(account, reserved)
    if request.body["type"] == "assign":
        if droplet_id is None:
            raise unprocessable("droplet_id is required")
        _check_droplet(account, reserved, droplet_id)
        action = _begin(account, reserved, "assign_ip", droplet_id)
    elif reserved["droplet_id"] is None:
        raise unprocessable("The reserved IP is not assigned.")
    else:
        action = _begin(account, reserved, "unassign_ip", None)
    return one("action", {**droplet_actions.show(action), "project_id": reserved["project"]}, 201)


def _actions(account, reserved):
    return [action for action in account.actions.values()
            if (action.resource_type, action.resource_id) == ("reserved_ip", _number(reserved))]


@operation("reservedIPsActions_list")
def actions_list(account, request):
    # No page can be asked for, says the document.
    return page(request, "actions", [droplet_actions.show(action) for action in _actions(account, _reserved(account, request))])


@operation("reservedIPsActions_get")
def actions_get(account, request):
    reserved = _reserved(account, request)
    for action in _actions(account, reserved):
        if action.id == request.values["action_id"]:
            return one("action", {**droplet_actions.show(action), "project_id": reserved["project"]})
    raise not_found()
