"""The example settings in config/ load, and say what their comments promise."""

from pathlib import Path

import pytest

from davdrive.settings import load_settings

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.parametrize("name", ["development.toml", "small.toml", "production.toml"])
def test_an_example_loads_and_every_value_in_it_has_its_line(name: str) -> None:
    settings = load_settings(files=[CONFIG / name], environment={})
    assert settings.origin_of("profile").startswith(f"{CONFIG / name}, line ")


def test_production_is_on_postgresql_and_s3_behind_a_trusted_proxy() -> None:
    settings = load_settings(files=[CONFIG / "production.toml"], environment={})
    assert settings.metadata.url.startswith("postgresql+psycopg://")
    assert settings.objects.url.startswith("s3://")
    assert settings.server.trusted_proxies
    assert settings.log.format == "json"


def test_the_environment_can_complete_an_example() -> None:
    settings = load_settings(
        files=[CONFIG / "production.toml"], environment={"DAVDRIVE_METADATA__URL": "postgresql+psycopg://a:b@c/d"}
    )
    assert settings.metadata.url == "postgresql+psycopg://a:b@c/d"
