"""Removes the scenario: every row marked as demonstration data and what hangs on it, set-based."""

from __future__ import annotations

from django.db import connection, models, transaction

from dealers.models import Dealer, Incident
from garagehub.accounts.models import User
from garagehub.scenario.incidents import SLUGS
from garagehub.scenario.rows.people import EMAILS
from garagehub.scenario.rows.vehicles import IMPORT_NAME
from garagehub.scenario.suppliers import SUPPLIERS
from parts.catalogue.models import Brand, Part, Repair
from parts.stock.models import Supplier
from parts.vehicles.models import MotImport, Vehicle


@transaction.atomic
def unload() -> dict[str, int]:
    """Remove all of it and answer how many of each kind went.

    What others share stays: makes and models, repair kinds, and a part or brand that data of theirs names too.
    """
    counts = {
        "vehicles": unload_vehicles(),
        "repairs": _delete(Repair, "is_demo"),
        "suppliers": _delete(Supplier, "is_demo"),
        "parts": _delete(
            Part,
            "is_demo AND NOT EXISTS (SELECT FROM parts_offer offer WHERE offer.part_id = parts_part.id)"
            " AND NOT EXISTS (SELECT FROM parts_requirementpart needed WHERE needed.part_id = parts_part.id)",
        ),
        "dealers": _delete(Dealer, "is_demo"),
        "incidents": _delete(Incident, "slug = ANY(%s)", list(SLUGS)),
        "people": _delete(User, "email = ANY(%s)", list(EMAILS)),
    }
    _delete(
        Brand,
        "name = ANY(%s) AND NOT EXISTS (SELECT FROM parts_part part WHERE part.brand_id = parts_brand.id)",
        [brand for supplier in SUPPLIERS for brand in supplier.brands],
    )
    return counts


@transaction.atomic
def unload_vehicles() -> int:
    """Remove the fleet and what is known of it; answers how many vehicles went."""
    _delete(MotImport, "starts_with(name, %s)", IMPORT_NAME)
    return _delete(Vehicle, "is_demo")


def _delete(model: type[models.Model], where: str, *values: list[str] | str) -> int:
    """Delete rows and all that falls with them, a statement for each table; Django's own would fetch every row.

    Rows that must not lose what they point at (PROTECT) stop it with an IntegrityError.
    """
    table = model._meta.db_table  # noqa: SLF001 - Django's documented way to ask
    # Hidden ones too: the rows between two kinds of a many-to-many field are known to neither by name.
    for relation in model._meta.get_fields(include_hidden=True):  # noqa: SLF001 - as above
        if not isinstance(relation, models.ManyToOneRel) or relation.field.column is None:
            continue
        child: type[models.Model] = relation.field.model
        key = relation.field.target_field.column
        theirs = f'"{relation.field.column}" IN (SELECT "{table}"."{key}" FROM "{table}" WHERE {where})'
        if relation.on_delete is models.CASCADE:
            _delete(child, theirs, *values)
        elif relation.on_delete is models.SET_NULL:
            child_table = child._meta.db_table  # noqa: SLF001 - as above
            _execute(f'UPDATE "{child_table}" SET "{relation.field.column}" = NULL WHERE {theirs}', values)
    return _execute(f'DELETE FROM "{table}" WHERE {where}', values)


def _execute(statement: str, values: tuple[list[str] | str, ...]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return int(cursor.rowcount)
