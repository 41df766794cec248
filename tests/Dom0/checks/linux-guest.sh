# What the checks of Linux guests share. What the guest's own log says is the judge.
. /checks/common.sh

guest_type='type = "pvh"' memory=256

create_linux() { # NAME KERNEL VCPUS: a guest that is paused before its first instruction; $guest is its domain id
    log=/var/log/xen/console/guest-$1.log
    cat > "/tmp/$1.cfg" << END
name = "$1"
$guest_type
kernel = "/linux/$2"
ramdisk = "/linux/initrd"
cmdline = "console=hvc0 rdinit=/init mitigations=off nokaslr quiet"
memory = $memory
vcpus = $3
cpus = "$(($(xl info nr_cpus) - 1))"
tsc_mode = "native"
shadow_memory = 24
on_crash = "preserve"
END
    xl create -q -p "/tmp/$1.cfg" > /tmp/xl.log 2>&1 || cat /tmp/xl.log
    guest=$(xl domid "$1")
}

says() { # PATTERN [TIMES]: the guest's log has such lines
    [ "$(grep -acE "$1" "$log" 2> /dev/null)" -ge "${2:-1}" ] 2> /dev/null
}

how_it_is() { # for whoever looks at a failure
    xl list
    free -m
    tail -qn 6 /var/log/xen/qemu-dm-*.log 2> /dev/null    # an HVM guest's device model
    tail -n 12 "$log"
}

says_in_time() { # PATTERN [TIMES]
    eventually 300 says "$@" || { echo "not so often: $1"; how_it_is; return 1; }
}

round() { # the last that the guest's program reported; 0 before the first
    sed -n 's/^work: round \([0-9]*\).*/\1/p' "$log" | tail -n 1 | grep . || echo 0
}

beyond_round() { # ROUND
    [ "$(round)" -gt "$1" ]
}

works_on() { # its program reports two lines more: the first may have been under way
    eventually 600 beyond_round $(($(round) + 5)) || { echo "stays at round $(round)"; how_it_is; return 1; }
}

type_in() { # WORD...: on the guest's console
    echo "$*" > "$(xenstore-read "/local/domain/$guest/console/tty")"
}

ends_because() { # NAME PATTERN: its watch has ended by itself, and says so
    eventually 120 ended && grep -qE "SessionEnded: .*($2)" "/tmp/$1.err" || { cat "/tmp/$1.err"; return 1; }
}

watched() { # NAME KERNEL VCPUS PROGRAM MODE...: a life under watch, from the first instruction to the shutdown
    local name=$1 program=$4
    create_linux "$1" "$2" "$3"
    $program "$guest" "${@:5}" > "/tmp/$name.out" 2> "/tmp/$name.err" &
    running=$!
    check "$name: a watch begins before the guest" eventually 60 grep -qE 'watching|decides' "/tmp/$name.err"
    xl unpause "$guest"
    check "$name: Linux $2 comes up with $3 vCPUs" says_in_time "guest: up, $3 vCPUs, ${2#*-}\."
    check "$name: its programs work" works_on
    xl pause "$guest"
    sleep 2
    xl unpause "$guest"
    check "$name: they work on after xl pause" works_on
    type_in poweroff
    check "$name: its log says that it ran through" says_in_time 'guest: ran through in good order, poweroff'
    check "$name: the watch ends with it" ends_because "$name" 'shut down|destroyed'
    echo "# $name: Linux $2, $3 vCPUs, $(wc -l < "/tmp/$name.out") events; $(grep -o '[0-9]* seen in .* lost' "/tmp/$name.err")"
}

seen_everywhere() { # as watched, with events that every vCPU raises
    watched "$@"
    check "$1: it saw every vCPU" equal "$3" "$(vcpus_in "$1")"
}

vcpus_in() { # NAME: of how many vCPUs there are events
    sed -n 's/^[^:]*: .*v[cC][pP][uU] \([0-9]\).*/\1/p; s/^[A-Za-z]* \([0-9]\) 0x.*/\1/p' "/tmp/$1.out" | sort -u | wc -l
}
