"""What replaces what, and what that makes of requirements."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from garagehub.lib.errors import DomainError
from parts.catalogue.expansion import Edge, options
from parts.catalogue.models import Lifecycle, Part, RequirementPart, Supersession
from parts.catalogue.supersession import (
    MAX_CHAIN,
    MAX_SET,
    MAX_SUCCESSORS,
    chain_of,
    expanded_options_sql,
    note_replacements,
    remove_supersession,
    save_supersession,
)
from tests.parts.catalogue.conftest import make_part, make_repair

pytestmark = pytest.mark.django_db

AND = Supersession.Kind.AND
FULL = Supersession.Direction.FULL


def replace(old, new, **fields):
    edge = Supersession(old=old, new=new, **fields)
    save_supersession(edge)
    return edge


def expanded(requirements=None):
    with connection.cursor() as cursor:
        cursor.execute(expanded_options_sql(), {"requirements": requirements})
        return set(cursor.fetchall())


def alone(repair):
    requirement = repair.requirements.get()
    return {part: quantity for _, part, quantity, bundle, *_ in expanded([requirement.pk]) if bundle is None}


def together(repair):
    requirement = repair.requirements.get()
    sets = {}
    for _, part, quantity, bundle, *_ in expanded([requirement.pk]):
        if bundle is not None:
            sets.setdefault(bundle, set()).add((part, quantity))
    return {frozenset(members) for members in sets.values()}


def test_a_superseded_part_still_counts_beside_its_successors():
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    repair = make_repair((2, [a]))
    replace(a, b)
    replace(b, c)

    assert alone(repair) == {a.pk: 2, b.pk: 2, c.pk: 2}


def test_a_ratio_multiplies_the_quantity_along_the_chain():
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    repair = make_repair((2, [a]))
    replace(a, b, ratio=2)
    replace(b, c, ratio=3)

    assert alone(repair) == {a.pk: 2, b.pk: 4, c.pk: 12}


def test_a_set_meets_a_requirement_only_together():
    a, rack, kit = (make_part(f"LR{n}") for n in range(3))
    repair = make_repair((1, [a]))
    replace(a, rack, kind=AND, group=1)
    replace(a, kit, kind=AND, group=1, ratio=2)

    assert alone(repair) == {a.pk: 1}
    assert together(repair) == {frozenset({(rack.pk, 1), (kit.pk, 2)})}


def test_a_member_of_a_set_may_be_replaced_in_its_turn():
    a, rack, kit, new_rack = (make_part(f"LR{n}") for n in range(4))
    repair = make_repair((1, [a]))
    replace(a, rack, kind=AND, group=1)
    replace(a, kit, kind=AND, group=1)
    replace(rack, new_rack)

    assert together(repair) == {
        frozenset({(rack.pk, 1), (kit.pk, 1)}),
        frozenset({(new_rack.pk, 1), (kit.pk, 1)}),
    }


def test_an_old_part_stands_in_only_where_the_edge_holds_both_ways():
    old, older, wanted = (make_part(f"LR{n}") for n in range(3))
    repair = make_repair((3, [wanted]))
    replace(old, wanted, direction=FULL, ratio=2)
    replace(older, wanted)

    assert alone(repair) == {wanted.pk: 3, old.pk: 2}


def test_all_requirements_are_expanded_when_none_is_named():
    a, b = make_part("LR1"), make_part("LR2")
    first, second = make_repair((1, [a]), position="front"), make_repair((1, [b]), position="rear")

    assert {row[0] for row in expanded()} == {first.requirements.get().pk, second.requirements.get().pk}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6), st.integers(0, 6), st.booleans(), st.integers(0, 1), st.integers(1, 3), st.booleans()
        ),
        max_size=9,
    ),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 4)), min_size=1, max_size=2),
)
def test_the_sql_says_what_the_specification_says(edges, requirements):
    with transaction.atomic():
        parts = [make_part(f"LR{n}") for n in range(7)]
        kept = {}
        for one, other, is_and, group, ratio, is_full in edges:
            if one != other:
                # Always from the lower to the higher, so never a circle.
                old, new = parts[min(one, other)].pk, parts[max(one, other)].pk
                kept[(old, new)] = Edge(old, new, is_and, group, ratio, is_full and not is_and)
        Supersession.objects.bulk_create(
            Supersession(
                old_id=edge.old,
                new_id=edge.new,
                kind="and" if edge.is_and else "or",
                group=edge.group,
                ratio=edge.ratio,
                direction="full" if edge.is_full else "forward",
            )
            for edge in kept.values()
        )
        repair = make_repair(*((quantity, [parts[part], parts[(part + 2) % 7]]) for part, quantity in requirements))
        RequirementPart.objects.filter(part=parts[3]).update(serial_from="EH000001", serial_to="FH999999")
        found = {}
        for requirement_id, part_id, quantity, bundle, *serials in expanded():
            found.setdefault((requirement_id, *serials), {}).setdefault(bundle, []).append((part_id, quantity))

        for requirement, (part, quantity) in zip(repair.requirements.order_by("pk"), requirements, strict=True):
            numbers = {part, (part + 2) % 7}
            for serials, listed in {("", ""): numbers - {3}, ("EH000001", "FH999999"): numbers & {3}}.items():
                singles, sets = options({parts[n].pk: quantity for n in listed}, kept.values())
                ways = found.get((requirement.pk, *serials), {})
                assert sorted(ways.pop(None, [])) == sorted(singles.items())
                assert {frozenset(members) for members in ways.values()} == sets
        transaction.set_rollback(True)


def test_a_circle_is_refused_and_its_chain_named():
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    replace(a, b)
    replace(b, c)

    with pytest.raises(DomainError) as caught:
        replace(c, a)

    assert caught.value.code == "supersession_cycle"
    assert "LR2 \N{RIGHTWARDS ARROW} LR0 \N{RIGHTWARDS ARROW} LR1 \N{RIGHTWARDS ARROW} LR2" in caught.value.message
    assert Supersession.objects.count() == 2


def test_changing_an_edge_is_checked_like_a_new_one_and_may_reverse_it():
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    edge = replace(a, b)
    replace(b, c)

    edge.old, edge.new = c, b
    with pytest.raises(DomainError, match="cannot replace itself"):
        save_supersession(edge)

    alone_edge = replace(make_part("LR8"), make_part("LR9"))
    alone_edge.old, alone_edge.new = alone_edge.new, alone_edge.old
    save_supersession(alone_edge)


def test_chains_choices_and_sets_have_bounds():
    chain = [make_part(f"LR{n:03d}") for n in range(MAX_CHAIN + 2)]
    for old, new in itertools.pairwise(chain[:-1]):
        replace(old, new)
    with pytest.raises(DomainError, match="longer than"):
        replace(chain[-2], chain[-1])

    wide = make_part("LR200")
    for n in range(MAX_SUCCESSORS):
        replace(wide, make_part(f"LR3{n:02d}"))
    with pytest.raises(DomainError, match="successors"):
        replace(wide, make_part("LR400"))

    whole = make_part("LR500")
    for n in range(MAX_SET):
        replace(whole, make_part(f"LR6{n:02d}"), kind=AND, group=1)
    with pytest.raises(DomainError, match="A set has at most"):
        replace(whole, make_part("LR700"), kind=AND, group=1)


def test_a_set_cannot_replace_both_ways():
    with pytest.raises(DomainError) as caught:
        replace(make_part("LR1"), make_part("LR2"), kind=AND, direction=FULL)

    assert caught.value.code == "supersession_set_both_ways"


def test_an_edge_marks_every_repair_along_its_chain_and_no_other(take_marks):
    a, b, c, other = (make_part(f"LR{n}") for n in range(4))
    far = make_repair((1, [a]), position="front")
    make_repair((1, [other]), position="rear")
    replace(a, b)
    assert take_marks() == {("r", far.pk): 1}

    edge = replace(b, c)
    assert take_marks() == {("r", far.pk): 1}

    remove_supersession(edge)
    assert take_marks() == {("r", far.pk): 1}


def test_a_replaced_part_is_superseded_until_the_edge_is_taken_back():
    a, b = make_part("LR1"), make_part("LR2")
    Part.objects.filter(pk=a.pk).update(lifecycle=Lifecycle.ACTIVE)
    edge = replace(a, b)
    a.refresh_from_db()
    assert a.lifecycle == Lifecycle.SUPERSEDED

    remove_supersession(edge)
    a.refresh_from_db()
    assert a.lifecycle == Lifecycle.LISTED


def test_a_feeds_replacements_go_in_but_for_circles(take_marks):
    a, b, c = (make_part(f"LR{n}") for n in range(3))
    repair = make_repair((1, [a]))

    refusals = note_replacements([(a.pk, b.pk), (b.pk, c.pk), (c.pk, a.pk), (b.pk, b.pk)], source="demo")

    assert {(r.old_id, r.new_id) for r in refusals} == {(b.pk, b.pk), (c.pk, a.pk)}
    assert set(Supersession.objects.values_list("old", "new", "source")) == {
        (a.pk, b.pk, "demo"),
        (b.pk, c.pk, "demo"),
    }
    assert take_marks() == {("r", repair.pk): 1}


def test_replacements_said_again_write_nothing_and_keep_what_an_admin_set(take_marks, django_assert_num_queries):
    a, b = make_part("LR1"), make_part("LR2")
    replace(a, b, ratio=2)
    take_marks()

    with django_assert_num_queries(3):  # one, inside a savepoint
        assert note_replacements([(a.pk, b.pk)], source="demo") == []

    assert Supersession.objects.get().ratio == 2
    assert not take_marks()


def test_a_thousand_replacements_take_few_queries(django_assert_max_num_queries):
    parts = [make_part(f"LR{n:04d}") for n in range(200)]

    with django_assert_max_num_queries(12), transaction.atomic():
        assert (
            note_replacements([(old.pk, new.pk) for old, new in zip(parts[::2], parts[1::2], strict=True)], source="x")
            == []
        )

    assert Supersession.objects.count() == 100


def test_a_chain_is_told_both_ways_nearest_first(django_assert_num_queries):
    a, b, c, d = (make_part(f"LR{n}") for n in range(4))
    replace(a, b)
    replace(b, c, ratio=2)
    replace(c, d, direction=FULL)

    with django_assert_num_queries(1):
        chain = chain_of(b.pk)

    assert [(link.part_number, link.depth) for link in chain.predecessors] == [("LR0", 1)]
    assert [(link.part_number, link.depth, link.ratio) for link in chain.successors] == [("LR2", 1, 2), ("LR3", 2, 1)]


@pytest.mark.django_db(transaction=True)
def test_two_writers_cannot_make_a_circle_between_them():
    """The second waits for the first, and then sees its edge."""
    a, b = make_part("LR1"), make_part("LR2")
    outcomes = []
    start = threading.Barrier(2)

    def write(old, new):
        start.wait()
        try:
            replace(old, new)
            outcomes.append("written")
        except DomainError as error:
            outcomes.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=pair) for pair in [(a, b), (b, a)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["supersession_cycle", "written"]
