
# Of a fleet without a balancer, whose instances judge, watch and end their process by themselves. It is told
# HEALTH_COMMAND, HEALTH_INTERVAL, HEALTHY, UNHEALTHY, HEALTH_TIMEOUT, DRAIN and DRAIN_HOOK: see infra/fleet/boot.py.
draining=$APP_HOME/draining process=$APP_HOME/process

as_app_user() { # no runuser: a process of its own stays before the command, and kills it two seconds after SIGTERM
  if is_app_user; then exec "$@"; fi
  exec setpriv --reuid="$APP_USER" --regid="$(id -g "$APP_USER")" --init-groups -- "$@"
}

healthy() { # what health.command says, if there is one, as the app itself runs; with 124 or 137 it took too long
  [ -z "$HEALTH_COMMAND" ] || (
    cd "$code" || exit 1
    COMMAND="exec timeout -k 2 $HEALTH_TIMEOUT bash -c ${HEALTH_COMMAND@Q}"
    run
  ) </dev/null 2>&1
}

await_answer() { # waits until the process has stayed up for so many checks, all of them good; prints why it did not
  local passed=0 said status wanted="it had stayed up for $((HEALTHY * HEALTH_INTERVAL)) s"
  while [ $passed -lt "$HEALTHY" ]; do
    for ((half = 0; half < 2 * HEALTH_INTERVAL; half++)); do
      [ ! -s "$exits" ] || {
        status=$(head -n 1 "$exits")
        echo "the app exited with $status before $wanted$([ "$status" != 0 ] || echo ": $foreground")"
        return 1
      }
      sleep 0.5
    done
    said=$(healthy)
    status=$?
    [ $status -eq 0 ] && passed=$((passed + 1)) && continue
    passed=0
    [ $((SECONDS + HEALTH_INTERVAL)) -lt $((BOOT_TIMEOUT - 15)) ] || {
      echo "health.command ended with $status, also after $BOOT_TIMEOUT s (bootTimeout): $(safe 5 <<<"$said")"
      return 1
    }
  done
}

eval "launch_$(declare -f finish)"
finish() { # after a later boot no launch waits for the result: an instance that runs nothing has to be replaced
  if [ -e "$launched" ] && [ "$1" = ABANDON ]; then replace; else launch_finish "$1"; fi
}

replace() { # has the group replace this instance
  for _ in 1 2 3 4 5 6; do
    aws autoscaling set-instance-health --instance-id "$INSTANCE_ID" --health-status Unhealthy \
      --no-should-respect-grace-period && return
    sleep 5
  done
  return 1
}

supervise() { # runs the app, and runs it again when it ends, until the instance is to go
  local status pause=1 began
  cd "$code" || exit 1
  rm -f "$draining" "$process"
  retire &
  watch_health &
  # Each job is a process group of its own from here on, so that the app can be ended with all that it started.
  set -m
  until [ -e "$draining" ]; do
    began=$SECONDS
    (run) &
    echo $! >"$process"
    [ ! -e "$draining" ] || kill -TERM -- "-$!"
    wait $!
    status=$?
    echo $status >>"$exits"
    # What ends before it was ready fails the boot.
    until [ -e "$APP_HOME/ready" ]; do sleep 1; done
    [ ! -e "$draining" ] || break
    echo "slipway: the app ended with $status; starting it again"
    # The next start waits for this: not long where the log group can't be reached.
    AWS_MAX_ATTEMPTS=2 report restarted "the app ended with $status"
    [ $((SECONDS - began)) -lt 60 ] || pause=1
    # An app that ends at once must not spin, and the alarm has to see it: about six times a minute.
    sleep $pause
    pause=$((pause < 4 ? 2 * pause : 8))
  done
}

watch_health() { # says so when health.command has failed too often in a row, and has the instance replaced
  local failed=0 said status
  [ -n "$HEALTH_COMMAND" ] || return
  until [ -e "$APP_HOME/ready" ]; do sleep 1; done
  until [ -e "$draining" ]; do
    sleep "$HEALTH_INTERVAL"
    said=$(healthy)
    status=$?
    [ $status -ne 0 ] || failed=-1
    failed=$((failed + 1))
    [ $failed -ge "$UNHEALTHY" ] || continue
    failed=0
    report unhealthy "health.command ended with $status, $UNHEALTHY times in a row: $(safe 5 <<<"$said")"
    replace
  done
}

retire() { # when the group takes the instance out of service: ends the app, by force after DRAIN seconds, and lets it go
  local began group= now how=drained took
  until [ "$(metadata autoscaling/target-lifecycle-state 2>/dev/null)" = Terminated ]; do sleep 5; done
  touch "$draining"
  began=$SECONDS
  while now=$(cat "$process") && kill -0 -- "-$now" 2>/dev/null; do
    [ "$now" = "$group" ] || kill -TERM -- "-$now"
    group=$now took=$((SECONDS - began))
    [ $took -lt $((DRAIN + 15)) ] || break
    [ $took -lt "$DRAIN" ] || { kill -KILL -- "-$now" 2>/dev/null && how=killed; }
    sleep 1
  done
  took=$((SECONDS - began))
  report $how "after $took s$([ $how = drained ] || echo ": it had not ended within $DRAIN s (drain) of SIGTERM")"
  for _ in 1 2 3; do
    HOOK=$DRAIN_HOOK lifecycle complete-lifecycle-action --lifecycle-action-result CONTINUE && return
    sleep 5
  done
}

