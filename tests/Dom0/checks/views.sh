# Views that step over what they forbid, which takes the monitor trap flag.
. /checks/common.sh

start_guest web01 "cpuid write execute" 'altp2m = "external"'

view_access() { # MODE PATTERN
    run "$1" "$guest" "$1" --gfn 0x400-0x41f,0x500-0x51f --count 80
    check "$1: ends cleanly at its count" clean_end "$1"
    check "$1: nothing but accesses in the view, and the steps over them" only_lines "$1" "$2|$step"
    check "$1: each access has its step" equal "40 40" "$(grep -c '^PAGE' "/tmp/$1.out") $(grep -c '^Single' "/tmp/$1.out")"
    check "$1: the guest runs on" runs_on

    # xen-access restricts the whole guest, which takes a minute; its lines of these pages are known.
    if [ "$1" = altp2m_write ] || [ "$rounds" -gt 2 ]; then
        start_xen_access "xen-access-$1" "$1"
        check "$1: xen-access sees all 32 pages" eventually 300 lines "xen-access-$1" "$2" 32
        stop INT
        check "$1: the same lines as xen-access" same_lines "xen-access-$1" "$1" "$2"
        check "$1: the guest runs on after xen-access" runs_on
    fi

    for end in guard no-guard; do
        start "$1-$end" "$guest" "$1" --gfn 0x400-0x41f,0x500-0x51f $([ $end = guard ] || echo --no-guard)
        check "$1: events come before the kill, with $end" eventually 120 lines "$1-$end" "$2" 8
        kill -9 $running
        wait $running 2> /dev/null
        if [ $end = guard ]; then check "$1: its guard ends" eventually 60 no_guard
        else run "$1-free" reset "$guest" --yes; check "$1: reset succeeds" equal 0 $status; fi
        check "$1: the guest runs on after the kill, with $end" runs_on
    done
}
step=$'^Singlestep: rip=[0-9a-f]{16}, vcpu [01], altp2m [01]$|^\tSwitching altp2m to view 1!$'
in_view='\(vcpu [01] \[p\], altp2m view 1\)$'
view_access altp2m_write "^PAGE ACCESS: [-r]w- for GFN 4[01][0-9a-f] .* $in_view"
view_access altp2m_exec "^PAGE ACCESS: [-r]-x for GFN 5[01][0-9a-f] .* $in_view"
view_access altp2m_write_no_gpt "^PAGE ACCESS: ... for GFN [45][01][0-9a-f] .* $in_view"

run after "$guest" write --gfn 0x400-0x41f --count 4
check "after all that nothing of the views is left" clean_end after
