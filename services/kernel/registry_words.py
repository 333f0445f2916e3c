"""The registry's vocabulary (docs/design.md §7) with the words that people see; services and pages share it."""

from collections.abc import Mapping
from typing import Final

MEMBER_CATEGORIES: Final[Mapping[str, str]] = {
    "university": "本科高校/开放大学",
    "higher_vocational": "高职院校",
    "secondary_vocational": "中职学校",
    "technician": "技工院校",
    "sending_school": "生源学校",
    "enterprise": "企业",
    "government": "政府部门",
    "park": "园区管委会",
    "industry_body": "行业组织",
    "research": "科研院所",
    "financial": "金融机构",
    "community": "社区/合作社",
}
STRUCTURE_ROLES: Final[Mapping[str, str]] = {
    "leading": "龙头",
    "backbone": "骨干",
    "consortium": "产教联合体",
    "participant": "参与",
}
ENTERPRISE_SIZES: Final[Mapping[str, str]] = {"large": "大型", "medium": "中型", "small": "小型", "micro": "微型"}
MEMBER_STATUSES: Final[Mapping[str, str]] = {
    "active": "在册",
    "rectifying": "整改中",
    "suspended": "暂停",
    "exited": "已退出",
}
BELONGS: Final = frozenset({"active", "rectifying", "suspended"})
"""Statuses in which a member belongs to the alliance (docs/registry.md §2)."""
TAKES_PART: Final = BELONGS - {"suspended"}
"""Statuses in which a member has its full part in it: one that is suspended belongs, but earns nothing meanwhile."""
SCHOOLS: Final = frozenset({"university", "higher_vocational", "secondary_vocational", "technician", "sending_school"})
"""Categories of members that have a 学校标识码."""
APPLICATION_STATES: Final[Mapping[str, str]] = {
    "submitted": "待初审",
    "returned": "退回补正",
    "deliberation": "待审议",
    "approved": "待公示",
    "publicity": "公示中",
    "admitted": "已入会",
    "rejected": "未通过",
    "withdrawn": "已撤回",
}
APPLICATION_STEPS: Final[Mapping[str, str]] = {
    "submit": "提交申请",
    "endorse": "初审通过",
    "return": "退回补正",
    "decline": "不予受理",
    "complete": "补正后重新提交",
    "withdraw": "申请单位撤回",
    "approve": "审议通过",
    "disapprove": "审议未通过",
    "publish": "发布公示",
    "object": "登记异议",
    "answer": "答复异议",
    "admit": "准予入会",
    "refuse": "不予入会",
}
MEMBER_STEPS: Final[Mapping[str, str]] = {
    "admission": "入会",
    "annual_review": "年度考核",
    "rectification": "责令整改",
    "rectified": "整改完成",
    "suspension": "暂停",
    "resumption": "恢复",
    "exit": "退出",
}
REVIEW_GRADES: Final[Mapping[str, str]] = {
    "excellent": "优秀",
    "qualified": "合格",
    "barely": "基本合格",
    "unqualified": "不合格",
}
COLLABORATION_KINDS: Final[Mapping[str, str]] = {
    "consortium": "市域产教联合体",
    "county_fusion": "县域产教融合体",
    "industry_college": "产业学院",
    "school_enterprise_class": "校企合作班",
    "platform": "技术创新平台",
    "base": "实训基地",
    "internship_base": "实习基地",
    "fusion_enterprise": "产教融合型企业",
    "master_studio": "技能大师工作室",
    "community_college": "社区教育学院",
}
COLLABORATION_STATUSES: Final[Mapping[str, str]] = {"active": "运行中", "ended": "已终止"}
RECOGNITION_LEVELS: Final[Mapping[str, str]] = {"municipal": "市级", "provincial": "省级", "national": "国家级"}
AGREEMENT_PARTS: Final = "甲乙丙丁戊己庚辛壬癸"
"""The names of the parties in their order: 甲方, 乙方 and so on."""
AGREEMENT_KINDS: Final[Mapping[str, str]] = {"framework": "框架协议", "project": "项目协议"}
AGREEMENT_PHASES: Final[Mapping[str, str]] = {
    "upcoming": "未生效",
    "in_force": "履行中",
    "expiring": "即将到期",
    "expired": "已到期",
    "ended": "已终止",
}
MEETING_STATES: Final[Mapping[str, str]] = {
    "planned": "计划",
    "convened": "召开",
    "archived": "归档",
    "cancelled": "已取消",
}
MEETING_FORMS: Final[Mapping[str, str]] = {"onsite": "现场", "online": "线上", "written": "书面"}
PRESENCES: Final[Mapping[str, str]] = {"present": "到会", "proxy": "委托", "absent": "缺席"}
VOTES: Final[Mapping[str, str]] = {"for": "赞成", "against": "反对", "abstain": "弃权"}
VOTE_METHODS: Final[Mapping[str, str]] = {"show_of_hands": "举手表决", "by_name": "记名表决"}
OUTCOMES: Final[Mapping[str, str]] = {
    "pending": "待表决",
    "passed": "通过",
    "rejected": "未通过",
    "inquorate": "未达法定人数",
}
MAJORITIES_OF: Final[Mapping[str, str]] = {
    "votes": "赞成与反对票之和（弃权不计）",
    "present": "到会席位",
    "seats": "全体席位",
}
COLLABORATION_PARTS: Final[Mapping[str, str]] = {"enterprise": "合作企业", "partner": "合作方", "supporter": "支持单位"}
CONTRIBUTION_KINDS: Final[Mapping[str, str]] = {"equipment": "设备", "money": "资金", "site": "场地", "people": "人员"}
RECOGNITION_STATES: Final[Mapping[str, str]] = {"standing": "有效", "lapsed": "已到期", "withdrawn": "已撤销"}
REVIEW_RESULTS: Final[Mapping[str, str]] = {"passed": "合格", "failed": "不合格"}
REVIEW_DECISIONS: Final[Mapping[str, str]] = {"rectify": "保留并整改", "withdraw": "撤销认定"}
CATALOGUE_KINDS: Final[Mapping[str, str]] = {"majors": "专业目录", "industries": "国民经济行业分类"}
CATALOGUE_STATES: Final[Mapping[str, str]] = {"draft": "待启用", "adopted": "已启用"}
MAJOR_LEVELS: Final[Mapping[str, str]] = {"broad": "专业大类", "group": "专业类", "major": "专业"}
INDUSTRY_LEVELS: Final[Mapping[str, str]] = {
    "section": "门类",
    "division": "大类",
    "group": "中类",
    "class": "小类",
}
MAJOR_STAGES: Final[Mapping[str, str]] = {"bachelor": "职业本科", "college": "高职专科", "secondary": "中职"}
TEACHER_KINDS: Final[Mapping[str, str]] = {"part_time": "兼职", "dual": "双师", "full_time": "专任"}
TEACHER_TITLES: Final[Mapping[str, str]] = {
    "senior": "正高级",
    "associate": "副高级",
    "middle": "中级",
    "junior": "初级",
    "chief_technician": "首席技师",
    "senior_technician": "高级技师",
    "technician": "技师",
    "other": "其他",
}
PRACTICE_STANDINGS: Final[Mapping[str, str]] = {"met": "达标", "near": "临近", "unmet": "未达标"}
