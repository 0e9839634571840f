# Scheduled work, which `once` then does: this is the only instance of a group of at most one, whose size becomes 1 when the
# time comes. It is made 0 again before the command begins, and this instance protected from that: lost later, it is not
# replaced, so that nothing runs twice. A time that comes meanwhile is left out, for the group is 0 at the end again.
RUNS=$STREAM

group() { # operation, more arguments
  aws autoscaling "$1" --auto-scaling-group-name "$GROUP" "${@:2}"
}

began() { # an instance can be protected once it is in service, which may be a little later than its boot
  local said try
  for try in {1..24}; do
    said=$({ group set-instance-protection --instance-ids "$INSTANCE_ID" --protected-from-scale-in &&
      group set-desired-capacity --desired-capacity 0; } 2>&1) && return
    sleep 5
  done
  fail "cannot make $GROUP empty again, and it might run twice: $said"
}

ended() {
  local try
  for try in {1..6}; do
    group set-desired-capacity --desired-capacity 0 && aws autoscaling terminate-instance-in-auto-scaling-group \
      --instance-id "$INSTANCE_ID" --no-should-decrement-desired-capacity && return
    sleep 5
  done
  shutdown -h now
}
