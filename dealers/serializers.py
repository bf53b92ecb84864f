"""The shapes of the API's answers about dealers, as its documentation shows them, and what it takes."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from django.utils import timezone
from drf_spectacular.drainage import set_override
from rest_framework import serializers

from dealers import board
from dealers.models import CLAIMS, Dealer, Incident, State, System
from dealers.status import DEALER as BY_DEALER
from dealers.status import GARAGE as BY_GARAGE
from dealers.status import MANUFACTURER, PRIOR, PUBLIC
from dealers.status import PROBE as BY_PROBE
from garagehub.lib.api import Text

Plain = serializers.Serializer[Any]
REPORTERS = [(kind, kind) for kind in (BY_DEALER, BY_GARAGE)]


def _by_system(child: Plain, name: str) -> Plain:
    """An object with one member per system."""
    fields: dict[str, Any] = {system: type(child)(required=False) for system in System.values}
    made: Plain = type(name, (serializers.Serializer,), fields)()
    return made


class SystemStatus(Plain):
    """What we say of one system. `age_s`: seconds since the newest evidence; null when there never was any."""

    status = serializers.ChoiceField(State.choices)
    confidence = serializers.IntegerField(min_value=0, max_value=100, help_text="Percent; 0 for unknown.")
    is_unstable = serializers.BooleanField(
        help_text="It works on and off: it turned back three times in six hours and has not settled since."
    )
    since = serializers.DateTimeField(allow_null=True)
    evidence_at = serializers.DateTimeField(allow_null=True)
    age_s = serializers.IntegerField(allow_null=True)


class StatusReason(Plain):
    """What one source added. Ten points make trouble ten times as likely, minus ten a tenth as likely."""

    kind = serializers.ChoiceField([BY_PROBE, BY_DEALER, BY_GARAGE, PUBLIC, MANUFACTURER, PRIOR])
    source = serializers.CharField(help_text="In words.")  # type: ignore[assignment] # a member named like DRF's attribute
    claim = serializers.ChoiceField(CLAIMS, allow_blank=True, help_text="Empty for the prior.")
    at = serializers.DateTimeField(allow_null=True)
    age_s = serializers.IntegerField(allow_null=True)
    weight = serializers.FloatField(help_text="Freshness left, summed over the claims.")
    points = serializers.IntegerField()
    count = serializers.IntegerField(help_text="Claims counted together; for the prior, other dealers.")


class SystemEntry(SystemStatus):
    """A system's name in words, and its status."""

    label = serializers.CharField()  # type: ignore[assignment] # a member named like DRF's attribute


class SystemDetail(SystemEntry):
    """A system's status and why."""

    reasons = StatusReason(many=True)


class Change(Plain):
    """One change of a system's status."""

    system = serializers.ChoiceField(System.choices)
    label = serializers.CharField()  # type: ignore[assignment] # a member named like DRF's attribute
    old = serializers.ChoiceField(State.choices)
    new = serializers.ChoiceField(State.choices)
    reason = serializers.CharField()
    at = serializers.DateTimeField()


class DealerSummary(serializers.Serializer[Dealer]):
    """A dealer as lists show it. `systems` always has every system, or the one asked for."""

    code = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Dealer.Kind.choices)
    region = serializers.CharField(allow_null=True)
    town = serializers.CharField()
    makes = serializers.ListField(child=serializers.CharField())
    systems = _by_system(SystemEntry(), "SystemEntries")
    distance_miles = serializers.IntegerField(
        required=False, allow_null=True, help_text="About, to 5 miles; only with `near`. Null: place not known."
    )

    def to_representation(self, instance: Dealer) -> dict[str, Any]:
        return board.summary(
            instance, at=self.context.get("at") or timezone.now(), systems=self.context["filters"].systems
        )


class Uptime(Plain):
    """The past 90 days of a system. Time that nothing is known of is counted apart."""

    days = serializers.IntegerField()
    share = serializers.FloatField(
        allow_null=True, help_text="Of the time known, when it was not down. Null: not known."
    )
    share_degraded = serializers.FloatField(allow_null=True, help_text="Of the time known, when it partly worked.")
    share_unknown = serializers.FloatField(help_text="Of all the time, when nothing was known.")
    down_s = serializers.IntegerField()


class DealerDetail(Plain):
    """One dealer: each system with its reasons, how it fared, and the latest 50 changes, newest first."""

    code = serializers.CharField()
    slug = serializers.CharField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(Dealer.Kind.choices)
    region = serializers.CharField(allow_null=True)
    town = serializers.CharField()
    postcode = serializers.CharField()
    phone = serializers.CharField()
    makes = serializers.ListField(child=serializers.CharField())
    systems = _by_system(SystemDetail(), "SystemDetails")
    uptime = _by_system(Uptime(), "Uptimes")
    history = Change(many=True)


class StrictBoolean(serializers.BooleanField):
    """true or false; DRF's own also takes words such as "off", which a report must not guess at."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Send true or false.")
        return data


class SystemName(Text):
    """A system by name; whether there is such a one is the domain's to say, in its own words."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        set_override(self, "field", {"$ref": "#/components/schemas/System"})


class ReportIn(Plain):
    """A report that a system works, or does not, at a dealer."""

    dealer = Text(max_length=40, help_text="The dealer's code, such as R4T02.")
    system: Text = SystemName(max_length=40)
    works = StrictBoolean()
    note = Text(required=False, allow_blank=True, default="", max_length=500)


class ListedReportIn(ReportIn):
    """One report of a list: what is too long or empty is answered in its own row, so it is not refused here."""

    dealer = Text(allow_blank=True)
    system = Text(allow_blank=True)
    note = Text(required=False, allow_blank=True, default="")


_Readable = Annotated[str, msgspec.Meta(pattern=r"^[^\x00\ud800-\udfff]*\Z")]


class _ListedReport(msgspec.Struct):
    """A report with which nothing is wrong as far as a serializer can say."""

    dealer: _Readable
    system: _Readable
    works: bool
    note: _Readable = ""


class _Reports(serializers.ListField):
    """Lists as nearly everybody sends them are looked at in one go; any other goes field by field, to say what is wrong."""

    def run_child_validation(self, data: Any) -> Any:
        try:
            rows = msgspec.convert(data, list[_ListedReport])
        except msgspec.ValidationError:
            return super().run_child_validation(data)
        return [
            {"dealer": row.dealer.strip(), "system": row.system.strip(), "works": row.works, "note": row.note.strip()}
            for row in rows
        ]


class BulkReportsIn(Plain):
    """Up to 500 reports."""

    reports = _Reports(child=ListedReportIn(), min_length=1, max_length=500)


class ReportFault(Plain):
    """Why a report was not taken, as the error of a single one would say."""

    code = serializers.CharField()
    detail = serializers.CharField()
    fields = serializers.DictField(child=serializers.ListField(child=serializers.CharField()))  # type: ignore[assignment] # a member named like DRF's attribute


class BulkReportOut(Plain):
    """A report as taken, or, where `taken` is false, `error` alone."""

    taken = serializers.BooleanField()
    dealer = serializers.CharField(required=False)
    system = serializers.ChoiceField(System.choices, required=False)
    claim = serializers.ChoiceField(CLAIMS, required=False)
    kind = serializers.ChoiceField(REPORTERS, required=False)
    received_at = serializers.DateTimeField(required=False)
    error = ReportFault(required=False)


class BulkReportsOut(Plain):
    """One result for each report, in the order sent."""

    results = BulkReportOut(many=True)


class ReportOut(Plain):
    """The report as taken, and what we say of the system now that it counts."""

    dealer = serializers.CharField()
    system = serializers.ChoiceField(System.choices)
    claim = serializers.ChoiceField(CLAIMS)
    kind = serializers.ChoiceField(REPORTERS)
    received_at = serializers.DateTimeField()
    now = SystemStatus()


class UpdateShape(Plain):
    """One message about an incident."""

    stage = serializers.ChoiceField(Incident.Stage.choices)
    body = serializers.CharField()
    at = serializers.DateTimeField()


class IncidentShape(serializers.Serializer[Incident]):
    """An incident, its scope and its updates, newest first. An empty scope list means all."""

    slug = serializers.CharField()
    title = serializers.CharField()
    stage = serializers.ChoiceField(Incident.Stage.choices)
    impact = serializers.ChoiceField(Incident.Impact.choices)
    make = serializers.CharField(source="make.name", allow_null=True, default=None)
    systems = serializers.ListField(child=serializers.ChoiceField(System.choices))
    regions = serializers.ListField(child=serializers.CharField(), source="region_slugs")
    dealers = serializers.SerializerMethodField()
    started_at = serializers.DateTimeField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()
    updates = UpdateShape(many=True)

    def get_dealers(self, incident: Incident) -> list[str]:
        """Codes of the dealers named."""
        return sorted(dealer.code for dealer in incident.dealers.all())


class SystemShares(Plain):
    """One system over a make's dealers: `share_*` are of the dealers known."""

    status = serializers.ChoiceField(State.choices)
    dealers = serializers.IntegerField()
    known = serializers.IntegerField()
    share_down = serializers.FloatField()
    share_degraded = serializers.FloatField()
    counts = serializers.DictField(child=serializers.IntegerField(), help_text="Dealers by status.")


class MakeStatus(Plain):
    """One make. Its status is its worst system's."""

    make = serializers.CharField()
    slug = serializers.CharField()
    status = serializers.ChoiceField(State.choices)
    systems = _by_system(SystemShares(), "SystemsShares")


class OverallStatus(Plain):
    """Every make. A system is down when half of its known dealers are, degraded from a tenth, unknown below a quarter known."""

    as_of = serializers.DateTimeField()
    status = serializers.ChoiceField(State.choices)
    makes = MakeStatus(many=True)
