# What `test` says of a fresh guest, and the events of instructions and registers: each machine has these.
. /checks/common.sh


start_guest web01 "cpuid cr4"

# Before anybody listens

run test test "$guest"
check "test: a fresh guest can be monitored" can_be_monitored test
check "test: the libraries are those of the Xen that runs" shows test Libraries passed "libxenctrl.so.$release is loaded"
check "test: Xen is found" shows test Xen passed "Xen $release, and this is its dom0"
check "test: the devices" shows test Devices passed '/dev/xen/privcmd, /dev/xen/evtchn, xenstore'
check "test: what the processor can" shows test Hardware $(expected Hardware)
check "test: page access" shows test PageAccess $(expected PageAccess)
check "test: which events Xen raises" shows test Capabilities $(expected Capabilities)
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

# Rules of a policy

cat > /tmp/policy.yaml << 'END'
version: 1
name: real
domains: ['*']
rules:
- {name: cr4, event: WriteControlRegister, register: CR4, when: oldValue ^ newValue != 0, answer: deny, severity: critical}
- {name: leaf, event: Cpuid, set: {rbx: leaf + 0x1000, rdx: vcpu}}
END
run policy apply /tmp/policy.yaml "$guest" --format json --first 40
check "policy: it ends in good order" clean_end policy
check "policy: its rules answered" [ "$(jq -r 'select(.responseState == "Rule") | .rule' /tmp/policy.out | sort -u | tr '\n' ' ')" = 'cr4 leaf ' ]
check "policy: writes were denied and registers computed" [ "$(jq -r '.response | sub("Rbx=0x[0-9a-f]*"; "Rbx")' /tmp/policy.out | sort -u | tr '\n' ';')" = 'Continue, Rdx=0x0, Rbx;Continue, Rdx=0x1, Rbx;Deny;' ]
check "policy: the guest runs on" runs_on

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

# What only some have

case $(expected Io) in
    raised)
        io_line='^I/O: rip=[0-9a-f]{16}, vcpu [01]: port=0xe9, out, bytes=1, string=0$'
        run io "$guest" io --count 40
        check "io: ends cleanly at its count" clean_end io
        check "io: the guest's console, and nothing else" count_lines io "$io_line" 40 ;;
    *)
        run io "$guest" io --duration 5
        check "io on this Xen: one clear error" one_clear_error io 1 'cannot raise Io events' ;;
esac
case $(expected VmExit) in
    raised)
        run vmexit "$guest" vmexit --count 40
        check "vmexit: ends cleanly at its count" clean_end vmexit
        check "vmexit: nothing but event lines" count_lines vmexit '^VM exit: rip=[0-9a-f]{16}, vcpu [01]: reason=[0-9]+, qualification=0x[0-9a-f]+$' 40 ;;
    *)
        run vmexit "$guest" vmexit --duration 5
        check "vmexit on this machine: one clear error" one_clear_error vmexit 1 'cannot raise VmExit events' ;;
esac
check "after that the guest runs on" runs_on
xl destroy "$guest"
guest=$(xl domid web01)
check "the other guest runs on too" runs_on
