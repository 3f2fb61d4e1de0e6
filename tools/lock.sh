#!/usr/bin/env bash
# Compile requirements.lock (what runs) and requirements-dev.lock (what tests) from pyproject.toml.
#   tools/lock.sh BIN [--upgrade]
set -euo pipefail
bin=$1; shift
compile=("$bin/pip-compile" --quiet --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host
    --no-emit-options --no-header --allow-unsafe "$@")
"${compile[@]}" --output-file requirements.lock pyproject.toml
sed -i 's/^torch==\([0-9.]*\)+cpu/torch==\1/' requirements.lock # the local build's tag is not on PyPI
"${compile[@]}" --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
sed -i 's/^torch==\([0-9.]*\)+cpu/torch==\1/' requirements-dev.lock
for file in requirements.lock requirements-dev.lock; do
    sed -i "1i # Exact versions of everything. Compiled from pyproject.toml by \`make lock\`; do not edit." "$file"
done
