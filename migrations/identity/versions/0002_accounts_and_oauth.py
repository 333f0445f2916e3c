"""Accounts, sign-in, OAuth clients, codes, refresh tokens and signing keys."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kernel.migrations import enable_tenancy

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TENANT = ("alliance", "account", "sign_in_guard", "login_session", "authorization_code", "refresh_token")
DEPLOYMENT = ("oauth_client", "signing_key")


def upgrade() -> None:
    create_accounts()
    create_sign_in()
    create_clients_and_keys()
    create_grants()
    for table in TENANT:
        enable_tenancy(op, "identity", table)
    for table in DEPLOYMENT:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO hub_identity")


def alliance() -> sa.Column[str]:
    return sa.Column("alliance", sa.String(32), nullable=False)


def instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def of_account(table: str) -> sa.ForeignKeyConstraint:
    local, remote = ["alliance", "account_id"], ["account.alliance", "account.id"]
    return sa.ForeignKeyConstraint(local, remote, name=f"fk_{table}_alliance_account_id")


def of_client(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["client_id"], ["oauth_client.client_id"], name=f"fk_{table}_client_id")


def index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def create_accounts() -> None:
    op.create_table(
        "alliance",
        alliance(),
        sa.Column("name", sa.String(100), nullable=False),
        primary_key("alliance", "alliance"),
        comment="the name under which an alliance is shown at sign-in",
    )
    op.create_table(
        "account",
        alliance(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("display_name", sa.String(100), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("division", sa.String(6)),
        sa.Column("member", sa.Uuid),
        sa.Column("password_hash", sa.String(200), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        instant("created_at"),
        instant("updated_at"),
        instant("password_set_at"),
        primary_key("account", "alliance", "id"),
        sa.UniqueConstraint("alliance", "username", name="uq_account_alliance_username"),
        sa.CheckConstraint("username = lower(username)", name="ck_account_username_lower"),
        sa.CheckConstraint("role IN ('secretariat', 'county_bureau', 'member_unit')", name="ck_account_role_known"),
        sa.CheckConstraint("(role = 'county_bureau') = (division IS NOT NULL)", name="ck_account_division_of_bureau"),
        sa.CheckConstraint("(role = 'member_unit') = (member IS NOT NULL)", name="ck_account_member_of_unit"),
        comment="people who sign in for a post",
    )


def create_sign_in() -> None:
    op.create_table(
        "sign_in_guard",
        alliance(),
        sa.Column("name_digest", sa.LargeBinary, nullable=False),
        sa.Column("failures", sa.SmallInteger, nullable=False),
        instant("last_failed_at", nullable=True),
        instant("locked_until", nullable=True),
        primary_key("sign_in_guard", "alliance", "name_digest"),
        comment="failed attempts by blinded user name, known or not",
    )
    op.create_table(
        "login_session",
        alliance(),
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("client_address", sa.String(64), nullable=False),
        instant("created_at"),
        instant("seen_at"),
        instant("expires_at"),
        instant("ended_at", nullable=True),
        primary_key("login_session", "alliance", "id"),
        sa.UniqueConstraint("alliance", "token_hash", name="uq_login_session_alliance_token_hash"),
        of_account("login_session"),
        comment="browsers that are signed in; the cookie is stored as a hash",
    )
    index("login_session", "alliance", "account_id")


def create_clients_and_keys() -> None:
    op.create_table(
        "oauth_client",
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False),
        sa.Column("role", sa.String(20)),
        sa.Column("redirect_uris", ARRAY(sa.Text), nullable=False),
        sa.Column("post_logout_redirect_uris", ARRAY(sa.Text), nullable=False),
        sa.Column("grant_types", ARRAY(sa.Text), nullable=False),
        sa.Column("scopes", ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        instant("created_at"),
        instant("updated_at"),
        primary_key("oauth_client", "client_id"),
        comment="programs that may ask for tokens; of the deployment, not of an alliance",
    )
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(64), nullable=False),
        sa.Column("public_jwk", JSONB, nullable=False),
        sa.Column("private_pem", sa.LargeBinary, nullable=False),
        instant("created_at"),
        instant("signs_from"),
        instant("retires_at", nullable=True),
        primary_key("signing_key", "kid"),
        comment="token signing keys; the private half is encrypted",
    )


def create_grants() -> None:
    op.create_table(
        "authorization_code",
        alliance(),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        sa.Column("family", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("redirect_uri", sa.Text),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("code_challenge", sa.String(128), nullable=False),
        sa.Column("code_challenge_method", sa.String(10), nullable=False),
        instant("created_at"),
        instant("expires_at"),
        instant("used_at", nullable=True),
        primary_key("authorization_code", "alliance", "code_hash"),
        of_account("authorization_code"),
        of_client("authorization_code"),
        comment="authorisation codes as hashes, kept after use to notice a second one",
    )
    index("authorization_code", "alliance", "expires_at")
    op.create_table(
        "refresh_token",
        alliance(),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        sa.Column("family", sa.Uuid, nullable=False),
        sa.Column("client_id", sa.String(64), nullable=False),
        sa.Column("account_id", sa.Uuid, nullable=False),
        sa.Column("session_id", sa.Uuid, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        instant("issued_at"),
        instant("expires_at"),
        instant("replaced_at", nullable=True),
        instant("revoked_at", nullable=True),
        primary_key("refresh_token", "alliance", "token_hash"),
        of_account("refresh_token"),
        of_client("refresh_token"),
        comment="refresh tokens as hashes; each is replaced at its use",
    )
    for column in ("family", "account_id", "session_id", "expires_at"):
        index("refresh_token", "alliance", column)
