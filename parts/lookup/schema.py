"""The shapes of look-up answers, for the OpenAPI schema. Answers are built by `answer.py`, not through these."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from garagehub.lib.api import Problem
from parts.blocking.models import Reason, Verdict
from parts.catalogue.models import Grade, Lifecycle
from parts.stock.models import Availability, Branch, Freshness
from parts.vehicles.models import Defect
from parts.vehicles.road import Road

Shape = serializers.Serializer[dict[str, Any]]


class RoadShape(Shape):
    """What the law lets the owner do today."""

    status = serializers.ChoiceField(choices=[status.value for status in Road])
    until = serializers.DateField(allow_null=True)
    mot_expires_on = serializers.DateField(allow_null=True)
    guidance_url = serializers.URLField()


class BestShape(Shape):
    """The offer to take first."""

    supplier = serializers.CharField()
    dealer = serializers.CharField(allow_null=True, help_text="Dealer code.")
    dealer_name = serializers.CharField(allow_null=True)
    tier = serializers.ChoiceField(choices=Branch.Tier.choices)
    availability = serializers.ChoiceField(choices=["in_stock", "limited"], help_text="What this source says.")
    quantity = serializers.IntegerField(allow_null=True)
    price_pence = serializers.IntegerField(allow_null=True)
    lead_time_days = serializers.IntegerField(allow_null=True)
    distance_miles = serializers.IntegerField(allow_null=True, help_text="About, to 5 miles; null without a postcode.")


class OptionShape(Shape):
    """A part that meets the need."""

    part_number = serializers.CharField(allow_null=True)
    brand = serializers.CharField(allow_null=True)
    description = serializers.CharField()
    availability = serializers.ChoiceField(choices=Availability.choices)
    expected_on = serializers.DateField(allow_null=True)
    grade = serializers.ChoiceField(choices=Grade.choices, allow_null=True)
    best = BestShape(allow_null=True)
    elsewhere = BestShape(allow_null=True, help_text="The nearest stock, where nobody sends any to this place.")
    checked_at = serializers.DateTimeField(allow_null=True)
    quantity = serializers.IntegerField(help_text="How many the repair takes.")
    stock = serializers.IntegerField(allow_null=True, help_text="Pieces that can be had, where sources count them.")
    demand = serializers.IntegerField(allow_null=True, help_text="Cars waiting for a repair that could use it.")


class PartShape(OptionShape):
    """One thing a repair needs, by the part that meets it best, and the others that would do."""

    obtainable = serializers.BooleanField(help_text="Somebody could send what this need takes.")
    by_vin = serializers.BooleanField(help_text="Which part fits is known only from the VIN.")
    alternatives = OptionShape(many=True)


class ReasonShape(Shape):
    """Why not."""

    code = serializers.ChoiceField(choices=[reason.label for reason in Reason])
    detail = serializers.CharField()


class RepairShape(Shape):
    """One defect and the repair it needs."""

    defect = serializers.CharField(allow_blank=True)
    category = serializers.ChoiceField(choices=Defect.Category.choices)
    manual_ref = serializers.CharField(allow_null=True)
    repair = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=["ready", "blocked", "unknown"])
    reasons = ReasonShape(many=True)
    parts = PartShape(many=True)


class AdvisoryShape(Shape):
    """A thing to watch. It never blocks."""

    defect = serializers.CharField(allow_blank=True)
    category = serializers.ChoiceField(choices=Defect.Category.choices)
    manual_ref = serializers.CharField(allow_null=True)
    repair = serializers.CharField(allow_null=True)
    at_risk = serializers.BooleanField(help_text="Its repair would be blocked today.")


class AreaShape(Shape):
    """Which part of the country the answer is for."""

    region = serializers.CharField(allow_null=True)
    basis = serializers.ChoiceField(choices=["postcode", "kept", "national"])


class EvidenceShape(Shape):
    """How old the facts behind the answer are."""

    oldest_at = serializers.DateTimeField(allow_null=True)
    stale_sources = serializers.ListField(child=serializers.CharField())


class LookupAnswer(Shape):
    """The answer about one vehicle."""

    registration = serializers.CharField()
    make = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    first_used_on = serializers.DateField(allow_null=True)
    headline = serializers.CharField()
    road = RoadShape()
    repair_status = serializers.ChoiceField(choices=Verdict.choices)
    since = serializers.DateTimeField(allow_null=True)
    area = AreaShape()
    repairs = RepairShape(many=True)
    advisories = AdvisoryShape(many=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    evidence = EvidenceShape()


class VehicleCheckRow(LookupAnswer):
    """One plate's answer, or its error; the other members are absent then."""

    input = serializers.CharField()
    error = Problem(required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        for name, field in fields.items():
            field.required = name == "input"
        return fields


class VehiclesCheckAnswer(Shape):
    """One row per input, in the order given."""

    results = VehicleCheckRow(many=True)


class AlternativeShape(Shape):
    """What replaces the number asked, who else uses the same number, or another source of it."""

    part_number = serializers.CharField()
    brand = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    grade = serializers.ChoiceField(choices=Grade.choices)
    relation = serializers.ChoiceField(choices=["replaces", "same_number", "other_source"])
    availability = serializers.ChoiceField(choices=Availability.choices)
    best = BestShape(allow_null=True)


class PartsCheckRow(Shape):
    """What is known of one number."""

    input = serializers.CharField(allow_blank=True)
    matched = serializers.ChoiceField(choices=["exact", "normalised", "superseded", "ambiguous", "unknown"])
    part_number = serializers.CharField(allow_null=True)
    brand = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    grade = serializers.ChoiceField(choices=Grade.choices, allow_null=True)
    lifecycle = serializers.ChoiceField(choices=Lifecycle.choices, allow_null=True)
    availability = serializers.ChoiceField(choices=Availability.choices)
    quantity = serializers.IntegerField(allow_null=True)
    demand = serializers.IntegerField(
        allow_null=True, help_text="Vehicles that wait for a repair this part would serve."
    )
    best = BestShape(allow_null=True)
    elsewhere = BestShape(allow_null=True, help_text="The nearest stock, where nobody sends any to this place.")
    can_be_had = serializers.BooleanField(allow_null=True, help_text="In stock and deliverable; null for no such part.")
    expected_on = serializers.DateField(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    alternatives = AlternativeShape(many=True)


class SourceShape(Shape):
    """A supplier and how far it can be believed now."""

    supplier = serializers.CharField()
    code = serializers.CharField()
    state = serializers.ChoiceField(choices=Freshness.choices)
    checked_at = serializers.DateTimeField(allow_null=True)


class PartsCheckAnswer(Shape):
    """One row per input, in the order given, and the sources that were checked."""

    results = PartsCheckRow(many=True)
    sources = SourceShape(many=True)
