"""VPCs: a default one for each region, and those that an account makes."""

import ipaddress
import itertools
import uuid

from . import catalogue
from .account import ApiError, date, not_found, unprocessable
from .operations import nothing, one, operation, page


def show(vpc):
    return {**{key: value for key, value in vpc.items() if key not in ("hosts", "description")}, "urn": f"do:vpc:{vpc['id']}"}


def _vpc(account, request):
    vpc = account.vpcs.get(request.values["vpc_id"])
    if vpc is None:
        raise not_found()
    return vpc


def _check_name(account, name, vpc=None):
    if any(other["name"] == name and other is not vpc for other in account.vpcs.values()):
        raise unprocessable("a VPC with this name already exists in your account")


def _check_range(account, wanted):
    taken = [ipaddress.ip_network(vpc["ip_range"]) for vpc in account.vpcs.values()]
    if wanted is None:
        return next(text for text in (f"10.{number}.0.0/20" for number in range(200, 250))
                    if not any(ipaddress.ip_network(text).overlaps(other) for other in taken))
    try:
        network = ipaddress.ip_network(wanted)
    except ValueError:
        raise unprocessable("invalid ip_range") from None
    if not network.is_private or not 16 <= network.prefixlen <= 28:
        raise unprocessable("ip_range must be a private network between /16 and /28")
    if any(network.overlaps(other) for other in taken):
        raise unprocessable("This range/size overlaps with another VPC network in your account")
    return wanted


@operation("vpcs_list")
def vpcs_list(account, request):
    return page(request, "vpcs", [show(vpc) for vpc in account.vpcs.values()])


@operation("vpcs_create")
def vpcs_create(account, request):
    _check_name(account, request.body["name"])
    if request.body["region"] not in catalogue.OPEN_REGIONS:
        raise unprocessable("invalid region")
    vpc = {"id": str(uuid.uuid4()), "name": request.body["name"], "region": request.body["region"], "default": False,
           "ip_range": _check_range(account, request.body.get("ip_range")), "created_at": date(account.clock.now()),
           "hosts": itertools.count(2)}
    account.vpcs[vpc["id"]] = vpc
    return one("vpc", show(vpc), 201)


@operation("vpcs_get")
def vpcs_get(account, request):
    return one("vpc", show(_vpc(account, request)))


def _update(account, request):
    vpc = _vpc(account, request)
    if "name" in request.body:
        _check_name(account, request.body["name"], vpc)
        vpc["name"] = request.body["name"]
    if request.body.get("default"):
        for other in account.vpcs.values():
            other["default"] = other is vpc if other["region"] == vpc["region"] else other["default"]
    return one("vpc", show(vpc))


operation("vpcs_update")(_update)
operation("vpcs_patch")(_update)


def _members(account, vpc):
    return [droplet for droplet in account.droplets.values() if droplet.vpc == vpc["id"]]


@operation("vpcs_delete")
def vpcs_delete(account, request):
    vpc = _vpc(account, request)
    if vpc["default"]:
        raise ApiError(403, "forbidden", "Can not delete default VPCs")
    if _members(account, vpc):
        raise ApiError(409, "conflict", "Can not delete VPC with members")
    del account.vpcs[vpc["id"]]
    return nothing()


@operation("vpcs_list_members")
def vpcs_list_members(account, request):
    if request.values.get("resource_type", "droplet") != "droplet":
        return page(request, "members", [])
    return page(request, "members", [{"name": droplet.name, "urn": f"do:droplet:{droplet.id}", "created_at": date(droplet.created)}
                                     for droplet in _members(account, _vpc(account, request))])
