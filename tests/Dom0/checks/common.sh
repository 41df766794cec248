# What the checks share: results, guests, xenvmevent and xen-access run against them.
# A result is one line, "ok - name", "not ok - name" with the evidence below it, or "skip - name: reason".

. /checks/pair.sh
. /checks/expected.sh
set -m  # job control: without it bash starts background programs with SIGINT ignored
for id in $(xl list | sed -n 's/^[^ ]*  *\([1-9][0-9]*\) .*/\1/p'); do xl destroy "$id" 2> /dev/null; done    # those of the checks before

check() { # NAME COMMAND...: passes when the command does; what it printed is the evidence
    local name=$1 evidence
    shift
    if evidence=$("$@" 2>&1); then
        echo "ok - $name"
    else
        echo "not ok - $name"
        head -n 20 <<< "$*"$'\n'"$evidence" | cut -c 1-300 | sed 's/^/    | /'
    fi
}

skip() { # NAME REASON
    echo "skip - $1: $2"
}

eventually() { # SECONDS COMMAND...: tries until the command succeeds
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.2
    done
}

equal() { # WANTED GOT
    [ "$1" = "$2" ] || { echo "wanted: $1"; echo "got:    $2"; return 1; }
}

# Guests

start_guest() { # NAME WORKLOADS [SETTING]: a guest of 2 vCPUs that runs; $guest is its domain id
    create_guest "$@"
    check "the guest $1 runs" runs_on
}

create_guest() { # the same, not waited for; $create_options are xl's, an empty $page_tables leaves their memory to libxl
    cat > "/tmp/$1.cfg" << END
name = "$1"
type = "pvh"
kernel = "/guest/guest"
cmdline = "$2"
memory = 16
vcpus = 2
cpus = "$(($(xl info nr_cpus) - 1))"    # the last: dom0 has the first, see boot-qemu
tsc_mode = "native"
${page_tables-shadow_memory = 24}    # page access on a whole guest needs more than libxl's own, else ENOMEM
on_crash = "preserve"
${3:-}
END
    xl create -q ${create_options:-} "/tmp/$1.cfg" > /tmp/xl.log 2>&1 || cat /tmp/xl.log
    guest=$(xl domid "$1")
}

progress() { # VCPU: the last round that this vCPU of the guest reported
    xl dmesg | sed -n "s/^(d$guest) vcpu $1 round \([0-9]*\) .*/\1/p" | tail -n 1
}

beyond() { # VCPU ROUND
    [ "$(progress "$1")" -gt "$2" ] 2> /dev/null
}

runs_on() { # every vCPU of the guest reports further rounds
    local vcpu before
    for vcpu in 0 1; do
        before=$(progress $vcpu)
        eventually 60 beyond $vcpu "${before:--1}" || { echo "vcpu $vcpu stays at round ${before:-none}"; xl list; return 1; }
    done
}

guards() { # the process ids of the guards that run
    grep -lszx 'guar[d]' /proc/[0-9]*/cmdline | cut -d/ -f3
}

no_guard() {
    [ -z "$(guards)" ]
}

is_paused() {
    xl list "$guest" | grep -qE ' [r-][b-]p[s-][c-][d-] '
}

not_paused() {
    ! is_paused
}

milliseconds() {
    echo $((${EPOCHREALTIME/./} / 1000))
}

goes_on_soon() { # FIGURE SINCE: every vCPU of the guest reports a further round within 2 seconds; from SINCE to then is noted
    local vcpu before=("$(progress 0)" "$(progress 1)")
    for vcpu in 0 1; do
        eventually 2 beyond $vcpu "${before[vcpu]:--1}" || { echo "vcpu $vcpu stays at round ${before[vcpu]:-none}"; return 1; }
    done
    echo $(($(milliseconds) - $2)) >> "/tmp/$1.times"
}

figure() { # NAME WHAT: the longest of the times noted
    echo "# $2: longest $(sort -n "/tmp/$1.times" | tail -n 1) ms of $(wc -l < "/tmp/$1.times")"
}

stands_still() { # no vCPU of the guest reports a further round
    local before="$(progress 0) $(progress 1)"
    sleep 5
    equal "$before" "$(progress 0) $(progress 1)"
}

cpuid_line='^CPUID executed: rip=[0-9a-f]{16}, vcpu [01]\. Insn length: 2 0x[0-9a-f]+ 0x[0-9a-f]+: EAX=0x[0-9a-f]+ EBX=0x[0-9a-f]+ ECX=0x[0-9a-f]+ EDX=0x[0-9a-f]+$'

symbol() { # NAME: an address in the guest, as 16 hex digits
    sed -n "s/ . $1$//p" /guest/symbols
}

address() { # NAME [OFFSET]: the same as xenvmevent's JSON writes it
    printf '0x%x' $((0x$(symbol "$1") + ${2:-0}))
}

# Programs: each leaves /tmp/NAME.out, /tmp/NAME.err and its exit code in $status

run() { # NAME ARGUMENTS...: xenvmevent to its own end
    local name=$1
    shift
    timeout -k 10 120 xenvmevent "$@" > "/tmp/$name.out" 2> "/tmp/$name.err"
    status=$?
}

start() { # NAME ARGUMENTS...: xenvmevent in the background
    local name=$1
    shift
    xenvmevent "$@" > "/tmp/$name.out" 2> "/tmp/$name.err" &
    running=$!
}

stop() { # SIGNAL: ends what was started last
    kill -s "$1" $running 2> /dev/null
    eventually 60 ended || kill -9 $running
    wait $running
    status=$?
}

ended() {
    ! kill -0 $running 2> /dev/null
}

start_xen_access() { # NAME MODE
    stdbuf -oL xen-access "$guest" "$2" > "/tmp/$1.out" 2> "/tmp/$1.err" &
    running=$!
}

# Looking at what they left

lines() { # NAME PATTERN COUNT: at least so many distinct event lines that match
    [ "$(grep -aE "$2" "/tmp/$1.out" | sort -u | wc -l)" -ge "$3" ]
}

same_lines() { # NAME NAME PATTERN: the same distinct lines, and some
    diff <(grep -aE "$3" "/tmp/$1.out" | sort -u) <(grep -aE "$3" "/tmp/$2.out" | sort -u) && lines "$1" "$3" 1
}

count_lines() { # NAME PATTERN COUNT: exactly so many lines, all of which match
    equal "$3" "$(wc -l < "/tmp/$1.out")" && only_lines "$1" "$2"
}

only_lines() { # NAME PATTERN: nothing but lines that match
    ! grep -anvE "$2" "/tmp/$1.out"
}

json() { # NAME FILTER: the distinct results of a jq filter over every event, each event one line
    jq -R -r "fromjson | $2" "/tmp/$1.out" | sort -u
}

same_json() { # NAME FILTER WANTED
    diff <(json "$1" "$2") <(sort -u <<< "$3")
}

clean_end() { # NAME: exit code 0, and a summary that says that nothing was lost
    [ $status = 0 ] && grep -q 'none lost' "/tmp/$1.err" || { echo "exit code $status"; tail -n 10 "/tmp/$1.err"; return 1; }
}

one_clear_error() { # NAME EXIT_CODE PATTERN: no event, one line that says what failed and what to do
    local said
    said=$(< "/tmp/$1.err")
    [ $status = "$2" ] && [ ! -s "/tmp/$1.out" ] && [[ $said != *$'\n'* ]] && grep -qiE "^xenvmevent: .*($3)" <<< "$said" ||
        { echo "exit code $status; standard error:"; echo "$said"; echo "standard output:"; cat "/tmp/$1.out"; return 1; }
}

more_than() { # COUNT NAME
    [ "$(wc -l < "/tmp/$2.out")" -gt "$1" ]
}

no_domain() { # ID
    ! xl list | grep -qE "^[^ ]+ +$1 "
}

# xenvmevent test

shows() { # NAME CHECK RESULT [PATTERN]: that check of the guest, or else of the host, came out so
    grep -qE "^  $2 +$3 +.*${4:-}" "/tmp/$1.out" || { cat "/tmp/$1.out" "/tmp/$1.err"; return 1; }
}

can_be_monitored() { # NAME: what was said of a fresh guest
    [ $status = 0 ] && [ ! -s "/tmp/$1.err" ] && grep -q 'can be monitored\.$' "/tmp/$1.out" && ! grep -qE '^  [A-Za-z0-9]+ +failed' "/tmp/$1.out" ||
        { echo "exit code $status"; cat "/tmp/$1.out" "/tmp/$1.err"; return 1; }
}
