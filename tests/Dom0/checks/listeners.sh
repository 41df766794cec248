# Listeners that end, that are there already, that are killed, and what is refused.
. /checks/common.sh

start_guest web01 cpuid

# Ends, and a listener that is already there

start first "$guest" cpuid
check "events come until a signal" eventually 60 lines first "$cpuid_line" 4
run second "$guest" cpuid --count 1
check "a second listener is refused, and told what to do" one_clear_error second 1 'xenvmevent reset'
seen=$(wc -l < /tmp/first.out)
check "the first listener goes on" eventually 60 more_than "$seen" first
stop TERM
check "SIGTERM: a clean end" clean_end first
check "SIGTERM: the guest runs on" runs_on

start interrupted "$guest" cpuid
check "after SIGTERM a new run sees events" eventually 60 lines interrupted "$cpuid_line" 4
stop INT
check "SIGINT: a clean end" clean_end interrupted
check "SIGINT: the guest runs on" runs_on

start hung-up "$guest" cpuid
check "after SIGINT a new run sees events" eventually 60 lines hung-up "$cpuid_line" 4
stop HUP
check "SIGHUP: a clean end" clean_end hung-up
check "SIGHUP: the guest runs on" runs_on

# A listener that was killed, without a guard

killed() { # NAME PATTERN: what was started last, once it has seen enough
    check "$1: events come before the kill" eventually 60 lines "$1" "$2" 4
    kill -9 $running
    wait $running 2> /dev/null
    check "$1: kill -9 leaves the guest frozen" stands_still
    run "$1-next" "$guest" cpuid --count 1
    check "$1: the next start is refused, and told what to do" one_clear_error "$1-next" 1 'xenvmevent reset'
    run "$1-test" test "$guest"
    check "$1: test: exit code 1" equal 1 $status
    check "$1: test names the listener in place" shows "$1-test" Listener failed 'Its monitor is enabled; no other process can be its listener'
    check "$1: test names the frozen vCPUs" shows "$1-test" VCpus failed 'vCPUs 0, 1 of 2'
    check "$1: test changes nothing" stands_still
    run "$1-reset" reset "$guest" --yes
    check "$1: reset says which vCPUs stood still, and that none does now" grep -q 'frozen vCPUs: 0, 1; still frozen: none' "/tmp/$1-reset.out"
    check "$1: after reset the guest runs on" runs_on
    run "$1-again" "$guest" cpuid --count 10
    check "$1: after reset a run works" clean_end "$1-again"
}

start killed-cpuid "$guest" cpuid --no-guard
killed killed-cpuid "$cpuid_line"
start_xen_access killed-xen-access cpuid
killed killed-xen-access "$cpuid_line"

start alive "$guest" cpuid
check "a listener that is alive" eventually 60 lines alive "$cpuid_line" 4
run alive-test test "$guest"
check "test names it" shows alive-test Listener failed 'its listener may be xenvmevent \(pid [0-9]+\)'
check "test: the vCPUs of a listener that is alive run" shows alive-test VCpus passed
run no-yes reset "$guest" < /dev/null
check "reset without --yes and nobody to ask does nothing" one_clear_error no-yes 2 'no terminal to ask'
run cut-off reset "$guest" --yes
check "reset cuts it off" grep -q 'its monitor was enabled and is now disabled' /tmp/cut-off.out
check "reset: the guest runs on" runs_on
cut_off=$running
start after "$guest" cpuid
check "reset: the next listener sees events" eventually 60 lines after "$cpuid_line" 4
after=$running running=$cut_off
check "the listener that was cut off ends by itself" eventually 60 ended
stop 0
check "the listener that was cut off: exit code 1" equal 1 $status
check "the listener that was cut off says why" grep -q '^xenvmevent: SessionEnded: Another program disabled the monitor' /tmp/alive.err
running=$after
seen=$(wc -l < /tmp/after.out)
check "the listener that was cut off leaves the next one alone" eventually 60 more_than "$seen" after
stop INT
check "the next listener: a clean end" clean_end after

# A domain that somebody has paused stays so, whatever we do to it

xl pause "$guest"
start paused "$guest" cpuid
check "paused: a paused guest can be watched" eventually 60 grep -q watching /tmp/paused.err
check "paused: it stays paused when its monitor is enabled" is_paused
kill -9 $running
wait $running 2> /dev/null
check "paused: a killed listener's guard ends" eventually 20 no_guard
check "paused: it stays paused when the guard has freed it" is_paused
run paused-reset reset "$guest" --yes
check "paused: it stays paused after a reset" is_paused
xl unpause "$guest"
check "paused: once it is let go it runs on" runs_on

# What cannot be done

if [ $machine = qemu ]; then
    for mode in write exec altp2m_write; do
        run refused "$guest" $mode --duration 5
        check "$mode on this machine: one clear error" one_clear_error refused 1 'page access|EPT|mem_access|hardware'
    done
fi
run unknown-id 4711 cpuid --count 1
check "unknown domain id: one clear error" one_clear_error unknown-id 1 '4711'
run unknown-name nosuchdomain cpuid --count 1
check "unknown domain name: one clear error" one_clear_error unknown-name 1 'nosuchdomain'
run dom0 0 cpuid --count 1
check "dom0 itself: one clear error" one_clear_error dom0 1 'dom0|domain 0|Domain-0'
run no-count "$guest" cpuid --first 0
check "a count of 0: wrong usage" one_clear_error no-count 2 'first'
run bad-mode "$guest" nonsense
check "an unknown mode: wrong usage" one_clear_error bad-mode 2 'nonsense'
check "after all that the guest runs on" runs_on
run last "$guest" cpuid --count 10
check "after all that a run works" clean_end last
