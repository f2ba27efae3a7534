"""Moderation in the admin: the review queue, the ledger, policies, groups and rules, a file for each."""

from moderation.admin.groups import GroupPolicyAdmin
from moderation.admin.ledger import DecisionAdmin
from moderation.admin.policies import PolicyAdmin
from moderation.admin.reviews import ReviewAdmin
from moderation.admin.rules import RuleAdmin
from moderation.admin.trail import TrailAdmin

__all__ = ["DecisionAdmin", "GroupPolicyAdmin", "PolicyAdmin", "ReviewAdmin", "RuleAdmin", "TrailAdmin"]
