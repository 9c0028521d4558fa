"""Duty orders and exemptions: letters that send people elsewhere, or free them of coming, and what they plan."""

from staffhub.orders.letters import Footnote, Letter, behind, footnotes, letters

__all__ = ["Footnote", "Letter", "behind", "footnotes", "letters"]
