"""Who and which request is being served, for logs and audit; set once at the edge."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")
trace_id: ContextVar[str] = ContextVar("trace_id", default="-")
client_address: ContextVar[str] = ContextVar("client_address", default="-")
traceparent: ContextVar[str] = ContextVar("traceparent", default="")
"""What goes out with a request made on behalf of this one (W3C Trace Context): its trace, this process's span."""
tracestate: ContextVar[str] = ContextVar("tracestate", default="")
subject: ContextVar[str] = ContextVar("subject", default="")
"""Who asks, for the access line; empty for a stranger."""
