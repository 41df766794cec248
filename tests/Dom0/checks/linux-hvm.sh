# Linux as an HVM guest, which begins in its firmware and has a device model.
. /checks/linux-guest.sh

guest_type='type = "hvm"
vga = "none"
nographic = 1
vnc = 0'
seen_everywhere linux-hvm bzImage-6.12 1 xenvmevent write_ctrlreg_cr4
