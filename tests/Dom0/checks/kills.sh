# Listeners and resets that are killed at any moment, $rounds times each.
. /checks/common.sh

start_guest web01 "cpuid cr4"

# Listeners that are killed at any moment under load. That each can start shows that the one before has left nothing.

kill_listener() { # NAME MODE [OPTION]; $killed_at is when
    start "$1" "$guest" "$2" ${3:-}
    check "$1: it is not refused, and sees events" eventually 60 lines "$1" . 4
    sleep "0.$((RANDOM % 1000 + 1000))"
    killed_at=$(milliseconds)
    kill -9 $running
    wait $running 2> /dev/null
}

xl dmesg -c > /dev/null    # it is read often now
for ((i = 1; i <= rounds; i++)); do
    for mode in cpuid write_ctrlreg_cr4; do
        kill_listener guarded-$mode-$i $mode
        check "guarded-$mode-$i: the guest runs on within 2 s" goes_on_soon guarded $killed_at
        check "guarded-$mode-$i: its guard has ended" eventually 10 no_guard
    done
done
figure guarded "from kill -9 to a round reported by every vCPU, with a guard"

for ((i = 1; i <= rounds; i++)); do
    for mode in cpuid write_ctrlreg_cr4; do
        kill_listener reset-$mode-$i $mode --no-guard
        reset_at=$(milliseconds)
        run reset-$mode-$i-free reset "$guest" --yes
        check "reset-$mode-$i: reset says that no vCPU stands still" grep -q 'still frozen: none' /tmp/reset-$mode-$i-free.out
        check "reset-$mode-$i: the guest runs on within 2 s" goes_on_soon reset $reset_at
    done
done
figure reset "from the start of reset to a round reported by every vCPU"

start orphan "$guest" cpuid
eventually 60 lines orphan . 4
kill -9 $(guards)
check "a guard that is killed: its listener says so and starts another" eventually 30 grep -q 'has been restarted' /tmp/orphan.err
kill -9 $running
wait $running 2> /dev/null
killed_at=$(milliseconds)
check "a guard that came late frees the guest too" eventually 10 goes_on_soon late $killed_at
check "a guard that came late ends" eventually 10 no_guard

# Killed at any moment: while it may have the guest paused, or other processes stopped

none_stopped() {
    ! grep -ls '^State:.T' /proc/[0-9]*/status
}

begin() { # NAME ARGUMENTS...: xenvmevent, for a random time that ends before, in or after what it does with the guest paused
    start "$@"
    sleep "$((RANDOM % 2)).$(printf %03d $((RANDOM % 1000)))"
}

for ((i = 1; i <= rounds; i++)); do
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
for ((i = 1; i <= rounds; i++)); do
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
