#!/bin/sh
# collect.sh <root> <program>...: a root file system that holds these programs, the shared libraries they are
# linked with and nothing else: no shell, no package manager. Used by the images that end in FROM scratch.
# Name resolution needs no further file: since glibc 2.34 the "files" and "dns" services are part of libc itself.
set -eu

root=$1
shift
mkdir -p "$root/etc" "$root/tmp"
chmod 1777 "$root/tmp"

# One uid for all of the project's images; libuv, libpq and initdb want it to have a name.
echo 'cryptosense:x:1001:1001::/tmp:/usr/sbin/nologin' > "$root/etc/passwd"
echo 'cryptosense:x:1001:' > "$root/etc/group"

for program in "$@"; do
  # -L: what a symbolic link points to, so that no half of a pair is left behind.
  cp -L --parents "$program" "$root"
  # "lib => /path (address)" for the libraries, "/path (address)" for the loader.
  ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' |
    while read -r library; do
      [ -e "$root$library" ] || cp -L --parents "$library" "$root"
    done
done
