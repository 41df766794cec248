# Guests that start and reboot while they are followed: all of each is watched from where its watch began, and how early
# that was. A guest executes CPUID with leaf 0x40000002 once, before its first round, and with leaf 4 once a round on each
# vCPU. The vCPU that comes to its 201st round first reboots it.
. /checks/common.sh

watched() { # NAME TIMES: a guest of this name was watched so many times
    [ "$(grep -cE "^xenvmevent: $1 \(id [0-9]+\) is watched" /tmp/follow.err)" -ge "$2" ]
}

seen() { # DOMAIN PATTERN: how many events of a domain match
    grep -aE "\"domainId\":$1,.*$2" /tmp/follow.out | wc -l
}

rounds_of() { # DOMAIN: the rounds seen of its vCPU that has most
    local zero one
    zero=$(seen "$1" '"vcpu":0,.*"leaf":"0x4"') one=$(seen "$1" '"vcpu":1,.*"leaf":"0x4"')
    echo $((zero > one ? zero : one))
}

start follow 'f?' cpuid --follow --format json
check "it follows guests that do not exist yet" eventually 60 grep -q following /tmp/follow.err
for i in 1 2 3 4 5; do create_guest f$i 'cpuid reboot'; done
for i in 1 2 3 4 5; do check "f$i is watched, and twice more after it has rebooted" eventually 300 watched f$i 3; done
stop INT
check "it ends in good order, and nothing was lost" clean_end follow
check "no guard is left" eventually 10 no_guard
guest=$(xl domid f1)
check "a guest runs on" runs_on

all=0 early=0 most=0
for id in $(sed -nE 's/^xenvmevent: f. \(id ([0-9]+)\) has rebooted$/\1/p' /tmp/follow.err); do
    all=$((all + 1)) rounds_seen=$(rounds_of "$id")
    if [ "$(seen "$id" '"leaf":"0x40000002"')" = 1 ]; then
        early=$((early + 1))
        check "domain $id: each round was seen" equal 201 "$rounds_seen"
    else
        missed=$((201 - rounds_seen)) most=$((201 - rounds_seen > most ? 201 - rounds_seen : most))
        echo "# domain $id: watched after its first $missed rounds of 50 ms"
    fi
done
check "guests have rebooted while they were watched" [ "$all" -ge 10 ]
echo "# $early of $all starts were watched before the guest's first event; the others missed at most $most rounds"
