"""Governance: bodies with terms and seats, who holds a seat when, leads, meetings, resolutions and votes."""

from alembic import op

from services.kernel.history import remember
from services.kernel.migrations import enable_tenancy, run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BODIES = """
CREATE TABLE body (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    pack varchar(60),
    code varchar(63),
    name varchar(100) NOT NULL CONSTRAINT ck_body_name_filled CHECK (name <> ''),
    aliases text[] NOT NULL DEFAULT '{}',
    kind varchar(30) NOT NULL CONSTRAINT ck_body_kind CHECK (kind IN (
        'steering', 'council', 'secretariat', 'leading_group', 'office', 'development_committee', 'committee',
        'assembly', 'mechanism')),
    parent uuid,
    host_member uuid,
    host_name varchar(100),
    host_options text[] NOT NULL DEFAULT '{}',
    duties text[] NOT NULL DEFAULT '{}',
    succession varchar(10) CONSTRAINT ck_body_succession CHECK (succession IN ('by_post', 'by_notice')),
    article varchar(40),
    founded_on date,
    dissolved_on date,
    position integer NOT NULL DEFAULT 0,
    quorum_numerator integer,
    quorum_denominator integer,
    quorum_strict boolean NOT NULL DEFAULT false,
    majority_numerator integer,
    majority_denominator integer,
    majority_strict boolean NOT NULL DEFAULT true,
    majority_of varchar(10) NOT NULL DEFAULT 'votes'
        CONSTRAINT ck_body_majority_of CHECK (majority_of IN ('votes', 'present', 'seats')),
    rules_source varchar(200),
    number_prefix varchar(20),
    sort_key varchar(400) NOT NULL,
    search_text text NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_body PRIMARY KEY (alliance, id),
    CONSTRAINT fk_body_parent FOREIGN KEY (alliance, parent) REFERENCES body (alliance, id),
    CONSTRAINT fk_body_host FOREIGN KEY (alliance, host_member) REFERENCES member (alliance, id),
    CONSTRAINT ck_body_not_its_own_parent CHECK (parent <> id),
    CONSTRAINT ck_body_dissolved_after_founded CHECK (dissolved_on > founded_on),
    CONSTRAINT ck_body_quorum CHECK ((quorum_numerator IS NULL) = (quorum_denominator IS NULL)
        AND (quorum_numerator IS NULL OR (quorum_numerator > 0 AND quorum_numerator <= quorum_denominator))),
    CONSTRAINT ck_body_majority CHECK ((majority_numerator IS NULL) = (majority_denominator IS NULL)
        AND (majority_numerator IS NULL OR (majority_numerator > 0 AND majority_numerator <= majority_denominator)))
);
COMMENT ON TABLE body IS 'governance bodies; one that was dissolved keeps its row';
COMMENT ON COLUMN body.host_name IS 'the unit that houses it as the document writes it';
COMMENT ON COLUMN body.host_options IS 'the units among which a template lets one choose';
COMMENT ON COLUMN body.quorum_strict IS 'more than the share, not the share itself';
COMMENT ON COLUMN body.majority_of IS 'of votes for and against, of seats present, or of all seats';
COMMENT ON COLUMN body.rules_source IS 'where quorum and majority stand, such as an article of the charter';
CREATE UNIQUE INDEX uq_body_standing_name ON body (alliance, name) WHERE dissolved_on IS NULL;
CREATE UNIQUE INDEX uq_body_pack_code ON body (alliance, pack, code);
CREATE INDEX ix_body_sort ON body (alliance, sort_key, id);

CREATE TABLE body_term (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    body uuid NOT NULL,
    number integer NOT NULL CONSTRAINT ck_body_term_from_one CHECK (number >= 1),
    from_date date NOT NULL,
    until_date date,
    document varchar(100),
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_body_term PRIMARY KEY (alliance, id),
    CONSTRAINT uq_body_term_number UNIQUE (alliance, body, number),
    CONSTRAINT fk_body_term_body FOREIGN KEY (alliance, body) REFERENCES body (alliance, id),
    CONSTRAINT ck_body_term_days CHECK (until_date > from_date),
    CONSTRAINT ex_body_term_one_at_a_time EXCLUDE USING gist
        (alliance WITH =, body WITH =, daterange(from_date, until_date) WITH &&)
);
COMMENT ON TABLE body_term IS 'terms of a body (届次); until_date is exclusive';
"""

SEATS = """
CREATE TABLE seat (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    body uuid NOT NULL,
    code varchar(63),
    title varchar(50) NOT NULL CONSTRAINT ck_seat_title_filled CHECK (title <> ''),
    member uuid,
    unit_name varchar(100),
    post varchar(100),
    position integer NOT NULL,
    votes boolean NOT NULL,
    open_ended boolean NOT NULL DEFAULT false,
    succession varchar(10) NOT NULL CONSTRAINT ck_seat_succession CHECK (succession IN ('by_post', 'by_notice')),
    article varchar(40),
    established_on date,
    abolished_on date,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_seat PRIMARY KEY (alliance, id),
    CONSTRAINT fk_seat_body FOREIGN KEY (alliance, body) REFERENCES body (alliance, id),
    CONSTRAINT fk_seat_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id),
    CONSTRAINT ck_seat_abolished_after_established CHECK (abolished_on > established_on)
);
COMMENT ON TABLE seat IS 'unit and post in a body; who holds it is seat_holding';
COMMENT ON COLUMN seat.unit_name IS 'the unit as the document writes it';
COMMENT ON COLUMN seat.open_ended IS 'stands for a number of seats that the document leaves open; it has no vote';
CREATE INDEX ix_seat_body ON seat (alliance, body, position);
CREATE INDEX ix_seat_member ON seat (alliance, member);

CREATE TABLE seat_holding (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    seat uuid NOT NULL,
    holder varchar(50) NOT NULL CONSTRAINT ck_seat_holding_holder_filled CHECK (holder <> ''),
    from_date date NOT NULL,
    until_date date,
    document varchar(100),
    end_reason varchar(200),
    created_at timestamptz NOT NULL,
    CONSTRAINT pk_seat_holding PRIMARY KEY (alliance, id),
    CONSTRAINT fk_seat_holding_seat FOREIGN KEY (alliance, seat) REFERENCES seat (alliance, id),
    CONSTRAINT ck_seat_holding_days CHECK (until_date > from_date),
    CONSTRAINT ex_seat_holding_one_holder EXCLUDE USING gist
        (alliance WITH =, seat WITH =, daterange(from_date, until_date) WITH &&)
);
COMMENT ON TABLE seat_holding IS 'who held a seat when; until_date is exclusive, null while it is held';
COMMENT ON COLUMN seat_holding.document IS 'the notice; null where the successor in post takes the seat without one';

CREATE TABLE lead (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    member uuid,
    unit_name varchar(100) NOT NULL CONSTRAINT ck_lead_unit_filled CHECK (unit_name <> ''),
    scope varchar(200) NOT NULL CONSTRAINT ck_lead_scope_filled CHECK (scope <> ''),
    pack varchar(60),
    article varchar(40),
    position integer NOT NULL,
    from_date date,
    ended_on date,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_lead PRIMARY KEY (alliance, id),
    CONSTRAINT fk_lead_member FOREIGN KEY (alliance, member) REFERENCES member (alliance, id),
    CONSTRAINT ck_lead_days CHECK (ended_on > from_date)
);
COMMENT ON TABLE lead IS 'units that lead the alliance or one of its undertakings; ended_on is exclusive';
CREATE UNIQUE INDEX uq_lead_standing ON lead (alliance, unit_name, scope) WHERE ended_on IS NULL;
CREATE INDEX ix_lead_member ON lead (alliance, member);
"""

MEETINGS = """
CREATE TABLE meeting (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    body uuid NOT NULL,
    title varchar(100) NOT NULL CONSTRAINT ck_meeting_title_filled CHECK (title <> ''),
    held_on date NOT NULL,
    starts_at time,
    place varchar(100),
    form varchar(10) NOT NULL CONSTRAINT ck_meeting_form CHECK (form IN ('onsite', 'online', 'written')),
    state varchar(10) NOT NULL
        CONSTRAINT ck_meeting_state CHECK (state IN ('planned', 'convened', 'archived', 'cancelled')),
    minutes text,
    cancel_reason varchar(200),
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_meeting PRIMARY KEY (alliance, id),
    CONSTRAINT fk_meeting_body FOREIGN KEY (alliance, body) REFERENCES body (alliance, id),
    CONSTRAINT ck_meeting_cancelled_with_reason CHECK ((state = 'cancelled') = (cancel_reason IS NOT NULL))
);
COMMENT ON TABLE meeting IS 'meetings of bodies: planned, convened, archived, or cancelled';
CREATE INDEX ix_meeting_held ON meeting (alliance, held_on, id);
CREATE INDEX ix_meeting_body ON meeting (alliance, body);

CREATE TABLE agenda_item (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    meeting uuid NOT NULL,
    position integer NOT NULL,
    title varchar(200) NOT NULL CONSTRAINT ck_agenda_item_title_filled CHECK (title <> ''),
    proposer varchar(100),
    CONSTRAINT pk_agenda_item PRIMARY KEY (alliance, id),
    CONSTRAINT fk_agenda_item_meeting FOREIGN KEY (alliance, meeting) REFERENCES meeting (alliance, id)
);
COMMENT ON TABLE agenda_item IS 'what a meeting deals with, in order';
CREATE INDEX ix_agenda_item_meeting ON agenda_item (alliance, meeting, position);

CREATE TABLE attendance (
    alliance varchar(32) NOT NULL,
    meeting uuid NOT NULL,
    seat uuid NOT NULL,
    presence varchar(10) NOT NULL CONSTRAINT ck_attendance_presence CHECK (presence IN ('present', 'proxy', 'absent')),
    attendee varchar(50),
    proxy_seat uuid,
    authorisation varchar(200),
    CONSTRAINT pk_attendance PRIMARY KEY (alliance, meeting, seat),
    CONSTRAINT fk_attendance_meeting FOREIGN KEY (alliance, meeting) REFERENCES meeting (alliance, id),
    CONSTRAINT fk_attendance_seat FOREIGN KEY (alliance, seat) REFERENCES seat (alliance, id),
    CONSTRAINT fk_attendance_proxy_seat FOREIGN KEY (alliance, proxy_seat) REFERENCES seat (alliance, id),
    CONSTRAINT ck_attendance_proxy CHECK (presence <> 'proxy' OR attendee IS NOT NULL),
    CONSTRAINT ck_attendance_proxy_seat CHECK (proxy_seat IS NULL OR (presence = 'proxy' AND proxy_seat <> seat))
);
COMMENT ON TABLE attendance IS 'who came to a meeting, by seat';
COMMENT ON COLUMN attendance.attendee IS 'who sat there: the holder, or the proxy';
COMMENT ON COLUMN attendance.proxy_seat IS 'the seat whose holder is the proxy, where it is one';
COMMENT ON COLUMN attendance.authorisation IS 'the paper that authorises the proxy';

CREATE TABLE resolution (
    alliance varchar(32) NOT NULL,
    id uuid NOT NULL,
    meeting uuid NOT NULL,
    body uuid NOT NULL,
    agenda_item uuid,
    title varchar(200) NOT NULL CONSTRAINT ck_resolution_title_filled CHECK (title <> ''),
    content text NOT NULL,
    year integer,
    number integer CONSTRAINT ck_resolution_number_from_one CHECK (number >= 1),
    number_prefix varchar(20),
    resolved_on date,
    method varchar(20) CONSTRAINT ck_resolution_method CHECK (method IN ('show_of_hands', 'by_name')),
    outcome varchar(10) NOT NULL
        CONSTRAINT ck_resolution_outcome CHECK (outcome IN ('pending', 'passed', 'rejected', 'inquorate')),
    in_favour integer,
    against integer,
    abstained integer,
    seats_total integer,
    seats_present integer,
    quorum_numerator integer,
    quorum_denominator integer,
    quorum_strict boolean,
    majority_numerator integer,
    majority_denominator integer,
    majority_strict boolean,
    majority_of varchar(10),
    rules_source varchar(200),
    sort_key varchar(20) NOT NULL,
    search_text text NOT NULL,
    row_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT pk_resolution PRIMARY KEY (alliance, id),
    CONSTRAINT uq_resolution_number UNIQUE (alliance, year, number),
    CONSTRAINT fk_resolution_meeting FOREIGN KEY (alliance, meeting) REFERENCES meeting (alliance, id),
    CONSTRAINT fk_resolution_body FOREIGN KEY (alliance, body) REFERENCES body (alliance, id),
    CONSTRAINT fk_resolution_agenda_item FOREIGN KEY (alliance, agenda_item) REFERENCES agenda_item (alliance, id),
    CONSTRAINT ck_resolution_numbered_by_year CHECK ((year IS NULL) = (number IS NULL)),
    CONSTRAINT ck_resolution_passed_has_number CHECK (outcome <> 'passed' OR number IS NOT NULL),
    CONSTRAINT ck_resolution_voted CHECK ((outcome = 'pending') = (method IS NULL)
        AND (outcome = 'pending') = (resolved_on IS NULL)),
    CONSTRAINT ck_resolution_counts CHECK (in_favour >= 0 AND against >= 0 AND abstained >= 0
        AND in_favour + against + abstained <= seats_present AND seats_present <= seats_total)
);
COMMENT ON TABLE resolution IS 'what a meeting was asked to decide, how it voted, and what came of it';
COMMENT ON COLUMN resolution.number IS 'given when it is passed, within the alliance and year, never twice';
COMMENT ON COLUMN resolution.seats_total IS 'seats with a vote; counts and rules stay as they were at the vote';
COMMENT ON COLUMN resolution.sort_key IS 'the day of the vote, then the number; pending ones come last by day';
CREATE INDEX ix_resolution_sort ON resolution (alliance, sort_key, id);
CREATE INDEX ix_resolution_meeting ON resolution (alliance, meeting);

CREATE TABLE resolution_vote (
    alliance varchar(32) NOT NULL,
    resolution uuid NOT NULL,
    seat uuid NOT NULL,
    vote varchar(10) NOT NULL CONSTRAINT ck_resolution_vote_vote CHECK (vote IN ('for', 'against', 'abstain')),
    cast_by varchar(50),
    by_proxy boolean NOT NULL,
    CONSTRAINT pk_resolution_vote PRIMARY KEY (alliance, resolution, seat),
    CONSTRAINT fk_resolution_vote_resolution FOREIGN KEY (alliance, resolution) REFERENCES resolution (alliance, id),
    CONSTRAINT fk_resolution_vote_seat FOREIGN KEY (alliance, seat) REFERENCES seat (alliance, id)
);
COMMENT ON TABLE resolution_vote IS 'votes by name: one for each seat';
"""

TABLES = (
    "body",
    "body_term",
    "seat",
    "seat_holding",
    "lead",
    "meeting",
    "agenda_item",
    "attendance",
    "resolution",
    "resolution_vote",
)


def upgrade() -> None:
    for script in (BODIES, SEATS, MEETINGS):
        run_script(op, script)
    for table in TABLES:
        enable_tenancy(op, "registry", table)
    remember(op, "body", begins_on="founded_on")
    remember(op, "seat", begins_on="established_on")
    remember(op, "lead", begins_on="from_date")
