"""What is decided: plans, the doctrine family, the strength ledger, feasibility, files."""

from simsec.plan.doctrine import doctrine, doctrine_family
from simsec.plan.feasibility import check_plan, pattern_rows
from simsec.plan.ledger import Ledger, ledger_of
from simsec.plan.plan import Plan

__all__ = ["Ledger", "Plan", "check_plan", "doctrine", "doctrine_family", "ledger_of", "pattern_rows"]
