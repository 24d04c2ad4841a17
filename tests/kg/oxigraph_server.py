"""The Oxigraph server itself (https://oxigraph.org/cli/), on the loopback."""

import contextlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

__all__ = ["oxigraph_server"]

_PATIENCE_SECONDS = 30.0


@contextlib.contextmanager
def oxigraph_server(*options: str) -> Iterator[str]:
    """Serves a store in memory.

    Args:
        *options: More of its command line, such as `--union-default-graph`.

    Yields:
        Address of the server, without a path.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        bind = f"127.0.0.1:{free.getsockname()[1]}"
    program = Path(sys.executable).with_name("oxigraph")
    server = subprocess.Popen(
        [str(program), "serve", "--bind", bind, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(f"http://{bind}/", server)
        yield f"http://{bind}"
    finally:
        server.terminate()
        server.wait()


def _wait_for(url: str, server: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310  loopback
                return
        except urllib.error.URLError:
            if server.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.05)
