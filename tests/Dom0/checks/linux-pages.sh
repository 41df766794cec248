# Linux where Xen has page access: its kernel's pages, breakpoints, its memory, and a toolstack that takes memory meanwhile.
. /checks/linux-guest.sh

page_line='^PAGE ACCESS: [r-][w-][x-] for GFN [0-9a-f]+ \(offset [0-9a-f]{6}\) gla [0-9a-f]{16} \(valid: [yn]; fault in gpt: [yn]; fault with gla: [yn]\) \(vcpu 0 \[[pr]\], altp2m view 0\)$'
text=0x1000-0x1dff    # the pages of Linux 6.1's text: no address is random

says_pages() { # NAME COUNT: accesses to so many pages of the kernel's text, each seen once, and nothing else
    only_lines "$1" "$page_line" && lines "$1" '^PAGE ACCESS: .* for GFN 1[0-9a-d][0-9a-f][0-9a-f] ' "$2" &&
        equal '' "$(sed -n 's/.* for GFN \([0-9a-f]*\) .*/\1/p' "/tmp/$1.out" | sort | uniq -d)"
}

in_force() { # the rules of the policy
    grep -q ': system-call-table: 0 events, ' /tmp/policy.err && grep -q ': kernel-patched: [0-9]* events, ' /tmp/policy.err && ! grep -q 'has not begun' /tmp/policy.err ||
        { cat /tmp/policy.err /checks/policies/System.map; return 1; }
}

memory=128 create_linux linux 6.1 1
start written "$guest" write --gfn $text
check "write: a watch begins before the guest" eventually 120 grep -q watching /tmp/written.err
began=$SECONDS
xl unpause "$guest"
check "write: Linux 6.1 comes up" says_in_time 'guest: up, 1 vCPUs, 6.1\.'
echo "# Linux 6.1 comes up in $((SECONDS - began)) s"
check "write: its programs work" works_on
stop INT
check "write: a clean end" clean_end written
check "write: the kernel patched its own text" says_pages written 20
echo "# write: $(wc -l < /tmp/written.out) pages of text"

start executed "$guest" exec --gfn $text
check "exec: events come" eventually 120 lines executed "$page_line" 20
check "exec: its programs work" works_on
stop INT
check "exec: a clean end" clean_end executed
check "exec: the kernel executed its text" says_pages executed 20

run breakpoint "$guest" breakpoint --count 5 --format json
check "breakpoint: a clean end" clean_end breakpoint
check "breakpoint: each is the program's" same_json breakpoint '"\(.kind) \(.instructionPointer)"' \
    "SoftwareBreakpoint 0x$(sed -n 's/^0*\([0-9a-f]*\) T at_int3$/\1/p' /linux/symbols)"
check "breakpoint: its programs work on, for each got its signal" works_on

type_in symbols
check "kernel-text: the guest tells its symbols" says_in_time 'guest: no more symbols'
tr -d '\r' < "$log" | sed -n 's/^symbol: //p' > /checks/policies/System.map
start policy apply /checks/policies/kernel-text.yaml "$guest"
check "kernel-text: the policy is applied" eventually 120 grep -q 'kernel-text decides for' /tmp/policy.err
check "kernel-text: programs work" works_on
stop INT
check "kernel-text: a clean end" clean_end policy
check "kernel-text: both rules began, and nobody wrote the table" in_force

run banner read "$guest" "$(< /linux/6.1-banner)" --virtual --length 17 --format raw
check "read: the kernel's name at its virtual address" equal 'Linux version 6.1' "$(< /tmp/banner.out)"

# Pages of the memory that the balloon takes from and gives back; all of them would take Bochs many minutes.
start taken "$guest" write --gfn 0x6000-0x6fff
check "mem-set: pages are watched" eventually 120 lines taken "$page_line" 20
xl mem-set "$guest" 96m
check "mem-set: its programs work on with less memory" works_on
has_less() { # its balloon takes its time
    type_in tell
    sleep 2
    says 'guest: 1 vCPUs, [1-6][0-9]{4} kB'
}
check "mem-set: it has less" eventually 300 has_less
xl mem-set "$guest" 128m
check "mem-set: they work on with all of it" works_on
type_in poweroff
check "poweroff: its log says that it ran through" says_in_time 'guest: ran through in good order, poweroff'
check "poweroff: the watch ends with it" ends_because taken 'shut down|destroyed'
check "mem-set: nothing but pages" only_lines taken "$page_line"
echo "# write: $(wc -l < /tmp/taken.out) of 4096 pages while memory was taken"
check "no guard is left" eventually 20 no_guard
