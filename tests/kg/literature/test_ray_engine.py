"""Mining on Ray gives the same bytes as at home, and takes up what was finished before."""

import subprocess
import sys
from pathlib import Path

import pytest

from kg.literature.mining import mine_files
from tests.kg.literature.test_mining import RUN, corpus, mine, toy_plug

ROOT = Path(__file__).parents[3]
# In a process of its own: Ray starts threads and servers that outlive a test.
CODE = """
from pathlib import Path
from kg.literature.mining import mine_files
from tests.kg.literature.test_mining import RUN, toy_plug
r = mine_files([Path({folder!r})], Path({out!r}), source=toy_plug, run=RUN, workers=2, engine="ray")
print(r.n_files, r.n_resumed, r.n_documents)
"""


def test_ray_gives_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    corpus(tmp_path / "in", 5)
    mine(tmp_path / "in", tmp_path / "home.nq")
    code = CODE.format(folder=str(tmp_path / "in"), out=str(tmp_path / "ray.nq"))
    child = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stderr[-2000:]
    assert child.stdout.split() == ["5", "0", "25"]
    assert (tmp_path / "ray.nq").read_bytes() == (tmp_path / "home.nq").read_bytes()


def test_without_ray_one_line_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    corpus(tmp_path / "in", 1)
    with pytest.raises(ImportError, match=r"pip install 'iatros\[ray\]'"):
        mine_files([tmp_path / "in"], tmp_path / "o.nq", source=toy_plug, run=RUN, engine="ray")
