"""The refusals of AWS and Vault that are known: one table, for people and the program's messages.

``exchange`` is about the token, ``access`` about who is signed in, ``limits`` about what nobody may
ask for, ``vault`` about Vault itself. ``token`` and ``trust_reading`` read what people hand over.
"""

from federation.knowledge import access, exchange, limits, vault
from federation.knowledge.rule import Explanation, Rule, Step, known

RULES: tuple[Rule, ...] = (*vault.RULES, *exchange.RULES, *access.RULES, *limits.RULES)
"""Every rule; what Vault wraps around a reason of AWS stands before it, as in the message."""

__all__ = ["RULES", "Explanation", "Rule", "Step", "explain"]


def explain(message: str, **filled: str) -> list[Explanation]:
    """Return what is known of a message; empty if no rule knows it.

    Args:
        message: As it was printed, also within XML, JSON or a log.
        filled: What fills blanks of the commands that the message leaves, such as ``stack``.
    """
    return known(RULES, message, **filled)
