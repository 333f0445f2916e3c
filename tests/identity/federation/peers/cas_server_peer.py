"""django-cas-server on a free loopback port, with one user; runs in the peers' own environment."""

import json
import logging
import os
import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.urls import include, re_path

told = json.loads(os.environ["PEER_CONFIG"])
APPS = ["auth", "contenttypes", "sessions", "messages", "staticfiles"]
settings.configure(
    SECRET_KEY=os.environ["PEER_COOKIE_KEY"],
    ALLOWED_HOSTS=["127.0.0.1"],
    INSTALLED_APPS=[*(f"django.contrib.{app}" for app in APPS), "cas_server"],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    ROOT_URLCONF=__name__,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{told['folder']}/cas.sqlite"}},
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    STATIC_URL="/static/",
    USE_TZ=True,
    CAS_NEW_VERSION_HTML_WARNING=False,
    CAS_ENABLE_AJAX_AUTH=False,
    LOGGING_CONFIG=None,
)
django.setup()
logging.disable(logging.WARNING)
urlpatterns = [re_path(r"^cas/", include("cas_server.urls", namespace="cas_server"))]


class Quiet(WSGIRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Nothing on standard error for each request."""


class Threading(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def prepare() -> None:
    """The schema, one user, and the hub as the only known service."""
    from cas_server.models import ServicePattern
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    person = told["user"]
    get_user_model().objects.create_user(person["name"], password=person["password"], last_name="示例教师")
    pattern = ServicePattern.objects.create(name="hub", pattern=told["service_pattern"])
    pattern.attributs.create(name="last_name", replace="displayName")


prepare()
server = make_server("127.0.0.1", 0, get_wsgi_application(), Threading, Quiet)
sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/cas"}) + "\n")
sys.stdout.flush()
server.serve_forever()
