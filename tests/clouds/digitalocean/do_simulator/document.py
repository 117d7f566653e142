"""DigitalOcean's OpenAPI document: which operation a request is, and what is wrong with a request or an answer."""

import ipaddress
import json
import re
import urllib.parse
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import jsonschema

FOLDER = Path(__file__).resolve().parent.parent
FILES = (FOLDER / "openapi.json", FOLDER / "projects.json")

FORMATS = jsonschema.FormatChecker(formats=())


def _format(name, read):
    """Teaches the checker a format: text that `read` accepts."""
    FORMATS.checkers[name] = (lambda text: not isinstance(text, str) or bool(read(text)), ValueError)


_format("date-time", lambda text: datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
_format("ipv4", ipaddress.IPv4Address)
_format("ipv6", ipaddress.IPv6Address)
_format("uuid", lambda text: uuid.UUID(text).hex and re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text))
_format("uri", lambda text: all(urllib.parse.urlsplit(text)[:2]))


def _json_schema(node):
    """OpenAPI 3.0's dialect as JSON Schema of draft 4, from which it differs in `nullable` and `discriminator`."""
    if isinstance(node, list):
        return [_json_schema(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _json_schema(value) for key, value in node.items()}
    if node.get("nullable") is True and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]
        if isinstance(node.get("enum"), list):
            node["enum"] = node["enum"] + [None]
    # One is chosen by a member's value; others may fit as well.
    if "discriminator" in node and "oneOf" in node:
        node["anyOf"] = node.pop("oneOf")
    return node


@dataclass
class Operation:
    """One method on one path of the document."""

    name: str
    method: str
    template: str
    parameters: list
    body: dict | None
    answers: dict
    root: dict

    def resolve(self, node):
        """What a node refers to, if it is a reference."""
        while isinstance(node, dict) and "$ref" in node:
            target = self.root
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def problems_of(self, schema, value, where):
        """Sentences on how a value breaks a schema; members that the schema does not name are a breach too."""
        validator = jsonschema.Draft4Validator(schema, resolver=jsonschema.RefResolver("", self.root),
                                               format_checker=FORMATS)
        found = [f"{where}{''.join(f'/{part}' for part in error.absolute_path)}: {_short(error)}"
                 for error in validator.iter_errors(value)]
        return found + list(self._unknown([schema], value, where))

    def _unknown(self, schemas, value, where):
        variants = [leaf for schema in schemas for leaf in self._leaves(schema)]
        if isinstance(value, dict):
            members = {}
            for variant in variants:
                for name, schema in variant.get("properties", {}).items():
                    members.setdefault(name, []).append(schema)
            for name, inner in value.items():
                if name in members:
                    yield from self._unknown(members[name], inner, f"{where}/{name}")
                elif members:
                    yield f"{where}: the document knows no member {name!r} here"
        elif isinstance(value, list):
            items = [variant["items"] for variant in variants if "items" in variant]
            for index, inner in enumerate(value):
                yield from self._unknown(items, inner, f"{where}/{index}")

    def _leaves(self, schema):
        schema = self.resolve(schema)
        yield schema
        for key in ("allOf", "anyOf", "oneOf"):
            for part in schema.get(key, ()):
                yield from self._leaves(part)


def _short(error):
    reasons = "; ".join(sorted({inner.message for inner in error.context})) if error.context else ""
    return (error.message if len(error.message) < 300 else f"breaks {error.validator}") + (f" ({reasons})" if reasons else "")


class Document:
    """The operations of one or more OpenAPI files. Reading only; any thread."""

    def __init__(self, files=FILES):
        self.operations = {}
        for file in files:
            root = _json_schema(json.loads(Path(file).read_text(encoding="utf-8")))
            for template, methods in root["paths"].items():
                for method, spec in methods.items():
                    if method in ("get", "post", "put", "patch", "delete"):
                        self._add(method.upper(), template, spec, methods.get("parameters", []), root)

    def _add(self, method, template, spec, shared, root):
        operation = Operation(spec["operationId"], method, template, [], None, {}, root)
        operation.parameters = [operation.resolve(item) for item in shared + spec.get("parameters", [])]
        body = operation.resolve(spec.get("requestBody"))
        if body:
            operation.body = body["content"]["application/json"]["schema"]
        operation.answers = {code: operation.resolve(answer) for code, answer in spec["responses"].items()}
        self.operations[operation.name] = operation

    def match(self, method, path):
        """The operation of a request and the values in its path as text, or (None, {}). Words win over parameters."""
        best = None
        for operation in self.operations.values():
            if operation.method != method:
                continue
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(operation.template))
            found = re.fullmatch(pattern, path)
            if found and (best is None or operation.template.count("{") < best[0].template.count("{")):
                best = (operation, {name: urllib.parse.unquote(value) for name, value in found.groupdict().items()})
        return best or (None, {})

    @staticmethod
    def knows(operation, name):
        """Whether an operation has a query parameter of that name."""
        return any((parameter["in"], parameter["name"]) == ("query", name) for parameter in operation.parameters)

    def check_request(self, operation, path, query, body):
        """Problems of a request, and its path and query values in the document's types; `body` is None for none."""
        problems, values = [], {}
        known = {parameter["name"]: parameter for parameter in operation.parameters}
        problems += [f"query: the document knows no parameter {name!r}" for name in query
                     if not self.knows(operation, name)]
        for name, parameter in known.items():
            given = {"path": path, "query": query}.get(parameter["in"], {})
            if name in given:
                values[name] = _typed(operation.resolve(parameter["schema"]), given[name])
                problems += operation.problems_of(parameter["schema"], values[name], name)
            elif parameter.get("required") and parameter["in"] == "query":
                problems.append(f"query: parameter {name!r} is missing")
        if operation.body is None:
            problems += ["body: the operation takes none"] if body else []
        elif not isinstance(body, dict):
            # Not all bodies are called required or objects in the document; there is none that is neither.
            problems.append("body: an object is missing")
        else:
            problems += operation.problems_of(operation.body, body, "body")
        return problems, values

    def check_answer(self, operation, status, headers, body):
        """Problems of an answer; `body` is None for none."""
        answer = operation.answers.get(str(status))
        if answer is None and status < 400:
            return [f"answer: status {status} is not documented"]
        answer = answer or operation.answers["default"]
        problems = []
        for name, header in answer.get("headers", {}).items():
            if name == "content-type":
                continue
            value = next((value for key, value in headers.items() if key.lower() == name), None)
            schema = operation.resolve(header)["schema"]
            if value is None:
                problems.append(f"answer: header {name} is missing")
            else:
                problems += operation.problems_of(schema, _typed(schema, value), f"header {name}")
        content = answer.get("content", {}).get("application/json")
        if content is None:
            return problems + ([] if body is None else ["answer: a body where the document has none"])
        if body is None:
            return problems + ["answer: the body is missing"]
        return problems + operation.problems_of(content["schema"], body, "answer")


def _typed(schema, text):
    kinds = [schema.get("type")] + [part.get("type") for part in schema.get("anyOf", [])]
    if "integer" in kinds and re.fullmatch(r"-?\d+", str(text)):
        return int(text)
    if "boolean" in kinds and text in ("true", "false"):
        return text == "true"
    return text
