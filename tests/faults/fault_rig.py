"""What every fault test asks of the answers and of the tree afterwards."""

import time
from collections.abc import Mapping

from davdrive.objects.base import MARK
from tests.support.http import Answer
from tests.support.nodes import Cluster
from tests.support.seaweed import Seaweed

AWAY, FULL = 503, 507

QUICK = {
    # Faults show at once: two tries of an object, close together, and a short patience with silence.
    "DAVDRIVE_OBJECTS__TRIES": "2",
    "DAVDRIVE_OBJECTS__RETRY_WAIT_S": "0.05",
    "DAVDRIVE_OBJECTS__READ_TIMEOUT_S": "1",
    "DAVDRIVE_OBJECTS__SEGMENT_BYTES": "1048576",
}
TIDY = {
    # Upkeep may take away at once what nobody names: no download lasts longer than a moment here.
    "DAVDRIVE_LIMITS__REQUEST_S": "60",
    "DAVDRIVE_UPKEEP__IN_BACKGROUND": "false",
}
AT_ONCE = {"DAVDRIVE_LIMITS__REQUEST_S": "1", "DAVDRIVE_UPKEEP__GRACE_S": "1", "DAVDRIVE_UPKEEP__SWEEP_AGE_S": "1"}


def is_away(answer: Answer) -> None:
    """503, and when to come again."""
    assert answer.status == AWAY, answer
    assert int(answer.get("Retry-After")) > 0
    assert len(answer.body) > 20, "a sentence says what is wrong"


def is_full(answer: Answer) -> None:
    assert answer.status == FULL, answer


def all_is_well(cluster: Cluster, *options: str) -> None:
    """`davdrive check` finds nothing."""
    checked = cluster.command("check", *options, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def objects_in(seaweed: Seaweed, settings: Mapping[str, str]) -> set[str]:
    """The keys below the cluster's part of the bucket."""
    bucket, _, prefix = settings["DAVDRIVE_OBJECTS__URL"].removeprefix("s3://").partition("/")
    client = seaweed.client()
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + "/")
        found = (item["Key"] for page in pages for item in page.get("Contents", ()))
        return {key for key in found if not key.endswith(f"/{MARK}")}
    finally:
        client.close()


def tidy_up(cluster: Cluster) -> None:
    """Upkeep, twice: what the first round finds without a name, the second deletes when the longest request is over."""
    tidy = Cluster(cluster.nodes, {**cluster.settings, **AT_ONCE})
    for _ in range(2):
        time.sleep(1.5)  # older than a second, as objects that upkeep may take have to be here
        tidy.command("upkeep", "--sweep-most")
