"""From a refusal or a failure to an answer that says what happened and what to do.

Belongs here: status codes by refusal, the error page, the error JSON. Sentences are in the
catalogues under `refused.<code>` and `web.error.<status>`.
"""

from starlette.responses import RedirectResponse, Response

from townhall.domain.errors import Refused
from townhall.web.visit import Visit

STATUS = {
    "sign_in": 401,
    "card_needed": 401,
    "sign_in_failed": 401,
    "not_allowed": 403,
    "wrong_table": 403,
    "not_your_proposal": 403,
    "not_your_comment": 403,
    "form_expired": 403,
    "origin_foreign": 403,
    "not_found": 404,
    "forum_unknown": 404,
    "event_unknown": 404,
    "ticket_used": 409,
    "seat_held": 409,
    "guest_held": 409,
    "too_large": 413,
    "too_many": 429,
    "unexpected": 500,
    "busy": 503,
    "stopping": 503,
    "not_saving": 503,
}
_CARD_SCREENS = {"desk", "stage", "panel"}


def status_of(refused: Refused) -> int:
    """The HTTP status of a refusal."""
    return STATUS.get(refused.code, 400)


def refusal(visit: Visit, refused: Refused) -> Response:
    """The answer to a refused visit: JSON for scripts, a page or the sign-in for people."""
    status = status_of(refused)
    if visit.page.api:
        return visit.json(as_json(visit, refused), status, _retry(refused))
    if refused.code == "sign_in":
        if visit.page.screen in _CARD_SCREENS:
            refused = Refused("card_needed")
        elif visit.request.method == "GET":
            return RedirectResponse(f"/login?next={visit.request.url.path}", 303)
    page = visit.render(
        "error.html",
        status,
        title=visit.words(f"web.error.{status}"),
        text=sentence(visit, refused),
        back=_back(visit),
    )
    page.headers.update(_retry(refused))
    return page


def sentence(visit: Visit, refused: Refused) -> str:
    """What happened and what to do, in the visitor's language."""
    return visit.words(f"refused.{refused.code}", **refused.details)


def as_json(visit: Visit, refused: Refused) -> dict[str, object]:
    """A refusal as scripts get it."""
    answer: dict[str, object] = {
        "status": "refused",
        "code": refused.code,
        "message": sentence(visit, refused),
    }
    if refused.code == "unexpected":
        answer["request_id"] = visit.envelope.request_id
    return answer


def _retry(refused: Refused) -> dict[str, str]:
    seconds = refused.details.get("seconds")
    return {"Retry-After": str(seconds)} if seconds is not None else {}


def _back(visit: Visit) -> str:
    """The page a form was posted from, if it is one of ours."""
    host = visit.request.headers.get("host", "")
    _, found, path = visit.request.headers.get("referer", "").partition(f"://{host}/")
    return visit.safe_path(f"/{path}") if host and found else ""
