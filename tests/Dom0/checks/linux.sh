# Linux, watched from its first instruction to its end by the policies of docs/policies, all in one, but for
# those that need the guest's symbols (linux-pages has them). It gives them no reason to deny or to warn.
. /checks/linux-guest.sh

{ printf 'version: 1\nname: all\ndomains: ["*"]\nrules:\n'; for policy in $(grep -L '^symbols:' /checks/policies/*.yaml); do sed '1,/^rules:/d' "$policy"; done; } > /tmp/all.yaml

apply_all() { # GUEST
    exec xenvmevent apply /tmp/all.yaml "$1"
}

in_force() { # every rule has begun, and the one that masks CPUID has answered
    grep -qE ': cr3: [1-9][0-9]* events' "/tmp/$1.err" && grep -qE ': hypervisor-leaves: [0-9]+ events' "/tmp/$1.err" &&
        grep -qE ': hypervisor-bit: ([1-9][0-9]*) events, \1 answered' "/tmp/$1.err" && ! grep -q 'has not begun' "/tmp/$1.err" ||
        { cat "/tmp/$1.err"; return 1; }
}

only_below_warning() {
    only_lines "$1" '^(info|notice) '
}

watched linux-policies 6.1 2 apply_all
check 'linux-policies: every rule was in force' in_force linux-policies
check 'linux-policies: no rule warned of a clean boot' only_below_warning linux-policies
