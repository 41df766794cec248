# Guests that start, reboot, shut down and are destroyed while they are followed: each is watched from its first instruction, and
# no event of a vCPU is missed. Each vCPU writes the number of its round to an MSR: 0, 1, and so on, 50 ms apart. The vCPU that
# comes to round 120 first reboots its guest.
. /checks/common.sh

last_round=120 guests=$((rounds > 2 ? 20 : 3)) together=5

told() { # NAME WHAT [TIMES]: this was said of guests of this name
    [ "$(grep -cE "^xenvmevent: $1 \(id [0-9]+\) $2" /tmp/follow.err)" -ge "${3:-1}" ]
}

ids() { # WHAT: the domains of which this was said
    sed -nE "s/^xenvmevent: f[0-9]* \(id ([0-9]+)\) $1.*/\1/p" /tmp/follow.err
}

gone() { # NAME: it has no further life, for its toolstack ends too
    kill $(grep -lszx "/tmp/$1.cfg" /proc/[0-9]*/cmdline | cut -d/ -f3)
    xl destroy "$1"
    sleep 1
    ! xl domid "$1"
}

ends_told() { # of each domain that was watched
    equal "$(ids 'is watched' | sort -u)" "$(ids '(has rebooted|has shut down|was destroyed)' | sort -u)"
}

descriptors() { # of the follower
    ls /proc/$running/fd | wc -l
}

as_few_descriptors() { # COUNT
    [ "$(descriptors)" -le "$1" ] || { echo "$1 before, $(descriptors) now"; ls -l /proc/$running/fd; return 1; }
}

start follow 'f*' msr --msr 0xc0000102 --follow --format json
check "it follows guests that do not exist yet" eventually 60 grep -q following /tmp/follow.err
create_guest f0 'msr poweroff'    # what opens files once
check "the first is watched" eventually 60 told f0 'is watched'
check "its end is told" eventually 60 told f0 'has shut down'
sleep 2
before=$(descriptors)
for ((first = 1; first <= guests; first += together)); do
    last=$((first + together - 1 < guests ? first + together - 1 : guests))
    for ((i = first; i <= last; i++)); do
        lives[i]=$((RANDOM % 4 ? 2 : 1))
        create_guest f$i "msr $([ ${lives[i]} = 2 ] && echo reboot || echo poweroff)"
    done
    for ((i = first; i <= last; i++)); do
        check "f$i is watched in each of its ${lives[i]} lives" eventually 300 told f$i 'is watched' ${lives[i]}
        sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
        check "f$i is destroyed, if it has not shut down" eventually 60 gone f$i
    done
done
check "the end of each is told" eventually 60 ends_told
check "some were destroyed while they were watched" told 'f[0-9]*' 'was destroyed'
check "no descriptor is left open" eventually 20 as_few_descriptors "$before"
create_options=-p create_guest f00 msr
check "one that is created paused is watched" eventually 60 told f00 'is watched from its first instruction'
check "it stays paused" is_paused
sleep 22    # longer than any is kept back
check "it still does" is_paused
xl unpause f00
check "it runs when it is unpaused" runs_on
stop INT
check "it ends in good order, and nothing was lost" clean_end follow
check "no guard is left" eventually 10 no_guard
check "the guest that was watched last runs on" runs_on
xl destroy f00

# Each event as "DOMAIN VCPU ROUND", in the order in which they came
jq -r '"\(.domainId) \(.vcpu) \(.newValue)"' /tmp/follow.out | while read -r id vcpu value; do echo "$id $vcpu $((value))"; done > /tmp/rounds
no_gap() {
    mawk '{ key = $1 " " $2 } key in last && $3 != last[key] + 1 { print key ": after round " last[key] " comes " $3; gaps = 1 } { last[key] = $3 }
        END { exit gaps || NR == 0 }' /tmp/rounds
}
to_the_end() { # the domains that rebooted were seen to do so
    equal '' "$(comm -23 <(ids 'has rebooted' | sort -u) <(mawk -v last=$last_round '$3 == last { print $1 }' /tmp/rounds | sort -u))"
}
seen_late() { # the domains of which the first event of a vCPU was missed
    mawk '!(($1, $2) in seen) { seen[$1, $2]; if ($3 != 0) print $1 }' /tmp/rounds | sort -u
}
from_the_first() { # all of which that was said
    equal '' "$(comm -12 <(ids 'is watched from its first instruction' | sort -u) <(seen_late))"
}
check "no vCPU had a round that was not seen, from its first to its last" no_gap
check "each guest that rebooted was seen to its last round" to_the_end
check "some guests have rebooted" told 'f[0-9]*' 'has rebooted'
check "guests that are said to be watched from their first instruction are" from_the_first
check "all were" equal '' "$(seen_late)"
mawk '!(($1, $2) in seen) { seen[$1, $2]; if (!($1 in missed) || $3 > missed[$1]) missed[$1] = $3 }
    END { for (id in missed) { all++; if (missed[id] == 0) early++; if (missed[id] > most) most = missed[id] }
        print "# " early + 0 " of " all " starts were watched from the first event; the latest missed the first " most + 0 " of a vCPU" }' /tmp/rounds

# A follower that is killed at any moment of a guest's start
for ((i = 1; i <= rounds * 2; i++)); do
    start killed 'k*' msr --msr 0xc0000102 --follow
    eventually 60 grep -q following /tmp/killed.err
    create_guest k$i msr &
    creating=$!
    sleep "0.$((RANDOM % 900 + 100))"
    kill -9 $running
    wait $running 2> /dev/null
    wait $creating
    guest=$(xl domid k$i)
    check "kill $i: the guests that start run on" runs_on
    check "kill $i: the guards end" eventually 60 no_guard
    xl destroy k$i
done
