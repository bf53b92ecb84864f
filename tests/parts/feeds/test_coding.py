"""What repeats in a file is numbered as it comes, and a file of nonsense does not fill the memory with it."""

import pytest

from parts.feeds import coding
from parts.feeds.adapters.rows import BrokenFileError
from parts.feeds.coding import KEPT, Codes, kind_of


def test_combinations_are_numbered_in_the_order_they_came_behind_those_known_before():
    codes = Codes(KEPT, what="words")
    said = ("in_stock", "active", "GBP", "genuine", False)
    gone = (*said[:4], True)
    assert [codes[word] for word in (said, gone, said, KEPT)] == [1, 2, 1, 0]
    assert list(codes) == [KEPT, said, gone]


def test_a_file_that_names_more_than_a_file_can_is_not_believed(monkeypatch):
    monkeypatch.setattr(coding, "MOST", 3)
    codes = Codes(what="pairs of brand and branch")
    for branch in ("A", "B", "C"):
        assert codes["Bench", branch] == "ABC".index(branch)
    assert codes["Bench", "A"] == 0
    with pytest.raises(BrokenFileError, match="more than 3 pairs of brand and branch"):
        codes["Bench", "D"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        (KEPT, "k"),
        ((None, None, None, None, False), "o"),
        (("out_of_stock", None, None, None, False), "o"),
        (("not_listed", None, None, None, False), "d"),
        (("in_stock", None, None, None, True), "d"),
    ],
)
def test_a_word_says_whether_its_row_is_an_offer_its_removal_or_refused(word, kind):
    assert kind_of(word) == kind
