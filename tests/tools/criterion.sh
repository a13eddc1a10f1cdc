#!/bin/sh
# Runs a Criterion program so that Automake's TAP driver understands it.
exec "$@" --tap=- --quiet
