"""The log: one JSON line per event, whoever says it."""

import json
import logging

import pytest

from staffhub import logs


def test_what_the_scheduler_says_is_a_line_like_ours(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure()
    logging.getLogger("apscheduler.scheduler").warning('Execution of job "%s" skipped', "tick")
    said = json.loads(capsys.readouterr().err)
    assert said["event"] == "scheduler_said"
    assert said["said"] == 'Execution of job "tick" skipped'
