# Sourced by make-deb and make-rpm: what both packages are.
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
root=$(realpath "$here/..")
name=xenvmevent
version=$(sed -n "s/^ *ModuleVersion *= *'\([^']*\)'.*/\1/p" "$root/XenVmEvent.psd1")
summary='watches and steers Xen guests from dom0'
description=' A command line that shows what guests do and decides how they go on, and an
 agent that keeps policies on guests unattended.'
configuration=/etc/xenvmevent/agent.yaml

# install_files PROGRAM TREE ZSH_FOLDER
# Puts all files where the package has them.
install_files() {
    local share=$2/usr/share page section
    install -D -m 755 "$1" "$2/usr/bin/xenvmevent"
    install -D -m 644 "$here/xenvmevent.service" "$2/usr/lib/systemd/system/xenvmevent.service"
    install -D -m 644 "$here/agent.yaml" "$2$configuration"
    install -d "$2/etc/xenvmevent/policies.d" "$2/etc/xenvmevent/agent.yaml.d"
    install -d -m 700 "$2/var/spool/xenvmevent"
    install -D -m 644 "$here/completion/xenvmevent.bash" "$share/bash-completion/completions/xenvmevent"
    install -D -m 644 "$here/completion/_xenvmevent" "$share/zsh/$3/_xenvmevent"
    install -D -m 644 "$here/prometheus/xenvmevent.rules.yaml" "$share/xenvmevent/prometheus/xenvmevent.rules.yaml"
    install -D -m 644 "$here/grafana/xenvmevent.json" "$share/xenvmevent/grafana/xenvmevent.json"
    install -D -m 644 -t "$share/doc/xenvmevent" "$root"/docs/{agent,cli,dom0,fleet,policies,troubleshooting}.md
    install -D -m 644 "$root/LICENSE" "$share/doc/xenvmevent/copyright"
    for page in "$here"/man/*.[1-8]; do
        section=${page##*.}
        install -d "$share/man/man$section"
        gzip -9n < "$page" > "$share/man/man$section/${page##*/}.gz"
    done
}

# What is done on a machine that systemd runs. Each manager of packages has its own way to say when.
if_systemd='[ -d /run/systemd/system ] || exit 0'
when_installed='systemctl daemon-reload
systemctl enable --now xenvmevent.service'
when_upgraded='systemctl daemon-reload
systemctl try-restart xenvmevent.service'
before_removal='systemctl disable --now xenvmevent.service'
after_removal='systemctl daemon-reload'
