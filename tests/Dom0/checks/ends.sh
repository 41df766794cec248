# Domains that go away while they are watched.
. /checks/common.sh

start_guest web01 cpuid

# A domain that goes away

one_end() { # NAME PATTERN: a domain's end is told as the reason
    grep -qE "^xenvmevent: SessionEnded: .*$2" "/tmp/$1.err" || { cat "/tmp/$1.err"; return 1; }
}

watched_again() {
    run again "$1" cpuid --count 4
    clean_end again
}

start gone "$guest" cpuid
check "events come from a domain about to go" eventually 60 lines gone "$cpuid_line" 4
destroyed_at=$(milliseconds)
xl destroy "$guest"
check "a domain destroyed while watched: xenvmevent ends by itself" eventually 60 ended
echo "# from xl destroy to the end of the watch: $(($(milliseconds) - destroyed_at)) ms"
stop 0
check "a domain destroyed while watched: it is said" one_end gone 'was destroyed'
check "a domain destroyed while watched: nothing of it is left" eventually 60 no_domain "$guest"

# Guests that end by themselves, at the same time: a reboot is the toolstack's to finish, the others stay.
declare -A watches
for how in reboot poweroff suspend crash; do
    create_options=-p create_guest $how "cpuid $how" 'on_poweroff = "preserve"'
    start $how "$guest" cpuid
    watches[$how]=$running
    eventually 60 grep -q watching /tmp/$how.err
    xl unpause "$guest"
done
for how in reboot:rebooted poweroff:'shut down' suspend:suspended crash:crashed; do
    running=${watches[${how%:*}]}
    check "${how%:*} while watched: xenvmevent ends by itself" eventually 120 ended
    check "${how%:*} while watched: it is said" one_end ${how%:*} "(has|was) ${how#*:}"
done
check "reboot while watched: the guest that it became can be watched by the name" eventually 60 watched_again reboot
eventually 60 xl destroy reboot 2> /dev/null    # it may be between two lives
check "no guard is left" eventually 10 no_guard
