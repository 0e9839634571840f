"""What a command said is put together from the lines of its stream."""

import json

import pytest

from release.console.transcript import Ending, Transcript, ending


def line(number: int, text: str, to: str = "out") -> str:
    return json.dumps({"event": "output", "to": to, "text": text, "n": number})


def shown(transcript: Transcript, *lines: str) -> str:
    return "".join(f"{said.to}:{said.text} " for each in lines for said in transcript.take(each))


def test_lines_are_shown_in_the_order_in_which_they_were_said():
    """CloudWatch Logs may give them in another, and twice."""
    transcript = Transcript()
    assert shown(transcript, line(1, "b", "err")) == ""
    assert shown(transcript, line(0, "a"), line(1, "b", "err"), line(2, "c")) == "out:a err:b out:c "
    assert not transcript.ended
    assert shown(transcript, json.dumps({"event": "ended", "exit": 0, "n": 3})) == ""
    assert transcript.ended


def test_what_waits_for_a_lost_line_is_shown_in_the_end():
    """Better with a gap than not at all."""
    transcript = Transcript()
    assert shown(transcript, line(2, "c"), line(1, "b")) == ""
    assert [said.text for said in transcript.rest()] == ["b", "c"]


@pytest.mark.parametrize("stranger", ["", "[]", "{}", "text", '{"n": "1"}', '{"n": 0, "event": "output", "text": 1}'])
def test_a_line_of_somebody_elses_is_left_out(stranger: str):
    """Every instance of the fleet may write into the stream."""
    assert shown(Transcript(), stranger) == ""


def test_how_it_ended():
    """The program's last line tells it; without one, it did not come that far."""
    told = '{"exit": 194, "late": false, "lines": 3, "lost": ""}\n'
    assert ending(f"noise\n{told}") == Ending(status=194, lines=3)
    assert ending("") is None
    assert ending("killed\n") is None
