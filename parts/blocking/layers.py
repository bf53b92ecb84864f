"""The layers of derived rows: each a SELECT in `sql/`, compared with what is stored, and only the difference written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from django.db import connection

from garagehub.lib.geography import ALL_REGIONS, REGIONS, UK, reach_of
from parts.blocking import rules
from parts.blocking.rules import Reason
from parts.catalogue.supersession import expanded_options_sql

_ONLY_DIRTY = "-- only dirty"


@dataclass(frozen=True, slots=True)
class Layer:
    """A table of derived rows: what identifies a row, what it says, and the keys an incremental run restricts it to."""

    name: str
    table: str
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    dirty: str = ""
    dirty_key: str = ""
    nullable_keys: tuple[str, ...] = ()

    def same(self, one: str, other: str) -> str:
        """The condition that two rows have the same key."""
        return " AND ".join(
            f"coalesce({one}.{key}, 0) = coalesce({other}.{key}, 0)"
            if key in self.nullable_keys
            else f"{one}.{key} = {other}.{key}"
            for key in self.keys
        )


BRANCH_REACH = Layer("branch_reach", "parts_branchreach", ("branch_id",), ("ready", "possible", "stocked"))
BRAND_COVER = Layer("brand_cover", "parts_brandcover", ("brand_id",), ("is_covered",))
MAKE_REACH = Layer("make_reach", "parts_makereach", ("make_id",), ("catalogue", "diagnostics", "programming"))
OPTIONS = Layer(
    "options",
    "parts_requirementoption",
    ("requirement_id", "part_id", "bundle", "serial_from", "serial_to"),
    ("repair_id", "quantity"),
    dirty="marked_repair",
    dirty_key="repair_id",
    nullable_keys=("bundle",),
)
SPLITS = Layer(
    "splits",
    "parts_repairsplit",
    ("repair_id", "number"),
    ("starts_at", "ends_before"),
    dirty="marked_repair",
    dirty_key="repair_id",
)
AVAILABILITY = Layer(
    "availability",
    "parts_partavailability",
    ("part_id",),
    ("ready", "possible", "stocked", "barred"),
    dirty="dirty_part",
    dirty_key="part_id",
)
READINESS = Layer(
    "readiness",
    "parts_readiness",
    ("repair_id", "split"),
    (
        "ready", "possible", "parts_ready", "parts_possible", "parts_stocked", "identify", "diagnostics", "programming",
    ),
    dirty="dirty_repair",
    dirty_key="repair_id",
)  # fmt: skip
NEEDS = Layer(
    "needs",
    "parts_repairneed",
    ("defect_id",),
    ("vehicle_id", "repair_id", "region", "is_failing", "needs_nothing", "split"),
    dirty="dirty_defect",
    dirty_key="defect_id",
)
DEMAND = Layer("demand", "parts_partdemand", ("part_id",), ("vehicles",), dirty="dirty_demand", dirty_key="part_id")
STATUSES = Layer(
    "statuses",
    "parts_repairstatus",
    ("vehicle_id",),
    ("status", "reasons"),
    dirty="touched_vehicle",
    dirty_key="vehicle_id",
)
LAYERS = (BRANCH_REACH, BRAND_COVER, MAKE_REACH, OPTIONS, SPLITS, AVAILABILITY, READINESS, NEEDS, DEMAND, STATUSES)


@cache
def sql(name: str, *, whole: bool = True) -> str:
    """The text of a file in `sql/`; for a whole layer without the lines that restrict it to dirty keys."""
    text = (Path(__file__).parent / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    if whole:
        text = "\n".join(line for line in text.splitlines() if not line.endswith(_ONLY_DIRTY))
    return text.replace("{expanded_options}", expanded_options_sql())


class Scratch:
    """One run's parameters and temporary tables. PostgreSQL never analyses those by itself, so each is, once filled."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self.parameters = dict(parameters)
        self._cursor = connection.cursor()
        self._tables: list[str] = []

    def execute(self, statements: str) -> int:
        """Run SQL with the run's parameters; the number of rows of its last statement."""
        self._cursor.execute(statements, self.parameters)
        return int(self._cursor.rowcount)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        self._cursor.execute(statement, self.parameters)
        return list(self._cursor.fetchall())

    def fill(self, table: str, select: str) -> int:
        """Make a temporary table of a query's rows, and count them."""
        # CREATE TABLE AS, since INSERT … SELECT is never planned in parallel.
        count = self.execute(f"CREATE TEMP TABLE {table} ON COMMIT DROP AS {select}")
        self._tables.append(table)
        if count:
            self._cursor.execute(f"ANALYZE {table}")
        return count

    def compare(self, layer: Layer, *, whole: bool) -> int:
        """Leave in `delta_<name>` what differs between a layer's rows as they should be and as stored; how many do.

        `op` is I, U or D; the stored values stand in `old_` columns.
        """
        stored = f"SELECT stored.* FROM {layer.table} stored"
        if not whole:
            stored += f" JOIN {layer.dirty} dirty ON dirty.id = stored.{layer.dirty_key}"
        keys = ", ".join(f"coalesce(new.{key}, old.{key}) AS {key}" for key in layer.keys)
        new = ", ".join(f"new.{column}" for column in layer.columns)
        old = ", ".join(f"old.{column}" for column in layer.columns)
        first = layer.keys[0]
        return self.fill(
            f"delta_{layer.name}",
            f"""
            SELECT {keys}, {new}, {", ".join(f"old.{column} AS old_{column}" for column in layer.columns)},
                CASE WHEN old.{first} IS NULL THEN 'I' WHEN new.{first} IS NULL THEN 'D' ELSE 'U' END AS op
            FROM ({sql(layer.name, whole=whole)}) new FULL JOIN ({stored}) old ON {layer.same("new", "old")}
            WHERE old.{first} IS NULL OR new.{first} IS NULL OR ({new}) IS DISTINCT FROM ({old})
            """,
        )

    def skip(self, layer: Layer) -> None:
        """Leave an empty delta, for a layer that nothing touches."""
        columns = ", ".join((*layer.keys, *layer.columns, *(f"{column} AS old_{column}" for column in layer.columns)))
        self.fill(f"delta_{layer.name}", f"SELECT {columns}, ''::text AS op FROM {layer.table} WITH NO DATA")

    def write(self, layer: Layer) -> None:
        """Bring the stored rows of a layer in line with its delta."""
        delta, table = f"delta_{layer.name}", layer.table
        same = layer.same("stored", "delta")
        changes = ", ".join(f"{column} = delta.{column}" for column in layer.columns)
        columns = ", ".join((*layer.keys, *layer.columns))
        self.execute(
            f"""
            DELETE FROM {table} stored USING {delta} delta WHERE delta.op = 'D' AND {same};
            UPDATE {table} stored SET {changes} FROM {delta} delta WHERE delta.op = 'U' AND {same};
            INSERT INTO {table} ({columns})
                SELECT {columns} FROM {delta} WHERE op = 'I' ORDER BY {", ".join(layer.keys)};
            """
        )

    def drop(self) -> None:
        """Drop the temporary tables now, so that the same transaction can run again."""
        if self._tables:
            self._cursor.execute(f"DROP TABLE {', '.join(self._tables)}")
        self._cursor.close()


@contextmanager
def scratch(*, now: datetime, last: datetime) -> Iterator[Scratch]:
    """A run's temporary tables, gone when it ends; `last` is the time the run before spoke of."""
    run = Scratch({**_CONSTANTS, "now": now, "last": last, "requirements": None})
    yield run
    run.drop()


def _fills(quantity: int) -> int:
    return sum(1 << (rules.TIER_BITS * (tier - 1)) for tier in rules.TIERS if tier <= quantity)


_CONSTANTS: dict[str, Any] = {
    "all_regions": ALL_REGIONS,
    "each_region": rules.EACH_REGION,
    "anywhere": rules.ANYWHERE,
    "every_tier": rules.EVERY_TIER,
    "three_tiers": _fills(3),
    "two_tiers": _fills(2),
    "each_region_tiers": rules.EACH_REGION * rules.EVERY_TIER,
    "anywhere_tiers": rules.ANYWHERE * rules.EVERY_TIER,
    "reach_of": [reach_of(region) for region in (*(number for number, _ in REGIONS), UK)],
    "reasons": sum(Reason),
    "blocking": int(rules.BLOCKING),
    **{reason.name.lower(): reason.value for reason in Reason if reason.name},
}
