"""The steps of an application as forms: what each asks, and which of them lead on from where an application is."""

from collections.abc import Mapping
from typing import Any

from frontend.pages.registry_words import options
from frontend.pages.step_forms import CITATION, DOCUMENT, ON_DATE, OPINION, Field, StepForm
from frontend.session import User
from services.kernel import registry_words as words
from services.kernel.permissions import Permission

WRITE, DECIDE = Permission.REGISTRY_WRITE, Permission.REGISTRY_DECIDE
ONE = "/applications/{}"

STEPS = {
    "first-review": StepForm(
        "first-review",
        "初审",
        "提交初审意见",
        f"{ONE}/first-review",
        WRITE,
        (
            Field("outcome", "初审结果", "radio", required=True, wide=True, options=(
                ("endorsed", "通过，提交理事会审议"), ("returned", "退回补正"), ("declined", "不予受理"),
            )),
            Field("opinion", "意见", "textarea", wide=True, longest=1000,
                  help="退回或不予受理时必填；申请单位会看到。"),
            DOCUMENT,
            ON_DATE,
        ),
    ),
    "deliberation": StepForm(
        "deliberation",
        "登记审议结果",
        "登记",
        f"{ONE}/deliberation",
        WRITE,
        (
            Field("outcome", "审议结果", "radio", required=True, wide=True, options=(
                ("approved", "通过"), ("disapproved", "未通过"),
            )),
            OPINION,
            *CITATION,
            DOCUMENT,
            Field("on_date", "审议日期", "date", help="不填为今天。"),
        ),
    ),
    "publicity": StepForm(
        "publicity",
        "发布公示",
        "发布公示",
        f"{ONE}/publicity",
        WRITE,
        (
            Field("published_on", "发布日期", "date", help="不填为今天；公示期从发布次日起算。"),
            Field("working_days", "公示几个工作日", "number", required=True),
            DOCUMENT,
            Field("opinion", "说明", "textarea", wide=True, longest=1000),
        ),
        done="已发布公示。",
    ),
    "objections": StepForm(
        "objections",
        "登记异议",
        "登记",
        f"{ONE}/objections",
        WRITE,
        (
            Field("opinion", "异议内容", "textarea", required=True, wide=True, longest=1000,
                  help="只写反映的情况；反映人的身份留在纸质档案。"),
            DOCUMENT,
            ON_DATE,
        ),
    ),
    "admission": StepForm(
        "admission",
        "准予入会",
        "准予入会",
        f"{ONE}/admission",
        DECIDE,
        (
            Field("into", "登记方式", "select", wide=True, blank="登记为新成员单位",
                help="单位以前登记过的，请绑定原记录，不要重复登记。"),
            Field("joined_on", "入会日期", "date", help="不填为今天。"),
            Field("structure_role", "架构角色", "select", options=options(words.STRUCTURE_ROLES)),
            *CITATION,
            DOCUMENT,
            Field("opinion", "意见", "textarea", wide=True, longest=1000),
        ),
        confirm="确认准予入会？申请就此办结。",
        done="已准予入会。",
    ),
    "refusal": StepForm(
        "refusal", "不予入会", "不予入会", f"{ONE}/refusal", DECIDE, (OPINION, *CITATION, DOCUMENT, ON_DATE),
        confirm="确认不予入会？申请就此办结。",
    ),
}  # fmt: skip
ANSWER = StepForm(
    "objections/{objection_id}",
    "答复异议",
    "答复",
    f"{ONE}/objections/{{}}/answer",
    WRITE,
    (
        Field("outcome", "结论", "radio", required=True, wide=True, options=(
            ("dismissed", "异议不成立"), ("upheld", "异议成立（不能准予入会）"),
        )),
        OPINION,
        DOCUMENT,
        ON_DATE,
    ),
)  # fmt: skip
ENTRY = StepForm(
    "new", "录入纸质申请", "录入", "/applications", WRITE,
    (
        Field("name", "单位全称", required=True, wide=True, longest=100),
        Field("uscc", "统一社会信用代码", longest=40, help="18 位；没有代码的单位可不填。"),
        Field("category", "类别", "select", required=True, options=options(words.MEMBER_CATEGORIES)),
        Field("division", "所在区划", "select"),
        Field("address", "地址", longest=200),
        Field("reason", "申请理由", "textarea", required=True, wide=True, longest=1000),
        Field("profile", "单位简介", "textarea", wide=True, longest=1000),
        Field("contact_person", "联系人", required=True, longest=50),
        Field("contact_phone", "联系电话", required=True, longest=30),
        Field("received_on", "收到日期", "date", help="不填为今天。"),
    ),
)  # fmt: skip
LEADS_TO = {
    "endorse": "first-review",
    "approve": "deliberation",
    "publish": "publicity",
    "object": "objections",
    "admit": "admission",
    "refuse": "refusal",
    "decline": "first-review",
}
"""Which form takes a step that the application's state allows."""


def forms_of(found: Mapping[str, Any], user: User) -> list[StepForm]:
    """The forms that lead on from here, each once, in the order of the steps."""
    paths = dict.fromkeys(LEADS_TO[step] for step in found["allowed"] if step in LEADS_TO)
    if found["state"] == "returned":
        paths.pop("first-review", None)  # the applicant has it
    return [STEPS[path] for path in paths if user.may(STEPS[path].needs)]
