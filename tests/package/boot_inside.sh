#!/bin/sh
# Becomes systemd as PID 1, in namespaces of its own: boot_inside.sh ROOT SCRATCH. ROOT stays as it is; what is written to
# it goes to a tmpfs on SCRATCH, which ends with the namespace. What reaches beyond the namespaces can only be read.
set -e
lower=$1 scratch=$2
mount --make-rprivate /
mount -t tmpfs -o mode=0755 scratch "$scratch"
mkdir "$scratch/upper" "$scratch/work" "$scratch/root"
mount -t overlay -o "lowerdir=$lower,upperdir=$scratch/upper,workdir=$scratch/work" root "$scratch/root"
cd "$scratch/root"

safe=nosuid,nodev,noexec
mount -t proc -o "$safe" proc proc
mount --bind proc/sys proc/sys
mount -o "remount,bind,ro,$safe" proc/sys
if [ -e proc/sysrq-trigger ]; then mount --bind /dev/null proc/sysrq-trigger; fi
mount -t sysfs -o "ro,$safe" sysfs sys
mount -t cgroup2 -o "$safe" cgroup2 sys/fs/cgroup

mount -t tmpfs -o mode=0755,nosuid tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s null dev/console
while read -r name major minor; do mknod -m 0666 "dev/$name" c "$major" "$minor"; done <<'TABLE'
null 1 3
zero 1 5
full 1 7
random 1 8
urandom 1 9
tty 5 0
TABLE
mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs run
mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs tmp

# Not chroot: PrivateUsers= cannot be had in one. Shared again, for in a container systemd leaves that to whoever made it,
# and LoadCredential= mounts each secret where the others see it.
mkdir old
pivot_root . old
cd /
# shellcheck disable=SC2016
exec env -i container=superset-healthd-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  sh -c 'umount -l /old && rmdir /old && mount --make-rshared / && exec /lib/systemd/systemd --system --unit=multi-user.target'
