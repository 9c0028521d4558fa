"""Duty orders and exemptions: letters that send people elsewhere, or free them of coming, and what they plan."""

from staffhub.orders.letters import Footnote, Letter, footnotes, letters

__all__ = ["Footnote", "Letter", "footnotes", "letters"]
