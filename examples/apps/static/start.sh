#!/bin/bash
set -euo pipefail
mkdir -p run
sed "s/\$PORT/$PORT/" nginx.conf >run/nginx.conf
# Only for root, as in a sandbox that root started: nginx would switch to a user who can't read the site.
user=()
[ "$(id -u)" != 0 ] || user=(-g "user root;")
# On SIGTERM nginx cuts off requests in flight; on SIGQUIT it lets them finish.
nginx -p "$PWD" -c run/nginx.conf "${user[@]}" & trap 'kill -QUIT $!' TERM
wait $! || wait $!
