"""Incidents by rule: made when a make's system crosses its share, published at once or left for an admin.

An `IncidentRule` says from when on, and whether people are told at once. The closest holds: make and system before make,
before system, before all. Without any it is half of the dealers we know about, and a draft.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count

from dealers import incidents
from dealers.board import MakeBoard, boards
from dealers.models import Incident, IncidentRule, IncidentUpdate, Make, State, Suggestion, System
from dealers.shares import SHARE_DOWN
from garagehub.lib.lock import LockKind, wait_for_lock

JOIN_FOR = timedelta(hours=1)  # what fails within it is told in one draft, not in one for each system
NAMED_SHARE = 0.5  # an incident that names dealers stands for the make from this share of them on

Rules = Mapping[tuple[int | None, str], IncidentRule]

_USUAL = IncidentRule(share=SHARE_DOWN, least_dealers=1, is_published_at_once=False)

_BODY = "{systems} {verb} not working at most {make} dealers we hear from ({counts}). We are finding out why."
_MOST_NAMED = 3  # systems in a title
_UNDER_WAY = (Incident.Stage.INVESTIGATING, Incident.Stage.IDENTIFIED)
_NEVER_TOLD = "It works again. Nobody was told of it while it lasted."


@transaction.atomic
def suggest(*, at: datetime) -> int:
    """Begin an incident for each make with systems newly down, and mark those that work again; answers how many began.

    Once for each time a system goes down: a draft that an admin deletes does not come back, and a system that an
    unresolved incident already covers needs none. What nobody was told of is closed when it works again. What a rule
    told at once, and no person has written on, goes to `monitoring` then, and back when it fails again; to resolve it is
    for an admin, as is all else that people were told of.
    """
    wait_for_lock(LockKind.STATUS)
    rules = {(rule.make_id, rule.system): rule for rule in IncidentRule.objects.all()}
    open_ones = {(row.make_id, row.system): row for row in Suggestion.objects.filter(ended_at=None)}
    drafts = 0
    ended: list[Suggestion] = []
    for board in boards():
        states = {system: rolled.state for system, (rolled, _) in board.systems.items()}
        ended += [
            row
            for system, state in states.items()
            if state == State.OPERATIONAL and (row := open_ones.get((board.make.pk, system)))
        ]
        new: dict[bool, list[str]] = defaultdict(list)
        for system in states:
            rule = _rule(rules, board.make.pk, system)
            if (board.make.pk, system) not in open_ones and _is_crossed(rule, board, system):
                new[rule.is_published_at_once].append(system)
        drafts += sum(_open(board, systems, at=at, is_published=told) for told, systems in sorted(new.items()))
    _end(ended, rules=rules, at=at)
    return drafts


def _rule(rules: Rules, make_id: int, system: str) -> IncidentRule:
    """The closest rule for this make's system."""
    places = ((make_id, system), (make_id, ""), (None, system), (None, ""))
    return next((rules[place] for place in places if place in rules), _USUAL)


def _is_crossed(rule: IncidentRule, board: MakeBoard, system: str) -> bool:
    rolled, counts = board.systems[system]
    return (
        rolled.state != State.UNKNOWN
        and counts[State.DOWN] >= max(1, rule.least_dealers)
        and rolled.share_down >= rule.share
    )


def _open(board: MakeBoard, systems: Sequence[str], *, at: datetime, is_published: bool) -> int:
    """Remember that these went down, each with the incident that tells of it; answers how many drafts that took."""
    covered = _covered(board, systems)
    uncovered = [system for system in systems if system not in covered]
    drafts = 0
    if uncovered:
        draft = _recent_draft(board.make, at=at, is_published=is_published)
        if draft is None:
            title, body = _words(board, uncovered)
            draft = incidents.start(
                title=title, body=body, at=at, make=board.make, systems=uncovered, is_published=is_published
            )
            drafts = 1
        else:
            _widen(draft, board, uncovered)
        covered |= dict.fromkeys(uncovered, draft)
    if is_published:
        _take_up_again({incident.pk: incident for incident in covered.values()}.values(), _words(board, systems)[1], at)
    Suggestion.objects.bulk_create(
        Suggestion(make=board.make, system=system, incident=covered[system], opened_at=at) for system in systems
    )
    return drafts


def _take_up_again(told: Iterable[Incident], body: str, at: datetime) -> None:
    """What looked restored is not: say so where the last word was that we watch."""
    for incident in told:
        if incident.is_published and incident.stage == Incident.Stage.MONITORING and not _is_in_hand(incident):
            incidents.update(incident, stage=Incident.Stage.INVESTIGATING, body=body, at=at)


def _is_in_hand(incident: Incident) -> bool:
    """Whether a person has written on it."""
    return incident.updates.exclude(author=None).exists()


def _covered(board: MakeBoard, systems: Sequence[str]) -> dict[str, Incident]:
    """The incident going on that already tells of each system at most of the make's dealers."""
    going_on = Incident.objects.unresolved().filter(regions=[]).annotate(named=Count("dealers")).order_by("-pk")
    total = max(rolled.total for rolled, _ in board.systems.values())
    covered: dict[str, Incident] = {}
    for incident in going_on:
        if incident.make_id not in {None, board.make.pk} or 0 < getattr(incident, "named", 0) < NAMED_SHARE * total:
            continue
        covered |= {system: incident for system in systems if not incident.systems or system in incident.systems}
    return covered


def _recent_draft(make: Make, *, at: datetime, is_published: bool) -> Incident | None:
    """What we began for the make in the past hour, if nobody has touched it yet."""
    drafts = (
        Incident.objects.unresolved()
        .filter(is_published=is_published, suggestions__make=make, started_at__gt=at - JOIN_FOR)
        .annotate(said=Count("updates", distinct=True))
        .filter(said=1, updates__author=None)
    )
    return drafts.order_by("-pk").first()


def _widen(draft: Incident, board: MakeBoard, systems: Iterable[str]) -> None:
    """Have an untouched draft tell of more systems."""
    draft.systems = [system for system in System.values if system in {*draft.systems, *systems}]
    draft.title, body = _words(board, draft.systems)
    draft.save(update_fields=["systems", "title", "updated_at"])
    IncidentUpdate.objects.filter(incident=draft).update(body=body)


def _end(rows: Collection[Suggestion], *, rules: Rules, at: datetime) -> None:
    Suggestion.objects.filter(pk__in=[row.pk for row in rows]).update(ended_at=at)
    touched = {row.incident_id for row in rows if row.incident_id}
    begun: dict[Incident, list[Suggestion]] = defaultdict(list)
    for suggestion in Suggestion.objects.filter(incident__in=touched).select_related("incident__make"):
        if suggestion.incident is not None:
            begun[suggestion.incident].append(suggestion)
    for incident, parts in begun.items():
        if incident.resolved_at is not None or any(part.ended_at is None for part in parts):
            continue
        by_rule = all(_rule(rules, part.make_id, part.system).is_published_at_once for part in parts)
        if not incident.is_published:
            incidents.resolve(incident, body=_NEVER_TOLD, at=at)
        elif by_rule and incident.stage in _UNDER_WAY and not _is_in_hand(incident):
            incidents.update(incident, stage=Incident.Stage.MONITORING, body=incidents.restored(incident), at=at)


def _words(board: MakeBoard, systems: Sequence[str]) -> tuple[str, str]:
    """The draft's title and first update."""
    names = [System(system).label.lower() for system in systems]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])).capitalize()
    make, verb = board.make.name.title(), "is" if len(names) == 1 and not names[0].endswith("s") else "are"
    counts = ", ".join(
        f"{System(system).label.lower()}: {board.systems[system][1][State.DOWN]} of {board.systems[system][0].known}"
        for system in systems
    )
    title = f"{listed} {verb} not working at {make} dealers"
    if len(names) > _MOST_NAMED:
        title = f"{len(names)} systems are not working at {make} dealers"
    return title, _BODY.format(systems=listed, verb=verb, make=make, counts=counts)
