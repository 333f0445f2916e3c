"""The reference page of an audience: plain HTML, made here.

It has no script at all, so the policy against foreign and inline scripts and styles needs none of the exceptions that
the usual viewers ask for (docs/adr/0010-gateway-limits.md); and it speaks Chinese.
"""

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.gateway.reference.audiences import AUDIENCES, Audience, Flow
from services.gateway.reference.merging import SCHEME, Document
from services.gateway.reference.view import parts_of, shapes_of

TEMPLATES = Path(__file__).parent / "templates"
_environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined)


def render(audience: Audience, document: Document) -> str:
    """The page of an audience's merged document."""
    shapes = shapes_of(document)
    flows = document["components"]["securitySchemes"][SCHEME]["flows"]
    return _environment.get_template("reference.html").render(
        audience=audience,
        audiences=AUDIENCES.values(),
        info=document["info"],
        server=document["servers"][0]["url"],
        token_url=next(iter(flows.values()))["tokenUrl"],
        program=Flow.PROGRAM in audience.flows,
        parts=parts_of(document),
        shapes=shapes,
        shapes_by_name={shape.name for shape in shapes},
    )
