# What the app prints goes to OUTPUT_GROUP, by AWS's CloudWatch agent. The agent follows a file of masked lines, which a
# process of its own writes; the app writes to its own file as ever, and notices neither of the two.
masked=$APP_HOME/output.log

mask_output() { # follows the app's output for as long as the instance runs, or until it is told to end
  python3 -I -c '
import base64, ctypes, json, os, re, signal, sys, time, urllib.parse as url

LONGEST, OFTEN = 60000, 0.2  # bytes of a line, seconds
source, target, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
with os.fdopen(3, "rb") as known:
    values = json.loads(known.read())
names = {}
for name, value in values.items():  # as safe does it
    inner = re.match(r"[\w+.-]+://[^/@\s]*:([^@\s]+)@", value)
    parts = [value, value.strip(), *(line for line in value.splitlines() if len(line) > 7)]
    parts += [*(inner.groups() if inner else ()), *re.findall(r":\s*\x22([^\x22\\]{6,})\x22", value)]
    for part in filter(str.strip, parts):
        coded = base64.b64encode(part.encode()).decode().rstrip("=")
        forms = part, repr(part)[1:-1], json.dumps(part)[1:-1], url.quote(part), url.quote_plus(part), url.unquote(part)
        names.update((form, name) for form in (*forms, coded) if form)
longest = max(map(len, names), default=0)
each = (re.escape(form) if len(form) > 5 else rf"(?<!\w){re.escape(form)}(?!\w)" for form in sorted(names, key=len)[::-1])
secret = re.compile("|".join(each) or r"(?!)")
control = re.compile(r"[^\S\n ]|[\0-\x09\x0b-\x1f\x7f-\x9f]")
ending, skipping, punched, rest = [], False, 0, b""
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(number, lambda *_: ending.append(1))


def write(raw, cut=False):
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\t", " ")
    text = secret.sub(lambda found: f"(secret {names[found[0]]})", text)
    if cut:  # with it a value may have been
        text = text[: max(0, len(text) - longest)] + " (slipway: the line was longer)"
    text = control.sub(lambda found: ascii(found[0])[1:-1], text)
    with open(target, "ab") as file:
        file.write("".join(line + "\n" for line in text.split("\n") if line.strip()).encode("utf-8", "replace"))
        size = file.tell()
    if size > limit:  # the agent reads what is left of the file it follows, and goes on with the new one
        os.replace(target, target + ".1")


def write_each(lines):
    first = 0
    for at, line in enumerate(lines):
        if len(line) > LONGEST:
            write(b"\n".join([*lines[first:at], b""]))
            write(line[:LONGEST], cut=True)
            first = at + 1
    write(b"\n".join([*lines[first:], b""]))


def remember():
    with open(target + ".at", "w") as file:
        file.write(str(app.tell() - len(rest)))


def bound():  # what was read long ago takes no disk; the app goes on where it is
    global punched
    if app.tell() - punched > 2 * limit:
        punched = (app.tell() - limit) & -4096
        if ctypes.CDLL(None).fallocate(app.fileno(), 3, ctypes.c_long(0), ctypes.c_long(punched)):
            app.truncate(0)
            app.seek(0)
            punched = 0


with open(source, "rb+", buffering=0) as app:
    try:
        app.seek(int(open(target + ".at").read()))
    except (OSError, ValueError):
        pass
    while True:
        size = os.fstat(app.fileno()).st_size
        if size < app.tell():
            app.seek(0)
        if size - app.tell() > 2 * limit:
            write(b"slipway: %d bytes of output are left out here" % (size - limit - app.tell()))
            app.seek(size - limit)
            rest, skipping = b"", True
        part = app.read(1 << 18)
        if not part and ending:
            write(rest + b"\n")
            break
        if not part:
            time.sleep(OFTEN)
            continue
        whole, end, rest = (rest + part).rpartition(b"\n")
        if skipping and end:
            whole, skipping = whole.partition(b"\n")[2], False
        elif skipping:
            rest = b""
        if whole:
            write_each(whole.split(b"\n"))
        if len(rest) > LONGEST:
            write(rest[:LONGEST], True)
            rest, skipping = b"", True
        remember()
        bound()
' "$output" "$masked" "$APP_LOG_LIMIT" 3< <(printf %s "$values")
}

bound_output() { # and has the agent fetched and started, once the app is ready: that must not slow its start down
  local said PATH=$PATH:/opt/aws/amazon-cloudwatch-agent/bin
  rm -f "$masked.at"
  until mask_output; do sleep 1; done &
  until [ -e "$APP_HOME/ready" ]; do
    [ $SECONDS -lt $((BOOT_TIMEOUT + 60)) ] || return
    sleep 1
  done
  printf '{"agent": {"region": "%s"}, "logs": {"force_flush_interval": 2, "logs_collected": {"files": {"collect_list": [
{"file_path": "%s", "log_group_name": "%s", "log_stream_name": "%s"}]}}}}' \
    "$REGION" "$masked" "$OUTPUT_GROUP" "$INSTANCE_ID/$SHA" >"$APP_HOME/agent.json"
  touch "$masked"
  for try in 1 2 3; do
    said=$(timeout 300 dnf -y -q install amazon-cloudwatch-agent 2>&1 &&
      amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c "file:$APP_HOME/agent.json" 2>&1) && return
    sleep $((20 * try))
  done
  report unlogged "what the app prints does not reach $OUTPUT_GROUP, the CloudWatch agent cannot be started: $(tail -n 1 <<<"$said")"
}
