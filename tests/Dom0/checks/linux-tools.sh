# What a toolstack does to a Linux guest that is watched.
. /checks/linux-guest.sh

create_linux linux 6.12 2
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
xl mem-set "$guest" 200m
check "mem-set: its programs work on with less memory" works_on
xl mem-set "$guest" 256m
check "mem-set: they work on with all of it" works_on
type_in reboot
check "reboot: its log says that it ran through" says_in_time 'guest: ran through in good order, reboot'
check "reboot: the watch ends with it" ends_because tools rebooted
check "reboot: it comes up again" says_in_time 'guest: up, 2 vCPUs' 2
guest=$(xl domid linux)
run again "$guest" cpuid --count 4
check "reboot: it can be watched again" clean_end again
type_in poweroff
check "poweroff: its log says that it ran through" says_in_time 'guest: ran through in good order, poweroff'
check "no guard is left" eventually 20 no_guard
