"""Canaille on a free loopback port, with one user and clients from the environment; runs in the peers' own environment.

Its clients' defaults are kept as they are: `aud` is empty unless an audience was set, and a client for which no
algorithm was set signs by the strongest that its key can do.
"""

import datetime
import json
import logging
import os
import sys
from typing import Any

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

told = json.loads(os.environ["PEER_CONFIG"])
key = RSAKey.generate_key(2048, parameters={"use": "sig"})
app = create_app(
    {
        "SECRET_KEY": os.environ["PEER_COOKIE_KEY"],
        "CANAILLE": {"DATABASE": "sql", "JAVASCRIPT": False, "HTMX": False, "LOGGING": {"version": 1}},
        "CANAILLE_SQL": {"DATABASE_URI": f"sqlite:///{told['folder']}/canaille.sqlite", "AUTO_MIGRATE": True},
        "CANAILLE_OIDC": {"ACTIVE_JWKS": [key.as_dict(private=True)]},
    }
)
logging.disable(logging.WARNING)


def add_client(wanted: dict[str, Any]) -> None:
    """A trusted client, which needs no consent; `audience` says whether its tokens name it."""
    client = models.Client(
        client_id=wanted["client_id"],
        client_secret=wanted["client_secret"],
        client_name=wanted["client_id"],
        client_uri="http://127.0.0.1",
        client_id_issued_at=datetime.datetime.now(datetime.UTC),
        redirect_uris=wanted["redirect_uris"],
        grant_types=["authorization_code"],
        response_types=["code"],
        scope=["openid", "profile"],
        token_endpoint_auth_method="client_secret_basic",
        **({"id_token_signed_response_alg": wanted["algorithm"]} if "algorithm" in wanted else {}),
    )
    Backend.instance.save(client)
    if wanted.get("audience"):
        client.audience = [client]
        Backend.instance.save(client)


with app.app_context(), Backend.instance.session():
    person = told["user"]
    user = models.User(
        user_name=person["name"], formatted_name="示例教师", family_name="示例", password=person["password"]
    )
    user.emails = ["teacher@example.test"]
    Backend.instance.save(user)
    for each in told["clients"]:
        add_client(each)

server = make_server("127.0.0.1", 0, app, threaded=True)
sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.port}/"}) + "\n")
sys.stdout.flush()
server.serve_forever()
