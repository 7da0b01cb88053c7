"""The state machine: every operation on the model and on the real drive, and both must say the same."""

from tests.model.trouble_rules import TroubleRules


class DriveMachine(TroubleRules):
    """All rules together."""
