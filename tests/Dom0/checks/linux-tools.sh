# What a toolstack does to a Linux guest that is watched.
. /checks/linux-guest.sh

memory=128 create_linux linux 6.12 2    # it is saved to the memory of dom0
xl unpause "$guest"
check "linux: it comes up" says_in_time 'guest: up, 2 vCPUs'
start tools "$guest" cpuid
check "tools: events come" eventually 60 lines tools . 4
xl vcpu-set "$guest" 1
sleep 2
type_in tell
check "vcpu-set: a vCPU is unplugged" says_in_time 'guest: 1 vCPUs'
xl vcpu-set "$guest" 2
sleep 2
type_in online 1
check "vcpu-set: it is plugged in again" says_in_time 'guest: 2 vCPUs'
check "vcpu-set: its programs work on" works_on
xl mem-set "$guest" 112m
check "mem-set: its programs work on with less memory" works_on
xl mem-set "$guest" 128m
check "mem-set: they work on with all of it" works_on
check "save: while it is watched" xl save "$guest" /dev/shm/saved
check "save: the watch ends with it" ends_because tools 'suspended|destroyed'
start follow linux cpuid --follow
check "restore: it is followed before it exists" eventually 60 grep -q following /tmp/follow.err
check "restore: from the file" xl restore /dev/shm/saved
rm -f /dev/shm/saved
guest=$(xl domid linux)
check "restore: it is watched from the first instruction that it executes then" eventually 60 grep -q 'is watched from its first instruction' /tmp/follow.err
check "restore: its programs work on" works_on
stop INT
check "restore: nothing was lost" clean_end follow
start restored "$guest" cpuid
check "restore: it can be watched again" eventually 60 lines restored . 4
type_in reboot
check "reboot: its log says that it ran through" says_in_time 'guest: ran through in good order, reboot'
check "reboot: the watch ends with it" ends_because restored rebooted
check "reboot: it comes up again" says_in_time 'guest: up, 2 vCPUs' 2
guest=$(xl domid linux)
run again "$guest" cpuid --count 4
check "reboot: it can be watched again" clean_end again
start follow linux cpuid --follow
check "migrate: it is watched" eventually 60 grep -q 'is watched' /tmp/follow.err
check "migrate: from this host to this host" xl migrate -s '' linux 'exec xl migrate-receive'
guest=$(xl domid linux) log=/var/log/xen/console/guest-linux--incoming.log    # by the name with which it came
check "migrate: it is watched from the first instruction that it executes here" eventually 60 grep -q 'is watched from its first instruction' /tmp/follow.err
check "migrate: its programs work on" works_on
stop INT
check "migrate: nothing was lost" clean_end follow
sed -n 's/^xenvmevent: linux/# migrate: linux/p' /tmp/follow.err
type_in poweroff
check "poweroff: its log says that it ran through" says_in_time 'guest: ran through in good order, poweroff'
check "no guard is left" eventually 20 no_guard
