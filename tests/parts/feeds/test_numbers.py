"""Numbers on their way from a line to the catalogue, whatever characters they have."""

from __future__ import annotations

import json

from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from parts.catalogue.models import PartNumber
from parts.catalogue.numbers import normalise
from parts.feeds.adapters import ADAPTERS
from parts.feeds.adapters.base import Fetched
from parts.feeds.ingest import ingest
from parts.feeds.spool import Spool
from tests.parts.feeds.conftest import NOW, make_feed, row


@given(st.lists(st.text(max_size=20), min_size=1, max_size=20))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(["".join(map(chr, range(1, 128)))[at : at + 40] for at in range(0, 127, 40)])
@example(['A"B', "A\\B", "A,B", "a\nb", "\\.", "null", "None", "ﬁt", "İ9", "ß1", "[x]", "9" * 64])
def test_any_number_is_stored_under_its_normal_form(db, numbers):
    wanted = {normalise(number) for number in numbers if "\x00" not in number and 0 < len(number) <= 64}
    with transaction.atomic():
        feed = make_feed("http://127.0.0.1:1/s")
        with Spool(max_bytes=1_000_000) as spool:
            spool.append(json.dumps(row(number, seq=at)).encode() for at, number in enumerate(numbers))
            ingest(feed, ADAPTERS["ndjson"], spool, Fetched(is_snapshot=True, sequence=99), at=NOW, is_approved=True)
        norms = set(PartNumber.objects.values_list("norm", flat=True))
        assert norms == {norm for norm in wanted if 0 < len(norm) <= 64}
        transaction.set_rollback(True)
