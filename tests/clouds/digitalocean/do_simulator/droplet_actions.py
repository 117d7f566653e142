"""Actions: what is done to a droplet and takes a while, and the list of all that was done."""

import re

from . import catalogue
from .account import date, not_found, unprocessable
from .droplets import refuse_if_pending
from .operations import Answer, one, operation, page


class NotSimulated(Exception):
    """DigitalOcean can do this, the simulator cannot."""


def show(action):
    return {"id": action.id, "status": action.status, "type": action.kind, "started_at": date(action.started),
            "completed_at": action.completed and date(action.completed), "resource_id": action.resource_id,
            "resource_type": action.resource_type, "region": catalogue.REGIONS[action.region], "region_slug": action.region}


def _set(droplet, name, value):
    return lambda: setattr(droplet, name, value)


def _power(status=None):
    def begin(account, droplet, kind, body):
        event = {"power_on": "on", "power_off": "off"}.get(kind, kind)
        refused = kind == "shutdown" and not account.settings.guest_obeys_shutdown
        work = None if refused else account.run_hook(account.hooks.power, droplet.id, droplet.id, event)
        return account.begin(kind, droplet.id, "droplet", droplet.region, account.settings.action_seconds,
                             _set(droplet, "status", status) if status else None, work, refused)
    return begin


def _plain(account, droplet, kind, effect=None):
    return account.begin(kind, droplet.id, "droplet", droplet.region, account.settings.action_seconds, effect)


def _rename(account, droplet, kind, body):
    if not re.fullmatch(r"[a-zA-Z0-9]?[a-zA-Z0-9.\-]*[a-zA-Z0-9]", body.get("name") or ""):
        raise unprocessable("Only valid hostname characters are allowed. (a-z, A-Z, 0-9, . and -)")
    return _plain(account, droplet, kind, _set(droplet, "name", body["name"]))


def _resize(account, droplet, kind, body):
    size = catalogue.SIZES.get(body.get("size"))
    if size is None or droplet.region not in size["regions"]:
        raise unprocessable("You specified an invalid size for Droplet resize.")
    if droplet.status != "off":
        raise unprocessable("Droplet must be powered off to run this event.")
    if size["disk"] < catalogue.SIZES[droplet.size]["disk"]:
        raise unprocessable("This size has a smaller disk than the Droplet.")
    return _plain(account, droplet, kind, _set(droplet, "size", size["slug"]))


def _feature(name, on):
    def begin(account, droplet, kind, body):
        features = [feature for feature in droplet.features if feature != name] + ([name] if on else [])
        return _plain(account, droplet, kind, _set(droplet, "features", features))
    return begin


KINDS = {"power_on": _power("active"), "power_off": _power("off"), "shutdown": _power("off"), "reboot": _power(),
         "power_cycle": _power("active"), "rename": _rename, "resize": _resize,
         "enable_backups": _feature("backups", True), "disable_backups": _feature("backups", False)}


def act(account, droplet, body):
    """Begins an action, or refuses it."""
    if body["type"] not in KINDS:
        raise NotSimulated(f"droplet action {body['type']}")
    refuse_if_pending(account, droplet)
    return KINDS[body["type"]](account, droplet, body["type"], body)


@operation("dropletActions_post")
def post(account, request):
    return one("action", show(act(account, account.droplet(request.values["droplet_id"]), request.body)), 201)


@operation("dropletActions_post_byTag")
def post_by_tag(account, request):
    droplets = [droplet for droplet in account.droplets_by_tag(request.values.get("tag_name", "")) if droplet.id in account.droplets]
    return Answer(201, {"actions": [show(act(account, droplet, request.body)) for droplet in droplets]})


def _newest_first(actions):
    return [show(action) for action in sorted(actions, key=lambda action: -action.id)]


@operation("dropletActions_list")
def list_of_droplet(account, request):
    droplet = account.droplet(request.values["droplet_id"])
    return page(request, "actions", _newest_first(a for a in account.actions.values()
                                                  if (a.resource_type, a.resource_id) == ("droplet", droplet.id)))


@operation("dropletActions_get")
def get_of_droplet(account, request):
    action = account.actions.get(request.values["action_id"])
    if action is None or (action.resource_type, action.resource_id) != ("droplet", request.values["droplet_id"]):
        raise not_found()
    return one("action", show(action))


@operation("actions_list")
def list_all(account, request):
    return page(request, "actions", _newest_first(account.actions.values()))


@operation("actions_get")
def get(account, request):
    action = account.actions.get(request.values["action_id"])
    if action is None:
        raise not_found()
    return one("action", show(action))
