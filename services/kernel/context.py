"""Who and which request is being served, for logs and audit; set once at the edge."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
trace_id: ContextVar[str] = ContextVar("trace_id", default="-")
client_address: ContextVar[str] = ContextVar("client_address", default="-")
