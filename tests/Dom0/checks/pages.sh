# What needs Intel's EPT: page access.
. /checks/common.sh

start_guest web01 "write execute" 'altp2m = "external"'

run test test "$guest"
check "test: a fresh guest can be monitored" can_be_monitored test
check "test: the hardware" shows test Hardware passed "Intel's VT-x with EPT"
check "test: page access" shows test PageAccess passed
check "test: Xen's command line" shows test AltP2m passed "Xen's command line enables altp2m"
check "test: nobody listens" shows test Listener passed
check "test: the guest runs on" runs_on

# The guest's own pages for this: 16 for each vCPU, at gfn 0x400 (written) and 0x500 (executed).
own_write='^PAGE ACCESS: [-r]w- for GFN 4[01][0-9a-f] '
own_execute='^PAGE ACCESS: --x for GFN 5[01][0-9a-f] '
page_line='^PAGE ACCESS: [r-][w-][x-] for GFN [0-9a-f]+ \(offset [0-9a-f]{6}\) gla [0-9a-f]{16} \(valid: [yn]; fault in gpt: [yn]; fault with gla: [yn]\) \(vcpu [01] \[[pr]\], altp2m view 0\)$'

pages() { # KIND SYMBOL OFFSET INSTRUCTION: every event the guest's pages can give, as the JSON filter below writes it
    local vcpu page gfn at
    for vcpu in 0 1; do
        for page in {0..15}; do
            at=$(address "$2" $(((vcpu * 16 + page) * 4096 + $3)))
            gfn=$(printf '0x%x' $((at >> 12)))
            echo "$1 $guest $vcpu $gfn $(printf '0x%x' "$3") $at ${4:-$at}"
        done
    done
}
fields='"\(.access) \(.domainId) \(.vcpu) \(.gfn) \(.offset) \(.linearAddress) \(.instructionPointer)"'

page_access() { # MODE LINES SYMBOL OFFSET INSTRUCTION ACCESS RANGE [OPTIONS...]
    local mode=$1 own=$2

    start "$mode" "$guest" "$mode" "${@:8}"
    check "$mode: events from all 32 pages" eventually 120 lines "$mode" "$own" 32
    stop INT
    check "$mode: a clean end" clean_end "$mode"
    check "$mode: nothing but event lines on standard output" only_lines "$mode" "$page_line"
    check "$mode: the guest runs on" runs_on

    start_xen_access "xen-access-$mode" "$mode"
    check "$mode: xen-access sees all 32 pages" eventually 120 lines "xen-access-$mode" "$own" 32
    stop INT
    check "$mode: the same lines as xen-access" same_lines "xen-access-$mode" "$mode" "$own"

    # Only some pages.
    run "$mode-json" "$guest" "$mode" --gfn "$7" --format json --count 32
    check "$mode: chosen pages, up to a count" clean_end "$mode-json"
    check "$mode: vCPU, gfn, offset, linear address and instruction pointer" \
        same_json "$mode-json" "$fields" "$(pages "$6" "$3" "$4" "$5")"
    check "$mode: after that the guest runs on" runs_on
}

# The whole guest, as xen-access does it: every page's first access, of which the guest's own 32 are known. Then, for it
# takes the emulator half a minute, only these.
page_access write "$own_write" written_pages 0x128 "$(address at_write)" "Read, Write" 0x400-0x41f
page_access exec "$own_execute" executed_pages 0x40 "" Execute 0x500-0x51f --gfn 0x500-0x51f

# A page that stays watched: Xen emulates the instructions that write it.
run repeat "$guest" write --gfn 0x400 --repeat --count 4 --format json
check "write --repeat: the same page again and again" clean_end repeat
check "write --repeat: 4 events of one page" equal 4 "$(grep -c '"gfn":"0x400"' /tmp/repeat.out)"
check "write --repeat: the guest runs on" runs_on

run outside "$guest" write --gfn 0xfffffff --count 1
check "a gfn the guest does not have: one clear error" one_clear_error outside 1 '0xfffffff'
check "after that the guest runs on" runs_on
xl destroy "$guest"

# Pages that a killed listener left restricted, where page tables have no more memory than libxl gives by itself
page_tables= start_guest small "write execute"
start left "$guest" write --gfn 0x400-0x41f --repeat --no-guard
check "left: events come before the kill" eventually 120 lines left "$own_write" 4
kill -9 $running
wait $running 2> /dev/null
run left-free reset "$guest" --yes
check "left: reset succeeds" equal 0 $status
check "left: reset says that no vCPU stands still, and that pages can be used" \
    equal 2 "$(grep -cE 'still frozen: none|Every page can be read, written and executed' /tmp/left-free.out)"
check "left: the guest runs on" runs_on
run left-again "$guest" write --gfn 0x400-0x41f --count 32
check "left: its pages can be watched again" clean_end left-again
run whole "$guest" write --duration 2
check "left: a whole guest needs more memory, and it is said" grep -q '^xenvmevent: OutOfMemory' /tmp/whole.err
check "left: after that the guest runs on" runs_on
xl destroy "$guest"

# Breakpoints: seen, and given back to the guest.
start_guest db01 int3
breakpoint_line='^Breakpoint: rip=[0-9a-f]{16}, gfn=[0-9a-f]+ \(vcpu [01]\)$'
run breakpoint "$guest" breakpoint --count 10
check "breakpoint: ends cleanly at its count" clean_end breakpoint
check "breakpoint: nothing but event lines on standard output" only_lines breakpoint "$breakpoint_line"
start_xen_access xen-access-breakpoint breakpoint
check "breakpoint: xen-access sees both vCPUs" eventually 120 lines xen-access-breakpoint "$breakpoint_line" 2
stop INT
check "breakpoint: the same lines as xen-access" same_lines xen-access-breakpoint breakpoint ''
check "breakpoint: the guest runs on" runs_on

breakpoints_arrive() { # both vCPUs raise one a round, and count them together
    local round breakpoints
    read -r round breakpoints < <(xl dmesg | sed -n "s/^(d$guest) vcpu 0 round \([0-9]*\) breakpoints \([0-9]*\) .*/\1 \2/p" | tail -n 1)
    [ "$breakpoints" -gt "$round" ] || { echo "round $round, breakpoints $breakpoints"; return 1; }
}
check "breakpoint: the guest got its own" breakpoints_arrive

# The processor itself writes to the stack when it delivers an exception. No instruction does, so Xen cannot emulate that.
stacks=$((0x$(symbol stacks) >> 12))
start stacks "$guest" write --repeat --gfn "$(printf '0x%x-0x%x' $stacks $((stacks + 1)))"
check "stacks that stay watched: events come" eventually 120 lines stacks '^PAGE ACCESS: ' 4
check "stacks that stay watched: the guest runs on" runs_on
check "stacks that stay watched: it gets its exceptions" breakpoints_arrive
stop INT
check "stacks that stay watched: a clean end" clean_end stacks
