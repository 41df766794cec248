# Sourced by what checks the agent as a service, here and in tests/Dom0. $guest is the name of the guest that it is to watch.
export PATH=/usr/bin:/usr/sbin
folder=/etc/xenvmevent
events=/var/log/xenvmevent/events.jsonl
leaf='{name: leaf, event: Cpuid, severity: warning}'

await() { # CONDITION: two minutes of a slow machine at most
    for _ in $(seq 1200); do
        eval "$1" && return 0
        sleep 0.1
    done
    return 1
}

policy() { # NAME RULE...
    mkdir -p $folder/policies.d
    { printf '%s\n' 'version: 1' "name: $1" "domains: [$guest]" 'rules:'; printf -- '- %s\n' "${@:2}"; } > $folder/policies.d/policy.yaml
}

main() { systemctl show -P MainPID xenvmevent; }
guards() { pgrep -f '^/(opt|usr/bin)/xenvmevent guard '; } # The agent has one for its guest, and one for guests that start.
status() { xenvmevent agent status 2> /dev/null; }
works() { systemctl is-active -q xenvmevent && status | grep -q "^guest $guest (id 1): "; }

# Remembers who runs, so that what comes after can be told from it.
before() {
    await works
    old=$(main)
    guards=$(guards)
}

have_ended() { # PROCESSES
    local process
    for process in $1; do ! kill -0 "$process" 2> /dev/null || return 1; done
}

begins_again() { # WHAT
    await 'have_ended "$old $guards"'
    say $? "agent: $1: its guards free the guest and end"
    await '[ "$(main)" != 0 ] && [ "$(main)" != "$old" ] && works'
    say $? "agent: $1: another begins ($(systemctl show -P NRestarts xenvmevent) restarts)"
}
