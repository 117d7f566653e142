"""EC2's published service model, as botocore has it, held against requests and answers."""

import base64
import binascii
import gzip
import json
import re
import xml.etree.ElementTree as ElementTree
from datetime import datetime

VERSION = "2016-11-15"
INTEGERS = ("integer", "long")
FLOATS = ("float", "double")
#: Parameters of the protocol itself, and of a signature that stands in the query.
ENVELOPE = ("Action", "Version")


class Model:
    """The actions and shapes of one service with the protocol `ec2`."""

    def __init__(self, path):
        with (gzip.open if str(path).endswith(".gz") else open)(path, "rt", encoding="utf-8") as file:
            described = json.load(file)
        if described["metadata"]["protocol"] != "ec2" or described["metadata"]["apiVersion"] != VERSION:
            raise ValueError(f"{path} is not the model of EC2 {VERSION}")
        self._operations, self._shapes = described["operations"], described["shapes"]

    def check_request(self, form):
        """What is wrong with a request, given as {parameter: value}; an empty list if nothing is."""
        action = form.get("Action")
        if action not in self._operations:
            return [f"there is no action '{action}'"]
        problems = [] if form.get("Version") == VERSION else [f"Version is '{form.get('Version')}', not {VERSION}"]
        tree = {}
        for name, value in form.items():
            if name not in ENVELOPE and not plant(tree, name.split("."), value):
                problems.append(f"'{name}' is a value and has parts, too")
        shape = self._operations[action].get("input")
        self._check_input(tree, shape["shape"] if shape else None, "", problems)
        return [f"{action}: {problem}" for problem in problems]

    def _check_input(self, value, name, path, problems):
        shape = self._shapes[name] if name else {"type": "structure", "members": {}}
        if shape["type"] == "structure":
            self._check_structure(value, shape, path, problems)
        elif shape["type"] == "list":
            self._check_list(value, shape, path, problems)
        elif isinstance(value, dict):
            problems.append(f"{path} has parts, and is of type {shape['type']}")
        else:
            problem = scalar_problem(value, shape)
            if problem:
                problems.append(f"{path}='{value}': {problem}")

    def _check_structure(self, value, shape, path, problems):
        if not isinstance(value, dict):
            problems.append(f"{path} is a structure, and has the value '{value}'")
            return
        names = {sent_name(member, name): (name, member["shape"]) for name, member in shape["members"].items()}
        for name in sorted(set(value) - set(names)):
            problems.append(f"{joined(path, name)} is not known")
        for sent, (name, member) in names.items():
            if sent in value:
                self._check_input(value[sent], member, joined(path, sent), problems)
            elif name in shape.get("required", ()):
                problems.append(f"{joined(path, sent)} is required")

    def _check_list(self, value, shape, path, problems):
        if not isinstance(value, dict) or set(value) != {str(n) for n in range(1, len(value) + 1)}:
            problems.append(f"{path} is a list, whose parts are {path}.1, {path}.2, …")
            return
        for number, item in value.items():
            self._check_input(item, shape["member"]["shape"], joined(path, number), problems)

    def check_answer(self, action, status, body):
        """What a client that follows the model cannot read of an answer. Elements that it would not look at are no problem."""
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError as error:
            return [f"{action}: the answer is no XML: {error}"]
        if status >= 300:
            codes = [element.text for element in root.findall("./Errors/Error/Code")]
            return [] if local(root) == "Response" and codes and codes[0] else [f"{action}: an error without Response/Errors/Error/Code"]
        if local(root) != f"{action}Response":
            return [f"{action}: the answer is called {local(root)}"]
        shape = self._operations[action].get("output")
        problems = []
        if shape:
            self._check_output(root, shape["shape"], action, problems)
        return problems

    def _check_output(self, element, name, path, problems):
        shape = self._shapes[name]
        if shape["type"] == "structure":
            names = {member.get("locationName", known): member["shape"] for known, member in shape["members"].items()}
            for child in element:
                if local(child) in names:
                    self._check_output(child, names[local(child)], f"{path}/{local(child)}", problems)
        elif shape["type"] == "list":
            for child in element:
                if local(child) == shape["member"].get("locationName", "member"):
                    self._check_output(child, shape["member"]["shape"], f"{path}/{local(child)}", problems)
        else:
            problem = scalar_problem(element.text, {"type": shape["type"]}) if element.text else None
            if problem:
                problems.append(f"{path}='{element.text}': {problem}")


def sent_name(member, name):
    """How a member is called in a request."""
    if "queryName" in member:
        return member["queryName"]
    given = member.get("locationName", name)
    return given[0].upper() + given[1:]


def scalar_problem(text, shape):
    """Why `text` is no value of this shape, or None."""
    kind = shape["type"]
    if kind == "string":
        allowed = shape.get("enum")
        if len(text) < shape.get("min", 0):
            return f"shorter than {shape['min']}"
        if len(text) > shape.get("max", len(text)):
            return f"longer than {shape['max']}"
        return f"not one of {', '.join(allowed[:12])}" if allowed and text not in allowed else None
    if kind == "boolean":
        return None if text in ("true", "false") else "not true or false"
    if kind in INTEGERS:
        if not re.fullmatch(r"-?\d+", text):
            return "not a whole number"
        least, most = shape.get("min", int(text)), shape.get("max", int(text))
        return None if least <= int(text) <= most else f"not between {least} and {most}"
    if kind in FLOATS:
        return None if re.fullmatch(r"-?\d+(\.\d+)?([eE]-?\d+)?", text) else "not a number"
    try:
        if kind == "timestamp":
            datetime.fromisoformat(text.replace("Z", "+00:00"))
        elif kind == "blob":
            base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        return str(error)
    return None


def plant(tree, words, value):
    """Puts a value into a tree of dicts; False where a leaf and a branch meet."""
    *branches, leaf = words
    for word in branches:
        tree = tree.setdefault(word, {})
        if not isinstance(tree, dict):
            return False
    if leaf in tree:
        return False
    tree[leaf] = value
    return True


def joined(path, name):
    return f"{path}.{name}" if path else name


def local(element):
    return element.tag.rpartition("}")[2]
