# Linux, watched from its first instruction to its end.
. /checks/linux-guest.sh

watched linux-cr4 6.1 1 xenvmevent write_ctrlreg_cr4
