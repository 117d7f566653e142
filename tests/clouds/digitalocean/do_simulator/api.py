"""The API: one request in, one answer out, both held against DigitalOcean's document."""

import json
import re
import time
import traceback
import urllib.parse
import uuid
from dataclasses import dataclass, field

from . import droplet_actions, droplets, firewalls, keys_and_tags, networks, projects, reserved_ips, vpcs  # they register operations
from .account import Account, ApiError, not_found
from .document import Document
from .droplet_actions import NotSimulated
from .limits import RateLimits
from .operations import OPERATIONS, Answer, Request

DOCUMENT = Document()


@dataclass
class Rule:
    """What happens to the next requests of some operations, instead of or after what they ask for."""

    # A regular expression for the operation's name in the document.
    operation: str = ".*"
    times: int = 1
    # So many requests of these operations come through first.
    skip: int = 0
    status: int | None = None
    word: str = "server_error"
    message: str = "Unexpected server-side error"
    headers: dict = field(default_factory=dict)
    # The request is obeyed, and then its answer is lost.
    obey: bool = False
    # The connection ends without an answer.
    cut: bool = False
    delay: float = 0

    def takes(self, name):
        """Whether this request is one of them; counts."""
        if self.times <= 0 or not re.fullmatch(self.operation, name):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


class Api:
    """Answers requests for one account. Any thread."""

    def __init__(self, settings, clock, hooks=None):
        self.settings, self.clock = settings, clock
        self.account = Account(settings, clock, hooks)
        self.limits = RateLimits(settings, clock)
        # What a client did against the document, as sentences.
        self.violations = []
        # Every request: its number, operation, method, path, query, body, and the answer's status (None: none yet, 0: cut off).
        self.requests = []
        self.rules = []
        # observer(moment, record) is called with "arrived", then "obeyed" before the answer leaves. It may end the client.
        self.observer = lambda moment, record: None

    def handle(self, method, target, headers, content, base):
        """The answer to a request, or None where the connection is to be cut."""
        path, _, text = target.partition("?")
        path = re.sub(r"/+$", "", path)
        operation, in_path = DOCUMENT.match(method, path)
        name = operation.name if operation else "unknown"
        query = dict(urllib.parse.parse_qsl(text, keep_blank_values=True))
        record = {"number": None, "operation": name, "method": method, "path": path, "query": query, "status": None,
                  "body": content.decode(errors="replace") if content else None}
        with self.account.lock:
            record["number"] = len(self.requests)
            self.requests.append(record)
            rule = next((rule for rule in self.rules if rule.takes(name)), None)
        self.observer("arrived", record)
        if rule and rule.delay:
            time.sleep(rule.delay)
        spoils = rule is not None and (rule.cut or rule.status is not None)
        answer = None
        if not spoils or rule.obey:
            answer = self._answer(operation, in_path, query, headers, content, base, record)
        self.observer("obeyed", record)
        if spoils:
            answer = None if rule.cut else self._error(rule.status, rule.word, rule.message, rule.headers)
        record["status"] = answer.status if answer else 0
        return answer

    def _answer(self, operation, in_path, query, headers, content, base, record):
        with self.account.lock:
            self.settle()
            if headers.get("authorization") != f"Bearer {self.settings.token}":
                return self._finish(Answer(401, {"id": "Unauthorized", "message": "Unable to authenticate you"}))
            refused = self.limits.admit()
            if refused:
                return self._error(429, "too_many_requests", refused[0], {"retry-after": refused[1]})
            try:
                request = self._checked(operation, in_path, query, headers, content, base, record)
                answer = self._finish(self._perform(operation, request))
                networks.announce(self.account)
            except ApiError as refusal:
                return self._error(refusal.status, refusal.word, refusal.message)
            except Exception:  # a bug of the simulator, which the test has to hear of
                self.account.faults.append(f"{record['method']} {record['path']}: {traceback.format_exc()}")
                return self._error(500, "server_error", "Unexpected server-side error")
            problems = DOCUMENT.check_answer(operation, answer.status, answer.headers, answer.body)
            if problems:
                self.account.faults.append(f"{operation.name} answers against the document: {'; '.join(problems)}")
                return self._error(500, "server_error", "Unexpected server-side error")
            return answer

    def settle(self):
        """Lets happen what is due."""
        with self.account.lock:
            self.account.settle()
            networks.announce(self.account)

    def _perform(self, operation, request):
        function = OPERATIONS.get(operation.name)
        if function is None:
            raise NotSimulated(operation.name)
        return function(self.account, request)

    def _checked(self, operation, in_path, query, headers, content, base, record):
        """The request, once the document allows it; a violation is noted and answered as DigitalOcean would."""
        def violated(status, word, sentence, problems):
            self.violations.append(f"{record['method']} {record['path']}: {'; '.join(problems)}")
            raise ApiError(status, word, sentence)

        if operation is None:
            violated(404, "not_found", "The resource you requested could not be found.", ["the document has no such operation"])
        body = None
        if content:
            if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
                violated(400, "bad_request", "Unable to parse the request body.", ["the body's content-type is not application/json"])
            try:
                body = json.loads(content)
            except ValueError:
                violated(400, "bad_request", "Unable to parse the request body.", ["the body is not JSON"])
        if self.settings.tolerant:
            query = {name: value for name, value in query.items() if DOCUMENT.knows(operation, name)}
            body = {name: value for name, value in body.items() if value is not None} if isinstance(body, dict) else body
        problems, values = DOCUMENT.check_request(operation, in_path, query, body)
        if any(problem.split(":")[0] in in_path for problem in problems):
            violated(404, "not_found", not_found().message, problems)
        if problems:
            violated(422, "unprocessable_entity", problems[0], problems)
        return Request(operation.name, operation.method, record["path"], query, values, body, base)

    def _error(self, status, word, message, headers=None):
        """An error of DigitalOcean's form; the document describes all of them alike."""
        return self._finish(Answer(status, {"id": word, "message": message, "request_id": str(uuid.uuid4())}, dict(headers or {})))

    def _finish(self, answer):
        number = (answer.body or {}).get("request_id") or str(uuid.uuid4())
        answer.headers = {**self.limits.headers(), "x-request-id": number, **answer.headers}
        return answer

    def check(self):
        """Fails if a client or the simulator itself went against the document, or a hook failed."""
        troubles = [f"the client: {text}" for text in self.violations] + [f"the simulator: {text}" for text in self.account.faults]
        assert not troubles, "\n".join(troubles)
