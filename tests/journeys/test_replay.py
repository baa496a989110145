"""A real deliberation is replayed as a newcomer would do it: one command, a folder of three files.

The set here is small and has the oddities of the large ones.
"""

import subprocess
import sys
from pathlib import Path

from tests.servers.townhall import ROOT

COMMENTS = (
    "\ufeffTimestamp,comment_id,author_id,agrees,disagrees,moderated,comment-body\r\n"
    '1,0,7,2,1,1,"Buses, trams and ""bicycles""\r\nshould be free,\r\n\r\nfor all."\r\n'
    f"2,1,7,0,1,-1,{'가나다 ' * 120}\r\n"
    "3,2,8,0,0,0,\u200b\u3164\r\n"
    '4,7,8,0,0,1,"Nobody voted on this, <b>ever</b>"\r\n'
)
# Unsorted; statement 9 is in no other file; the last two rows of voter 4 share their moment; voter
# 3 changes twice.
VOTES = (
    "\ufefftimestamp,comment-id,voter_id,vote\r\n"
    "300,0,3,-1\r\n"
    "100,0,3,1\r\n"
    "200,0,3,0\r\n"
    "110,1,3,1.0\r\n"
    "120,0,4,1\r\n"
    "130,2,4,-1.0\r\n"
    "140,9,4,1\r\n"
    "\r\n"
    "150,0,12,0\r\n"
    "150,0,12,1\r\n"
    "160,2,12,0\r\n"
    "170,9,12,-1\r\n"
)
PEOPLE = (
    "participant,group-id,n-comments,n-votes,n-agree,n-disagree,0,1,2,7\r\n"
    "3,0,0,2,1,1,-1,,,\r\n"
    "4,0,0,3,2,1,1,,-1.0,\r\n"
    "12,,0,3,1,1,1,,0,\r\n"
    "99,,0,0,0,0,,,,\r\n"
)


def replayed(
    folder: Path, *, votes: str = VOTES, people: str = PEOPLE
) -> subprocess.CompletedProcess[str]:
    """The command on a set with these files; what it printed and how it ended."""
    folder.mkdir(exist_ok=True)
    files = {"comments.csv": COMMENTS, "votes.csv": votes, "participants-votes.csv": people}
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    command = [sys.executable, "-m", "loadtests.replay_polis", str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)


def test_replaying_an_odd_set_shows_no_difference(tmp_path: Path) -> None:
    done = replayed(tmp_path / "odd")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == ("odd: 5 statements, 3 voters, 11 votes (3 of them change an earlier one)")
    assert "answers    counted 11; sent again 0" in lines
    assert lines[6:] == [
        "votes.csv: no difference (5 tallies, 8 ballots)",
        "participants-votes.csv: no difference (4 tallies, 5 ballots)",
        "  1 left aside, as the export itself lacks them: the statement was moderated out",
        "  2 left aside, as the export itself lacks them: the statement has no column there",
    ]


def test_replaying_a_set_whose_people_were_altered_reports_the_difference(tmp_path: Path) -> None:
    done = replayed(tmp_path / "altered", people=PEOPLE.replace("3,0,0,2,1,1,-1", "3,0,0,2,1,1,1"))
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[6:10] == [
        "votes.csv: no difference (5 tallies, 8 ballots)",
        "participants-votes.csv: 2 differences (4 tallies, 5 ballots)",
        "  statement 0: the server counted yes 2, no 1, abstain 0; people yes 3, no 0, abstain 0",
        "  statement 0: voter 3 has yes there; the server holds no",
    ]


def test_replaying_a_bad_file_ends_with_one_line(tmp_path: Path) -> None:
    done = replayed(
        tmp_path / "bad", votes="timestamp,comment-id,voter-id,vote\n1,0,3,1\n2,0,3,5\n"
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "votes.csv, line 3: not a vote of 1, 0 or -1 on a statement.\n"
    missing = tmp_path / "nowhere"
    command = [sys.executable, "-m", "loadtests.replay_polis", str(missing)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{missing / 'votes.csv'}: No such file or directory.\n"
