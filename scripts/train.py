#!/usr/bin/env python3
"""Train a model on a graph and its cases, from Python.

Run:  python scripts/train.py GRAPH MODEL [--config FILE] [--cases PATH ...] [--resume]
The options are those of `iatros train`; scripts/configs/ holds settings to start from.
"""

import sys

from reasoning.cli import main as iatros


def main() -> None:
    """Pass the arguments on to `iatros train GRAPH --out MODEL`."""
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    graph, out, *rest = sys.argv[1:]
    sys.argv = ["iatros", "train", graph, "--out", out, *rest]
    iatros()


if __name__ == "__main__":
    main()
