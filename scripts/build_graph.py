#!/usr/bin/env python3
"""Build a knowledge graph and look at it: the start of every pipeline.

Run:  python scripts/build_graph.py graphs/demo [demo|rare|full]
Then: iatros query graphs/demo 'SELECT ?drug { ?drug biolink:treats MONDO:0009861 }'
"""

import sys
from pathlib import Path

from kg.build import BuildError, BuildOptions, build_graph
from kg.files import DataFiles, default_mirror


def main() -> None:
    """Build the profile into the folder and print where it lies and how large it is."""
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    out = Path(sys.argv[1])
    profile = sys.argv[2] if len(sys.argv) > 2 else "demo"
    options = BuildOptions(
        out=out,
        profile=profile,  # type: ignore[arg-type]  # BuildOptions names the profiles there are
        files=DataFiles(mirror=default_mirror()),
    )
    graph = build_graph(options, lambda line: print(line, file=sys.stderr)).snapshot
    print(f"{out}: {graph.n_nodes:,} nodes, {graph.n_edges:,} statements, digest {graph.digest}")


if __name__ == "__main__":
    try:
        main()
    except (BuildError, ValueError) as error:  # one line instead of a traceback
        sys.exit(f"{error}")
