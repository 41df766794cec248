# What differs by machine, or by release and machine: what test says, which events are raised.
declare -A expectations=(
    ["qemu Hardware"]="warning AMD's.SVM"
    ["bochs Hardware"]="passed Intel's.VT-x,.with.EPT"
    ["qemu PageAccess"]=warning
    ["bochs PageAccess"]=passed
    ["4.17 qemu Capabilities"]='warning except.SingleStep,.VmExit,.Io\.'
    ["4.20 qemu Capabilities"]='warning except.SingleStep,.VmExit\.'
    ["4.17 bochs Capabilities"]='passed except.Io\.'
    ["4.20 bochs Capabilities"]='passed every.kind.of.event\.'
    ["4.17 Io"]=refused
    ["4.20 Io"]=raised
    ["qemu VmExit"]=refused
    ["bochs VmExit"]=raised
)

expected() { # WHAT
    echo "${expectations[$release $machine $1]:-${expectations[$machine $1]:-${expectations[$release $1]}}}"
}
