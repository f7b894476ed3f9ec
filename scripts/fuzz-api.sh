#!/usr/bin/env bash
# Schemathesis against the API of a whole stack, with a worker that does what the generated requests ask for.
# Arguments go to `schemathesis run`, such as `-n 100` for more examples or `--seed 7`. Ends with 1 on any failure.
set -euo pipefail
cd "$(dirname "$0")/.."

VERSION=4.32.5
VENV="${GLYPHMILL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/glyphmill}/schemathesis-$VERSION"
if [ ! -x "$VENV/bin/schemathesis" ]; then
  echo "Installing Schemathesis $VERSION into $VENV"
  rm -rf "$VENV"
  "${PYTHON:-python3}" -m venv "$VENV"
  "$VENV/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"
fi

folder=$(mktemp -d)
log="$folder/stack.log"
# Small jobs only: what is asked here is made up, and shall not keep the machine busy.
DATA_DIR="$folder/data" PORT=0 LOG_LEVEL=warn MAX_JOB_MEMORY_BYTES=1000000000 \
  node scripts/pinned-node.mjs apps/stack/dist/main.js >"$log" 2>&1 &
stack=$!
trap 'kill -TERM $stack 2>/dev/null; wait $stack 2>/dev/null; rm -rf "$folder"' EXIT

url=''
for _ in $(seq 120); do
  url=$(sed -n 's|^Ready: \(http[^ ]*\)/docs.*|\1|p' "$log")
  [ -n "$url" ] && break
  kill -0 $stack 2>/dev/null || { cat "$log"; exit 1; }
  sleep 1
done
[ -n "$url" ] || { echo 'The stack did not start in two minutes:'; cat "$log"; exit 1; }

# Something of each kind that the requests can meet.
post() { curl -s --fail-with-body "$url/api/jobs/$1" -H 'content-type: application/json' -d "$2"; }
id_of() { sed -n 's/^{"id":"\([^"]*\)".*/\1/p'; }
created=$(post train '{"dataset":"moby-dick","model":{"kind":"bigram"},"training":{"maxSteps":50}}') || { echo "$created"; exit 1; }
job=$(id_of <<<"$created")
curl -sfN "$url/api/jobs/$job/events" >/dev/null
post generate "{\"model\":\"model_${job#job_}\",\"prompts\":[\"Call me \"],\"maxNewTokens\":8}" >/dev/null

config="$PWD/scripts/schemathesis.toml"
cd "$folder" # It keeps notes where it runs.
"$VENV/bin/schemathesis" --config-file "$config" run "$url/api/openapi.json" --url "$url" \
  --checks all --phases examples,coverage,fuzzing,stateful --request-timeout 20 --continue-on-failure \
  --warnings off --seed 1 -n 10 "$@"
