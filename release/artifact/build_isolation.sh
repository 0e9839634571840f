# Runs a command that sees only the system's programs and what is bound for it: with a root file system and processes
# of its own, and without privileges. build_isolation.py runs it as the first process of new mount and PID namespaces:
# build_isolation.sh BINDS ROOT UID GID FOLDER COMMAND...
# BINDS is a file of `ro|rw SOURCE TARGET`, each ended by a zero byte.
set -euo pipefail
binds=$1 root=$2 uid=$3 gid=$4 folder=$5
shift 5
path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

mount -t tmpfs -o mode=755,nosuid tmpfs "$root"

bind() { # source, target: a file, a folder, or a link of the system (/bin)
  if [ -L "$1" ] && [ "$1" = "$2" ] && [[ $1 != /*/* ]]; then
    ln -s "$(readlink "$1")" "$root$2"
    return
  elif [ -d "$1" ]; then
    mkdir -p "$root$2"
  else
    mkdir -p "$(dirname "$root$2")"
    [ -e "$root$2" ] || : > "$root$2"
  fi
  mount --rbind "$1" "$root$2"
}

declare -A writable=()
while IFS= read -r -d '' mode && IFS= read -r -d '' source && IFS= read -r -d '' target; do
  bind "$source" "$target"
  if [ "$mode" = rw ]; then writable[$root$target]=1; fi
done < "$binds"

# What was bound with its mounts below it: each is made read-only, with the flags that it must keep.
while read -r _ _ _ _ point flags _; do
  printf -v point %b "$point"
  if [[ $point == "$root"/* && ! ${writable[$point]:-} && ,$flags, != *,ro,* ]]; then
    mount -o "remount,bind,ro,${flags#rw,}" "$point"
  fi
done < <(cat /proc/self/mountinfo)

mkdir -p "$root"/{proc,dev/shm,run,var/tmp}
for device in null zero full random urandom tty; do bind "/dev/$device" "/dev/$device"; done
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "$root/dev/${number#*:}"; done
ln -s /proc/self/fd "$root/dev/fd"
chmod 1777 "$root/dev/shm" "$root/var/tmp"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"

cd "$root"
mkdir .before
pivot_root . .before
umount -l /.before
rmdir /.before
cd "$folder"

if [ "$(cat /proc/self/uid_map | tr -s ' ')" = " 0 0 4294967295" ]; then # root: it becomes nobody
  drop=(setpriv --reuid "$uid" --regid "$gid" --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all)
else
  drop=(unshare --user --map-user "$uid" --map-group "$gid" setpriv --no-new-privs --inh-caps=-all)
fi
PATH=$path exec "${drop[@]}" -- "$@"
