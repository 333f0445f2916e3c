"""People, posts and their holders; invitations; machine and third-party clients; federation; revocations.

Each old account becomes a person with a post that it has held since it was made. Everybody signs in again afterwards:
an old login session, code or refresh token names no post, so none is carried over.
"""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from services.kernel.migrations import enable_tenancy

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TENANT = (
    "person",
    "recovery_code",
    "post",
    "post_holding",
    "invitation",
    "consent",
    "identity_provider",
    "external_identity",
    "federation_attempt",
)
DEPLOYMENT = ("client_assertion", "revocation")
ROLES = (
    "audit_admin",
    "county_clerk",
    "county_reviewer",
    "joint_reviewer",
    "leader",
    "secretariat_clerk",
    "secretariat_head",
    "security_admin",
    "system_admin",
    "unit_reporter",
    "unit_reviewer",
)

OLD_POSTS = """
WITH old AS MATERIALIZED (
    SELECT *, gen_random_uuid() AS post_id, (created_at AT TIME ZONE 'Asia/Shanghai')::date AS since FROM account
), posts AS (
    INSERT INTO post
        (alliance, id, title, unit_name, role, division, member, active, created_at, updated_at, row_version)
    SELECT alliance, post_id,
           CASE role WHEN 'secretariat' THEN '秘书处经办' WHEN 'county_bureau' THEN '县区教育局经办'
                     ELSE '成员单位填报员' END,
           display_name,
           CASE role WHEN 'secretariat' THEN 'secretariat_clerk' WHEN 'county_bureau' THEN 'county_clerk'
                     ELSE 'unit_reporter' END,
           division, member, true, created_at, now(), 1
    FROM old
)
INSERT INTO post_holding (alliance, id, post_id, person_id, from_date, reason, granted_by, granted_at)
SELECT alliance, gen_random_uuid(), post_id, person_id, since, '系统升级：沿用原账号的身份', 'migration', now() FROM old
"""


def upgrade() -> None:
    create_people()
    move_accounts()
    create_invitations()
    create_federation()
    extend_sessions_and_grants()
    extend_clients()
    for table in TENANT:
        enable_tenancy(op, "identity", table)
    # which alliances there are is no secret of theirs: the exchange service asks for all
    op.execute("CREATE POLICY every_alliance ON alliance FOR SELECT USING (true)")
    for table in DEPLOYMENT:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO hub_identity")


def alliance() -> sa.Column[str]:
    return sa.Column("alliance", sa.String(32), nullable=False)


def uuid(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.Uuid, nullable=nullable)


def line(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length), nullable=nullable)


def instant(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def versioned() -> list[sa.Column[Any]]:
    return [instant("created_at"), instant("updated_at"), sa.Column("row_version", sa.Integer, nullable=False)]


def primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    local, remote = ["alliance", column], [f"{target}.alliance", f"{target}.id"]
    return sa.ForeignKeyConstraint(local, remote, name=f"fk_{table}_alliance_{column}")


def of_client(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["client_id"], ["oauth_client.client_id"], name=f"fk_{table}_client_id")


def known(table: str, column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"ck_{table}_{column}_known")


def index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def create_people() -> None:
    op.create_table(
        "person",
        alliance(),
        uuid("id"),
        line("name", 100),
        instant("created_at"),
        instant("updated_at"),
        primary_key("person", "alliance", "id"),
        comment="people who hold posts, or held them",
    )
    op.create_table(
        "post",
        alliance(),
        uuid("id"),
        line("title", 100),
        line("unit_name", 100),
        line("role", 20),
        line("division", 6, nullable=True),
        uuid("member", nullable=True),
        line("department", 20, nullable=True),
        sa.Column("active", sa.Boolean, nullable=False),
        *versioned(),
        primary_key("post", "alliance", "id"),
        known("post", "role", *ROLES),
        sa.CheckConstraint(
            "(role IN ('county_clerk', 'county_reviewer')) = (division IS NOT NULL)", name="ck_post_division_of_county"
        ),
        sa.CheckConstraint(
            "(role IN ('unit_reporter', 'unit_reviewer')) = (member IS NOT NULL)", name="ck_post_member_of_unit"
        ),
        sa.CheckConstraint(
            "(role = 'joint_reviewer') = (department IS NOT NULL)", name="ck_post_department_of_reviewer"
        ),
        comment="posts of units; rights hang on them",
    )
    index("post", "alliance", "role")
    create_holdings()


def create_holdings() -> None:
    op.create_table(
        "post_holding",
        alliance(),
        uuid("id"),
        uuid("post_id"),
        uuid("person_id"),
        sa.Column("from_date", sa.Date, nullable=False),
        sa.Column("until_date", sa.Date),
        sa.Column("reason", sa.Text, nullable=False),
        line("document", 200, nullable=True),
        line("granted_by", 100),
        instant("granted_at"),
        line("ended_by", 100, nullable=True),
        instant("ended_at", nullable=True),
        sa.Column("end_reason", sa.Text),
        primary_key("post_holding", "alliance", "id"),
        reference("post_holding", "post_id", "post"),
        reference("post_holding", "person_id", "person"),
        sa.CheckConstraint("until_date >= from_date", name="ck_post_holding_dates_in_order"),
        comment="who holds a post, on business dates from from_date up to, not including, until_date",
    )
    op.execute(
        "ALTER TABLE post_holding ADD CONSTRAINT ex_post_holding_one_holder EXCLUDE USING gist "
        "(alliance WITH =, post_id WITH =, daterange(from_date, until_date) WITH &&)"
    )
    index("post_holding", "alliance", "person_id")


def move_accounts() -> None:
    """Accounts get a person and a state; role, county and member move to posts."""
    op.add_column("account", sa.Column("person_id", sa.Uuid, server_default=sa.text("gen_random_uuid()")))
    op.execute("INSERT INTO person SELECT alliance, person_id, display_name, created_at, updated_at FROM account")
    op.execute(OLD_POSTS)
    op.add_column("account", line("state", 12, nullable=True))
    op.execute("UPDATE account SET state = CASE WHEN active THEN 'active' ELSE 'deactivated' END")
    for check in ("role_known", "division_of_bureau", "member_of_unit"):
        op.drop_constraint(f"ck_account_{check}", "account")
    for column in ("role", "division", "member", "display_name", "active"):
        op.drop_column("account", column)
    op.alter_column("account", "person_id", nullable=False, server_default=None)
    op.alter_column("account", "state", nullable=False)
    op.alter_column("account", "password_hash", nullable=True)
    op.alter_column("account", "password_set_at", nullable=True)
    op.add_column("account", sa.Column("totp_secret", sa.LargeBinary))
    op.add_column("account", instant("totp_confirmed_at", nullable=True))
    op.add_column("account", sa.Column("totp_last_step", sa.BigInteger))
    op.add_column("account", sa.Column("row_version", sa.Integer, nullable=False, server_default="1"))
    op.alter_column("account", "row_version", server_default=None)
    constrain_accounts()


def constrain_accounts() -> None:
    op.create_unique_constraint("uq_account_alliance_person_id", "account", ["alliance", "person_id"])
    op.create_foreign_key(
        "fk_account_alliance_person_id", "account", "person", ["alliance", "person_id"], ["alliance", "id"]
    )
    op.create_check_constraint("ck_account_state_known", "account", "state IN ('active', 'deactivated', 'invited')")
    op.create_check_constraint(
        "ck_account_password_dated", "account", "(password_hash IS NULL) = (password_set_at IS NULL)"
    )
    op.create_check_constraint(
        "ck_account_totp_has_secret", "account", "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL"
    )
    op.execute("COMMENT ON TABLE account IS 'how a person signs in; each person has one'")


def create_invitations() -> None:
    op.create_table(
        "recovery_code",
        alliance(),
        uuid("account_id"),
        sa.Column("code_hash", sa.LargeBinary, nullable=False),
        instant("used_at", nullable=True),
        primary_key("recovery_code", "alliance", "account_id", "code_hash"),
        reference("recovery_code", "account_id", "account"),
        comment="codes that stand in for a lost second factor, as hashes",
    )
    op.create_table(
        "invitation",
        alliance(),
        uuid("id"),
        uuid("account_id"),
        line("purpose", 16),
        sa.Column("token_hash", sa.LargeBinary, nullable=False),
        line("created_by", 100),
        instant("created_at"),
        instant("expires_at"),
        instant("used_at", nullable=True),
        instant("revoked_at", nullable=True),
        primary_key("invitation", "alliance", "id"),
        reference("invitation", "account_id", "account"),
        sa.UniqueConstraint("alliance", "token_hash", name="uq_invitation_alliance_token_hash"),
        known("invitation", "purpose", "invitation", "password_reset"),
        comment="links to set a password or to bind a unit's own sign-in; the token is stored as a hash",
    )
    op.create_index(
        "uq_invitation_one_open",
        "invitation",
        ["alliance", "account_id"],
        unique=True,
        postgresql_where=sa.text("used_at IS NULL AND revoked_at IS NULL"),
    )


def create_federation() -> None:
    op.create_table(
        "identity_provider",
        alliance(),
        uuid("id"),
        line("kind", 10),
        line("name", 100),
        uuid("member", nullable=True),
        line("division", 6, nullable=True),
        sa.Column("config", JSONB, nullable=False),
        sa.Column("secret", sa.LargeBinary),
        sa.Column("active", sa.Boolean, nullable=False),
        *versioned(),
        primary_key("identity_provider", "alliance", "id"),
        sa.UniqueConstraint("alliance", "name", name="uq_identity_provider_alliance_name"),
        known("identity_provider", "kind", "oidc", "oauth2", "cas", "wecom", "dingtalk"),
        sa.CheckConstraint("member IS NULL OR division IS NULL", name="ck_identity_provider_one_unit"),
        comment="units' own sign-in; the secret is encrypted",
    )
    op.create_table(
        "external_identity",
        alliance(),
        uuid("id"),
        uuid("provider_id"),
        line("subject", 255),
        uuid("account_id"),
        line("display", 100),
        instant("bound_at"),
        instant("last_used_at", nullable=True),
        primary_key("external_identity", "alliance", "id"),
        reference("external_identity", "provider_id", "identity_provider"),
        reference("external_identity", "account_id", "account"),
        sa.UniqueConstraint(
            "alliance", "provider_id", "subject", name="uq_external_identity_alliance_provider_id_subject"
        ),
        comment="who an account is at a unit's own sign-in",
    )
    index("external_identity", "alliance", "account_id")
    create_attempts()


def create_attempts() -> None:
    op.create_table(
        "federation_attempt",
        alliance(),
        sa.Column("state_hash", sa.LargeBinary, nullable=False),
        uuid("provider_id"),
        line("nonce", 128, nullable=True),
        sa.Column("verifier_encrypted", sa.LargeBinary),
        sa.Column("return_to", sa.Text, nullable=False),
        uuid("invitation_id", nullable=True),
        uuid("account_id", nullable=True),
        instant("created_at"),
        instant("expires_at"),
        instant("used_at", nullable=True),
        primary_key("federation_attempt", "alliance", "state_hash"),
        reference("federation_attempt", "provider_id", "identity_provider"),
        reference("federation_attempt", "account_id", "account"),
        reference("federation_attempt", "invitation_id", "invitation"),
        comment="browsers that were sent to a unit's own sign-in; the state is stored as a hash",
    )
    index("federation_attempt", "alliance", "expires_at")


def extend_sessions_and_grants() -> None:
    for table in ("authorization_code", "refresh_token", "login_session"):
        op.execute(f"DELETE FROM {table}")  # noqa: S608  # names from this file
        op.add_column(table, uuid("post_id", nullable=table == "login_session"))
        op.add_column(table, sa.Column("practice", sa.Boolean, nullable=False))
        op.create_foreign_key(
            f"fk_{table}_alliance_post_id", table, "post", ["alliance", "post_id"], ["alliance", "id"]
        )
    op.add_column("authorization_code", sa.Column("nonce", sa.Text))
    op.add_column("authorization_code", instant("auth_time"))
    op.add_column("login_session", line("stage", 10))
    op.add_column("login_session", sa.Column("amr", ARRAY(sa.Text), nullable=False))
    op.add_column("login_session", line("user_agent", 200))
    stages = "stage IN ('password', 'factor', 'post', 'complete')"
    op.create_check_constraint("ck_login_session_stage_known", "login_session", stages)
    op.create_check_constraint(
        "ck_login_session_complete_has_post", "login_session", "stage <> 'complete' OR post_id IS NOT NULL"
    )
    index("login_session", "alliance", "post_id")
    op.create_table(
        "revocation",
        line("kind", 10),
        line("value", 100),
        sa.Column("generation", sa.Integer),
        instant("at"),
        instant("expires_at"),
        primary_key("revocation", "kind", "value"),
        known("revocation", "kind", "session", "client", "token"),
        sa.CheckConstraint("(kind = 'client') = (generation IS NOT NULL)", name="ck_revocation_generation_of_client"),
        comment="sessions, tokens and older generations of clients that every service refuses; of the deployment",
    )
    index("revocation", "expires_at")


def extend_clients() -> None:
    op.add_column("oauth_client", line("kind", 12, nullable=True))
    op.execute("UPDATE oauth_client SET kind = CASE WHEN role = 'service' THEN 'service' ELSE 'first_party' END")
    op.alter_column("oauth_client", "kind", nullable=False)
    op.alter_column("oauth_client", "secret_hash", nullable=True)
    with_defaults: list[sa.Column[Any]] = [
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        sa.Column("auth_method", sa.String(20), nullable=False, server_default="client_secret_basic"),
        sa.Column("practice", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("generation", sa.Integer, nullable=False, server_default="1"),
    ]
    for column in with_defaults:
        op.add_column("oauth_client", column)
        op.alter_column("oauth_client", column.name, server_default=None)
    op.add_column("oauth_client", sa.Column("jwks", JSONB))
    op.add_column("oauth_client", line("alliance", 32, nullable=True))
    op.add_column("oauth_client", line("division", 6, nullable=True))
    op.add_column("oauth_client", line("created_by", 100, nullable=True))
    op.add_column("oauth_client", instant("revoked_at", nullable=True))
    op.add_column("oauth_client", instant("last_used_at", nullable=True))
    constrain_clients()


def constrain_clients() -> None:
    methods = "'client_secret_basic', 'client_secret_post'"
    checks = {
        "kind_known": "kind IN ('first_party', 'service', 'machine', 'third_party')",
        "auth_method_known": f"auth_method IN ({methods}, 'private_key_jwt', 'none')",
        "secret_of_method": f"(auth_method IN ({methods})) = (secret_hash IS NOT NULL)",
        "jwks_of_method": "(auth_method = 'private_key_jwt') = (jwks IS NOT NULL)",
        "division_of_machine": "(kind = 'machine') = (division IS NOT NULL)",
        "division_in_alliance": "division IS NULL OR alliance IS NOT NULL",
        "role_of_own_speaker": "(kind IN ('service', 'machine')) = (role IS NOT NULL)",
    }
    for name, condition in checks.items():
        op.create_check_constraint(f"ck_oauth_client_{name}", "oauth_client", condition)
    index("oauth_client", "alliance", "division")
    op.create_table(
        "consent",
        alliance(),
        uuid("account_id"),
        line("client_id", 64),
        sa.Column("scope", sa.Text, nullable=False),
        instant("granted_at"),
        instant("revoked_at", nullable=True),
        primary_key("consent", "alliance", "account_id", "client_id"),
        reference("consent", "account_id", "account"),
        of_client("consent"),
        comment="what a person allowed a third party's program",
    )
    op.create_table(
        "client_assertion",
        line("client_id", 64),
        sa.Column("jti_hash", sa.LargeBinary, nullable=False),
        instant("expires_at"),
        primary_key("client_assertion", "client_id", "jti_hash"),
        of_client("client_assertion"),
        comment="signed assertions that were used; they are refused a second time",
    )
    index("client_assertion", "expires_at")
