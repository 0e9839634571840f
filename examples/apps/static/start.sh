#!/bin/bash
set -euo pipefail
mkdir -p run
sed "s/\$PORT/$PORT/" nginx.conf >run/nginx.conf
# For root alone, as in a sandbox that root started: nginx would hand over to a user who can't read the site.
user=()
[ "$(id -u)" != 0 ] || user=(-g "user root;")
# SIGTERM makes nginx cut off requests in flight, SIGQUIT lets them end.
nginx -p "$PWD" -c run/nginx.conf "${user[@]}" & trap 'kill -QUIT $!' TERM
wait $! || wait $!
