"""A Redis cache whose absence is a miss: throttles and caches must not take the site down with Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.core.cache.backends.redis import RedisCache
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)

_PAUSE_S = 5.0
# A counter lives from its first count: it must never be left without an end.
_COUNT = """
local calls = redis.call('INCR', KEYS[1])
if calls == 1 then redis.call('EXPIRE', KEYS[1], ARGV[1]) end
return {calls, redis.call('PTTL', KEYS[1])}
"""


class Count(NamedTuple):
    """How many calls a period has seen, this one included, and when it ends."""

    calls: int
    seconds_left: float


class ForgivingRedisCache(RedisCache):
    """Django's Redis cache; when Redis fails, reads miss and writes do nothing, with one warning each.

    A Redis that refuses costs nothing, but one that hangs costs the time-out of each call, and soon every thread of the
    web server waits for it. So after a time-out no thread of this process asks again for a few seconds.
    Throttles, sign-in and our own pages use these four methods and no other.
    """

    _asks_again_at: ClassVar[float] = 0.0

    def get(self, key: Any, default: Any = None, version: int | None = None) -> Any:
        return self._forgive(default, super().get, key, default, version)

    def set(self, key: Any, value: Any, *args: Any, **kwargs: Any) -> None:
        self._forgive(None, super().set, key, value, *args, **kwargs)

    def delete(self, key: Any, version: int | None = None) -> bool:
        return bool(self._forgive(False, super().delete, key, version))

    def clear(self) -> None:
        """Delete what the cache holds and nothing else: Celery's queues lie in the same Redis, which Django's would empty."""
        for key in self._client.scan_iter(match=self.make_key("*"), count=1_000):
            self._client.unlink(key)

    def count(self, key: str, *, seconds: int) -> Count | None:
        """Count one more under the key, within a period that began with the first; None when Redis does not say."""
        answer = self._forgive(None, self._client.eval, _COUNT, 1, self.make_and_validate_key(key), seconds)
        return Count(answer[0], answer[1] / 1_000) if answer else None

    @cached_property
    def _client(self) -> Any:
        return self._cache.get_client(None, write=True)

    @classmethod
    def _forgive(cls, otherwise: Any, ask: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if time.monotonic() < cls._asks_again_at:
            return otherwise
        try:
            return ask(*args, **kwargs)
        except RedisError as error:
            if isinstance(error, RedisTimeoutError):
                cls._asks_again_at = time.monotonic() + _PAUSE_S
            logger.warning("The cache is not answering; going on without it")
            return otherwise
