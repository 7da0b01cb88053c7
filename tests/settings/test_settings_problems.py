"""An option that cannot be used stops the start, and the message says which and where."""

from pathlib import Path

import pytest

from davdrive.settings import SettingsError, load_settings

NOT_WHOLE = "it should be a valid integer, unable to parse string as an integer"


def problems_of(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_settings(files=[folder / name], environment={})
    return str(caught.value).replace(f"{folder}/", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.toml", "# first\nworkers = 1\n\n[objects]\nsegmnt_bytes = 5\n"),
        ("c.yaml", "# first\nworkers: 1\n\nobjects:\n  segmnt_bytes: 5\n"),
        ("c.json", '{\n"workers": 1,\n\n"objects": {\n"segmnt_bytes": 5}}\n'),
    ],
)
def test_an_unknown_option_is_named_with_its_file_and_line_and_the_likely_name(
    tmp_path: Path, name: str, text: str
) -> None:
    expected = f"{name}, line 5: there is no option objects.segmnt_bytes; did you mean objects.segment_bytes?"
    assert problems_of(tmp_path, name, text) == expected


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("c.toml", "workers = 1\n[server]\n\nthreads = 'many'\n"),
        ("c.yaml", "workers: 1\nserver:\n\n  threads: many\n"),
        ("c.json", '{"workers": 1,\n"server": {\n\n"threads": "many"}}\n'),
    ],
)
def test_an_ill_typed_option_is_named_with_its_file_line_and_value(tmp_path: Path, name: str, text: str) -> None:
    assert problems_of(tmp_path, name, text) == f"{name}, line 4: server.threads = 'many': {NOT_WHOLE}"


def test_dotted_and_inline_toml_keys_have_lines_too(tmp_path: Path) -> None:
    assert "c.toml, line 2: " in problems_of(tmp_path, "c.toml", "workers = 1\nserver.threads = true\n")
    assert "c.toml, line 2: " in problems_of(tmp_path, "c.toml", "workers = 1\nserver = {threads = 0}\n")


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    text = problems_of(tmp_path, "c.toml", "a = 1\nb = 2\n[server]\nc = 3\n")
    assert sorted(line.split(":")[0] for line in text.splitlines()) == [
        "c.toml, line 1",
        "c.toml, line 2",
        "c.toml, line 4",
    ]


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("c.toml", "a = \n", "line 1"),
        ("c.json", '{"a": 1,\n"b" 2}', "line 2"),
        ("c.yaml", "a: [\n", "line 2"),
        ("c.yaml", "listen: ':1'\nlisten: ':2'\n", "line 2: listen is given twice"),
        ("c.ini", "", "ends in .toml, .yaml, .yml or .json"),
        ("c.json", "[1]", "not a list or a value"),
        ("c.toml", "server = 3\n", "server is a section"),
        ("c.json", "[" * 100_000, "c.json"),
    ],
)
def test_a_file_that_is_broken_is_named_with_the_line(tmp_path: Path, name: str, text: str, part: str) -> None:
    message = problems_of(tmp_path, name, text)
    assert name in message
    assert part in message


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"/no/such\.toml: the settings file cannot be read"):
        load_settings(files=["/no/such.toml"], environment={})


def test_an_unknown_or_ill_typed_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="environment variable DAVDRIVE_METADATA_URL: there is no option"):
        load_settings(environment={"DAVDRIVE_METADATA_URL": "x"})
    with pytest.raises(SettingsError, match="environment variable DAVDRIVE_WORKERS: workers = 'x'"):
        load_settings(environment={"DAVDRIVE_WORKERS": "x"})


def test_an_unknown_or_ill_typed_flag_is_named() -> None:
    with pytest.raises(SettingsError, match="flag --listne: there is no option listne; did you mean listen"):
        load_settings({"listne": "x"}, environment={})
    with pytest.raises(SettingsError, match=r"flag --listen: listen = '80': write it as HOST:PORT"):
        load_settings({"listen": "80"}, environment={})


@pytest.mark.parametrize(
    ("flags", "part"),
    [
        ({"upkeep.grace_s": 10}, "flag --upkeep-grace-s: upkeep.grace_s must be at least limits.request_s"),
        ({"limits.lock_default_s": 1e9}, "lock_default_s must not be over"),
        (
            {"upkeep.grace_s": 43_200, "objects.redirect_s": 60},
            "at least objects.redirect_s and limits.request_s together",
        ),
        (
            {"objects.redirect_s": 60, "auth.require_tls": True, "objects.endpoint_url": "http://s3.internal"},
            "wants https: in objects.redirect_endpoint_url",
        ),
        ({"objects.inline_bytes": "1 GiB"}, "inline_bytes must not be over"),
        ({"metadata.lock_timeout_s": 30}, "lock_timeout_s must be under metadata.statement_timeout_s"),
        ({"metadata.statement_timeout_s": 9}, "lock_timeout_s must be under metadata.statement_timeout_s"),
        ({"server.tls_key": "k"}, "flag --server-tls-key: server.tls_certificate and server.tls_key belong together"),
        ({"public_urls": "ftp://x"}, "https://drive.example.org"),
        ({"public_urls": "https://x/?a"}, "no query"),
        ({"server.trusted_proxies": "10.0.0.300"}, "10.0.0.300"),
        ({"workers": True}, "write a number"),
        ({"workers": 1.5}, "it should be a valid integer"),
        ({"server.idle_s": "inf"}, "finite"),
        ({"server.idle_s": 0}, "greater than 0"),
        ({"server.idle_s": "soon"}, "a valid number"),
        ({"upkeep.in_background": "perhaps"}, "a valid boolean"),
        ({"data_dir": ""}, "write a path"),
        ({"public_urls": 5}, "a valid tuple"),
        ({"auth.realm": 'a"b'}, "should match pattern"),
        ({"workers": 0}, "greater than or equal to 1"),
        ({"auth.argon2_lanes": 17}, "less than or equal to 16"),
        ({"objects.segment_bytes": "5 parsecs"}, "could not interpret byte unit"),
        ({"log.format": "xml"}, "'text' or 'json'"),
        ({"listen": "::1:80"}, "in brackets"),
        ({"listen": "h:99999"}, "HOST:PORT"),
    ],
)
def test_values_that_cannot_work_are_refused(flags: dict[str, object], part: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(flags, environment={})
    assert part in str(caught.value)


def test_no_secret_appears_in_a_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings({"auth.secret": ["hunter2"], "metadata.url": {"x": "hunter2"}}, environment={})
    assert "hunter2" not in str(caught.value)
