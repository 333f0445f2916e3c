"""What can stop a command: one clear sentence for the operator, never a traceback."""

import errno
from pathlib import Path


class OperatorError(Exception):
    """A condition that the operator can mend; the Chinese `sentence` says what is wrong and what to do."""

    def __init__(self, sentence: str, *, exit_code: int = 1) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.exit_code = exit_code


_FULL = {errno.ENOSPC, errno.EDQUOT}
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}


def explain_os_error(error: OSError, place: Path | str | None = None) -> OperatorError | None:
    """The sentence for a full disk or a folder that may not be written; None for any other error."""
    where = place or error.filename or "状态目录"
    if error.errno in _FULL:
        return OperatorError(f"磁盘空间已满，无法写入 {where}；请清理磁盘后重试。")
    if error.errno in _DENIED:
        return OperatorError(f"没有写入 {where} 的权限；请换用有权限的账户，或用 HUB_STATE_DIR 指定可写的目录。")
    return None
