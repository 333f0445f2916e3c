"""Forgetting the contact of an application that ended: also in its history, which the service itself cannot rewrite."""

from alembic import op

from services.kernel.migrations import run_script

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# The owner's, for one purpose: only where the row itself holds no contact any more, and only in the session's alliance.
FORGET_CONTACT = """
CREATE FUNCTION forget_contact_history(application uuid) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = registry, pg_temp AS $$
    UPDATE row_history SET data = data || '{"contact_person": "", "contact_phone": ""}'
    WHERE alliance = current_setting('hub.alliance') AND table_name = 'membership_application'
        AND row_key = application::text
        AND EXISTS (SELECT FROM membership_application AS ended
            WHERE ended.alliance = current_setting('hub.alliance') AND ended.id = application
                AND ended.state IN ('returned', 'rejected', 'withdrawn')
                AND ended.contact_person = '' AND ended.contact_phone = '')
$$;
COMMENT ON FUNCTION forget_contact_history IS
    'empties the contact in every state of an application whose row holds none any more';
REVOKE EXECUTE ON FUNCTION forget_contact_history(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION forget_contact_history(uuid) TO hub_registry;
COMMENT ON COLUMN membership_application.contact_person IS 'empty once it was forgotten, after the period of keeping';
COMMENT ON COLUMN membership_application.contact_phone IS 'empty once it was forgotten, after the period of keeping';
"""


def upgrade() -> None:
    run_script(op, FORGET_CONTACT)
