"""The tables, one file a noun. What is stored and its keys; no queries and no rules.

Time is UTC epoch milliseconds (BIGINT). Whatever grants access is stored as a hash.
Table classes do not validate: they are built from checked values only.
"""

from townhall.storage.schema.audit import Audit, Chain, Heartbeat, Instance, Writer
from townhall.storage.schema.ballots import (
    Ballot,
    Certificate,
    Participation,
    Question,
    SecretBallot,
    Tally,
    Turnout,
)
from townhall.storage.schema.base import metadata
from townhall.storage.schema.forums import (
    Ask,
    AskUpvote,
    Forum,
    Note,
    NoteVersion,
    Rehearsal,
    Segment,
    Summary,
    SummaryVersion,
    TableGroup,
)
from townhall.storage.schema.people import Invite, Person, RoleGrant, Seat, Session
from townhall.storage.schema.proposals import (
    Agreement,
    Board,
    Comment,
    CommentSympathy,
    Proposal,
    ProposalTag,
    Sympathy,
    Upload,
)
from townhall.storage.schema.selections import Panelist, Selection, SelectionCandidate, Sheet

__all__ = [
    "Agreement",
    "Ask",
    "AskUpvote",
    "Audit",
    "Ballot",
    "Board",
    "Certificate",
    "Chain",
    "Comment",
    "CommentSympathy",
    "Forum",
    "Heartbeat",
    "Instance",
    "Invite",
    "Note",
    "NoteVersion",
    "Panelist",
    "Participation",
    "Person",
    "Proposal",
    "ProposalTag",
    "Question",
    "Rehearsal",
    "RoleGrant",
    "Seat",
    "SecretBallot",
    "Segment",
    "Selection",
    "SelectionCandidate",
    "Session",
    "Sheet",
    "Summary",
    "SummaryVersion",
    "Sympathy",
    "TableGroup",
    "Tally",
    "Turnout",
    "Upload",
    "Writer",
    "metadata",
]
