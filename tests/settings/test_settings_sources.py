"""Where options come from and which source wins."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from davdrive.settings import load_settings


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_with_nothing_given_the_stores_lie_in_the_data_directory(tmp_path: Path) -> None:
    settings = load_settings({"data_dir": tmp_path}, environment={})
    assert settings.metadata.url == f"sqlite:///{tmp_path}/davdrive.db"
    assert settings.objects.url == str(tmp_path / "objects")
    assert settings.run_dir == tmp_path / "run"
    assert settings.origin_of("metadata.url") == "derived from data_dir"


def test_the_data_directory_is_absolute_even_when_given_relative_or_with_a_tilde() -> None:
    assert load_settings({"data_dir": "d"}, environment={}).data_dir == Path.cwd() / "d"
    assert load_settings({"data_dir": "~/d"}, environment={}).data_dir == Path.home() / "d"


def test_a_flag_beats_the_environment_which_beats_a_later_file_which_beats_an_earlier_one(tmp_path: Path) -> None:
    first = write(tmp_path, "a.toml", "workers = 1\n[server]\nthreads = 1\nqueue = 1\nbacklog = 1\n")
    second = write(tmp_path, "b.yaml", "server:\n  threads: 2\n  queue: 2\n  backlog: 2\n")
    environment = {"DAVDRIVE_SERVER__QUEUE": "3", "DAVDRIVE_SERVER__BACKLOG": "3"}
    settings = load_settings({"server.backlog": 4, "workers": None}, [first, second], environment)
    assert (settings.workers, settings.server.threads, settings.server.queue, settings.server.backlog) == (1, 2, 3, 4)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.toml", '[metadata]\nurl = "sqlite:///x"\n'),
        ("c.yaml", "metadata:\n  url: sqlite:///x\n"),
        ("c.yml", "metadata: {url: 'sqlite:///x'}\n"),
        ("c.json", '{"metadata":\n\t{"url": "sqlite:///x"}}\n'),
    ],
)
def test_toml_yaml_and_json_say_the_same(tmp_path: Path, name: str, text: str) -> None:
    assert load_settings(files=[write(tmp_path, name, text)], environment={}).metadata.url == "sqlite:///x"


def test_the_environment_names_files_unless_flags_do(tmp_path: Path) -> None:
    one, two = write(tmp_path, "1.toml", "workers = 1"), write(tmp_path, "2.toml", "workers = 2\nlisten = ':9'")
    variables = {"DAVDRIVE_CONFIG": f"{two}:{one}"}
    assert load_settings(environment=variables).workers == 1
    assert load_settings(environment=variables).listen.port == 9
    assert load_settings(files=[two], environment=variables).workers == 2


def test_the_variables_that_scripts_use_work() -> None:
    settings = load_settings(
        environment={
            "DAVDRIVE_METADATA__URL": "postgresql+psycopg://u@h/d",
            "DAVDRIVE_OBJECTS__URL": "s3://bucket/prefix",
            "DAVDRIVE_OBJECTS__ENDPOINT_URL": "http://127.0.0.1:8333",
            "DAVDRIVE_DATA_DIR": "/d",
            "DAVDRIVE_LISTEN": "[::1]:81",
            "DAVDRIVE_SERVER__TRUSTED_PROXIES": "10.0.0.0/8, unix",
            "DAVDRIVE_LIMITS__PROPFIND_INFINITY": "true",
        }
    )
    assert settings.metadata.url == "postgresql+psycopg://u@h/d"
    assert settings.objects.url == "s3://bucket/prefix"
    assert settings.objects.endpoint_url == "http://127.0.0.1:8333"
    assert settings.data_dir == Path("/d")
    assert (settings.listen.host, settings.listen.port, str(settings.listen)) == ("::1", 81, "[::1]:81")
    assert settings.server.trusted_proxies == ("10.0.0.0/8", "unix")
    assert settings.limits.propfind_infinity is True


def test_an_empty_variable_and_those_that_kubernetes_sets_are_no_options() -> None:
    variables = {
        "DAVDRIVE_LISTEN": "",
        "DAVDRIVE_SERVICE_HOST": "10.0.0.1",
        "DAVDRIVE_PORT": "tcp://10.0.0.1:80",
        "DAVDRIVE_PORT_80_TCP_ADDR": "10.0.0.1",
        "DAVDRIVE_TEST_FAILPOINT": "x",
    }
    assert load_settings(environment=variables).listen.port == 8080


def test_the_production_profile_changes_defaults_and_nothing_that_was_given(tmp_path: Path) -> None:
    assert load_settings({"profile": "production"}, environment={}).log.format == "json"
    assert load_settings({"profile": "production", "log.format": "text"}, environment={}).log.format == "text"
    assert load_settings({"profile": "production"}, environment={}).origin_of("log.format") == "profile production"


@pytest.mark.parametrize(("text", "size"), [("65536", 65536), ("64 KiB", 65536), ("1mib", 1 << 20), ("2 GiB", 2 << 30)])
def test_sizes_may_carry_a_unit(text: str, size: int) -> None:
    assert (
        load_settings({"objects.segment_bytes": text, "objects.inline_bytes": 0}, environment={}).objects.segment_bytes
        == size
    )


def test_settings_do_not_change_after_the_start() -> None:
    settings = load_settings(environment={})
    with pytest.raises(ValidationError, match="frozen"):
        settings.server.threads = 2  # type: ignore[misc]


def test_a_command_that_reads_no_settings_does_not_import_them() -> None:
    code = "import sys, davdrive.cli.main; print('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_file_that_windows_marked_as_utf_8_is_read(tmp_path: Path) -> None:
    for name, text in (("c.toml", "workers = 3"), ("c.json", '{"workers": 3}'), ("c.yaml", "workers: 3")):
        (tmp_path / name).write_text(text, encoding="utf-8-sig")
        assert load_settings(files=[tmp_path / name], environment={}).workers == 3
