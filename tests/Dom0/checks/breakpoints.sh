# Breakpoints that a policy sets in a guest's code: seen, passed, and taken away at every kind of end.
. /checks/common.sh

sched_op=$((29 * 32 + 5))    # VMCALL in the hypercall page, which Xen's emulator refuses
places="at_write, at_cpuid_cache, at_wrmsr, at_cpuid_extended+2, hypercall_page+$sched_op"
cat > /tmp/breakpoints.yaml << END
version: 1
name: breakpoints
domains: [web01]
symbols: /guest/symbols
rules:
- {name: all, event: SoftwareBreakpoint, at: [$places]}
END

address_of() { # PLACE
    if [[ $1 = *+* ]]; then address "${1%+*}" "${1#*+}"; else address "$1"; fi
}

code() { # the guest's code at the places
    local place
    for place in ${places//,/}; do
        run code read "$guest" "$(address_of "$place")" --length 8 --format raw
        od -An -tx1 /tmp/code.out
    done
}

shown() { # what events say of each place on both vCPUs, as the JSON filter below writes it
    local place
    for place in ${places//,/}; do
        printf 'all %s %s %s\n' "$place" "$(address_of "$place")" 0 "$place" "$(address_of "$place")" 1
    done
}

is_as_before() {
    equal "$before" "$(code)"
}

has_none_of_its_own() { # no vCPU met an exception
    equal '' "$(xl dmesg | sed -n "s/^(d$guest) vcpu . round [0-9]* breakpoints \([1-9].*\)/\1/p")"
}

strange() { # how often each vCPU has found its own code other than it was
    local vcpu
    for vcpu in 0 1; do xl dmesg | sed -n "s/^(d$guest) vcpu $vcpu round .* strange \([0-9]*\) .*/\1/p" | tail -n 1; done
}

nothing_strange() { # since $found was noted
    runs_on && equal "$found" "$(strange)"
}

has_int3_everywhere() {
    [ "$(code | grep -c '^ cc')" = 5 ]
}

notes() {
    ls /run/xenvmevent 2> /dev/null | grep '^breakpoint\.'
}

start_guest web01 "cpuid msr write code"
before=$(code)

start seen apply /tmp/breakpoints.yaml --format json
check "seen: events of every place come" eventually 120 lines seen . 60
check "seen: INT3 is at every place" equal 5 "$(code | grep -c '^ cc')"
check "seen: each is noted" equal 5 "$(notes | wc -l)"
check "seen: the guest runs on meanwhile" runs_on
stop INT
check "seen: a clean end" clean_end seen
check "seen: each shows its rule, its place and its address, on both vCPUs" \
    same_json seen '"\(.rule) \(.symbol) \(.instructionPointer) \(.vcpu)"' "$(shown)"
check "seen: the guest's code is as before" is_as_before
check "seen: nothing is noted any more" equal '' "$(notes)"
check "seen: the guest runs on" runs_on
check "seen: it met no breakpoint itself" has_none_of_its_own
found=$(strange)
check "seen: its code was strange to it when it read that" grep -q '[1-9]' <<< "$found"

# The same, hidden from the guest's reads
sed 's/at: .*\]/&, hide: true/' /tmp/breakpoints.yaml > /tmp/hidden.yaml
start hidden apply /tmp/hidden.yaml --format json
check "hidden: events of every place come" eventually 120 lines hidden . 60
check "hidden: INT3 is at every place" eventually 60 has_int3_everywhere
check "hidden: the guest runs on meanwhile" runs_on
stop INT
check "hidden: a clean end" clean_end hidden
check "hidden: each shows its rule, its place and its address, on both vCPUs" \
    same_json hidden '"\(.rule) \(.symbol) \(.instructionPointer) \(.vcpu)"' "$(shown)"
check "hidden: no page was read too often" equal '' "$(grep 'its own code' /tmp/hidden.err)"
check "hidden: the guest's code is as before" is_as_before
check "hidden: nothing is noted any more" equal '' "$(notes)"
check "hidden: the guest found its own code all the time" nothing_strange
for end in guard no-guard; do
    start hidden-$end apply /tmp/hidden.yaml $([ $end = guard ] || echo --no-guard)
    check "hidden: events come before the kill, with $end" eventually 60 lines hidden-$end . 4
    sleep "1.$((RANDOM % 1000 + 1000))"
    kill -9 $running
    wait $running 2> /dev/null
    if [ $end = guard ]; then check "hidden: its guard ends" eventually 60 no_guard
    else run hidden-free reset "$guest" --yes; check "hidden: reset succeeds" equal 0 $status; fi
    check "hidden: the guest's code is as before after the kill, with $end" is_as_before
    check "hidden: the guest found its own code after the kill too, with $end" nothing_strange
done
run hidden-after "$guest" write --gfn 0x400-0x41f --count 2
check "hidden: after all that its pages can be watched" clean_end hidden-after

for ((i = 1; i <= rounds; i++)); do
    start killed-$i apply /tmp/breakpoints.yaml
    check "killed-$i: events come" eventually 60 lines killed-$i . 4
    sleep "0.$((RANDOM % 1000 + 1000))"
    killed_at=$(milliseconds)
    kill -9 $running
    wait $running 2> /dev/null
    check "killed-$i: the guest runs on within 2 s" goes_on_soon killed $killed_at
    check "killed-$i: its guard has ended" eventually 10 no_guard
    check "killed-$i: the guest's code is as before" is_as_before
    check "killed-$i: nothing is noted any more" equal '' "$(notes)"
done
figure killed "from kill -9 with breakpoints set to a round reported by every vCPU, with a guard"

start left apply /tmp/breakpoints.yaml --no-guard
check "left: events come" eventually 60 lines left . 4
kill -9 $running
wait $running 2> /dev/null
run left-free reset "$guest" --yes
check "left: reset says how many it took away" grep -q '^Breakpoints taken away from its code: 5\.$' /tmp/left-free.out
check "left: the guest's code is as before" is_as_before
check "left: the guest runs on" runs_on

start alive apply /tmp/breakpoints.yaml
check "alive: events come" eventually 60 lines alive . 4
run alive-free reset "$guest" --yes
check "alive: reset takes away those of a listener that is alive" grep -q '^Breakpoints taken away from its code: 5\.$' /tmp/alive-free.out
check "alive: the guest's code is as before" is_as_before
check "alive: its listener notices" eventually 60 ended
wait $running 2> /dev/null
check "alive: the guest's code stays as before" is_as_before
check "alive: the guest runs on" runs_on

sed -i 's/at: .*]/at: [at_write, 0x7fffffff0000]/' /tmp/breakpoints.yaml
run refused apply /tmp/breakpoints.yaml --first 1
check "refused: a place that is no code" grep -q 'InvalidBreakpoint.*0x7fffffff0000' /tmp/refused.err
check "refused: nothing is changed" is_as_before
check "it met no breakpoint itself" has_none_of_its_own
xl destroy "$guest"
