# The agent as a service, from its package, with a real systemd and all that its unit forbids it, on a real guest. systemd runs in
# namespaces of dom0, in a Debian of its own.
. /checks/common.sh

start_guest web01 "cpuid msr"
cp -a /usr/lib/x86_64-linux-gnu/libxen*.so* /systemd/usr/lib/x86_64-linux-gnu
mount -t cgroup2 cgroup2 /sys/fs/cgroup
touch /tmp/service
PATH=$PATH:/systemd/usr/sbin:/systemd/usr/bin /checks/boot-here /systemd /tmp/service > /tmp/boot.log 2>&1 &
tail -n +1 -f --pid=$! /tmp/service
check "agent: all of its checks ran" grep -q '^# all ran$' /tmp/service
check "the guest runs on" runs_on
check "no guard is left" eventually 20 no_guard
run again "$guest" cpuid --first 4
check "it can be watched again" clean_end again
