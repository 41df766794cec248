# What an AMD machine can do: cpuid and control register events, and clear errors for the rest.
. /checks/common.sh


start_guest web01 "cpuid cr4"

# Before anybody listens

run test test "$guest"
check "test: a fresh guest can be monitored" can_be_monitored test
check "test: the libraries are those of the Xen that runs" shows test Libraries passed 'libxenctrl.so.4.17 is loaded'
check "test: Xen is found" shows test Xen passed 'Xen 4.17, and this is its dom0'
check "test: the devices" shows test Devices passed '/dev/xen/privcmd, /dev/xen/evtchn, xenstore'
check "test: an AMD machine has no page access" shows test Hardware warning "AMD's SVM"
check "test: nor has its guest" shows test PageAccess warning
check "test: nor single steps" shows test Capabilities warning 'but SingleStep, VmExit, Io\.'
check "test: the guest's type" shows test DomainType passed 'PVH; it has 2 vCPUs'
check "test: nobody listens" shows test Listener passed
check "test: the vCPUs run" shows test VCpus passed
run test-json test "$guest" --format json
check "test: in JSON, each check once" equal 13 "$(json test-json .check+.domain | wc -l)"
run test-dom0 test 0
check "test: dom0 fails, and the exit code says so" shows test-dom0 DomainType failed
check "test: dom0: exit code 1" equal 1 $status
check "test: the guest runs on" runs_on

# cpuid

cpuid_line='^CPUID executed: rip=[0-9a-f]{16}, vcpu [01]\. Insn length: 2 0x[0-9a-f]+ 0x[0-9a-f]+: EAX=0x[0-9a-f]+ EBX=0x[0-9a-f]+ ECX=0x[0-9a-f]+ EDX=0x[0-9a-f]+$'

run cpuid "$guest" cpuid --count 100
check "cpuid: ends cleanly at its count" clean_end cpuid
check "cpuid: 100 events, and nothing else on standard output" count_lines cpuid "$cpuid_line" 100
check "cpuid: the guest runs on" runs_on

start_xen_access xen-access-cpuid cpuid
check "cpuid: xen-access sees 4 different lines" eventually 60 lines xen-access-cpuid "$cpuid_line" 4
stop INT
check "cpuid: the same lines as xen-access" same_lines xen-access-cpuid cpuid ''

run cpuid-json web01 cpuid --format json --duration 4
check "cpuid: a domain by name, for a duration, in JSON" clean_end cpuid-json
check "cpuid: vCPU, leaf, subleaf and instruction pointer" same_json cpuid-json \
    '"\(.kind) \(.domainId) \(.vcpu) \(.leaf) \(.subleaf) \(.instructionPointer)"' "$(
    for vcpu in 0 1; do
        echo "Cpuid $guest $vcpu 0x4 0x2 $(address at_cpuid_cache)"
        echo "Cpuid $guest $vcpu 0x80000000 0x0 $(address at_cpuid_extended)"
    done)"

for vcpu in 0 1; do
    run "code-$vcpu" read web01 "0x$(symbol at_cpuid_cache)" --virtual --vcpu $vcpu --length 2
    check "read: the guest's code through the page tables of vCPU $vcpu" equal "$(symbol at_cpuid_cache)  0f a2" "$(cut -c 1-23 "/tmp/code-$vcpu.out")"
done
run unmapped read "$guest" 0x7fff00000000 --virtual
check "read: what is not mapped is one clear error" one_clear_error unmapped 1 'No page is mapped'

sees_cpuid() { # VCPU VALUE: the guest's last report of what CPUID gave it in EBX
    equal "$2" "$(xl dmesg | sed -n "s/^(d$guest) vcpu $1 round .* cpuid \([0-9]*\)\r*$/\1/p" | tail -n 1)"
}

own=$(xl dmesg | sed -n "s/^(d$guest) vcpu 0 round .* cpuid \([0-9]*\)\r*$/\1/p" | tail -n 1)
start set-registers "$guest" cpuid --register rbx=12345
for vcpu in 0 1; do check "registers set: vCPU $vcpu of the guest sees another result of CPUID" eventually 60 sees_cpuid $vcpu 12345; done
stop INT
check "registers set: a clean end" clean_end set-registers
for vcpu in 0 1; do check "registers set: after it vCPU $vcpu sees its own again" eventually 60 sees_cpuid $vcpu "$own"; done

run no-rip "$guest" write_ctrlreg_cr4 --register rax=1
check "registers for a register write without RIP: one clear error" one_clear_error no-rip 1 'have to name Rip'

# write_ctrlreg_cr4

cr4_line='^Control register written: rip=[0-9a-f]{16}, vcpu [01]: reg=CR4, old_value=[0-9a-f]{16}, new_value=[0-9a-f]{16}$'

run cr4 -m "$guest" write_ctrlreg_cr4 --count 100
check "write_ctrlreg_cr4: ends cleanly at its count" clean_end cr4
check "write_ctrlreg_cr4: 100 events, and nothing else on standard output" count_lines cr4 "$cr4_line" 100
check "write_ctrlreg_cr4: the guest runs on" runs_on

start_xen_access xen-access-cr4 write_ctrlreg_cr4
check "write_ctrlreg_cr4: xen-access sees 4 different lines" eventually 60 lines xen-access-cr4 "$cr4_line" 4
stop INT
check "write_ctrlreg_cr4: the same lines as xen-access" same_lines xen-access-cr4 cr4 ''

run cr4-json "$guest" write_ctrlreg_cr4 --format json --count 100
check "write_ctrlreg_cr4: vCPU, register, old and new value and instruction pointer" same_json cr4-json \
    '"\(.domainId) \(.vcpu) \(.register) \(.oldValue) \(.newValue) \(.instructionPointer)"' "$(
    for vcpu in 0 1; do
        echo "$guest $vcpu CR4 0x20 0x24 $(address at_cr4_set)"
        echo "$guest $vcpu CR4 0x24 0x20 $(address at_cr4_clear)"
    done)"

run denied "$guest" write_ctrlreg_cr4 --response deny --format json --count 40
check "a denied write is never done: each vCPU tries the same again and again" same_json denied '"\(.vcpu) \(.response)"' \
    "$(printf '%s Deny\n' 0 1)"
check "of the two writes of each vCPU only one is left" equal 2 "$(json denied '"\(.vcpu) \(.oldValue) \(.newValue)"' | wc -l)"
check "a denied write: the guest runs on" runs_on

# Descriptor tables, MSRs, the guest's own requests

start_guest db01 "descriptors msr request"
table_line='^Descriptor access: rip=[0-9a-f]{16}, vcpu [01]: VMExit info=0x[0-9a-f]+, descriptor=[0-9]+, is write=[01]$'
run table "$guest" desc_access --count 100
check "desc_access: ends cleanly at its count" clean_end table
start_xen_access xen-access-table desc_access
check "desc_access: xen-access sees 8 different lines" eventually 60 lines xen-access-table "$table_line" 8
stop INT
check "desc_access: the same lines as xen-access" same_lines xen-access-table table "$table_line"
run msr "$guest" msr --msr 0xc0000102 --count 20 --format json
check "msr: vCPU, register and instruction pointer" same_json msr '"\(.vcpu) \(.msr) \(.instructionPointer)"' \
    "$(for vcpu in 0 1; do echo "$vcpu 0xc0000102 $(address at_wrmsr)"; done)"
run request "$guest" guest_request --count 20 --format json
check "guest_request: from both vCPUs" same_json request '"\(.kind) \(.vcpu)"' "$(printf 'GuestRequest %s\n' 0 1)"
check "after that the guest runs on" runs_on
guest=$(xl domid web01)

# Ends, and a listener that is already there

start first "$guest" cpuid
check "events come until a signal" eventually 60 lines first "$cpuid_line" 4
run second "$guest" cpuid --count 1
check "a second listener is refused, and told what to do" one_clear_error second 1 'Reset-XenMonitor'
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

stop HUP
check "SIGHUP: a clean end" clean_end interrupted
check "SIGHUP: the guest runs on" runs_on

# Listeners that are killed at any moment under load. That each can start shows that the one before has left nothing.

kill_listener() { # NAME MODE [OPTION]; $killed_at is when
    start "$1" "$guest" "$2" ${3:-}
    check "$1: it is not refused, and sees events" eventually 60 lines "$1" . 4
    sleep "0.$((RANDOM % 1000 + 1000))"
    killed_at=$(milliseconds)
    kill -9 $running
    wait $running 2> /dev/null
}

guards() { # the process ids of the guards that run
    grep -lszx 'guar[d]' /proc/[0-9]*/cmdline | cut -d/ -f3
}

no_guard() {
    [ -z "$(guards)" ]
}

xl dmesg -c > /dev/null    # it is read often now
for i in {1..10}; do
    for mode in cpuid write_ctrlreg_cr4; do
        kill_listener guarded-$mode-$i $mode
        check "guarded-$mode-$i: the guest runs on within 2 s" goes_on_soon guarded $killed_at
        check "guarded-$mode-$i: its guard has ended" eventually 10 no_guard
    done
done
figure guarded "from kill -9 to a round reported by every vCPU, with a guard"

for i in {1..10}; do
    for mode in cpuid write_ctrlreg_cr4; do
        kill_listener reset-$mode-$i $mode --no-guard
        reset_at=$(milliseconds)
        run reset-$mode-$i-free reset "$guest" --yes
        check "reset-$mode-$i: reset says that no vCPU stands still" grep -q 'that do so still: none' /tmp/reset-$mode-$i-free.out
        check "reset-$mode-$i: the guest runs on within 2 s" goes_on_soon reset $reset_at
    done
done
figure reset "from the start of reset to a round reported by every vCPU"

start orphan "$guest" cpuid
eventually 60 lines orphan . 4
kill -9 $(guards)
check "a guard that is killed: its listener says so and starts another" eventually 30 grep -q 'another has been started' /tmp/orphan.err
kill -9 $running
wait $running 2> /dev/null
killed_at=$(milliseconds)
check "a guard that came late frees the guest too" eventually 10 goes_on_soon late $killed_at
check "a guard that came late ends" eventually 10 no_guard

# Killed at any moment: while it may have the guest paused, or other processes stopped

is_paused() {
    xl list "$guest" | grep -qE ' [r-][b-]p[s-][c-][d-] '
}

not_paused() {
    ! is_paused
}

none_stopped() {
    ! grep -ls '^State:.T' /proc/[0-9]*/status
}

begin() { # NAME ARGUMENTS...: xenvmevent, for a random time that ends before, in or after what it does with the guest paused
    start "$@"
    sleep "$((RANDOM % 2)).$(printf %03d $((RANDOM % 1000)))"
}

for i in {1..10}; do
    begin early-$i "$guest" cpuid
    kill -9 $running 2> /dev/null # It may be over already.
    wait $running 2> /dev/null
    check "early-$i: its guard ends" eventually 20 no_guard
    check "early-$i: the guest is not left paused" not_paused
    check "early-$i: the guest runs on" runs_on
done

start_xen_access bystander cpuid
bystander=$running
check "bystander: events come" eventually 60 lines bystander "$cpuid_line" 4
for i in {1..10}; do
    begin reset-early-$i reset "$guest" --yes
    kill -9 $running 2> /dev/null # It may be over already.
    wait $running 2> /dev/null
    check "reset-early-$i: its guard ends" eventually 20 no_guard
    check "reset-early-$i: the guest is not left paused" not_paused
    check "reset-early-$i: no process is left stopped" none_stopped
    check "reset-early-$i: the guest runs on" runs_on
done
kill -9 $bystander
wait $bystander 2> /dev/null

is_resetting() { # a reset's guard is there before the guest is touched
    [ -n "$(guards)" ] || ended
}

for signal in INT TERM HUP; do
    start reset-$signal reset "$guest" --yes
    eventually 60 is_resetting
    stop $signal
    check "reset-$signal: it comes to its end" equal 0 $status
    check "reset-$signal: the guest is not left paused" not_paused
    check "reset-$signal: no process is left stopped" none_stopped
    check "reset-$signal: the guest runs on" runs_on
done
run free reset "$guest" --yes
check "no note of a pause or a stop is left" equal '' "$(ls /run/xenvmevent)"

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
    check "$1: reset says which vCPUs stood still, and that none does now" grep -q 'stood still: 0, 1; that do so still: none' "/tmp/$1-reset.out"
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
check "reset without --yes and nobody to ask does nothing" one_clear_error no-yes 2 'nobody to ask'
run cut-off reset "$guest" --yes
check "reset cuts it off" grep -q 'its monitor was enabled, and is disabled now' /tmp/cut-off.out
check "reset: the guest runs on" runs_on
cut_off=$running
start after "$guest" cpuid
check "reset: the next listener sees events" eventually 60 lines after "$cpuid_line" 4
after=$running running=$cut_off
check "the listener that was cut off ends by itself" eventually 60 ended
stop 0
check "the listener that was cut off: exit code 1" equal 1 $status
check "the listener that was cut off says why" grep -q '^xenvmevent: SessionEnded: Somebody else disabled the monitor' /tmp/alive.err
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

for mode in write exec; do
    run refused "$guest" $mode --duration 5
    check "$mode on this machine: one clear error" one_clear_error refused 1 'page access|EPT|mem_access|hardware'
done
run refused "$guest" vmexit --duration 5
check "vmexit on this machine: one clear error" one_clear_error refused 1 'cannot raise VmExit events'
run unknown-id 4711 cpuid --count 1
check "unknown domain id: one clear error" one_clear_error unknown-id 1 '4711'
run unknown-name nosuchdomain cpuid --count 1
check "unknown domain name: one clear error" one_clear_error unknown-name 1 'nosuchdomain'
run dom0 0 cpuid --count 1
check "dom0 itself: one clear error" one_clear_error dom0 1 'dom0|domain 0|Domain-0'
run no-count "$guest" cpuid --count 0
check "a count of 0: wrong usage" one_clear_error no-count 2 'count'
run bad-mode "$guest" nonsense
check "an unknown mode: wrong usage" one_clear_error bad-mode 2 'nonsense'
check "after all that the guest runs on" runs_on
run last "$guest" cpuid --count 10
check "after all that a run works" clean_end last

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
check "no guard is left" eventually 10 no_guard
