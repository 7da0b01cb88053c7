"""The state machine: every operation on the model and on the real drive, and both must say the same."""

from tests.model.file_rules import FileRules
from tests.model.lock_rules import LockRules
from tests.model.past_rules import PastRules
from tests.model.upload_rules import UploadRules
from tests.model.world_rules import WorldRules


class DriveMachine(FileRules, LockRules, PastRules, UploadRules, WorldRules):
    """All rules together."""
