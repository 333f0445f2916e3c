"""A year in the registry besides its members: what a clerk records of changes, meetings, agreements, teachers."""

from collections.abc import Mapping
from datetime import date

from hub.demo.applicant import take_papers
from hub.demo.caller import Caller
from hub.demo.council import hold_council
from hub.demo.joint_work import open_class, put_in, sign_agreements
from hub.demo.lives import enter_lives
from hub.demo.reaching import Say
from hub.demo.standing import MemberIds
from hub.demo.teaching import adopt_catalogues, employ_teachers, offer_majors, serve_industries


async def record_year(
    caller: Caller, member_ids: MemberIds, collaborations: Mapping[str, str], today: date, say: Say
) -> None:
    """Record as the secretariat whatever of the year is not on record. `collaborations` are ids by slug."""
    say("登记理事会会议和决议")
    await hold_council(caller, member_ids)
    say("登记整改、改名等单位变动和联系人")
    await enter_lives(caller, member_ids, today)
    await take_papers(caller, today)
    say("登记校企合作班、合作协议和各方投入")
    await open_class(caller, member_ids)
    await sign_agreements(caller, member_ids, collaborations, today)
    await put_in(caller, member_ids, collaborations)
    say("登记专业、主导产业和教师")
    await adopt_catalogues(caller)
    await offer_majors(caller, member_ids)
    await serve_industries(caller, member_ids)
    await employ_teachers(caller, member_ids)
