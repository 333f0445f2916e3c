"""Groups of commands that end with a sentence, not a traceback, where the operator can mend what is wrong."""

from typing import Any

import typer
from typer.core import TyperGroup

from hub.errors import OperatorError, explain_os_error


class SentenceGroup(TyperGroup):
    """Prints the sentence of a fault that the operator can mend on standard error; others pass with a traceback."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort):
            raise
        except Exception as error:
            refusal = explain(error)
            if refusal is None:
                raise
        typer.echo(refusal.sentence, err=True)
        raise typer.Exit(refusal.exit_code)


def group(text: str) -> typer.Typer:
    """A group of commands with the help `text`."""
    return typer.Typer(
        help=text,
        cls=SentenceGroup,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def explain(error: Exception) -> OperatorError | None:
    """The sentence for a fault that the operator can mend; None for a fault of the program."""
    if isinstance(error, OperatorError):
        return error
    if isinstance(error, OSError):
        return explain_os_error(error)
    return _explain_refusal(error) or _explain_settings(error)


def _explain_refusal(error: Exception) -> OperatorError | None:
    from services.kernel.errors import HubError, InvalidInput

    if isinstance(error, InvalidInput):
        return OperatorError("\n".join([error.detail, *(f"{issue.field}：{issue.message}" for issue in error.issues)]))
    return OperatorError(error.detail) if isinstance(error, HubError) else None


def _explain_settings(error: Exception) -> OperatorError | None:
    """Settings that are missing or refused, by name; their values, which may be secrets, are never repeated."""
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return None
    faults = [
        f"{'.'.join(map(str, fault['loc'])) or error.title}：{fault['msg']}"
        for fault in error.errors(include_input=False, include_url=False, include_context=False)
    ]
    return OperatorError("\n".join([f"{error.title} 的设置缺失或有误：", *faults]))
