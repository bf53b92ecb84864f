"""Kombu's Redis transport, for a Redis that hung while a worker was saying that a task is done."""

from __future__ import annotations

from kombu.transport import redis, virtual
from redis.exceptions import RedisError


class QoS(redis.QoS):
    """Gives a message's place free even when Redis could not be told that its task is done.

    Kombu 5.7 keeps the place, and Celery goes on after the error: with as many such messages as it may hold, a worker
    lives on and never asks for another. Redis hands the message out again after the visibility time-out: tasks may run
    twice.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]  # kombu has no types
        except RedisError:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]  # nor here
            raise


class Channel(redis.Channel):
    """A channel that counts as above."""

    QoS = QoS


class Transport(redis.Transport):
    """What `CELERY_BROKER_TRANSPORT` names."""

    Channel = Channel
