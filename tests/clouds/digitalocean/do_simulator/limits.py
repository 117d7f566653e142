"""DigitalOcean's rate limits: so many requests in any hour, and no more than so many in any minute."""

import math
from collections import deque

HOUR, MINUTE = 3600, 60


class RateLimits:
    """Counts the requests of one account. Called with the account's lock held."""

    def __init__(self, settings, clock):
        self._settings, self._clock = settings, clock
        self._requests = deque()

    def admit(self):
        """Counts a request; the answer is None, or (sentence, seconds to wait) where it is one too many."""
        now = self._clock.now()
        while self._requests and self._requests[0] <= now - HOUR:
            self._requests.popleft()
        last_minute = [moment for moment in self._requests if moment > now - MINUTE]
        if len(self._requests) >= self._settings.requests_per_hour:
            return "API rate limit exceeded.", self._wait(self._requests[-self._settings.requests_per_hour] + HOUR)
        if len(last_minute) >= self._settings.requests_per_minute:
            return "Too many requests", self._wait(last_minute[-self._settings.requests_per_minute] + MINUTE)
        self._requests.append(now)
        return None

    def _wait(self, until):
        return max(1, math.ceil(until - self._clock.now()))

    def headers(self):
        """What every answer carries. The reset is the moment when the oldest request no longer counts."""
        oldest = self._requests[0] if self._requests else self._clock.now() - HOUR
        return {"ratelimit-limit": self._settings.requests_per_hour,
                "ratelimit-remaining": max(0, self._settings.requests_per_hour - len(self._requests)),
                "ratelimit-reset": int(oldest) + HOUR}
