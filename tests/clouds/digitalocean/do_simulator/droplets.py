"""Droplets: shown, listed, created, destroyed."""

import ipaddress

from . import catalogue
from .account import Action, Droplet, date, not_found, unprocessable
from .keys_and_tags import find_key, put_tag
from .operations import Answer, nothing, one, operation, page

USER_DATA_LIMIT = 64 * 1024
NAMES_AT_ONCE = 10


def show(account, droplet):
    """A droplet as a client sees it now."""
    size, pending = catalogue.SIZES[droplet.size], account.pending(droplet.id)
    backup_window = {"start": date(droplet.created), "end": date(droplet.created + 8 * 3600)}
    return {"id": droplet.id, "name": droplet.name, "memory": size["memory"], "vcpus": size["vcpus"], "disk": size["disk"],
            "disk_info": size["disk_info"], "locked": bool(pending) and account.settings.locked_while_pending,
            "status": droplet.status, "kernel": None, "created_at": date(droplet.created), "features": droplet.features,
            "backup_ids": [], "next_backup_window": backup_window if "backups" in droplet.features else None, "snapshot_ids": [],
            "image": droplet.image, "volume_ids": [], "size": size, "size_slug": droplet.size,
            "networks": _networks(account, droplet), "region": catalogue.REGIONS[droplet.region],
            "tags": list(droplet.tags), "vpc_uuid": droplet.vpc}


def _networks(account, droplet):
    if not droplet.address_ready:
        return {"v4": [], "v6": []}
    v4 = []
    if droplet.public_networking:
        v4.append(_v4(droplet.address, "public", 20))
    # The private one stands between: who takes the first or the last of all, and not of the public ones, finds out.
    v4.append(_v4(droplet.private_address, "private", 20))
    v4 += [_v4(reserved["ip"], "public", 24) for reserved in account.reserved_ips.values() if reserved["droplet_id"] == droplet.id]
    v6 = []
    if droplet.v6_address:
        v6.append({"ip_address": droplet.v6_address, "netmask": 64, "gateway": "2001:db8::1", "type": "public"})
    return {"v4": v4, "v6": v6}


def _v4(address, kind, bits):
    network = ipaddress.ip_interface(f"{address}/{bits}").network
    return {"ip_address": address, "netmask": str(network.netmask), "gateway": str(network.network_address + 1), "type": kind}


@operation("droplets_list")
def droplets_list(account, request):
    tag, name = request.values.get("tag_name"), request.values.get("name")
    if tag is not None and name is not None:
        raise unprocessable("tag_name and name can not be used together")
    found = account.droplets_in_sight() if tag is None else account.droplets_by_tag(tag)
    if name is not None:
        found = [droplet for droplet in found if droplet.name.lower() == name.lower()]
    if request.values.get("type") == "gpus":
        found = []
    return page(request, "droplets", [show(account, droplet) for droplet in sorted(found, key=lambda d: d.id)])


@operation("droplets_get")
def droplets_get(account, request):
    return one("droplet", show(account, account.droplet(request.values["droplet_id"])))


@operation("droplets_create")
def droplets_create(account, request):
    wanted = request.body
    names = wanted.get("names", [wanted.get("name")])
    if not 0 < len(names) <= NAMES_AT_ONCE:
        raise unprocessable(f"between 1 and {NAMES_AT_ONCE} names are allowed")
    image, size, region = _check_offer(wanted)
    keys = _check_keys(account, wanted.get("ssh_keys") or [])
    vpc = _check_vpc(account, wanted.get("vpc_uuid"), region)
    if len((wanted.get("user_data") or "").encode()) > USER_DATA_LIMIT:
        raise unprocessable("User data is too long (maximum is 64 KiB)")
    if wanted.get("volumes"):
        raise unprocessable("volumes are not to be found in this region")
    if len(account.droplets) + len(names) > account.settings.droplet_limit:
        raise unprocessable("creating this/these droplet(s) will exceed your droplet limit")
    tags = account.make_tags(wanted.get("tags") or [])
    made = [_make(account, name, image, size, region, keys, vpc, tags, wanted) for name in names]
    links = {"actions": [{"id": action.id, "rel": "create", "href": f"{request.base}/v2/actions/{action.id}"} for _, action in made]}
    shown = [show(account, droplet) for droplet, _ in made]
    return Answer(202, {"droplets": shown, "links": links} if "names" in wanted else {"droplet": shown[0], "links": links})


def _check_offer(wanted):
    image = catalogue.find_image(wanted["image"])
    size = catalogue.SIZES.get(wanted["size"])
    if image is None:
        raise unprocessable("You specified an invalid image for Droplet creation.")
    if size is None:
        raise unprocessable("You specified an invalid size for Droplet creation.")
    region = wanted.get("region") or next(slug for slug in image["regions"] if slug in size["regions"])
    if region not in catalogue.REGIONS:
        raise unprocessable("You specified an invalid region for Droplet creation.")
    if not catalogue.REGIONS[region]["available"]:
        raise unprocessable("Region is not available")
    if region not in size["regions"]:
        raise unprocessable("Size is not available in this region.")
    if region not in image["regions"]:
        raise unprocessable("Image is not available in this region.")
    if size["disk"] < image["min_disk_size"]:
        raise unprocessable("Your disk is too small for this image. Please select a larger Droplet size.")
    return image, size["slug"], region


def _check_keys(account, identifiers):
    keys = [find_key(account, identifier) for identifier in identifiers]
    unknown = [str(identifier) for identifier, key in zip(identifiers, keys) if key is None]
    if unknown:
        raise unprocessable(f"{', '.join(unknown)} are invalid key identifiers for Droplet creation.")
    return keys


def _check_vpc(account, vpc_id, region):
    if not vpc_id:
        return next(vpc for vpc in account.vpcs.values() if vpc["default"] and vpc["region"] == region)
    vpc = account.vpcs.get(vpc_id)
    if vpc is None:
        raise unprocessable("You specified an invalid VPC for Droplet creation.")
    if vpc["region"] != region:
        raise unprocessable("VPC is not in the same region as the Droplet.")
    return vpc


def _make(account, name, image, size, region, keys, vpc, tags, wanted):
    number = account.next_id("droplet")
    private = str(ipaddress.ip_network(vpc["ip_range"]).network_address + next(vpc["hosts"]))
    features = ["droplet_agent", "private_networking"] + [name for name in ("backups", "ipv6", "monitoring") if wanted.get(name)]
    droplet = Droplet(number, name, region, size, image, account.clock.now(), vpc["id"], private, wanted.get("user_data") or "",
                      [key["id"] for key in keys], features, wanted.get("public_networking", True))
    if wanted.get("ipv6"):
        droplet.v6_address = f"2001:db8::{number:x}"[:-4] + f":{number & 0xffff:x}"
    for tag in tags:
        put_tag(account, droplet, tag)
    account.droplets[number] = droplet
    account.projects[account.default_project]["resources"][f"do:droplet:{number}"] = date(account.clock.now())
    return droplet, _start(account, droplet, keys)


def _start(account, droplet, keys):
    """The create action and, beside it, the moment when the address is known: a hook's answer or one of ours."""
    order = {"id": droplet.id, "name": droplet.name, "region": droplet.region, "size": droplet.size, "image": droplet.image["slug"],
             "user_data": droplet.user_data, "public_keys": [key["public_key"] for key in keys], "tags": list(droplet.tags),
             "wanted_address": account.next_address()}
    work = account.run_hook(account.hooks.create, droplet.id, order)

    def address_is_known():
        if not droplet.address_ready:
            droplet.address, droplet.address_ready = work.result() or order["wanted_address"], True
            droplet.reach = {"addresses": [droplet.address], "rules": None}

    def is_active():
        address_is_known()
        droplet.status = "active"

    settings = account.settings
    account.waiting.append((droplet.created + settings.address_after, work, address_is_known))
    return account.begin("create", droplet.id, "droplet", droplet.region, settings.active_after, is_active, work)


def destroy(account, droplet) -> Action:
    """Begins the end of a droplet."""
    def is_gone():
        droplet.destroyed = account.clock.now()
        account.tombstones[droplet.id] = account.droplets.pop(droplet.id)
        for project in account.projects.values():
            project["resources"].pop(f"do:droplet:{droplet.id}", None)
        for reserved in account.reserved_ips.values():
            if reserved["droplet_id"] == droplet.id:
                reserved["droplet_id"] = None
        for firewall in account.firewalls.values():
            firewall["droplet_ids"] = [number for number in firewall["droplet_ids"] if number != droplet.id]

    return account.begin("destroy", droplet.id, "droplet", droplet.region, account.settings.gone_after, is_gone,
                         account.run_hook(account.hooks.destroy, droplet.id, droplet.id))


def refuse_if_pending(account, droplet):
    if account.pending(droplet.id):
        raise unprocessable("Droplet already has a pending event.")


@operation("droplets_destroy")
def droplets_destroy(account, request):
    droplet = account.droplet(request.values["droplet_id"])
    refuse_if_pending(account, droplet)
    destroy(account, droplet)
    return nothing()


@operation("droplets_destroy_byTag")
def droplets_destroy_by_tag(account, request):
    if account.tag_name(request.values["tag_name"]) is None:
        raise not_found()
    for droplet in account.droplets_by_tag(request.values["tag_name"]):
        if droplet.id in account.droplets and not account.pending(droplet.id):
            destroy(account, droplet)
    return nothing()
