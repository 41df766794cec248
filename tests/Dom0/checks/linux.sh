# Linux, watched from its first instruction to its end.
. /checks/linux-guest.sh

watched linux-cpuid 6.12 2 xenvmevent cpuid
