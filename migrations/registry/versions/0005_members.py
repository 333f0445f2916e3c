"""Members: four statuses, former names, more codes; contacts by post, mergers and splits, likely double entries.

Row security lets no operator of pg_trgm reach an index (they are not leakproof), so the functions that search by
similarity or fragment are the owner's; they read the rows of the session's alliance only.
"""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CORE_NAMES = r"""
CREATE FUNCTION core_name(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(regexp_replace(bare, '[省市县区]', '', 'g'), ''), bare)
    FROM (SELECT coalesce(
                nullif(regexp_replace(plain, '(股份有限公司|有限责任公司|有限公司|集团|公司)+$', ''), ''), plain)
            AS bare
        FROM (SELECT lower(regexp_replace(normalize(name, NFKC), '[[:space:][:punct:]“”‘’《》「」·・•—、。]+', '', 'g'))
            AS plain) AS tidied) AS stripped
$$;
COMMENT ON FUNCTION core_name IS 'a name without legal form, kind of division, punctuation and case, for likeness';

CREATE FUNCTION core_names(name text, aliases text[], former_names jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(string_agg(DISTINCT core, chr(10)), '') FROM (
        SELECT registry.core_name(name) AS core
        UNION ALL SELECT registry.core_name(alias) FROM unnest(aliases) AS alias
        UNION ALL SELECT registry.core_name(former ->> 'name') FROM jsonb_array_elements(former_names) AS former
    ) AS known WHERE core <> ''
$$;
COMMENT ON FUNCTION core_names IS 'every name of a member as core_name makes it, one a line';
"""

COLUMNS = """
ALTER TABLE member
    DROP CONSTRAINT ck_member_status,
    ADD CONSTRAINT ck_member_status CHECK (status IN ('active', 'rectifying', 'suspended', 'exited')),
    ADD COLUMN former_names jsonb NOT NULL DEFAULT '[]'
        CONSTRAINT ck_member_former_names_list CHECK (jsonb_typeof(former_names) = 'array'),
    ADD COLUMN school_code varchar(10) CONSTRAINT ck_member_school_code_shape CHECK (school_code ~ '^[0-9]{10}$'),
    ADD COLUMN industry_code varchar(10),
    ADD COLUMN address varchar(200),
    ADD COLUMN logo uuid,
    ADD CONSTRAINT ck_member_school_code_of_school CHECK (school_code IS NULL OR category IN (
        'higher_vocational', 'secondary_vocational', 'technician', 'sending_school'));
ALTER TABLE member ADD COLUMN core_names text NOT NULL
    GENERATED ALWAYS AS (registry.core_names(name, aliases, former_names)) STORED;
COMMENT ON COLUMN member.former_names IS 'earlier names: [{"name", "until": exclusive, or null where not known}]';
COMMENT ON COLUMN member.school_code IS '学校标识码, ten digits';
COMMENT ON COLUMN member.industry_code IS 'of the catalogue of industries';
COMMENT ON COLUMN member.logo IS 'an attachment';
COMMENT ON COLUMN member.core_names IS 'its names without what says little, one a line, to find double entries by';
UPDATE row_history SET data = data || '{"former_names": []}' WHERE table_name = 'member';
CREATE INDEX ix_member_core_names ON member USING gin (core_names gin_trgm_ops);
CREATE INDEX ix_member_school_code ON member (alliance, school_code);
"""

TABLES = """
CREATE TABLE member_contact (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    member uuid NOT NULL,
    post varchar(50) NOT NULL CONSTRAINT ck_member_contact_post_filled CHECK (post <> ''),
    person varchar(50) NOT NULL CONSTRAINT ck_member_contact_person_filled CHECK (person <> ''),
    phone varchar(30),
    email varchar(100),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_member_contact PRIMARY KEY (alliance, id),
    CONSTRAINT fk_member_contact_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id)
);
COMMENT ON TABLE member_contact IS 'whom to reach at a member, by post';
CREATE INDEX ix_member_contact_member ON member_contact (alliance, member);

CREATE TABLE member_succession (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    kind varchar(10) NOT NULL CONSTRAINT ck_member_succession_kind CHECK (kind IN ('merge', 'split')),
    predecessor uuid NOT NULL,
    successor uuid NOT NULL,
    on_date date NOT NULL,
    document varchar(200),
    reason varchar(500),
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_member_succession PRIMARY KEY (alliance, id),
    CONSTRAINT uq_member_succession_pair UNIQUE (alliance, predecessor, successor),
    CONSTRAINT fk_member_succession_predecessor FOREIGN KEY (alliance, predecessor) REFERENCES member (alliance, id),
    CONSTRAINT fk_member_succession_successor FOREIGN KEY (alliance, successor) REFERENCES member (alliance, id),
    CONSTRAINT ck_member_succession_of_two CHECK (predecessor <> successor)
);
COMMENT ON TABLE member_succession IS 'members that were merged into another, or from which others were split off';
CREATE INDEX ix_member_succession_successor ON member_succession (alliance, successor);

CREATE TABLE duplicate_dismissal (
    alliance varchar(32) NOT NULL,
    one uuid NOT NULL,
    other uuid NOT NULL,
    reason varchar(200) NOT NULL CONSTRAINT ck_duplicate_dismissal_reason_filled CHECK (reason <> ''),
    dismissed_by varchar(100) NOT NULL,
    dismissed_by_name varchar(100) NOT NULL,
    dismissed_at timestamptz NOT NULL,
    CONSTRAINT pk_duplicate_dismissal PRIMARY KEY (alliance, one, other),
    CONSTRAINT fk_duplicate_dismissal_one FOREIGN KEY (alliance, one) REFERENCES member (alliance, id),
    CONSTRAINT fk_duplicate_dismissal_other FOREIGN KEY (alliance, other) REFERENCES member (alliance, id),
    CONSTRAINT ck_duplicate_dismissal_ordered CHECK (one < other)
);
COMMENT ON TABLE duplicate_dismissal IS 'pairs of members that look alike and are two all the same';
"""

SEARCHES = """
CREATE FUNCTION members_like(names text[], threshold real) RETURNS TABLE (id uuid, likeness real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = registry, public, pg_temp AS $$
BEGIN
    PERFORM set_config('pg_trgm.strict_word_similarity_threshold', threshold::text, true);
    RETURN QUERY
        SELECT found.id, max(strict_word_similarity(core.name, found.core_names))
        FROM (SELECT DISTINCT core_name(given) AS name FROM unnest(names) AS given) AS core
            JOIN member AS found ON core.name <<% found.core_names
        WHERE found.alliance = current_setting('hub.alliance') GROUP BY found.id;
END
$$;
COMMENT ON FUNCTION members_like IS 'members of the session''s alliance that have a name like one of these';

CREATE FUNCTION members_alike(threshold real) RETURNS TABLE (one uuid, other uuid, likeness real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = registry, public, pg_temp AS $$
BEGIN
    PERFORM set_config('pg_trgm.strict_word_similarity_threshold', threshold::text, true);
    RETURN QUERY
        SELECT first.id, second.id, max(strict_word_similarity(core, second.core_names))
        FROM member AS first CROSS JOIN LATERAL string_to_table(first.core_names, chr(10)) AS core
            JOIN member AS second ON core <<% second.core_names
        WHERE first.alliance = current_setting('hub.alliance') AND second.alliance = first.alliance
            AND first.id < second.id
        GROUP BY first.id, second.id;
END
$$;
COMMENT ON FUNCTION members_alike IS 'pairs of members of the session''s alliance that have names like one another';

REVOKE EXECUTE ON FUNCTION members_like, members_alike FROM PUBLIC;
GRANT EXECUTE ON FUNCTION members_like, members_alike TO hub_registry;
"""


def upgrade() -> None:
    for script in (CORE_NAMES, COLUMNS, TABLES, SEARCHES):
        run_script(op, script)
    for table in ("member_contact", "member_succession", "duplicate_dismissal"):
        enable_tenancy(op, "registry", table, append_only=table == "member_succession")
    remember(op, "member_contact")
