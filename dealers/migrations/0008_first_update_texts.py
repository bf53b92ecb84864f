"""Texts to start an incident's updates from, so that nobody begins with an empty page at the worst moment."""

from django.db import migrations

TEXTS = (
    (
        "We are looking into it",
        "investigating",
        "Since {began} we hear that this does not work: {systems}, at {counts} ({make}, {regions}). We are asking the "
        "manufacturer what has happened. We will write again within the hour.",
    ),
    (
        "The manufacturer has confirmed it",
        "identified",
        "The manufacturer confirms that this does not work at the moment: {systems} ({make}, {regions}). It is known at "
        "{counts}. Parts that are on a shelf can still be fitted; look up your car to see whether it has to wait.",
    ),
    (
        "Still going on, no date",
        "identified",
        "Nothing has changed: {systems} at {counts} do not work, and there is no date for their return. We look again "
        "in the morning, and write at once when something changes.",
    ),
    (
        "Coming back, one after the other",
        "monitoring",
        "{systems} are coming back one after the other ({make}, {regions}). At {counts} something still does not work. "
        "Expect delays while what has piled up is worked through.",
    ),
    (
        "Over",
        "resolved",
        "{systems} work again at the dealers concerned ({make}, {regions}). If it does not work at your place, say so on "
        "your dealer’s page.",
    ),
    (
        "What happened, and what will change",
        "postmortem",
        "What happened: since {began} …\n\nWho was affected: {make}, {regions}; {systems}.\n\nWhy: …\n\nWhat helped: …\n\n"
        "What will change: …",
    ),
)


def add(apps, schema_editor):
    """Only where there is no text of that name."""
    template = apps.get_model("dealers", "UpdateTemplate")
    for name, stage, body in TEXTS:
        template.objects.get_or_create(name=name, defaults={"stage": stage, "body": body})


class Migration(migrations.Migration):
    dependencies = [("dealers", "0007_waves_and_postmortems")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
