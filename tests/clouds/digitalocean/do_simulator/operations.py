"""What all operations share: how they are registered, what they are given, how lists are cut into pages."""

import math
import urllib.parse
from dataclasses import dataclass, field

OPERATIONS = {}


def operation(name):
    """Registers a function of an account and a request as the operation of that name in the document."""

    def register(function):
        OPERATIONS[name] = function
        return function

    return register


@dataclass
class Request:
    """A request that the document allows. `values` are those of the path and the query, in the document's types."""

    operation: str
    method: str
    path: str
    query: dict
    values: dict
    body: dict | None
    base: str


@dataclass
class Answer:
    status: int
    body: dict | None = None
    headers: dict = field(default_factory=dict)


def one(name, value, status=200):
    return Answer(status, {name: value})


def nothing():
    return Answer(204)


def page(request, name, items):
    """The page of a list that was asked for, with the links to the others."""
    size, number = request.values.get("per_page", 20), request.values.get("page", 1)
    last = max(1, math.ceil(len(items) / size))

    def link(target):
        query = {**request.query, "page": target, "per_page": size}
        return f"{request.base}{request.path}?{urllib.parse.urlencode(query)}"

    pages = {}
    if number > 1:
        pages |= {"first": link(1), "prev": link(min(number - 1, last))}
    if number < last:
        pages |= {"next": link(number + 1), "last": link(last)}
    return Answer(200, {name: items[(number - 1) * size:number * size], "links": {"pages": pages} if pages else {},
                        "meta": {"total": len(items)}})
