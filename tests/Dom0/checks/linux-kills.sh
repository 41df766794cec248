# Listeners of a Linux guest that are killed at any moment. Its programs are the judge: they work on.
. /checks/linux-guest.sh

modes=(cpuid write_ctrlreg_cr4 desc_access)
kernel=6.12 vcpus=2
if [ $machine = bochs ]; then
    modes+=("write --repeat --gfn 0x2a00-0x2a3f")    # data that Linux 6.1 never stops writing
    kernel=6.1 vcpus=1 memory=128
fi
create_linux linux $kernel $vcpus
xl unpause "$guest"
check "linux: it comes up" says_in_time "guest: up, $vcpus vCPUs"
kills=0
for ((i = 1; i <= rounds; i++)); do
    for mode in "${modes[@]}"; do
        for guard in '' --no-guard; do
            start killed "$guest" $mode $guard
            check "kill $i: $mode $guard: it is not refused" eventually 60 grep -q watching /tmp/killed.err
            sleep "$((RANDOM % 2)).$((RANDOM % 900 + 100))"
            kill -9 $running && kills=$((kills + 1))
            wait $running 2> /dev/null
            if [ -z "$guard" ]; then check "kill $i: $mode: its guard ends" eventually 60 no_guard
            else run free reset "$guest" --yes; check "kill $i: $mode: reset succeeds" equal 0 $status; fi
            check "kill $i: $mode $guard: its programs work on" works_on
        done
    done
done
type_in poweroff
check "its log says that it ran through" says_in_time 'guest: ran through in good order, poweroff'
echo "# $kills kills under Linux $kernel with $vcpus vCPUs"
