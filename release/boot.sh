
# Everything above was written by the release; from here on this is release/boot.sh, the same for every release.
# It proves the release before the instance may serve: fetch, check the digest, start, see it answer. Then it ends the
# launch lifecycle action with CONTINUE; on any failure with ABANDON, at once, and says why in the log group.
# The image brings bash, python3, tar and the AWS CLI. What runs elsewhere than on EC2 says so by these variables:
set -uo pipefail
umask 022
: "${AWS_EC2_METADATA_SERVICE_ENDPOINT:=http://169.254.169.254}" "${APP_HOME:=/opt/app}" "${APP_USER:=app}"
: "${PORT:=$DEFAULT_PORT}" "${APP_LOG_LIMIT:=$((64 << 20))}"
export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
export AWS_CLI_FILE_ENCODING=UTF-8 AWS_PAGER=

archive=$APP_HOME/artifact.tar.gz code=$APP_HOME/release output=$APP_HOME/app.log exits=$APP_HOME/exits
home=$APP_HOME/home

metadata() { # path below latest/meta-data/ -> its value (IMDSv2: a token first)
  python3 - "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest" "$1" <<'PY'
import sys
from urllib.request import Request, urlopen

base, path = sys.argv[1:]
ask = Request(base + "/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "300"})
token = urlopen(ask, timeout=5).read().decode()
print(urlopen(Request(f"{base}/meta-data/{path}", headers={"X-aws-ec2-metadata-token": token}), timeout=5).read().decode())
PY
}

report() { # event, reason: one line of JSON into this instance's stream of the fleet's log group
  local events
  events=$(python3 - "$1" "$2" "$SHA" "${found:-$DIGEST}" <<'PY'
import json, sys, time

event, reason, sha, digest = sys.argv[1:]
line = json.dumps({"event": event, "sha": sha, "digest": digest, "reason": reason[-4000:]})
print(json.dumps([{"timestamp": int(time.time() * 1000), "message": line}]))
PY
  )
  echo "$1 ${2:-}"
  wait "$stream"
  aws logs put-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$INSTANCE_ID" --log-events "$events" >/dev/null
}

lifecycle() { # operation, more arguments: of this instance's launch
  aws autoscaling "$1" --auto-scaling-group-name "$GROUP" --lifecycle-hook-name "$HOOK" --instance-id "$INSTANCE_ID" "${@:2}"
}

finish() { # CONTINUE or ABANDON; again where there is no active action: a fast boot is ahead of its own group
  for _ in 1 2 3 4 5 6; do
    lifecycle complete-lifecycle-action --lifecycle-action-result "$1" && return
    sleep 5
  done
  return 1
}

gain_time() { # the hook counts from the launch, which was some 30 s before this script; a quick boot needs no more
  sleep 5
  [ -e "$APP_HOME/ready" ] || lifecycle record-lifecycle-action-heartbeat
}

fail() {
  report failed "$1"
  finish ABANDON
  exit 1
}

fetch() {
  local said from=s3://$BUCKET/releases/$SHA/artifact.tar.gz
  for try in 1 2 3 4; do # S3 may say 404 for a while where versioning has just been enabled
    said=$(aws s3 cp --only-show-errors "$from" "$archive" 2>&1) && break
    [[ $try -lt 4 && ($said == *404* || $said == *NoSuchKey*) ]] || fail "cannot fetch $from: $said"
    sleep 5
  done
  found=$(sha256sum <"$archive" | cut -d' ' -f1)
  [ "$found" = "$DIGEST" ] ||
    fail "the artifact of $SHA in s3://$BUCKET has digest $found, the release has $DIGEST: it was changed after it was published"
  tar -xzf "$archive" -C "$code" --no-same-owner || fail "the artifact of $SHA cannot be unpacked"
  rm -f "$archive"
  [ "$(id -un)" = "$APP_USER" ] || chown -R "$APP_USER:" "$code" "$home" || fail "cannot give the release to $APP_USER"
}

secrets() { # the secrets as export statements; their values are in no file, no log and no argument list
  local batch said
  while [ $# -gt 0 ]; do
    batch=("${@:1:10}") # GetParameters takes ten names
    shift "${#batch[@]}"
    said=$(aws ssm get-parameters --with-decryption --names "${batch[@]}" --output json) || return 1
    python3 -c '
import json, shlex, sys

answer = json.load(sys.stdin)
if answer["InvalidParameters"]:
    sys.exit("no such parameters: " + " ".join(answer["InvalidParameters"]))
for parameter in answer["Parameters"]:
    name = parameter["Name"].rsplit("/", 1)[1]
    value = shlex.quote(parameter["Value"])
    print(f"export {name}={value}")' < <(printf %s "$said") || return 1
  done
}

as_app_user() { # runs its arguments as the user of the app
  if [ "$(id -un)" = "$APP_USER" ]; then exec "$@"; fi
  exec runuser -u "$APP_USER" -- "$@"
}

supervise() { # runs the app, and runs it again when it ends after it had been ready
  cd "$code" || exit 1
  while :; do
    (as_app_user bash -c "$COMMAND")
    echo $? >>"$exits"
    [ -e "$APP_HOME/ready" ] || exit 1
    echo "slipway: the app ended; starting it again"
    sleep 1 # an app that ends at once must not spin; the load balancer's health check judges it meanwhile
  done
}

bound_output() { # what the app says fills no disk: between one and two APP_LOG_LIMIT of it stay
  while sleep 10; do
    [ "$(stat -c %s "$output")" -lt "$APP_LOG_LIMIT" ] || { cp "$output" "$output.1" && : >"$output"; }
  done
}

await_answer() { # waits until the app answers as the load balancer will ask; prints why it did not
  python3 - "$APP_ADDRESS" "$PORT" "$HEALTH_PATH" "$BOOT_TIMEOUT" "$SECONDS" "$exits" <<'PY'
import http.client, os, sys, time

address, port, path, timeout, gone, exits = sys.argv[1:]
deadline = time.monotonic() + int(timeout) - int(gone) - 15  # time to say why, before the lifecycle hook runs out
while True:
    if os.path.exists(exits):
        sys.exit(f"the app exited with {open(exits).read().split()[0]} before it answered")
    try:
        connection = http.client.HTTPConnection(address, int(port), timeout=5)
        connection.request("GET", path, headers={"User-Agent": "slipway-boot"})
        status = connection.getresponse().status
        if status == 200:
            break
        last = f"GET {path} answered {status}, 200 is expected: see the fleet's health.path"
    except (OSError, http.client.HTTPException) as problem:
        why = problem or type(problem).__name__
        last = f"nothing answered on port {port} of {address} ({why}): the app must listen on $PORT of every address"
    if time.monotonic() > deadline:
        sys.exit(f"{last}; waited {timeout} s (bootTimeout)")
    time.sleep(0.1)
PY
}

tail_of_output() {
  local said
  said=$(tail -n 15 "$output" 2>/dev/null | cut -c1-300)
  echo "${said:-none}"
}

INSTANCE_ID=$(metadata instance-id) || exit 1
# As the balancer will reach it: an app that listens on 127.0.0.1 alone must not pass.
: "${APP_ADDRESS:=$(metadata local-ipv4)}"
mkdir -p "$code" "$home" || exit 1
rm -f "$exits" "$APP_HOME/ready"
aws logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$INSTANCE_ID" &
stream=$!
gain_time >/dev/null 2>&1 &
if ! id "$APP_USER" >/dev/null 2>&1; then
  useradd --system --home-dir "$home" --shell /sbin/nologin "$APP_USER" || exit 1
fi
fetch
if [ ${#SECRETS[@]} -gt 0 ]; then
  exported=$(secrets "${SECRETS[@]}" 2>"$APP_HOME/secrets.err") ||
    fail "cannot read the secrets of this fleet: $(tail -n 1 "$APP_HOME/secrets.err")"
fi
(
  export HOME=$home PORT INSTANCE_ID RELEASE_SHA=$SHA RELEASE_DIGEST=$DIGEST
  app_environment
  eval "${exported:-}"
  supervise
) >>"$output" 2>&1 </dev/null &
unset exported
bound_output >/dev/null 2>&1 &
why=$(await_answer 2>&1) || fail "$why; its last output: $(tail_of_output)"
touch "$APP_HOME/ready"
report ready "" || fail "cannot write to the log group $LOG_GROUP"
finish CONTINUE
