# Guests that start, reboot and are destroyed while they are followed: how early each is watched, and that no event of a vCPU is
# missed from there on. Each vCPU writes the number of its round to an MSR: 0, 1, and so on, 50 ms apart. The vCPU that comes to
# round 120 first reboots its guest.
. /checks/common.sh

last_round=120 guests=$((rounds > 2 ? 20 : 3)) together=5

told() { # NAME WHAT [TIMES]: this was said of guests of this name
    [ "$(grep -cE "^xenvmevent: $1 \(id [0-9]+\) $2" /tmp/follow.err)" -ge "${3:-1}" ]
}

ids() { # WHAT: the domains of which this was said
    sed -nE "s/^xenvmevent: f[0-9]* \(id ([0-9]+)\) $1.*/\1/p" /tmp/follow.err
}

gone() { # NAME: a guest between two lives has another
    xl destroy "$1"
    sleep 1
    ! xl domid "$1"
}

ends_told() { # of each domain that was watched
    equal "$(ids 'is watched' | sort -u)" "$(ids '(has rebooted|was destroyed)' | sort -u)"
}

start follow 'f*' msr --msr 0xc0000102 --follow --format json
check "it follows guests that do not exist yet" eventually 60 grep -q following /tmp/follow.err
for ((first = 1; first <= guests; first += together)); do
    last=$((first + together - 1 < guests ? first + together - 1 : guests))
    for ((i = first; i <= last; i++)); do create_guest f$i 'msr reboot'; done
    for ((i = first; i <= last; i++)); do
        check "f$i is watched, and again when it has rebooted" eventually 300 told f$i 'is watched' 2
        sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
        check "f$i is destroyed" eventually 60 gone f$i
    done
done
check "the end of each is told" eventually 60 ends_told
check "some were destroyed while they were watched" told 'f[0-9]*' 'was destroyed'
create_guest f0 msr
check "one more is watched" eventually 60 told f0 'is watched'
stop INT
check "it ends in good order, and nothing was lost" clean_end follow
check "no guard is left" eventually 10 no_guard
check "the guest that was watched last runs on" runs_on

start killed 'f*' msr --msr 0xc0000102 --follow
check "another follower watches it" eventually 60 grep -q 'is watched' /tmp/killed.err
kill -9 $running
wait $running 2> /dev/null
check "a follower that is killed: its guards end" eventually 20 no_guard
check "a follower that is killed: the guest runs on" runs_on

# Each event as "DOMAIN VCPU ROUND", in the order in which they came
jq -r '"\(.domainId) \(.vcpu) \(.newValue)"' /tmp/follow.out | while read -r id vcpu value; do echo "$id $vcpu $((value))"; done > /tmp/rounds
no_gap() {
    mawk '{ key = $1 " " $2 } key in last && $3 != last[key] + 1 { print key ": after round " last[key] " comes " $3; gaps = 1 } { last[key] = $3 }
        END { exit gaps || NR == 0 }' /tmp/rounds
}
to_the_end() { # the domains that rebooted were seen to do so
    equal '' "$(comm -23 <(ids 'has rebooted' | sort -u) <(mawk -v last=$last_round '$3 == last { print $1 }' /tmp/rounds | sort -u))"
}
check "no vCPU had a round that was not seen, from its first to its last" no_gap
check "each guest that rebooted was seen to its last round" to_the_end
check "each guest has rebooted" test "$(ids 'has rebooted' | sort -u | wc -l)" -ge "$guests"
mawk '!(($1, $2) in seen) { seen[$1, $2]; if (!($1 in missed) || $3 > missed[$1]) missed[$1] = $3 }
    END { for (id in missed) { all++; if (missed[id] == 0) early++; if (missed[id] > most) most = missed[id] }
        print "# " early + 0 " of " all " starts were watched from the first event; the latest missed the first " most + 0 " of a vCPU" }' /tmp/rounds
