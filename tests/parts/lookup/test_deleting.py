"""What an admin deletes is gone with all that was derived from it, and the decisions stay right."""

import pytest
from django.urls import reverse

from parts.blocking.decide import decide
from parts.blocking.verify import verify
from parts.catalogue.models import Part, Repair
from parts.vehicles.models import Vehicle
from tests.parts.lookup.world import NOW, SPRING


@pytest.mark.parametrize("model", [Vehicle, Part, Repair])
def test_an_admin_deletes_what_others_were_derived_from(world, admin_client, model):
    spare = world.new_part("LR000009", "Needed by no repair, so free to go")
    world.offer(spare)
    world.offer()
    world.vehicle("AA91AAA", SPRING)
    world.decide()
    row = spare if model is Part else model.objects.get()
    address = reverse(f"admin:parts_{model._meta.model_name}_delete", args=[row.pk])
    assert admin_client.post(address, {"post": "yes"}).status_code == 302
    assert not model.objects.filter(pk=row.pk).exists()
    decide(at=NOW)
    assert not any(verify(at=NOW).values())
