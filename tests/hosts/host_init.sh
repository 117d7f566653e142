#!/bin/sh
# What runs in a host before systemd: makes of the container what a computer would be.
set -e

# docker mounts these; a host can rename and edit them.
for name in hosts hostname resolv.conf; do
  cat "/etc/$name" > "/run/$name.first"
  umount "/etc/$name"
done
if [ ! -e /var/lib/host-born ]; then
  cat /run/hosts.first > /etc/hosts
  cat /run/hostname.first > /etc/hostname
  if [ ! -d /var/lib/cloud/seed ]; then  # else all this is cloud-init's
    ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key
    chown -R admin:admin /home/admin
  fi
  : > /var/lib/host-born
fi
rm -f /run/*.first

# systemd makes groups below the ones that docker gave to this container, and sees no others.
while read -r _ where type _; do
  case "$type:$where" in
    cgroup:* | cgroup2:* | tmpfs:/sys/fs/cgroup) mount -o remount,rw,bind "$where" ;;
  esac
done < /proc/mounts

# The settings of the network belong to this host alone. All others belong to the computer and stay read-only.
mount --bind /proc/sys/net /proc/sys/net
mount -o remount,rw,bind /proc/sys/net

# What a cloud's network does to this host.
[ ! -x /usr/sbin/host_network ] || /usr/sbin/host_network

exec /sbin/init
