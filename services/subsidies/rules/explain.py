"""Why one subject is paid, or not: every condition of its rule, what was found, and the conclusion.

Written case by case in plain Python, apart from the bulk settlement and tested against it: for the same facts both say
the same. What a case cannot know by itself is handed in: its `rivals` (other rows of the same person, other
recognitions of the same collaboration, all other classes; rows that do not compete are ignored) and `ahead_fen`, the
sum in 分 of the payable lines of its budget that are funded before it.
"""

from services.subsidies.rules.explain_classes import explain_class
from services.subsidies.rules.explain_recognitions import explain_recognition
from services.subsidies.rules.explain_students import explain_student
from services.subsidies.rules.explanation import Condition, Explanation

__all__ = ["Condition", "Explanation", "explain_class", "explain_recognition", "explain_student"]
