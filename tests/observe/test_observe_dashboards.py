"""The dashboard and the alert rules name metrics that exist, with labels that they have."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from davdrive.observe.catalogue import CATALOGUE
from tests.support.metric_names import exported_names

CONFIG = Path(__file__).parents[2] / "config"
LABELS = {name: {*metric.labels, "le"} for metric in CATALOGUE for name in exported_names(metric)}
SCRAPED = {"instance", "job"}
KNOWN_VALUES = {
    "reason": {"queue_full", "crashed", "watchdog"},
    "outcome": {"failed", "throttled"},
}


def panels() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((CONFIG / "grafana-dashboard.json").read_text())["panels"]
    return found


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load((CONFIG / "prometheus-alerts.yml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def expressions() -> Iterator[str]:
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    yield from (rule["expr"] for rule in rules())


@pytest.mark.parametrize("expression", list(expressions()))
def test_every_metric_and_label_of_an_expression_exists(expression: str) -> None:
    used = re.findall(r"(davdrive_\w+)(?:\{([^}]*)\})?", expression)
    assert used or "up{" in expression
    for name, selector in used:
        assert name in LABELS, f"{name} is not exported"
        for label, wanted in re.findall(r'(\w+)=~?"([^"]*)"', selector):
            assert label in LABELS[name] | SCRAPED, f"{name} has no label {label}"
            if label in KNOWN_VALUES:
                assert set(wanted.split("|")) <= KNOWN_VALUES[label]
    for labels in re.findall(r"by \(([^)]*)\)", expression):
        for label in labels.replace(" ", "").split(","):
            assert any(label in LABELS[name] | SCRAPED for name, _ in used)


def test_every_metric_is_shown_somewhere() -> None:
    text = " ".join(expressions())
    hidden = {metric.name for metric in CATALOGUE if not any(name in text for name in exported_names(metric))}
    assert hidden <= {"upkeep_seconds"}


def test_panels_do_not_overlap_and_have_titles() -> None:
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels()]
    assert len(set(places)) == len(places)
    assert all(panel["title"] for panel in panels())


def test_every_alert_says_what_happened_and_what_to_do() -> None:
    for rule in rules():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["description"].endswith(".")


@pytest.mark.skipif(not shutil.which("promtool"), reason="needs promtool (Debian package prometheus)")
def test_prometheus_itself_accepts_the_rules() -> None:
    subprocess.run(["promtool", "check", "rules", str(CONFIG / "prometheus-alerts.yml")], check=True)
