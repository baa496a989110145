"""What a vote costs while the database grows: the same load at 1,000 … 1,000,000 stored ballots."""

from loadtests.costs import voting
from loadtests.figures import Figure, at_most, verdicts
from loadtests.server import Forum, Server
from townhall.crowd.many import Many

FIRST, STEP = 1_000, 10
FLAT = 10.0
QUESTIONS = 20
ROUNDS = 3


def growth(phones: int, ballots: int) -> str:
    """Cost of a vote at 1,000, 10,000 … stored ballots of earlier forums."""
    seen = costs(phones, ballots)
    figures = [Figure(f"a vote at {n:,} stored", f"{cpu * 1e6:.1f} µs") for n, cpu in seen.items()]
    least, most = min(seen.values()), max(seen.values())
    spread = (most / least - 1) * 100
    return verdicts(
        f"{ROUNDS} × {phones * QUESTIONS:,} votes of {phones:,} phones each, the least",
        [*figures, at_most("most against least", spread, FLAT, "{:.0f} %")],
    )


def costs(phones: int, ballots: int) -> dict[int, float]:
    """Seconds of the server's processor time a vote, by how many ballots were stored before.

    Each is the least of three rounds: whatever else is on the machine can only add to it.
    """
    found, stored, wanted = dict[int, float](), 0, min(FIRST, ballots)
    with Server() as server:
        while stored < ballots:
            if wanted > stored:
                server.stop()
                server.store(wanted - stored)
                server.start()
            stored = wanted
            forums = [server.forum(phones, QUESTIONS) for _ in range(ROUNDS)]
            found[stored] = min(server.under(_voted(server, forum)) for forum in forums)
            stored += ROUNDS * phones * QUESTIONS
            wanted = max(stored, min(wanted * STEP, ballots))
    return found


async def _voted(server: Server, forum: Forum) -> float:
    many = Many(server.url)
    await many.bring(forum.auths)
    try:
        # The first question warms the server up.
        await voting(server, many, forum.questions[:1])
        return (await voting(server, many, forum.questions[1:])).cpu
    finally:
        many.leave()
