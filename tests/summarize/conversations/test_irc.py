"""Logs are read as their format says."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidInput
from summarize.conversations.irc import links, read_logs, utterances

LOG = """\
[23:58] <ann> anyone here using grub?
=== ben [~b@host]  has joined #channel
[23:59] <ben> ann: yes, what is it
[00:01] <ann> ben, it does not boot
=== ann waves
=== ben is now known as ben_away
[00:02] <ann> ben_away: still there?
[00:02] <cat|> hello
[00:03] <dan> cat: hi
"""


def said(text: str = LOG):
    return [one for _, one in utterances(text.splitlines())]


def test_what_the_server_says_is_not_said_but_keeps_its_line_number():
    numbers = [number for number, _ in utterances(LOG.splitlines())]

    assert numbers == [0, 2, 3, 4, 6, 7, 8]


def test_minutes_go_on_past_midnight():
    assert [one.minute for one in said()] == [1438, 1439, 1441, 1441, 1442, 1442, 1443]


def test_an_address_is_a_name_at_the_start_with_or_without_punctuation():
    found = said()

    assert (found[1].named, found[1].directed) == (("ann",), True)
    assert (found[2].named, found[2].directed) == (("ben",), True)
    assert (found[0].named, found[0].directed) == ((), False)


def test_a_renamed_person_stays_one_person():
    assert said()[4].named == ("ben",)


def test_a_nick_is_known_without_the_punctuation_around_it():
    assert said()[6].named == ("cat|",)


def test_a_name_nobody_has_used_yet_is_not_known():
    assert said("[10:00] <ann> ben: hi\n[10:01] <ben> hi ann")[0].named == ()


def test_a_line_may_link_to_several_and_to_itself():
    found = links("3 3 -\n3 4 -\n2 4 -\n", "log", 5)

    assert found == {3: {3}, 4: {2, 3}}


@pytest.mark.parametrize("line", ["1 2 3 -", "1 9 -", "one 2 -", "-"])
def test_a_malformed_link_is_refused_with_its_line(line: str):
    with pytest.raises(InvalidInput, match="is no link") as error:
        links(f"0 0 -\n{line}\n", "log", 5)

    assert line in str(error.value)


def test_a_folder_without_logs_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match=r"ascii\.txt"):
        read_logs(tmp_path)


def test_a_log_without_its_annotation_is_refused(tmp_path: Path):
    (tmp_path / "a.ascii.txt").write_text(LOG)

    with pytest.raises(InvalidInput, match="cannot be read"):
        read_logs(tmp_path)
