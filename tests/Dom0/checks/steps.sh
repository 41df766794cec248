# Single steps, which the engine offers and the command line does not: what stepper saw, against the guest's disassembly.
. /checks/common.sh

start_guest web01 "cpuid write" 'altp2m = "external"'

steps() { # NAME COUNT: stepper in this mode to its own end
    timeout -k 10 300 stepper "$guest" "$1" "$2" > "/tmp/$1.out" 2> "/tmp/$1.err"
    status=$?
}

well_ended() { # NAME COUNT
    equal "0 $2" "$status $(wc -l < "/tmp/$1.out")" || { tail -n 5 "/tmp/$1.err"; return 1; }
}

# Xen has written the hypercall page, which the disassembly does not have.
step_after_step() { # NAME: each step of a vCPU is at an instruction that may follow the one that it was seen at before
    mawk -v page="$(symbol hypercall_page)" '
        function in_page(at) { return substr(at, 3, length(at) - 5) == short_page }
        BEGIN { sub(/^0*/, "", page); short_page = substr(page, 1, length(page) - 3) }
        NR == FNR { at = $1; $1 = ""; after[at] = $0 " "; next }
        $1 == "SingleStep" && !in_page($3) {
            before = last[$2]
            if (!($3 in after)) { print $3 " is no instruction"; wrong = 1 }
            else if (before != "" && !in_page(before) && after[before] !~ " (any|" $3 ") ") { print $3 " cannot follow " before; wrong = 1 }
        }
        { last[$2] = $3 }
        END { exit wrong }' /guest/successors "/tmp/$1.out"
}

steps step 240
check "single steps: 240, and a clean end" well_ended step 240
check "single steps: of the vCPU that was named" equal "SingleStep 0" "$(cut -d ' ' -f 1,2 /tmp/step.out | sort -u)"
check "single steps: each is at an instruction that may follow the one before" step_after_step step
check "single steps: at many places" test "$(cut -d " " -f 3 /tmp/step.out | sort -u | wc -l)" -ge 20
check "single steps: the guest runs on" runs_on

tens() { # NAME: each tenth CPUID begins ten steps of its vCPU, as stepper asked for
    mawk '
        $1 == "Cpuid" && left[$2] > 0 && last[$2] == "Cpuid" { print NR ": vCPU " $2 " does not step"; wrong = 1 }
        $1 == "Cpuid" && !left[$2] && cpuids++ % 10 == 0 { left[$2] = 10 }
        $1 == "SingleStep" && left[$2]-- <= 0 { print NR ": vCPU " $2 " steps on"; wrong = 1 }
        $1 == "SingleStep" { steps[$2]++ }
        { last[$2] = $1 }
        END { exit wrong || steps[0] < 20 || steps[1] < 20 }' "/tmp/$1.out"
}

steps toggle 300
check "toggled: a clean end" well_ended toggle 300
check "toggled: both vCPUs step, ten times after each tenth CPUID" tens toggle
check "toggled: each step is at an instruction that may follow the one before" step_after_step toggle
check "toggled: the guest runs on" runs_on

steps fast 80
check "fast single step: a clean end" well_ended fast 80
check "fast single step: each CPUID is in the other view than the one before" \
    mawk '{ if ($2 in view && view[$2] == $4) { print NR ": vCPU " $2 " is in view " $4 " again"; wrong = 1 } view[$2] = $4 } END { exit wrong }' /tmp/fast.out
check "fast single step: no step is seen, by either vCPU" equal "Cpuid 0"$'\n'"Cpuid 1" "$(cut -d ' ' -f 1,2 /tmp/fast.out | sort -u)"
check "fast single step: the guest runs on" runs_on

for ((i = 1; i <= rounds; i++)); do
    for how in step toggle fast; do
        stepper "$guest" $how > /tmp/killed.out 2> /tmp/killed.err &
        running=$!
        check "kill $i: $how: events come before" eventually 120 more_than 40 killed
        kill -9 $running
        wait $running 2> /dev/null
        check "kill $i: $how: its guard ends" eventually 60 no_guard
        check "kill $i: $how: the guest runs on" runs_on
    done
done
run after "$guest" cpuid --count 10
check "after all that a watch works" clean_end after
