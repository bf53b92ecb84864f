"""The rows of the workbench: what a garage is told of a part."""

from __future__ import annotations

from datetime import date

import pytest

from garagehub.web import garage

ROW = {
    "input": "LR1",
    "matched": "exact",
    "can_be_had": True,
    "availability": "in_stock",
    "expected_on": date(2027, 1, 5),
}


@pytest.mark.parametrize(
    ("said", "state", "why"),
    [
        ({}, "ready", ""),
        ({"availability": "limited"}, "ready", ""),
        ({"can_be_had": False}, "blocked", "in stock, but the dealers who have it cannot take orders or send it today"),
        ({"can_be_had": False, "availability": "on_backorder"}, "blocked", "on back order"),
        ({"can_be_had": False, "availability": "out_of_stock"}, "blocked", "out of stock"),
        ({"can_be_had": False, "availability": "not_listed"}, "blocked", "no source lists it"),
        ({"can_be_had": False, "availability": "unknown"}, "unknown", ""),
        ({"matched": "unknown", "can_be_had": None, "availability": "unknown"}, "unrecognised", ""),
        ({"matched": "ambiguous", "can_be_had": None, "availability": "unknown"}, "unrecognised", ""),
    ],
)
def test_a_part_is_counted_by_whether_it_can_be_had(said, state, why):
    row = garage.part_row(ROW | said)

    assert (row["state"], row["why"]) == (state, why)


@pytest.mark.parametrize(
    ("said", "expected_on"),
    [
        ({}, None),
        ({"can_be_had": False}, None),
        ({"can_be_had": False, "availability": "on_backorder"}, date(2027, 1, 5)),
        ({"can_be_had": False, "availability": "unknown"}, None),
    ],
)
def test_a_date_is_given_only_for_a_part_that_is_not_in_stock(said, expected_on):
    assert garage.part_row(ROW | said)["expected_on"] == expected_on


@pytest.mark.parametrize("cell", ["=1+1", "+44", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_a_csv_can_be_a_formula(cell):
    response = garage.csv_file("x.csv", ["a"], [[cell]])

    assert f"'{cell}" in response.content.decode("utf-8-sig")


def test_figures_of_a_csv_stay_figures():
    assert garage.csv_file("x.csv", ["a"], [[-5, None]]).content.decode("utf-8-sig").splitlines()[1] == "-5,"
