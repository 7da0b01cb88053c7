"""`config show`: every option, its value, its origin, and no secret."""

from pathlib import Path

from davdrive.settings import explain, load_settings
from davdrive.settings.explain import MASK, mask_url


def test_every_option_has_a_row_with_its_origin(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("\n[server]\nthreads = 3\n")
    settings = load_settings({"listen": ":1"}, [file], {"DAVDRIVE_WORKERS": "2"})
    rows = {row.option: (row.value, row.origin) for row in explain(settings)}
    assert rows["server.threads"] == ("3", f"{file}, line 3")
    assert rows["listen"] == ("0.0.0.0:1", "flag --listen")
    assert rows["workers"] == ("2", "environment variable DAVDRIVE_WORKERS")
    assert rows["server.queue"] == ("128", "default")
    assert rows["objects.url"][1] == "derived from data_dir"


def test_secrets_are_masked_wherever_they_stand() -> None:
    settings = load_settings(
        {
            "metadata.url": "postgresql+psycopg://user:hunter2@host/db?password=hunter2",
            "objects.endpoint_url": "https://key:hunter2@s3.example.org",
            "auth.secret": "hunter2",
            "metrics.token": "hunter2",
        },
        environment={},
    )
    text = "\n".join(row.value for row in explain(settings)) + repr(settings) + str(settings)
    assert "hunter2" not in text
    assert f"postgresql+psycopg://user:{MASK}@host/db?password={MASK}" in text


def test_a_url_without_a_secret_is_shown_as_it_is() -> None:
    for url in ("sqlite:////var/lib/davdrive/davdrive.db", "s3://bucket/prefix", "https://h:80/x?region=eu"):
        assert mask_url(url) == url
