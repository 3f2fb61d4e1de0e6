"""Install pip into the running virtual environment from its own wheel: for machines without ensurepip.

A wheel is a zip that Python can import from, so pip installs itself. Source: https://pip.pypa.io/en/stable/installation/
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from urllib.parse import urljoin

_PYPI = "https://pypi.org/pypi/pip/json"


def main() -> int:
    """Fetch pip's newest wheel, verify its digest, and let it install itself."""
    try:
        with urllib.request.urlopen(_PYPI, timeout=60) as answer:
            wheels = [file for file in json.load(answer)["urls"] if file["packagetype"] == "bdist_wheel"]
        with urllib.request.urlopen(urljoin(_PYPI, wheels[0]["url"]), timeout=120) as answer:  # noqa: S310  from PyPI's own answer
            data = answer.read()
    except OSError as error:
        print(f"catchup: cannot fetch pip: {error}. Install it: apt install python3-venv", file=sys.stderr)
        return 1
    if hashlib.sha256(data).hexdigest() != wheels[0]["digests"]["sha256"]:
        print("catchup: the pip that was fetched does not match its digest", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(folder) / wheels[0]["filename"]
        wheel.write_bytes(data)
        return subprocess.call([sys.executable, f"{wheel}/pip", "install", "--quiet", str(wheel)])


if __name__ == "__main__":
    sys.exit(main())
