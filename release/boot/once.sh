# Runs COMMAND once, as the app's user with its environment, and leaves: a release phase, a scheduled command.
# The instance's own stream of the log group gets `began`, and `ended` with the exit status (none where the command never
# ran), how many lines there were and a reason; STREAM/<instance id> gets the output, masked, in lines as they come.
# A part before this one may say what else belongs to that: `began`, and `ended STATUS`, which makes the instance leave;
# and, as RUNS, a stream that gets what the instance's own stream gets, for all runs together.
declare -F began >/dev/null || began() { :; }
declare -F ended >/dev/null || ended() { shutdown -h now; }

sent=0 lines=0 ran=

journal() { # event, exit status or nothing, reason
  local said
  said=$(printf %s "$3" | safe | python3 -I -c '
import json, sys, time

event, status, sha, lines, ran, instance = sys.argv[1:]
line = {"event": event, "sha": sha, "instance": instance, "reason": sys.stdin.buffer.read().decode("utf-8", "replace")[:4000]}
if event == "ended":
    line.update(exit=int(status) if status else None, lines=int(lines), seconds=int(ran) if ran else None)
print(json.dumps([{"timestamp": int(time.time() * 1000), "message": json.dumps(line)}]))' "$1" "$2" "$SHA" "$lines" "$ran" "$INSTANCE_ID")
  echo "$1 $2"
  [ -z "${RUNS:-}" ] || put "$RUNS" "$said" ||
    { aws logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$RUNS" && put "$RUNS" "$said"; }
  put "$INSTANCE_ID" "$said"
}

put() { # stream, events
  aws logs put-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$1" --log-events "$2" >/dev/null
}

over() { # exit status or nothing, reason: the last thing that is said
  trap - EXIT TERM INT HUP
  journal ended "$1" "$2"
  ended "$1"
  exit "${1:-1}"
}

fail() {
  over "" "$1"
}

unsent() { # "last" where no more comes -> where the next part begins; what is new lies in `part`, in whole lines
  python3 -I - "$output" "$APP_HOME/part" "$sent" "$1" <<'PY'
import os, sys

LONGEST, LINES, BEHIND, KEPT = 60000, 5000, 1 << 20, 1 << 18  # safe takes less than 64 KB to begin within a value

path, part, begin, last = sys.argv[1:]
with open(path, "rb") as file:
    size, begin = os.fstat(file.fileno()).st_size, int(begin)
    file.seek(0 if size < begin else begin)  # it is cut where it grows large
    left = b"" if size >= begin else b"slipway: the output was cut here\n"
    if size < begin:
        file.readline()
    if size - file.tell() > BEHIND:
        here = file.tell()
        file.seek(size - KEPT)
        file.readline()
        left = b"slipway: %d bytes of output are left out here\n" % (file.tell() - here)
    here = file.tell()
    text = file.read(LONGEST)
    end = text.rfind(b"\n") + 1
    if not end and len(text) == LONGEST:  # a line as long as that is cut, and what follows of it left out
        file.seek(here)
        end = len(file.readline())
        end = end if file.tell() < size or last else 0
        text = text + b"\n" if end else b""
        here += end
    else:
        end = len(text) if last and here + len(text) >= size else end
        text = b"".join(text[:end].splitlines(True)[:LINES])
        here += len(text)
with open(part, "wb") as file:
    file.write(left + text)
print(here)
PY
}

ship() { # "last" where no more comes: what is new of the output, to where people read it
  local next count
  while next=$(unsent "$1") && [ -s "$APP_HOME/part" ]; do
    sent=$next
    count=$(safe <"$APP_HOME/part" | python3 -I -c '
import json, sys, time

text = sys.stdin.buffer.read().decode("utf-8", "replace").rstrip("\n")
at = int(time.time() * 1000)
events = [{"timestamp": at, "message": line[:4000] or " "} for line in text.split("\n")]
with open(sys.argv[1], "w") as file:
    json.dump(events, file)
print(len(events))' "$APP_HOME/events")
    aws logs put-log-events --log-group-name "$LOG_GROUP" --log-stream-name "$STREAM/$INSTANCE_ID" \
      --log-events "file://$APP_HOME/events" >/dev/null && lines=$((lines + count))
  done
}

as_app_user() { # its arguments, for as long as the command may take; then the whole group of processes ends
  if is_app_user; then exec timeout -k 10 "$TIMEOUT" "$@"; fi
  exec timeout -k 10 "$TIMEOUT" runuser -u "$APP_USER" -- "$@"
}

# Whatever happens, and whoever forgets it, this instance does not stay.
{ sleep $((BOOT_TIMEOUT + TIMEOUT + 120)) && ended 124; } >/dev/null 2>&1 &
INSTANCE_ID=$(metadata instance-id 2>&1) || {
  why=$INSTANCE_ID INSTANCE_ID=$(cat /var/lib/cloud/data/instance-id 2>/dev/null || uname -n)
  fail "the metadata service does not answer: $why"
}
if [ "$0" -ef "$PER_BOOT/slipway" ]; then
  [ "$(cat "$known" 2>/dev/null)" = "$INSTANCE_ID" ] || { trap - EXIT && exit 0; } # of an image made from an instance
  fail "the instance was booted again before the command had ended; it is not run twice"
fi
for name in "$INSTANCE_ID" "$STREAM/$INSTANCE_ID"; do
  for try in 1 2 3 4; do
    aws logs create-log-stream --log-group-name "$LOG_GROUP" --log-stream-name "$name" && break
    [ $try -lt 4 ] || fail "cannot write to the log group $LOG_GROUP"
    sleep 5 # a new role is not known everywhere at once
  done
done
why=$(prepare 2>&1) || fail "cannot make $code: $why"
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
began
journal began "" "" || fail "cannot write to the log group $LOG_GROUP"
bound_output >/dev/null 2>&1 &
from=$SECONDS
(cd "$code" && run) >>"$output" 2>&1 </dev/null &
running=$!
while kill -0 $running 2>/dev/null; do
  sleep 1
  ship ""
done
wait $running
status=$? why=
ran=$((SECONDS - from))
[[ $status -ne 124 && $status -ne 137 || $ran -lt $TIMEOUT ]] || why="it was not done within $TIMEOUT s"
[ $status -ne 127 ] || why=$(not_found)
ship last
over "$status" "$why"
