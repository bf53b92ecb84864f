"""The components of each page: a make's systems on the service's own, a dealer's on its, a system's dealers on its.

The number of queries does not depend on the number of dealers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import connection

from dealers.access import visible_dealers
from dealers.board import boards, get_dealer
from dealers.models import Dealer, Maintenance, State, System
from dealers.models.scope import Scoped
from dealers.shares import RollUp, roll_up
from dealers.statuspage.words import MAINTENANCE, Told, blend, identifier, word_for
from garagehub.lib.errors import NotFoundError
from garagehub.lib.geography import REGION_NAMES

MOST_DEALERS = 1_500  # about half a megabyte; one reader takes no more than one

# What is said of each system at each visible dealer; for an unknown one also what was said before.
_TOLD = """
SELECT s.dealer_id, s.system, s.state, s.since, coalesce(c.old, '') AS last,
       s.state = 'unknown' AND (SELECT count(DISTINCT r ->> 'claim') > 1
                                  FROM jsonb_array_elements(s.reasons) r
                                 WHERE r ->> 'claim' <> '') AS is_contradicted
  FROM dealers_status s
  JOIN dealers_dealer d ON d.id = s.dealer_id AND d.is_active
  LEFT JOIN LATERAL (SELECT old
                       FROM dealers_statuschange
                      WHERE dealer_id = s.dealer_id AND system = s.system
                      ORDER BY at DESC, id DESC
                      LIMIT 1) c ON s.state = 'unknown'
"""
_TOLD_BY_MAKE = f"""
SELECT m.make_id, t.system, t.state, t.last, t.is_contradicted, count(*), max(t.since)
  FROM ({_TOLD}) t
  JOIN dealers_dealer_makes m ON m.dealer_id = t.dealer_id
 GROUP BY 1, 2, 3, 4, 5
"""


@dataclass(frozen=True, slots=True)
class Component:
    """One line of a page. The last four say what it stands for, so that incidents find it.

    `group_id` names the group it is in; a group has `children` and stands for nothing itself. `region` None: any.
    """

    id: str
    name: str
    word: str
    is_known: bool = True
    since: datetime | None = None
    description: str | None = None
    group_id: str | None = None
    children: tuple[str, ...] = ()
    system: str = ""
    region: int | None = None
    makes: frozenset[int] = frozenset()
    dealers: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the whole service's, one dealer's (`dealer`) or one system's (`system`)."""

    id: str
    name: str
    path: str
    components: tuple[Component, ...]
    dealer: Dealer | None = None
    system: str | None = None

    @property
    def leaves(self) -> list[Component]:
        """The components that are no groups."""
        return [component for component in self.components if not component.children]


def touches(scoped: Scoped, named: frozenset[int], component: Component) -> bool:
    """Whether the scope, with the dealers it names, holds something the component stands for."""
    return bool(
        (not scoped.systems or component.system in scoped.systems)
        and (scoped.make_id is None or scoped.make_id in component.makes)
        and (not scoped.regions or component.region is None or component.region in scoped.regions)
        and (not named or named & component.dealers)
    )


def under_maintenance(page: Page, going_on: Iterable[tuple[Maintenance, frozenset[int]]]) -> Page:
    """The page with all that is wholly being worked on as planned shown so. Waves of restoration change nothing."""
    plain = [(work, named) for work, named in going_on if work.is_going_on and work.incident_id is None]

    def worked_on(component: Component) -> bool:
        return any(
            touches(work, named, component)
            and (not named or component.dealers <= named)
            and (not work.regions or component.region is not None)
            for work, named in plain
        )

    shown = [
        replace(component, word=MAINTENANCE) if not component.children and worked_on(component) else component
        for component in page.components
    ]
    return replace(page, components=tuple(_regrouped(shown)))


def service_page() -> Page:
    """Every make's systems, rolled up over its dealers, in one group for each make."""
    told: dict[tuple[int, str], list[tuple[Told, int]]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_BY_MAKE)
        for make_id, system, state, last, is_contradicted, places, since in cursor.fetchall():
            told[make_id, system].append((Told(state, since, last, is_contradicted), places))
    dealers_of: dict[int, set[int]] = defaultdict(set)
    served = Dealer.makes.through.objects.filter(dealer__is_active=True).values_list("make_id", "dealer_id")
    for make_id, dealer_id in served:
        dealers_of[make_id].add(dealer_id)
    components: list[Component] = []
    for board in boards():
        make = board.make
        group_id, name = identifier("make", make.slug), make.name.title()
        components += _grouped(
            Component(group_id, name, "", makes=frozenset({make.pk})),
            [
                Component(
                    id=identifier("make", make.slug, system),
                    name=f"{name} – {System(system).label}",
                    word=_rolled_word(rolled, counts, told[make.pk, system]),
                    is_known=rolled.state != State.UNKNOWN,
                    since=max((said.since for said, _ in told[make.pk, system] if said.since), default=None),
                    description=_rolled_description(rolled, counts),
                    group_id=group_id,
                    system=system,
                    makes=frozenset({make.pk}),
                    dealers=frozenset(dealers_of[make.pk]),
                )
                for system, (rolled, counts) in board.systems.items()
            ],
        )
    return Page(identifier("page"), "GarageHub", "/", tuple(components))


def dealer_page(slug: str) -> Page:
    """One dealer's systems: all of a franchised dealer's, those ever spoken of at an independent garage."""
    dealer = get_dealer(slug=slug)
    told = _told("WHERE s.dealer_id = %s", [dealer.pk])
    spoken_of = {system for _, system in told}
    systems = list(System.values) if dealer.kind == Dealer.Kind.FRANCHISED or not spoken_of else sorted(spoken_of)
    makes = frozenset(make.pk for make in dealer.makes.all())
    components = tuple(
        _leaf(
            told.get((dealer.pk, system)),
            id=identifier("dealer", dealer.code, system),
            name=str(System(system).label),
            system=system,
            region=dealer.region,
            makes=makes,
            dealers=frozenset({dealer.pk}),
        )
        for system in systems
    )
    return Page(identifier("dealer", dealer.code), dealer.name, dealer.get_absolute_url(), components, dealer=dealer)


def system_page(slug: str) -> Page:
    """One system at every dealer, in one group for each region; past `MOST_DEALERS`, one component for each region."""
    if slug not in System.values:
        raise NotFoundError(f"There is no such system. There are: {', '.join(System.values)}.", code="system_not_found")
    system = System(slug)
    told = _told("WHERE s.system = %s", [system])
    by_region: dict[int, list[Component]] = defaultdict(list)
    dealers = list(visible_dealers().order_by("name", "code").prefetch_related("makes"))
    names = Counter([dealer.name for dealer in dealers] + list(REGION_NAMES.values()))
    for dealer in dealers:
        said = told.get((dealer.pk, system))
        if said is None and dealer.kind != Dealer.Kind.FRANCHISED:
            continue
        component = _leaf(
            said,
            id=identifier("dealer", dealer.code, system),
            name=dealer.name if names[dealer.name] == 1 else f"{dealer.name} ({dealer.code})",
            group_id=identifier("region", system, dealer.region),
            system=system,
            region=dealer.region,
            makes=frozenset(make.pk for make in dealer.makes.all()),
            dealers=frozenset({dealer.pk}),
        )
        by_region[dealer.region].append(component)
    merged = sum(map(len, by_region.values())) > MOST_DEALERS
    components: list[Component] = []
    for region in sorted(by_region):
        group = Component(identifier("region", system, region), REGION_NAMES[region], "")
        components += [_merged(group, by_region[region])] if merged else _grouped(group, by_region[region])
    path = f"/systems/{system}/"
    return Page(identifier("system", system), str(system.label), path, tuple(components), system=system)


def _told(where: str, parameters: Sequence[int | str]) -> dict[tuple[int, str], Told]:
    with connection.cursor() as cursor:
        cursor.execute(f"{_TOLD} {where}", parameters)
        return {(dealer_id, system): Told(*said) for dealer_id, system, *said in cursor.fetchall()}


def _leaf(said: Told | None, **fields: object) -> Component:
    told = said or Told(State.UNKNOWN, None)
    return Component(
        word=told.word,
        is_known=told.state != State.UNKNOWN,
        since=told.since,
        description=told.description,
        **fields,  # type: ignore[arg-type] # the callers above name them; the class checks them
    )


def _grouped(group: Component, children: Sequence[Component]) -> list[Component]:
    """The group, called by its children, and the children."""
    ids = tuple(child.id for child in children)
    since = max((child.since for child in children if child.since), default=None)
    return [replace(group, word=blend([child.word for child in children]), since=since, children=ids), *children]


def _regrouped(components: Sequence[Component]) -> list[Component]:
    """The same with each group called again by its children."""
    words = {component.id: component.word for component in components}
    return [
        replace(component, word=blend([words[child] for child in component.children]))
        if component.children
        else component
        for component in components
    ]


def _merged(region: Component, dealers: Sequence[Component]) -> Component:
    """One component for all the dealers of a region."""
    known = sum(dealer.is_known for dealer in dealers)
    return replace(
        region,
        word=blend([dealer.word for dealer in dealers]),
        is_known=known > 0,
        since=max((dealer.since for dealer in dealers if dealer.since), default=None),
        description=f"Known at {known} of {len(dealers)} dealers.",
        system=dealers[0].system,
        region=dealers[0].region,
        makes=frozenset().union(*(dealer.makes for dealer in dealers)),
        dealers=frozenset().union(*(dealer.dealers for dealer in dealers)),
    )


def _rolled_word(rolled: RollUp, counts: Mapping[str, int], told: Iterable[tuple[Told, int]]) -> str:
    """The roll-up's word; for an unknown one that of what was last known at each dealer."""
    if rolled.state != State.UNKNOWN:
        return word_for(rolled)
    last: Counter[str] = Counter()
    for said, places in told:
        last[said.shown if said.last or said.is_contradicted or said.state != State.UNKNOWN else State.UNKNOWN] += (
            places
        )
    last[State.UNKNOWN] += sum(counts.values()) - sum(last.values())
    return word_for(roll_up(last))


def _rolled_description(rolled: RollUp, counts: Mapping[str, int]) -> str:
    if rolled.state == State.UNKNOWN:
        return f"Not known: heard from {rolled.known} of {rolled.total} dealers. The last state known is shown."
    return (
        f"Of {rolled.known} dealers known ({rolled.total} in all), {counts[State.DOWN]} not working and "
        f"{counts[State.DEGRADED]} partly working."
    )
