#!/bin/sh
# Regenerate gateway/proto/catchup/v1/*_pb2* from the .proto; the result is checked in.
set -eu
cd "$(dirname "$0")/.."
proto=gateway/proto
.venv/bin/python -m grpc_tools.protoc -I "$proto" --python_out="$proto" --pyi_out="$proto" \
    --grpc_python_out="$proto" catchup/v1/catchup.proto
# protoc writes imports as if gateway/proto were on sys.path
sed -i 's/^from catchup\.v1 import/from gateway.proto.catchup.v1 import/' "$proto"/catchup/v1/catchup_pb2_grpc.py
