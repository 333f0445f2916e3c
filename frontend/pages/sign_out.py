"""`POST /logout`: ends the session here, revokes the tokens, then ends the sign-in at the identity service."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from frontend.access import CurrentSession
from frontend.htmx import redirect
from frontend.sign_in import SignInPart, session_cookie

router = APIRouter()


@router.post("/logout")
async def logout(request: Request, session: CurrentSession, sign_in: SignInPart) -> Response:
    """Sign out; the browser goes on to `/oauth/logout`."""
    await sign_in.end(session)
    response = redirect(request, "/oauth/logout")
    response.delete_cookie(
        session_cookie(sign_in.settings),
        path="/",
        secure=sign_in.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response
