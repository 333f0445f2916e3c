"""Who may call what: authorisation as a type in the signature."""

from typing import Annotated

from services.kernel.auth import requires
from services.kernel.permissions import Permission
from services.kernel.principal import Principal

FeedRead = Annotated[Principal, requires(Permission.FEED_READ)]
WebhooksManage = Annotated[Principal, requires(Permission.WEBHOOKS_MANAGE)]
