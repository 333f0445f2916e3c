"""`POST /logout`: ends the session here, revokes the tokens, then ends the sign-in at the identity service."""

from urllib.parse import urlencode

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
    # The hint tells identity that it is this very session that wants to end, so that it need not ask again.
    hint = f"?{urlencode({'id_token_hint': session.tokens.id_token})}" if session.tokens.id_token else ""
    response = redirect(request, f"/oauth/logout{hint}")
    response.delete_cookie(
        session_cookie(sign_in.settings),
        path="/",
        secure=sign_in.settings.secure_cookies,
        httponly=True,
        samesite="lax",
    )
    return response
