"""Projects, which everything belongs to: the default one at first."""

from .account import ApiError, date, not_found, unprocessable
from .operations import Answer, nothing, one, operation, page


def _entry(account, request):
    wanted = request.values.get("project_id", account.default_project)
    if wanted not in account.projects:
        raise not_found()
    return account.projects[wanted]


def _check_name(account, name, project=None):
    if any(entry["project"]["name"] == name and entry["project"] is not project for entry in account.projects.values()):
        raise ApiError(409, "conflict", "name is already in use")


def _show_resource(request, urn, assigned, status="ok"):
    # Reserved IPs were called floating IPs once, and still are in these names.
    kind, _, name = urn.removeprefix("do:").partition(":")
    folder = {"droplet": "droplets", "floatingip": "reserved_ips"}[kind]
    return {"urn": urn, "assigned_at": assigned, "links": {"self": f"{request.base}/v2/{folder}/{name}"}, "status": status}


@operation("projects_list")
def projects_list(account, request):
    return page(request, "projects", [entry["project"] for entry in account.projects.values()])


@operation("projects_create")
def projects_create(account, request):
    _check_name(account, request.body["name"])
    return one("project", account.add_project(request.body), 201)


def _get(account, request):
    return one("project", _entry(account, request)["project"])


@operation("projects_delete")
def projects_delete(account, request):
    entry = _entry(account, request)
    if entry["project"]["is_default"]:
        raise ApiError(403, "forbidden", "the default project cannot be deleted")
    if entry["resources"]:
        raise ApiError(412, "precondition_failed", "cannot delete a project with resources")
    del account.projects[entry["project"]["id"]]
    return nothing()


def _list_resources(account, request):
    resources = _entry(account, request)["resources"]
    return page(request, "resources", [_show_resource(request, urn, since) for urn, since in resources.items()])


def _owner_of(account, urn):
    """The project that a resource belongs to, or None where there is no such resource."""
    return next((entry for entry in account.projects.values() if urn in entry["resources"]), None)


def _assign(account, request):
    target, shown = _entry(account, request), []
    for urn in request.body.get("resources", []):
        owner = _owner_of(account, urn)
        if owner is None:
            raise unprocessable(f"resource {urn} not found")
        status = "already_assigned" if owner is target else "assigned"
        since = owner["resources"].pop(urn)
        target["resources"][urn] = since if owner is target else date(account.clock.now())
        shown.append(_show_resource(request, urn, target["resources"][urn], status))
    return Answer(200, {"resources": shown})


for _suffix in ("", "_default"):
    operation(f"projects_get{_suffix}")(_get)
    operation(f"projects_list_resources{_suffix}")(_list_resources)
    operation(f"projects_assign_resources{_suffix}")(_assign)
