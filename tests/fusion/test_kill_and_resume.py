"""A training killed with SIGKILL at random moments ends like an unbroken one.

The whole benchmark kills 20 times; here it kills twice.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = Path(__file__).parents[2] / "benchmarks" / "kill_and_resume.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks the trainings")
def test_two_kills_leave_no_trace() -> None:
    found = subprocess.run(
        [sys.executable, "-W", "ignore", str(_SCRIPT), "--kills", "2", "--steps", "40"],
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert found.returncode == 0, found.stderr[-2000:]
    assert "equal: all tensors and metrics" in found.stdout
