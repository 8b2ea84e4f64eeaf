#!/usr/bin/env bash
# Makes reference/ again with the R on this machine (see README.md for what to install).
set -euo pipefail
exec Rscript "$(dirname "$0")/run.R" "$(dirname "$0")/reference" "$@"
