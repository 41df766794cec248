/*
 * From Xen's PVH entry to 64-bit C. Memory is mapped one to one, so an address is a physical
 * address, and address >> 12 a gfn.
 */
    .section .note.Xen, "a", @note
    .long 4, 4, 18                      /* name and value of 4 bytes; XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start

    .set CODE_SEGMENT, 8
    .set DATA_SEGMENT, 16

    .text
    .code32
    .globl start
start:                                  /* the first vCPU, 32-bit, no paging; ebx: hvm_start_info */
    mov $0x20, %eax                     /* CR4: PAE */
    mov %eax, %cr4
    mov $page_map, %eax
    mov %eax, %cr3
    mov $0xc0000080, %ecx               /* EFER: long mode enable */
    mov $0x100, %eax
    xor %edx, %edx
    wrmsr
    mov $0x80000011, %eax               /* CR0: paging, protected mode */
    mov %eax, %cr0
    lgdt segments_pointer
    xor %edi, %edi
    ljmp $CODE_SEGMENT, $vcpu_start

    .code64
    .globl vcpu_start
vcpu_start:                             /* every vCPU, 64-bit; edi: its number; rbx: hvm_start_info */
    lgdt segments_pointer
    lidt interrupts_pointer
    mov $DATA_SEGMENT, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    lea 1(%rdi), %rsp                   /* a stack of 4 KiB for each vCPU */
    shl $12, %rsp
    add $stacks, %rsp
    mov %rbx, %rsi
    pushq $CODE_SEGMENT
    pushq $1f
    lretq
1:  call guest_main

    .globl breakpoint_handler
breakpoint_handler:
    lock incq breakpoints(%rip)
    iretq

    .data
    .balign 16
segments:
    .quad 0, 0x00af9b000000ffff, 0x00cf93000000ffff
segments_pointer:
    .word . - segments - 1
    .quad segments
    .balign 16
interrupts_pointer:
    .word 16 * 4 - 1                    /* up to vector 3; any other exception ends the guest */
    .quad interrupts
    .balign 16
    .globl interrupts
interrupts:
    .fill 2 * 4, 8, 0
    .globl breakpoints
breakpoints:
    .quad 0

    /* The first GiB in pages of 2 MiB, marked accessed and dirty so that walks write nothing. */
    .balign 4096
    .globl page_map
page_map:
    .quad page_directories + 0x23
    .fill 511, 8, 0
page_directories:
    .quad page_directory + 0x23
    .fill 511, 8, 0
page_directory:
    .set address, 0
    .rept 512
    .quad address + 0xe3
    .set address, address + 0x200000
    .endr

    .bss
    .balign 4096
stacks:
    .skip 4 * 4096                      /* MAX_VCPUS in guest.c */
