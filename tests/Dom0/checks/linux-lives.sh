# The same with the other kernel and other events.
. /checks/linux-guest.sh

seen_everywhere linux-cr4 6.1 1 xenvmevent write_ctrlreg_cr4
seen_everywhere linux-cr3 6.12 1 stepper cr3
seen_everywhere linux-msr 6.1 2 xenvmevent msr --msr IA32_LSTAR,IA32_GS_BASE
seen_everywhere linux-cpuid 6.12 2 xenvmevent cpuid
