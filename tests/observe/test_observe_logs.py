"""Logs: one line an event, the request's id in each, no secret and no forged line."""

import io
import json
import logging
import os
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
import wsgidav  # noqa: F401 - it silences its own logger when it is imported

from davdrive.observe.access import Access, AccessLog
from davdrive.observe.context import (
    acceptable_request_id,
    begin_request,
    carried,
    end_request,
    request_id,
)
from davdrive.observe.logs import configure_logging, get_logger
from davdrive.observe.redact import redacted


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def logged(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_every_line_inside_a_request_carries_its_id_and_what_was_learnt_later() -> None:
    stream = io.StringIO()
    log = get_logger("room")
    configure_logging("json", stream=stream)
    environ = {"davdrive.request_id": "r1", "REQUEST_METHOD": "PUT"}
    begin_request(environ)
    log.info("one")
    environ["wsgidav.auth.user_name"] = "ann"
    logging.getLogger("wsgidav").warning("two %d", 2)
    assert request_id() == "r1"
    end_request()
    log.info("three")
    one, two, three = logged(stream)
    assert (one["event"], one["request"], one["method"], one["source"]) == ("one", "r1", "PUT", "room")
    assert (two["event"], two["request"], two["user"], two["source"]) == ("two 2", "r1", "ann", "wsgidav")
    assert "request" not in three
    assert one["timestamp"].endswith("Z")


def test_another_thread_keeps_the_request_only_where_it_was_carried() -> None:
    seen: list[str] = []
    begin_request({"davdrive.request_id": "r1"})
    work = carried(lambda: seen.append(request_id()))
    end_request()
    for target in (work, work, lambda: seen.append(request_id())):
        thread = threading.Thread(target=target)
        thread.start()
        thread.join()
    assert seen == ["r1", "r1", ""]


def test_levels_hold_for_davdrive_and_for_libraries_separately() -> None:
    stream = io.StringIO()
    configure_logging("json", level="info", libraries="error", stream=stream)
    get_logger("x").debug("no")
    logging.getLogger("davdrive.x").debug("no")
    logging.getLogger("sqlalchemy.engine").warning("no")
    get_logger("x").info("yes")
    logging.getLogger("davdrive.x").info("yes")
    logging.getLogger("sqlalchemy.engine").error("yes")
    assert [line["event"] for line in logged(stream)] == ["yes"] * 3


def test_configuring_again_replaces_the_first_configuration() -> None:
    first, second = io.StringIO(), io.StringIO()
    log = get_logger("x")
    for stream in (first, second):
        configure_logging("json", stream=stream)
    log.info("once")
    logging.getLogger("davdrive").info("once")
    assert first.getvalue() == ""
    assert len(logged(second)) == 2


def test_exceptions_come_with_their_traceback_in_one_json_line() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    try:
        raise ValueError("boom")
    except ValueError:
        get_logger("x").exception("failed")
        logging.getLogger("davdrive").exception("failed")
    assert all("ValueError: boom" in line["exception"] for line in logged(stream))
    assert len(logged(stream)) == 2


@pytest.mark.parametrize("format", ["json", "text"])
def test_no_secret_leaves_by_key_by_value_or_by_traceback(format: Any) -> None:
    stream = io.StringIO()
    configure_logging(format, stream=stream)
    log = get_logger("x")
    log.info("a", password="hunter2", Authorization="hunter2", lock_token="hunter2", upload_secret="hunter2")
    log.info("connecting to postgresql://ann:hunter2@host/db")
    log.info("a", header="Basic aHVudGVyMjpodW50ZXIy", body={"password": "hunter2"})
    logging.getLogger("davdrive").info("password=hunter2 and Bearer hunter2hunter2")
    try:
        raise OSError("cannot reach s3://key:hunter2@host")
    except OSError:
        log.exception("failed")
    text = stream.getvalue()
    assert "hunter2" not in text
    assert "aHVudGVy" not in text
    assert text.count("********") >= 9


def test_ordinary_text_is_not_mistaken_for_a_secret() -> None:
    for text in ("the token is wrong", "response: 503", "basic auth is on", "http://host:8080/a@b", "digest failed"):
        assert redacted(text) == text


@pytest.mark.parametrize("format", ["json", "text"])
def test_a_file_name_cannot_forge_a_line_or_drive_a_terminal(format: Any) -> None:
    stream = io.StringIO()
    configure_logging(format, stream=stream)
    get_logger("x").info("stored", name="a\n2026 [error] forged\x1b[2J\u2028\x9b")
    logging.getLogger("davdrive").info("name %s", "a\nforged\x1b[2J")
    assert len(stream.getvalue().splitlines()) == 2
    assert "\x1b" not in stream.getvalue()
    assert "\x9b" not in stream.getvalue()


def test_warnings_of_libraries_are_logged() -> None:
    stream = io.StringIO()
    configure_logging("json", stream=stream)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old thing", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    assert "old thing" in logged(stream)[0]["event"]


def test_only_plain_request_ids_are_taken_from_a_proxy() -> None:
    assert acceptable_request_id("0af5-1c")
    assert acceptable_request_id("x" * 64)
    for bad in ("", "x" * 65, "a b", "a\n", "<x>", "ä", "-a"):
        assert not acceptable_request_id(bad)


@pytest.mark.parametrize("format", ["json", "text"])
def test_an_access_line_is_one_line_whatever_the_path_holds(format: Any) -> None:
    read, write = os.pipe()
    access = Access("GET", "/a\n\x1b[2Jä\udcff", 200, 0.0123, 5, 7, "ann\n", "192.0.2.1", "r1")
    AccessLog(format, write).write(access)
    os.close(write)
    with os.fdopen(read) as pipe:
        line = pipe.read()
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert all(part in line for part in ("GET", "200", "12.3", "192.0.2.1", "r1"))
    if format == "json":
        assert json.loads(line)["sent"] == 7


def test_an_access_log_that_cannot_be_written_breaks_nothing() -> None:
    AccessLog("text", 9999).write(Access("GET", "/", 200, 0.0))
