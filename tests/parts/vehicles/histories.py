"""Histories as DVSA sends them, each with what the law makes of it on a day: read off the rules, not off our code.

Rules: RTA is the Road Traffic Act 1988, MVTR the Motor Vehicles (Tests) Regulations 1981, "after the test" the page
gov.uk/getting-an-mot/after-the-test. Plates and numbers are invented.
"""

from __future__ import annotations

from datetime import date
from typing import Any, NamedTuple

from tests.parts.vehicles.dvsa_data import DISC, SPRING, TYRE, as_bulk, defect, mot, vehicle

BRAKE = "Parking brake efficiency below requirements (1.4.2 (a) (i))"
LAMP = "Offside Headlamp aim projected beam image is obviously incorrect (4.1.2 (c))"
WIPER = "Nearside Windscreen wiper blade defective (3.4 (b) (ii))"
TYRE_WORN = "Nearside Front Tyre worn close to legal limit/worn on edge (5.2.3 (e))"
OLD_ARM = "Nearside Front suspension arm has excessive play in a ball joint |2.5.B.1a|"
OLD_BRAKE = "Rear Brake pipe excessively corroded |3.6.B.2c|"

VALID, UNTIL, RUN_OUT, STOP = "valid", "may_drive_until", "repair_or_test_journey_only", "do_not_drive"
NOT_DUE, UNKNOWN = "not_due", "unknown"
TODAY = date(2025, 10, 1)

Json = dict[str, Any]


class History(NamedTuple):
    """Lines in the order they came, and what is so of the car under `plate` on `on`.

    `open`: what failed it and is not put right, as (category, manual reference).
    """

    name: str
    why: str
    lines: list[Json]
    road: str
    until: date | None = None
    open: list[tuple[str, str]] = []  # noqa: RUF012 - never changed
    on: date = TODAY
    plate: str = "AB81CDE"


def car(*tests: Json, **more: Any) -> list[Json]:
    return [vehicle("AB81CDE", *tests, **more)]


def young(*tests: Json, registered: str, **more: Any) -> list[Json]:
    """A car registered and first used on one day."""
    days = dict.fromkeys(("registrationDate", "firstUsedDate", "manufactureDate"), registered)
    return [vehicle("AB81CDE", *tests, **days, **more)]


def never_tested(**more: Any) -> list[Json]:
    line = vehicle("AB81CDE", **more)
    for name in ("motTests", "engineSize", *[name for name, value in more.items() if value is None]):
        del line[name]
    return [line]


OLD_PASS = mot("100000000001", "2024-12-02T09:00:00", expires="2025-12-01")
LAPSED_PASS = mot("100000000002", "2024-09-19T09:00:00", expires="2025-09-18")
SPRING_FAIL = mot("100000000003", "2025-09-25T10:00:00", "FAILED", defect(SPRING))
OPEN_SPRING = [("major", "5.3.1 (b) (i)")]
OPEN_TYRE = [("dangerous", "5.2.3 (e)")]

HISTORIES = [
    # A visit, and what was put right in it
    History(
        "prs in the same second",
        "Put right within the hour and passed: a certificate was issued (MOT testing guide, PRS)",
        car(
            mot("200000000002", "2025-09-10T09:17:46", expires="2026-09-09"),
            mot("200000000001", "2025-09-10T09:17:46", "FAILED", defect(LAMP, "PRS"), defect(WIPER, "PRS")),
        ),
        VALID,
        date(2026, 9, 9),
    ),
    History(
        "prs whose fail was recorded after its pass",
        "One visit, and it ended in a certificate, whichever record was written first",
        car(
            mot("200000000001", "2025-09-10T10:05:12", "FAILED", defect(LAMP, "PRS")),
            mot("200000000002", "2025-09-10T09:58:40", expires="2026-09-09"),
        ),
        VALID,
        date(2026, 9, 9),
    ),
    History(
        "prs of one item, another left",
        "What was not put right keeps it failed; the old certificate runs on (after the test)",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(LAMP, "PRS"), defect(SPRING)), OLD_PASS),
        UNTIL,
        date(2025, 12, 1),
        OPEN_SPRING,
    ),
    History(
        "every item put right, but no pass recorded",
        "Without a certificate it has failed; nobody says why, so that is not known",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(LAMP, "PRS")), LAPSED_PASS),
        RUN_OUT,
        None,
        [("undisclosed", "")],
    ),
    # Retests
    History(
        "retest passed within ten working days",
        "The pass clears the fail",
        car(
            mot("200000000002", "2025-09-22T11:00:00", expires="2026-09-21"),
            mot("200000000001", "2025-09-15T11:00:00", "FAILED", defect(SPRING), defect(BRAKE)),
        ),
        VALID,
        date(2026, 9, 21),
    ),
    History(
        "retest passed the next working day",
        "Taken away, brought back the next day: the pass clears the fail",
        car(
            mot("200000000002", "2025-09-16T08:01:00", expires="2026-09-18"),
            mot("200000000001", "2025-09-15T17:20:00", "FAILED", defect(LAMP)),
            LAPSED_PASS,
        ),
        VALID,
        date(2026, 9, 18),
    ),
    History(
        "retest failed on what was not repaired",
        "The newest test says what is open: the spring was repaired, the brake was not",
        car(
            mot("200000000002", "2025-09-22T11:00:00", "FAILED", defect(BRAKE)),
            mot("200000000001", "2025-09-15T11:00:00", "FAILED", defect(SPRING), defect(BRAKE)),
            OLD_PASS,
        ),
        UNTIL,
        date(2025, 12, 1),
        [("major", "1.4.2 (a) (i)")],
    ),
    History(
        "retest passed months later",
        "A pass clears earlier fails however late it comes",
        car(
            mot("200000000002", "2025-08-22T11:00:00", expires="2026-08-21"),
            mot("200000000001", "2025-02-15T11:00:00", "FAILED", defect(TYRE, "DANGEROUS", dangerous=True)),
        ),
        VALID,
        date(2026, 8, 21),
    ),
    # Tests that were not finished
    History(
        "abandoned test after a pass",
        "An abandoned test is neither a pass nor a fail: the certificate stands",
        car(mot("200000000001", "2025-09-25T10:00:00", "ABANDONED"), OLD_PASS),
        VALID,
        date(2025, 12, 1),
    ),
    History(
        "aborted retest after a fail",
        "An aborted test clears nothing",
        car(mot("200000000004", "2025-09-28T10:00:00", "ABORTED"), SPRING_FAIL, OLD_PASS),
        UNTIL,
        date(2025, 12, 1),
        OPEN_SPRING,
    ),
    # The certificate and its days
    History(
        "expiry day",
        "A certificate holds on the day it expires",
        car(mot("200000000001", "2024-10-02T10:00:00", expires="2025-10-01")),
        VALID,
        TODAY,
    ),
    History(
        "the day after expiry",
        "MVTR reg. 6(2): only to a repair or a booked test",
        car(mot("200000000001", "2024-10-01T10:00:00", expires="2025-09-30")),
        RUN_OUT,
    ),
    History(
        "failed on the expiry day",
        "The certificate still holds that day",
        car(SPRING_FAIL, mot("200000000001", "2024-10-02T10:00:00", expires="2025-10-01")),
        UNTIL,
        TODAY,
        OPEN_SPRING,
    ),
    History(
        "failed, and the certificate ran out since",
        "MVTR reg. 6(2)",
        car(SPRING_FAIL, mot("200000000001", "2024-09-28T10:00:00", expires="2025-09-27")),
        RUN_OUT,
        None,
        OPEN_SPRING,
    ),
    History(
        "renewed up to a month early",
        "Keeps its anniversary: 15 October again, not 19 September",
        car(
            mot("200000000002", "2025-09-20T10:00:00", expires="2026-10-15"),
            mot("200000000001", "2024-10-10T10:00:00", expires="2025-10-15"),
        ),
        VALID,
        date(2026, 10, 15),
    ),
    History(
        "failed a month after a pass",
        "A fail does not cancel the running certificate (after the test)",
        car(SPRING_FAIL, mot("200000000001", "2025-08-20T10:00:00", expires="2026-08-19")),
        UNTIL,
        date(2026, 8, 19),
        OPEN_SPRING,
    ),
    History(
        "pass without an expiry date, just before midnight in Greenwich",
        "A year less a day from the day it was in Britain, where summer time had begun 2 July",
        car(mot("200000000001", "2025-07-01T23:30:00")),
        VALID,
        date(2026, 7, 1),
    ),
    # Dangerous
    History(
        "dangerous by flag alone",
        "RTA s.40A: the flag says it whatever the type",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(TYRE, "MAJOR", dangerous=True)), OLD_PASS),
        STOP,
        None,
        OPEN_TYRE,
    ),
    History(
        "dangerous by type alone",
        "RTA s.40A: the type says it without the flag",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(TYRE, "DANGEROUS", dangerous=None)), OLD_PASS),
        STOP,
        None,
        OPEN_TYRE,
    ),
    History(
        "one dangerous among several",
        "One dangerous defect is enough; an advisory fails nothing",
        car(
            mot(
                "200000000001",
                "2025-09-25T10:00:00",
                "FAILED",
                defect(SPRING),
                defect(TYRE, "DANGEROUS", dangerous=True),
                defect(DISC, "ADVISORY"),
            ),
            LAPSED_PASS,
        ),
        STOP,
        None,
        [*OPEN_SPRING, *OPEN_TYRE],
    ),
    History(
        "dangerous item put right at the station, another open",
        "The tyre was changed there; the spring keeps it failed, the old certificate runs on",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(TYRE, "PRS"), defect(SPRING)), OLD_PASS),
        UNTIL,
        date(2025, 12, 1),
        OPEN_SPRING,
    ),
    # Northern Ireland
    History(
        "northern irish fail",
        "DVA publishes no defects: failed, reasons not given",
        car(
            mot("200000000002", "2025-09-25T10:00:00", "FAILED", source="DVA NI", defects=None),
            mot("200000000001", "2024-11-30T10:00:00", expires="2025-11-29", source="DVA NI", defects=None),
        ),
        UNTIL,
        date(2025, 11, 29),
        [("undisclosed", "")],
    ),
    History(
        "northern irish pass",
        "No defects published, and none open",
        car(mot("200000000001", "2025-03-30T10:00:00", expires="2026-03-29", source="DVA NI", defects=None)),
        VALID,
        date(2026, 3, 29),
    ),
    History(
        "northern irish car failing before its fourth birthday",
        "The first MOT is due after four years there (nidirect), so none is needed yet",
        young(
            mot("200000000001", "2025-09-25T10:00:00", "FAILED", source="DVA NI", defects=None), registered="2021-12-01"
        ),
        UNTIL,
        date(2025, 11, 30),
        [("undisclosed", "")],
    ),
    # Before May 2018
    History(
        "failed in 2017 and never seen again",
        "Old references keep their numbering; the certificate of 2016 has long run out",
        [
            as_bulk(line)
            for line in car(
                mot("200000000002", "2017-04-20T10:00:00", "FAILED", defect(OLD_ARM, "FAIL"), defect(OLD_BRAKE, "FAIL")),
                mot("200000000001", "2016-04-21T10:00:00", expires="2017-04-20"),
            )
        ],
        RUN_OUT,
        None,
        [("fail", "2.5.B.1a"), ("fail", "3.6.B.2c")],
    ),
    History(
        "failed in 2017, passed since",
        "A later pass clears it",
        car(
            mot("200000000002", "2025-04-22T10:00:00", expires="2026-04-21"),
            mot("200000000001", "2017-04-20T10:00:00", "FAILED", defect(OLD_ARM, "FAIL")),
        ),
        VALID,
        date(2026, 4, 21),
    ),
    # Notes that fail nothing
    History(
        "pass with minors and advisories",
        "A pass may list them; neither fails",
        car(mot("200000000001", "2025-03-01T10:00:00", "PASSED", defect(WIPER, "MINOR"), defect(TYRE_WORN, "ADVISORY"),
                expires="2026-02-28")),
        VALID,
        date(2026, 2, 28),
    ),
    History(
        "fail that lists only notes",
        "It failed; what it names never fails a car, so the reason is not known",
        car(
            mot(
                "200000000001",
                "2025-09-25T10:00:00",
                "FAILED",
                defect("Undertrays fitted", "USER ENTERED"),
                defect(TYRE_WORN, "ADVISORY"),
                defect("Nail in tyre", "NON SPECIFIC"),
            ),
            OLD_PASS,
        ),
        UNTIL,
        date(2025, 12, 1),
        [("undisclosed", "")],
    ),
    History(
        "fail whose defects DVSA leaves out",
        "Failed, reasons not given: not clear",
        car(mot("200000000001", "2025-09-25T10:00:00", "FAILED", defects=None), OLD_PASS),
        UNTIL,
        date(2025, 12, 1),
        [("undisclosed", "")],
    ),
    # Plates
    History(
        "given a private plate since its fail",
        "The numbers of its tests say that it is the same car",
        [vehicle("AB81CDE", SPRING_FAIL, OLD_PASS), vehicle("A80XYZ", SPRING_FAIL, OLD_PASS)],
        UNTIL,
        date(2025, 12, 1),
        OPEN_SPRING,
        plate="A80XYZ",
    ),
    History(
        "its plate went to another car",
        "The plate now says what is so of the other",
        [
            vehicle("AB81CDE", SPRING_FAIL, OLD_PASS),
            vehicle("AB81CDE", mot("300000000001", "2025-09-29T10:00:00", expires="2026-09-28"), make="JAGUAR", model="XF"),
        ],
        VALID,
        date(2026, 9, 28),
    ),
    # First MOT
    History(
        "under three years, DVSA says until when",
        "RTA s.47(2)(a)",
        never_tested(registrationDate="2023-09-15", firstUsedDate=None, motTestDueDate="2026-09-14"),
        NOT_DUE,
        date(2026, 9, 14),
    ),
    History(
        "under three years, no due date",
        "Registration and three years less a day",
        never_tested(registrationDate="2023-09-15", firstUsedDate=None),
        NOT_DUE,
        date(2026, 9, 14),
    ),
    History(
        "three years old today, never tested",
        "The last day was yesterday",
        never_tested(registrationDate="2022-10-01", firstUsedDate=None),
        RUN_OUT,
    ),
    History(
        "registered on 29 February",
        "Its third anniversary falls on 28 February",
        never_tested(registrationDate="2024-02-29", firstUsedDate=None, manufactureDate="2024-01-10"),
        NOT_DUE,
        date(2027, 2, 27),
    ),
    History(
        "tested early and failed, under three years",
        "No certificate is needed before the first is due",
        young(SPRING_FAIL, registered="2023-05-02"),
        UNTIL,
        date(2026, 5, 1),
        OPEN_SPRING,
    ),
    History(
        "tested early and found dangerous, under three years",
        "RTA s.40A knows no age",
        young(
            mot("200000000001", "2025-09-25T10:00:00", "FAILED", defect(TYRE, "DANGEROUS", dangerous=True)),
            registered="2023-05-02",
        ),
        STOP,
        None,
        OPEN_TYRE,
    ),
    History(
        "imported at eleven years old, not tested here yet",
        "RTA s.47(2)(b): used on roads before it was registered, so its age counts from the year it was made in",
        never_tested(registrationDate="2025-08-04", firstUsedDate="2014-06-01", manufactureDate="2014-05-02"),
        RUN_OUT,
    ),
    History(
        "imported at two years old",
        "RTA s.47(2)(b): made in 2023, taken as its 31 December; three years later",
        never_tested(registrationDate="2025-08-04", firstUsedDate="2023-06-01", manufactureDate="2023-05-02"),
        NOT_DUE,
        date(2026, 12, 30),
    ),
    History(
        "older than forty years, never tested",
        "May be exempt; only DVLA knows",
        never_tested(registrationDate="1973-09-21", firstUsedDate=None, manufactureDate=None),
        UNKNOWN,
    ),
    # Other vehicles, odd readings
    History(
        "motorcycle failing on its wheel bearing",
        "Due as cars are; the manual for motorcycles has items of its own",
        car(
            mot("200000000002", "2025-09-25T10:00:00", "FAILED",
                defect("Front Wheel bearing has excessive play (5.1.1 (b) (ii))")),
            mot("200000000001", "2024-10-20T10:00:00", expires="2025-10-19"),
            make="TRIUMPH", model="STREET TRIPLE", engineSize="765",
        ),
        UNTIL,
        date(2025, 10, 19),
        [("major", "5.1.1 (b) (ii)")],
    ),
    History(
        "odometer missing, unreadable and in kilometres",
        "A reading decides nothing",
        car(
            mot("200000000003", "2025-04-02T10:00:00", expires="2026-04-01", odometerValue=None, odometerUnit=None,
                odometerResultType="NO_ODOMETER"),
            mot("200000000002", "2024-04-02T10:00:00", expires="2025-04-01", odometerValue="0", odometerUnit="KM"),
            mot("200000000001", "2023-04-02T10:00:00", expires="2024-04-01", odometerValue="not readable"),
        ),
        VALID,
        date(2026, 4, 1),
    ),
    History(
        "van tested as a heavy vehicle",
        "CVS tests name the place and count like the others",
        car(mot("W01A00001", "2025-06-02T10:00:00", expires="2026-06-30", source="CVS", location="LEEDS ATF")),
        VALID,
        date(2026, 6, 30),
    ),
]  # fmt: skip
