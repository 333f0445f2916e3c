"""Majors, leading industries and matches as the wire shows them: with names from the catalogues and of members."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from services.kernel.database import AnySession
from services.kernel.tenancy import Scope
from services.registry.domain.catalogues import CatalogueKind, stage_of
from services.registry.domain.coverage import Match, served_by
from services.registry.domain.suggestions import suggestions
from services.registry.queries.catalogues import names_in
from services.registry.queries.industries import all_industries, all_matches, lead_enterprises
from services.registry.queries.majors import MajorFilter, all_majors
from services.registry.queries.members import names_of
from services.registry.schemas.coverage import (
    CodedName,
    IndustryRead,
    MajorRead,
    MatchRead,
    SuggestionRead,
    UnitRef,
)
from services.registry.tables import IndustryMatch, LeadingIndustry, MemberMajor

SUGGESTIONS_SHOWN = 200


async def read_majors(
    session: AnySession, scope: Scope, majors: Sequence[MemberMajor], as_of: date | None = None
) -> list[MajorRead]:
    """Majors with their school, what the catalogue of the day calls them, and the industries they serve."""
    schools = await names_of(session, scope.alliance, {major.member for major in majors})
    names = await names_in(session, scope, CatalogueKind.MAJORS, [major.major_code for major in majors], as_of)
    industries = {one.id: one.name for one in await all_industries(session, scope, as_of)}
    matches = [Match(one.major_code, one.industry) for one in await all_matches(session, scope, as_of)]
    return [
        MajorRead(
            id=major.id,
            member=major.member,
            member_name=schools[major.member],
            major_code=major.major_code,
            name=major.name,
            stage=stage_of(major.major_code),
            since=major.since,
            students=major.students,
            in_catalogue=major.major_code in names,
            catalogue_name=names.get(major.major_code),
            industries=[name for key, name in industries.items() if key in served_by(major.major_code, matches)],
            row_version=major.row_version,
        )
        for major in majors
    ]


async def read_industries(
    session: AnySession, scope: Scope, industries: Sequence[LeadingIndustry], as_of: date | None = None
) -> list[IndustryRead]:
    """Leading industries with their lead enterprises and the names of their codes."""
    leads = await lead_enterprises(session, scope, [one.id for one in industries], as_of)
    members = await names_of(session, scope.alliance, {lead.member for lead in leads})
    codes = {code for one in industries for code in one.industry_codes}
    names = await names_in(session, scope, CatalogueKind.INDUSTRIES, codes, as_of)
    return [
        IndustryRead(
            id=one.id,
            name=one.name,
            industry_codes=[CodedName(code=code, name=names.get(code)) for code in one.industry_codes],
            position=one.position,
            enterprises=sorted(
                (UnitRef(id=lead.member, name=members[lead.member]) for lead in leads if lead.industry == one.id),
                key=lambda unit: unit.name,
            ),
            pack=one.pack,
            article=one.article,
            row_version=one.row_version,
            updated_at=one.updated_at,
        )
        for one in industries
    ]


async def read_matches(
    session: AnySession, scope: Scope, matches: Sequence[IndustryMatch], as_of: date | None = None
) -> list[MatchRead]:
    """Matches with names, and how many majors of schools each covers."""
    names = await names_in(session, scope, CatalogueKind.MAJORS, [one.major_code for one in matches], as_of)
    industries = {one.id: one.name for one in await all_industries(session, scope, as_of)}
    codes = [major.major_code for major in await all_majors(session, scope, MajorFilter(), as_of)]
    return [
        MatchRead(
            id=one.id,
            major_code=one.major_code,
            major_name=names.get(one.major_code),
            industry=one.industry,
            industry_name=industries.get(one.industry, ""),
            reason=one.reason,
            majors=sum(1 for code in codes if code.startswith(one.major_code)),
            row_version=one.row_version,
        )
        for one in matches
    ]


async def read_suggestions(session: AnySession, scope: Scope) -> list[SuggestionRead]:
    """Majors of schools that may serve an industry, by words that the names share."""
    majors = {major.major_code: major.name for major in await all_majors(session, scope, MajorFilter())}
    industries = {one.id: one for one in await all_industries(session, scope)}
    codes = {code for one in industries.values() for code in one.industry_codes}
    names = await names_in(session, scope, CatalogueKind.INDUSTRIES, codes)
    called = {
        str(one.id): [one.name, *(names[code] for code in one.industry_codes if code in names)]
        for one in industries.values()
    }
    matched = [(one.major_code, str(one.industry)) for one in await all_matches(session, scope)]
    return [
        SuggestionRead(
            major_code=found.major_code,
            major_name=majors[found.major_code],
            industry=UUID(found.industry),
            industry_name=industries[UUID(found.industry)].name,
            words=list(found.words),
        )
        for found in suggestions(majors, called, matched)[:SUGGESTIONS_SHOWN]
    ]
