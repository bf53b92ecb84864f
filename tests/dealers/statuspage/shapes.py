"""Statuspage's Status API v2 as its readers know it: exact members and enums, written out by hand."""

import re

PAGE = {"id", "name", "url", "time_zone", "updated_at"}
STATUS = {"indicator", "description"}
COMPONENT = {
    "id",
    "name",
    "status",
    "created_at",
    "updated_at",
    "position",
    "description",
    "showcase",
    "start_date",
    "group_id",
    "page_id",
    "group",
    "only_show_if_degraded",
}
INCIDENT = {
    "id",
    "name",
    "status",
    "created_at",
    "updated_at",
    "monitoring_at",
    "resolved_at",
    "impact",
    "shortlink",
    "started_at",
    "page_id",
    "incident_updates",
    "components",
}
MAINTENANCE = INCIDENT | {"scheduled_for", "scheduled_until"}
UPDATE = {
    "id",
    "status",
    "body",
    "incident_id",
    "created_at",
    "updated_at",
    "display_at",
    "affected_components",
    "deliver_notifications",
    "custom_tweet",
    "tweet_id",
}
DOCUMENTS = {
    "summary": {"page", "components", "incidents", "scheduled_maintenances", "status"},
    "status": {"page", "status"},
    "components": {"page", "components"},
    "incidents": {"page", "incidents"},
    "incidents/unresolved": {"page", "incidents"},
    "scheduled-maintenances": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/upcoming": {"page", "scheduled_maintenances"},
    "scheduled-maintenances/active": {"page", "scheduled_maintenances"},
}
COMPONENT_STATUS = {"operational", "degraded_performance", "partial_outage", "major_outage", "under_maintenance"}
INCIDENT_STATUS = {"investigating", "identified", "monitoring", "resolved", "postmortem"}
MAINTENANCE_STATUS = {"scheduled", "in_progress", "verifying", "completed"}
IMPACT = {"none", "minor", "major", "critical", "maintenance"}
ID = re.compile(r"[a-z0-9]{12}")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def check(name, body):
    """Hold a whole document against the format."""
    assert set(body) == DOCUMENTS[name]
    page = body["page"]
    assert set(page) == PAGE
    assert ID.fullmatch(page["id"])
    assert page["url"].startswith("http")
    assert TIME.fullmatch(page["updated_at"])
    if "status" in body:
        assert set(body["status"]) == STATUS
        assert body["status"]["indicator"] in IMPACT
        assert body["status"]["description"]
    if "components" in body:
        check_components(body["components"], page)
    for incident in body.get("incidents", []):
        check_incident(incident, page, members=INCIDENT, stages=INCIDENT_STATUS)
    for work in body.get("scheduled_maintenances", []):
        check_incident(work, page, members=MAINTENANCE, stages=MAINTENANCE_STATUS)
        assert TIME.fullmatch(work["scheduled_for"])
        assert TIME.fullmatch(work["scheduled_until"])


def check_components(components, page):
    ids = [component["id"] for component in components]
    names = [component["name"] for component in components]
    assert len(ids) == len(set(ids))
    assert len(names) == len(set(names))
    assert [component["position"] for component in components] == list(range(1, len(components) + 1))
    for component in components:
        check_component(component, page)
        if component["group"]:
            assert set(component["components"]) < set(ids)
            children = [each["id"] for each in components if each["group_id"] == component["id"]]
            assert children == component["components"]


def check_component(component, page):
    assert set(component) - {"components"} == COMPONENT
    assert ("components" in component) is component["group"]
    assert not (component["group"] and component["group_id"])
    assert ID.fullmatch(component["id"])
    assert component["group_id"] is None or ID.fullmatch(component["group_id"])
    assert component["page_id"] == page["id"]
    assert component["status"] in COMPONENT_STATUS
    assert component["description"] is None or component["description"]
    assert TIME.fullmatch(component["created_at"])
    assert TIME.fullmatch(component["updated_at"])
    for flag in ("showcase", "group", "only_show_if_degraded"):
        assert isinstance(component[flag], bool)


def check_incident(incident, page, *, members, stages):
    assert set(incident) == members
    assert ID.fullmatch(incident["id"])
    assert incident["page_id"] == page["id"]
    assert incident["status"] in stages
    assert incident["impact"] in IMPACT
    assert incident["shortlink"].startswith("http")
    for name in ("created_at", "updated_at", "started_at"):
        assert TIME.fullmatch(incident[name])
    for name in ("monitoring_at", "resolved_at"):
        assert incident[name] is None or TIME.fullmatch(incident[name])
    for component in incident["components"]:
        check_component(component, page)
    updates = incident["incident_updates"]
    assert [update["display_at"] for update in updates] == sorted((u["display_at"] for u in updates), reverse=True)
    for update in updates:
        assert set(update) == UPDATE
        assert ID.fullmatch(update["id"])
        assert update["incident_id"] == incident["id"]
        assert update["status"] in stages
        assert isinstance(update["deliver_notifications"], bool)
