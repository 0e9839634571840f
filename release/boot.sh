
# Everything above was written by the release; from here on this is release/boot.sh, the same for every release.
# It proves the release before the instance may serve: fetch, check the digest, start, see it answer. Then it ends the
# launch lifecycle action with CONTINUE; on any failure with ABANDON, at once, and says why in the log group.
# cloud-init runs user data at an instance's first boot only, so it leaves itself where each later boot runs it: that one
# starts the same release again, and has no launch to end.
# The image brings bash, python3, tar and the AWS CLI. What runs elsewhere than on EC2 says so by these variables:
set -uo pipefail
umask 022
: "${AWS_EC2_METADATA_SERVICE_ENDPOINT:=http://169.254.169.254}" "${APP_HOME:=/opt/app}" "${APP_USER:=app}"
: "${PORT:=$DEFAULT_PORT}" "${APP_LOG_LIMIT:=$((64 << 20))}" "${PER_BOOT:=/var/lib/cloud/scripts/per-boot}"
export AWS_REGION=$REGION AWS_DEFAULT_REGION=$REGION AWS_RETRY_MODE=standard AWS_MAX_ATTEMPTS=8
export AWS_CLI_FILE_ENCODING=UTF-8 AWS_PAGER=

archive=$APP_HOME/artifact.tar.gz code=$APP_HOME/release output=$APP_HOME/app.log exits=$APP_HOME/exits
home=$APP_HOME/home values={}
# Of this instance: its id, since its first boot began; that its launch was ended; which packages were installed.
known=$APP_HOME/instance launched=$APP_HOME/launched installed=$APP_HOME/packages
foreground="it must stay in the foreground, where it is watched (no &, no --daemon; nginx: daemon off)"

metadata() { # path below latest/meta-data/ -> its value (IMDSv2: a token first)
  python3 -I - "$AWS_EC2_METADATA_SERVICE_ENDPOINT/latest" "$1" <<'PY'
import sys, time
from urllib.request import ProxyHandler, Request, build_opener

base, path = sys.argv[1:]
ask = build_opener(ProxyHandler({})).open
put = Request(base + "/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "300"})
for left in range(9, -1, -1):
    try:
        token = ask(put, timeout=5).read().decode()
        get = Request(f"{base}/meta-data/{path}", headers={"X-aws-ec2-metadata-token": token})
        print(ask(get, timeout=5).read().decode())
        break
    except Exception as problem:
        if not left:
            sys.exit(f"metadata: {path}: {problem}")
        time.sleep(1)
PY
}

# What may leave the instance of what it reads: no secret's value, also as a traceback, JSON, a URL or base64 has it; no
# byte that is no text, no control character. With a number, only so many lines, the last ones.
safe() {
  python3 -I -c '
import base64, json, os, re, sys, urllib.parse as url

raw = sys.stdin.buffer.read()
text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
with os.fdopen(3, "rb") as known:
    values = json.loads(known.read())
names = {}
for name, value in values.items():
    inner = re.match(r"[\w+.-]+://[^/@\s]*:([^@\s]+)@", value)
    parts = [value, value.strip(), *(line for line in value.splitlines() if len(line) > 7)]
    parts += [*(inner.groups() if inner else ()), *re.findall(r":\s*\x22([^\x22\\]{6,})\x22", value)]  # and in JSON
    for part in filter(str.strip, parts):
        coded = base64.b64encode(part.encode()).decode().rstrip("=")
        forms = part, repr(part)[1:-1], json.dumps(part)[1:-1], url.quote(part), url.quote_plus(part), url.unquote(part)
        names.update((form, name) for form in (*forms, coded) if form)
if len(raw) >= 65536:  # it may begin within a value
    text = text[max(map(len, names), default=0) :]
# What is short may be part of any word.
each = (re.escape(form) if len(form) > 5 else rf"(?<!\w){re.escape(form)}(?!\w)" for form in sorted(names, key=len)[::-1])
if names:
    text = re.sub("|".join(each), lambda found: f"(secret {names[found[0]]})", text)
text = re.sub(r"[^\S\n ]|[\0-\x09\x0b-\x1f\x7f-\x9f]", lambda found: ascii(found[0])[1:-1], text.replace("\t", " "))
if sys.argv[1:]:
    text = "\n".join(line[:300] for line in text.rstrip().split("\n")[-int(sys.argv[1]) :])[-3000:] or "none"
sys.stdout.buffer.write(text.encode("utf-8", "replace"))' "$@" 3< <(printf %s "$values")
}

report() { # event, reason: one line of JSON into this instance's stream of the fleet's log group
  local events reason=
  [ -z "$2" ] || reason=$(printf %s "$2" | safe)
  events=$(python3 -I - "$1" "$reason" "$SHA" "${found:-$DIGEST}" "${install_seconds:-}" <<'PY'
import json, os, sys, time

event, reason, sha, digest, install = (os.fsencode(word).decode("utf-8", "replace") for word in sys.argv[1:])
line = {"event": event, "sha": sha, "digest": digest, "reason": reason[:4000]}
if install:
    line["packages_seconds"] = int(install)
print(json.dumps([{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}]))
PY
  )
  echo "$1 $reason"
  wait "${stream:-}" 2>/dev/null
  aws logs put-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$INSTANCE_ID" --log-events "$events" >/dev/null
}

lifecycle() { # operation, more arguments: of this instance's launch
  aws autoscaling "$1" --auto-scaling-group-name "$GROUP" --lifecycle-hook-name "$HOOK" --instance-id "$INSTANCE_ID" "${@:2}"
}

finish() { # CONTINUE or ABANDON; again where there is no active action: a fast boot is ahead of its own group
  [ ! -e "$launched" ] || return 0
  for _ in 1 2 3 4 5 6; do
    lifecycle complete-lifecycle-action --lifecycle-action-result "$1" && touch "$launched" && return
    sleep 5
  done
  return 1
}

gain_time() { # the hook counts from the launch, which was some 30 s before this script; a quick boot needs no more
  sleep 5
  [ -e "$APP_HOME/ready" ] || [ -e "$launched" ] || lifecycle record-lifecycle-action-heartbeat
}

fail() {
  trap - EXIT
  report failed "$1"
  finish ABANDON
  exit 1
}

# Nothing ends this script in silence; but a signal means that the instance is going, which is no fault of the release.
trap 'fail "boot.sh ended with $? at line $LINENO ($BASH_COMMAND); the console output of the instance says more"' EXIT
trap 'trap - EXIT; echo "ended by a signal"; exit 143' TERM INT HUP

install_packages() { # from the image's own repositories: locked to its release, and in the region's S3
  local said from=$SECONDS wanted=${PACKAGES[*]}
  [ -n "$wanted" ] && [ "$(cat "$installed" 2>/dev/null)" != "$wanted" ] || return 0
  for try in 1 2 3; do
    said=$(timeout $((BOOT_TIMEOUT - SECONDS - 20)) dnf -y -q install "${PACKAGES[@]}" 2>&1)
    case $? in
      0) break ;;
      124) said="not done within $((SECONDS - from)) s (bootTimeout)" ;;
      *) [[ $try -eq 3 || $said == *"Unable to find a match"* || $((SECONDS + 40)) -gt BOOT_TIMEOUT ]] ||
        { sleep 5 && continue; } ;;
    esac
    fail "dnf could not install $wanted: $(tail -n 1 <<<"$said")"
  done
  install_seconds=$((SECONDS - from))
  echo "$said"
  echo "$wanted" >"$installed"
}

kept() { # whether the archive is there, whole, from an earlier boot
  found=$(sha256sum 2>/dev/null <"$archive" | cut -d' ' -f1)
  [ "$found" = "$DIGEST" ]
}

fetch() {
  local said from=s3://$BUCKET/releases/$SHA/artifact.tar.gz
  kept || for try in 1 2 3 4; do
    said=$(aws s3 cp --only-show-errors "$from" "$archive" 2>&1) && break
    [[ $said == *404* || $said == *NoSuchKey* || $said == *403* || $said == *AccessDenied* ]] ||
      fail "cannot fetch $from: $said"
    [ $try -lt 4 ] || fail "cannot fetch $from: it is not there, or the role of this instance may not read it (S3 says the \
same of both to who may not list the bucket; \`python -m release show $SHA\` says whether it is there): $said"
    sleep 5 # a new bucket, a new role and a new version are not known everywhere at once
  done
  kept ||
    fail "the artifact of $SHA in s3://$BUCKET has digest $found, the release has $DIGEST: it was changed after it was published"
  tar -xzf "$archive" -C "$code" --no-same-owner || fail "the artifact of $SHA cannot be unpacked"
  is_app_user || chown -R "$APP_USER:" "$code" "$home" || fail "cannot give the release to $APP_USER"
}

secrets() { # their values, as JSON by name; they are in no file, no log and no argument list
  local batch
  while [ $# -gt 0 ]; do
    batch=("${@:1:10}") # GetParameters takes ten names
    shift "${#batch[@]}"
    aws ssm get-parameters --with-decryption --names "${batch[@]}" --output json || return 1
  done | python3 -I -c '
import json, sys

text, values = sys.stdin.read().strip(), {}
while text:
    answer, end = json.JSONDecoder().raw_decode(text)
    text = text[end:].lstrip()
    if answer["InvalidParameters"]:
        sys.exit("no such parameters: " + " ".join(answer["InvalidParameters"]))
    values.update((each["Name"].rsplit("/", 1)[1], each["Value"]) for each in answer["Parameters"])
print(json.dumps(values))'
}

is_app_user() { # by number too: not every user has a name
  [ "$(id -u)" = "$APP_USER" ] || [ "$(id -un 2>/dev/null)" = "$APP_USER" ]
}

as_app_user() { # runs its arguments as the user of the app
  if is_app_user; then exec "$@"; fi
  exec runuser -u "$APP_USER" -- "$@"
}

run() { # the command, with the app's own variables: to no shell but the command's they mean anything
  export HOME=$home PORT INSTANCE_ID RELEASE_SHA=$SHA RELEASE_DIGEST=$DIGEST
  as_app_user python3 -I -c '
import json, os, sys

names = "PER_BOOT APP_HOME APP_USER APP_ADDRESS APP_LOG_LIMIT AWS_RETRY_MODE AWS_MAX_ATTEMPTS AWS_CLI_FILE_ENCODING AWS_PAGER"
own = {name: value for name, value in os.environ.items() if name not in names.split()}
with os.fdopen(3, "rb") as given:
    for part in given.read().split(b"\0"):
        own.update(json.loads(part))
own = {os.fsencode(name): value.encode("utf-8", "surrogateescape") for name, value in own.items()}
os.execve("/bin/bash", ["bash", "-c", sys.argv[1]], own)' "$COMMAND" 3< <(printf '%s\0%s' "$ENVIRONMENT" "$values")
}

answers() { # whether anything takes connections where the app should
  (: <>"/dev/tcp/$APP_ADDRESS/$PORT") 2>/dev/null
}

supervise() { # runs the app, and runs it again when it ends after it had been ready
  local status told=
  cd "$code" || exit 1
  while :; do
    (run)
    status=$?
    echo $status >>"$exits"
    [ -e "$APP_HOME/ready" ] || exit 1
    if answers; then # another one could not listen
      echo "slipway: the command ended with $status, and something goes on on port $PORT; waiting for that to end"
      [ "$status$told" != 0 ] || report failed "the command ended with 0, and the app goes on without it: $foreground"
      told=1
      while answers; do sleep 4; done
    fi
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
  python3 -I - "$APP_ADDRESS" "$PORT" "$HEALTH_PATH" "$HEALTH_CODES" "$HEALTH_TIMEOUT" "$BOOT_TIMEOUT" "$SECONDS" "$exits" \
    "$foreground" <<'PY'
import http.client, os, sys, time

address, port, path, codes, patience, timeout, gone, exits, foreground = sys.argv[1:]
ranges = [[int(end) for end in part.split("-")] for part in codes.split(",")]
# As an ALB does it: the Host header is address:port, there is no X-Forwarded-Proto, and no redirect is followed.
headers = {"User-Agent": "ELB-HealthChecker/2.0", "Accept-Encoding": "gzip, compressed", "Connection": "close"}
deadline = time.monotonic() + int(timeout) - int(gone) - 15  # time to say why, before the lifecycle hook runs out


def check_runs(when):
    if os.path.exists(exits):
        status = open(exits).read().split()[:1] or ["?"]
        sys.exit(f"the app exited with {status[0]} {when}" + (f": {foreground}" if status == ["0"] else ""))


while True:
    check_runs("before it answered")
    try:
        connection = http.client.HTTPConnection(address, int(port), timeout=int(patience))
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if any(ends[0] <= answer.status <= ends[-1] for ends in ranges):
            time.sleep(1)  # a command that puts the app in the background ends about now
            check_runs("when it had answered")
            break
        to = f" (to {answer.headers['Location']})" if answer.headers["Location"] else ""
        last = f"GET {path} answered {answer.status}{to}, {codes} is expected: see the fleet's health.path and health.codes"
    except (OSError, http.client.HTTPException) as problem:
        why = problem or type(problem).__name__
        last = f"nothing answered on port {port} of {address} ({why}): the app must listen on $PORT of every address"
    if time.monotonic() > deadline:
        sys.exit(f"{last}; waited {timeout} s (bootTimeout)")
    time.sleep(0.1)
PY
}

brought_by() { # a command -> the package of Amazon Linux 2023 that has it, as infra/plan/packages.py says
  case $1 in
    node | npm | npx) echo nodejs22 ;;
    ruby | bundle | gem | irb) echo ruby3.4 ;;
    php) echo php8.4 ;;
    java) echo java-21-amazon-corretto-headless ;;
    go) echo golang ;;
    pip | pip3) echo python3-pip ;;
    python3.1[1-4]) echo "$1" ;;
    pip3.1[1-4]) echo "python${1#pip}-pip" ;;
  esac
}

not_found() { # the command that the app's last output says is not there, and what brings it
  local word package
  word=$(tail -n 15 "$output" | sed -nE "s/^(.*[^[:alnum:]._+/-])?([[:alnum:]._+-]+)[^[:alnum:]:]*: \
(command not found|not found|No such file or directory)\$/\2/p" | tail -n 1)
  [ -n "$word" ] || return
  package=$(brought_by "$word")
  echo "$word: not on the image; \`fleets.$FLEET.packages: [${package:-the package that has it}]\`; "
}

prepare() { # what of an earlier boot must not be taken for this one's; 2 where this is none of this instance's
  if [ "$0" -ef "$PER_BOOT/slipway" ]; then
    # Where an image was made from an instance, the first boot of another finds this, and leaves it to the user data.
    [ "$(cat "$known" 2>/dev/null)" = "$INSTANCE_ID" ] || return 2
  else
    mkdir -p "$APP_HOME" && rm -f "$launched" "$installed" && echo "$INSTANCE_ID" >"$known" &&
      install -D -m 700 "$0" "$PER_BOOT/slipway" || return 1
  fi
  rm -rf "$code" "$exits" "$APP_HOME/ready" && mkdir -p "$code" "$home" &&
    { [ ! -e "$output" ] || mv -f "$output" "$output.1"; } && : >>"$output"
}

# From here on things happen. What only some instances need is defined before this, from release/boot/: see user_data.py.
INSTANCE_ID=$(metadata instance-id 2>&1) || {
  why=$INSTANCE_ID INSTANCE_ID=$(cat /var/lib/cloud/data/instance-id 2>/dev/null || uname -n)
  fail "the metadata service does not answer: $why"
}
# As the balancer will reach it: an app that listens on 127.0.0.1 alone must not pass.
[ -n "${APP_ADDRESS:-}" ] || APP_ADDRESS=$(metadata local-ipv4 2>&1) || fail "no address: $APP_ADDRESS"
why=$(prepare 2>&1)
status=$?
[ $status -ne 2 ] || { trap - EXIT && exit 0; }
aws logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$INSTANCE_ID" &
stream=$!
[ $status -eq 0 ] || fail "cannot make $code: $why"
gain_time >/dev/null 2>&1 &
if ! is_app_user && ! id "$APP_USER" >/dev/null 2>&1; then
  why=$(useradd --system --home-dir "$home" --shell /sbin/nologin "$APP_USER" 2>&1) || fail "no user $APP_USER: $why"
fi
install_packages
fetch
if [ ${#SECRETS[@]} -gt 0 ]; then
  values=$(secrets "${SECRETS[@]}" 2>"$APP_HOME/secrets.err") || {
    values={}
    fail "cannot read the secrets of this fleet: $(tail -n 1 "$APP_HOME/secrets.err")"
  }
fi
supervise >>"$output" 2>&1 </dev/null &
bound_output >/dev/null 2>&1 &
why=$(await_answer 2>&1) || fail "$([[ $why != *"with 127 "* ]] || not_found)$why; its last output: $(tail -c 65536 "$output" | safe 15)"
touch "$APP_HOME/ready" || fail "cannot write to $APP_HOME"
report ready "" || fail "cannot write to the log group $LOG_GROUP"
finish CONTINUE || report unfinished "Auto Scaling did not take it that this instance is ready"
trap - EXIT
