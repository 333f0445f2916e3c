"""A check's report as Chinese text for a terminal."""

from services.kernel.policy.problems import CheckReport, PackProblem


def render_report(report: CheckReport) -> str:
    """Errors first, then what is open, each with file, line and field; a last line with the counts."""
    lines = [f"政策包 {report.name}"]
    lines += _section("错误，必须改正后才能应用", report.errors)
    lines += _section("提示与待明确事项，不影响应用", report.warnings)
    outcome = "可以应用" if report.ok else "不能应用"
    lines.append(f"合计：错误 {len(report.errors)} 处，提示 {len(report.warnings)} 处；{outcome}。")
    return "\n".join(lines)


def _section(title: str, problems: tuple[PackProblem, ...]) -> list[str]:
    if not problems:
        return []
    return [f"{title}（{len(problems)}）：", *(_line(problem) for problem in problems)]


def _line(problem: PackProblem) -> str:
    return f"  {problem.file}:{problem.line} {problem.field} [{problem.code}] {problem.message}"
