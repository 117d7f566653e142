"""The account itself, SSH keys, tags, and what is offered."""

import base64
import binascii
import hashlib
import re

from . import catalogue
from .account import not_found, unprocessable
from .operations import nothing, one, operation, page

KEY_KINDS = r"ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(256|384|521)|sk-ssh-ed25519@openssh\.com|sk-ecdsa-sha2-nistp256@openssh\.com"


@operation("account_get")
def account_get(account, request):
    settings = account.settings
    return one("account", {"droplet_limit": settings.droplet_limit, "floating_ip_limit": settings.reserved_ip_limit,
                           "email": "founder@example.com", "name": "A Founder", "uuid": account.owner, "email_verified": True,
                           "status": settings.account_status, "status_message": "",
                           "team": {"uuid": account.owner, "name": "My Team"}})


@operation("regions_list")
def regions_list(account, request):
    return page(request, "regions", list(catalogue.REGIONS.values()))


@operation("sizes_list")
def sizes_list(account, request):
    return page(request, "sizes", list(catalogue.SIZES.values()))


@operation("images_list")
def images_list(account, request):
    if request.values.get("private") or "tag_name" in request.values:
        return page(request, "images", [])
    kind = request.values.get("type")
    return page(request, "images", [image for slug, image in catalogue.IMAGES.items()
                                    if kind in (None, catalogue.IMAGE_KINDS[slug])])


@operation("images_get")
def images_get(account, request):
    image = catalogue.find_image(request.values["image_id"])
    if image is None:
        raise not_found()
    return one("image", image)


def fingerprint(line):
    """MD5 of a public key in the form of authorized_keys, as DigitalOcean writes it; refuses what is no key."""
    kind, _, rest = line.strip().partition(" ")
    try:
        blob = base64.b64decode(rest.partition(" ")[0], validate=True)
    except binascii.Error:
        blob = b""
    length = int.from_bytes(blob[:4], "big")
    if not re.fullmatch(KEY_KINDS, kind) or "\n" in line.strip() or blob[4:4 + length] != kind.encode() or len(blob) < 40:
        raise unprocessable("Key invalid, key should be of the format `type key [comment]`")
    return ":".join(re.findall("..", hashlib.md5(blob).hexdigest()))


def find_key(account, identifier):
    """The key of an id or a fingerprint, or None."""
    return next((key for key in account.keys.values() if str(identifier) in (str(key["id"]), key["fingerprint"])), None)


def _key(account, request):
    key = find_key(account, request.values["ssh_key_identifier"])
    if key is None:
        raise not_found()
    return key


@operation("sshKeys_list")
def keys_list(account, request):
    return page(request, "ssh_keys", list(account.keys.values()))


@operation("sshKeys_create")
def keys_create(account, request):
    name, line = request.body["name"], request.body["public_key"]
    if not name:
        raise unprocessable("SSH Key name can't be blank")
    mark = fingerprint(line)
    if find_key(account, mark):
        raise unprocessable("SSH Key is already in use on your account")
    key = {"id": account.next_id("key"), "fingerprint": mark, "public_key": line.strip(), "name": name}
    account.keys[key["id"]] = key
    return one("ssh_key", key, 201)


@operation("sshKeys_get")
def keys_get(account, request):
    return one("ssh_key", _key(account, request))


@operation("sshKeys_update")
def keys_update(account, request):
    key = _key(account, request)
    key["name"] = request.body.get("name", key["name"])
    return one("ssh_key", key)


@operation("sshKeys_delete")
def keys_delete(account, request):
    del account.keys[_key(account, request)["id"]]
    return nothing()


def _tag(account, request):
    name = account.tag_name(request.values["tag_id"])
    if name is None:
        raise not_found()
    return name


def _show_tag(account, request, name):
    tagged = [droplet for droplet in account.droplets.values() if name in droplet.tags]
    counts = {"count": len(tagged)}
    if tagged:
        counts["last_tagged_uri"] = f"{request.base}/v2/droplets/{max(tagged, key=lambda d: d.tags[name]).id}"
    return {"name": name, "resources": {**counts, "droplets": counts, "volumes": {"count": 0}, "volume_snapshots": {"count": 0},
                                        "databases": {"count": 0}}}


@operation("tags_list")
def tags_list(account, request):
    return page(request, "tags", [_show_tag(account, request, name) for name in sorted(account.tags)])


@operation("tags_create")
def tags_create(account, request):
    if "name" not in request.body:
        raise unprocessable("name can't be blank")
    [name] = account.make_tags([request.body["name"]])
    return one("tag", _show_tag(account, request, name), 201)


@operation("tags_get")
def tags_get(account, request):
    return one("tag", _show_tag(account, request, _tag(account, request)))


@operation("tags_delete")
def tags_delete(account, request):
    name = _tag(account, request)
    for droplet in account.droplets.values():
        untag(account, droplet, name)
    for firewall in account.firewalls.values():
        firewall["tags"] = [tag for tag in firewall["tags"] if tag != name]
    del account.tags[name]
    return nothing()


def put_tag(account, droplet, name):
    droplet.tags.setdefault(name, account.clock.now())
    droplet.former_tags.pop(name, None)


def untag(account, droplet, name):
    if droplet.tags.pop(name, None) is not None:
        droplet.former_tags[name] = account.clock.now()


def _tagged_droplets(account, request):
    for resource in request.body["resources"]:
        if resource.get("resource_type") != "droplet" or not str(resource.get("resource_id", "")).isdigit():
            raise unprocessable("only droplets can be tagged here")
        yield account.droplet(int(resource["resource_id"]))


def _change_tagged(change):
    def operation_of_tag(account, request):
        name = _tag(account, request)
        for droplet in list(_tagged_droplets(account, request)):
            change(account, droplet, name)
        return nothing()
    return operation_of_tag


operation("tags_assign_resources")(_change_tagged(put_tag))
operation("tags_unassign_resources")(_change_tagged(untag))
