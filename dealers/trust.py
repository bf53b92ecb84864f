"""How far a garage's reports are to be trusted: learned from what turned out to be so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

SETTLES_AFTER = timedelta(hours=6)  # a report is held against the state in force this long after it
MAY_LEAD_BY = timedelta(hours=1)  # it may have been the first to say so
SCORED_WITHIN = timedelta(days=7)
KEPT_PER_WEEK = 0.98  # what a week leaves of an old score
REPEATS_WITHIN = timedelta(days=1)  # saying the same of one system again within a day is not a second proof

_LEARN = """
WITH due AS (
    UPDATE dealers_evidence AS report
       SET scored_at = %(at)s
     WHERE report.kind = 'garage'
       AND report.scored_at IS NULL
       AND report.observed_at <= %(at)s - %(settles)s
       AND report.observed_at > %(at)s - %(within)s
 RETURNING report.id, report.source, report.dealer_id, report.system, report.claim, report.observed_at
), settled AS (
    SELECT due.source, due.claim = 'operational' AS said_works, last.new AS state
      FROM due
     CROSS JOIN LATERAL (SELECT change.new, change.at
                           FROM dealers_statuschange AS change
                          WHERE change.dealer_id = due.dealer_id
                            AND change.system = due.system
                            AND change.at <= due.observed_at + %(settles)s
                          ORDER BY change.at DESC, change.id DESC
                          LIMIT 1) AS last
     WHERE last.new <> 'unknown'
       AND last.at <= due.observed_at + %(lead)s
       AND NOT EXISTS (SELECT FROM dealers_evidence AS earlier
                        WHERE earlier.source = due.source
                          AND earlier.dealer_id = due.dealer_id
                          AND earlier.system = due.system
                          AND earlier.observed_at < due.observed_at
                          AND earlier.observed_at > due.observed_at - %(repeats)s)
)
INSERT INTO dealers_sourcerecord AS kept (source, agreed, disagreed, updated_at)
SELECT source,
       count(*) FILTER (WHERE said_works = (state = 'operational')),
       count(*) FILTER (WHERE said_works <> (state = 'operational')),
       %(at)s
  FROM settled
 GROUP BY source
 ORDER BY source
    ON CONFLICT (source) DO UPDATE
   SET agreed = kept.agreed * power(%(keep)s, extract(epoch FROM %(at)s - kept.updated_at) / 604800)
                + excluded.agreed,
       disagreed = kept.disagreed * power(%(keep)s, extract(epoch FROM %(at)s - kept.updated_at) / 604800)
                   + excluded.disagreed,
       updated_at = excluded.updated_at
"""


def learn(*, at: datetime) -> int:
    """Score garages' reports that are due, once each; answers how many garages' records changed.

    A report agrees when it and the settled state both say "works" or both say "does not, or not fully". A system
    that was unknown, or went on changing, proves nothing. No state rests on one garage alone (see `status`), so a
    garage cannot prove itself right.
    """
    values: dict[str, Any] = {
        "at": at,
        "settles": SETTLES_AFTER,
        "lead": MAY_LEAD_BY,
        "within": SCORED_WITHIN,
        "repeats": REPEATS_WITHIN,
        "keep": KEPT_PER_WEEK,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, values)
        changed: int = cursor.rowcount
    return changed
