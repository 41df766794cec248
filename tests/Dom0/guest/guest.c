/*
 * A guest that does nothing but raise events. Its command line names the workloads; every vCPU runs
 * each of them once a round, 50 ms apart, and says now and then on Xen's console how far it is
 * ("vcpu 1 round 40 breakpoints 0 strange 0 cpuid 7"). With a word for it the guest ends itself at a later round.
 *
 * AT(name) gives an instruction a symbol: the tests expect events at exactly those addresses.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#define MAX_VCPUS 4
#define PAGES 16                /* a vCPU's own, of each kind */
#define WRITE_OFFSET 0x128
#define EXECUTE_OFFSET 0x40
#define ROUND_NS 50000000ul
#define ROUNDS_PER_LINE 5
#define LAST_ROUND 40           /* of a guest that is to end */
#define REBOOT_ROUND 120        /* of one that reboots, and is to be seen in between */

#define STRINGIFY(x) #x
#define AT(name) ".globl " STRINGIFY(name) "\n" STRINGIFY(name) ":\t"
#define WORKLOAD static __attribute__((noinline)) void

extern u8 vcpu_start[], breakpoint_handler[], page_map[];
extern u64 interrupts[], breakpoints;

u8 written_pages[MAX_VCPUS][PAGES][4096] __attribute__((section(".written,\"aw\",@nobits#")));
u8 executed_pages[MAX_VCPUS][PAGES][4096] __attribute__((section(".executed,\"aw\",@nobits#")));
u8 hypercall_page[4096] __attribute__((aligned(4096)));

/* Hypercalls */

enum { VCPU_OP = 24, SCHED_OP = 29, HVM_OP = 34 };
enum { VCPUOP_INITIALISE = 0, VCPUOP_UP = 1, VCPUOP_GET_RUNSTATE_INFO = 4, SCHEDOP_SHUTDOWN = 2, SCHEDOP_POLL = 3, HVMOP_GUEST_REQUEST_VM_EVENT = 24 };

static long hypercall(u64 number, u64 a, u64 b, const void *c)
{
    long result;
    asm volatile("call *%[entry]"
                 : "=a"(result), "+D"(a), "+S"(b), "+d"(c)
                 : [entry] "r"(hypercall_page + 32 * number)
                 : "rcx", "r8", "r9", "r10", "r11", "memory");
    return result;
}

static void set_up_hypercalls(void)
{
    u32 pages, msr, c, d;
    asm("cpuid" : "=a"(pages), "=b"(msr), "=c"(c), "=d"(d) : "a"(0x40000002), "c"(0));
    asm volatile("wrmsr" :: "c"(msr), "a"((u32)(u64)hypercall_page), "d"(0) : "memory");
}

/* Blocks until a round's time has passed since this vCPU last woke, on Xen's own clock. */
static void sleep(int vcpu)
{
    struct { int state; u64 state_entry_time, time[4]; } runstate;
    struct { u64 ports; u32 nr_ports; u64 timeout; } poll = { 0, 0, 0 };
    hypercall(VCPU_OP, VCPUOP_GET_RUNSTATE_INFO, vcpu, &runstate);
    poll.timeout = runstate.state_entry_time + ROUND_NS;
    hypercall(SCHED_OP, SCHEDOP_POLL, (u64)&poll, 0);
}

static int start_vcpu(int vcpu)
{
    static struct {
        u32 mode;               /* 1: 64-bit */
        u64 rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, rip, rflags, cr0, cr3, cr4, efer;
        u64 rest_of_the_union[8];
    } context = { .mode = 1, .rflags = 2, .cr0 = 0x80000011, .cr4 = 0x20, .efer = 0x500 };
    context.rdi = vcpu;
    context.rip = (u64)vcpu_start;
    context.cr3 = (u64)page_map;
    return hypercall(VCPU_OP, VCPUOP_INITIALISE, vcpu, &context) == 0 && hypercall(VCPU_OP, VCPUOP_UP, vcpu, 0) == 0;
}

static volatile u32 cpuid_results[MAX_VCPUS];   /* EBX, as it saw it last */
static volatile u64 strange[MAX_VCPUS];         /* how often it found its code other than it was */

/* Xen's console */

static void print_char(char c)
{
    asm volatile("outb %0, $0xe9" :: "a"(c));
}

static void print(const char *text)
{
    while (*text)
        print_char(*text++);
}

static void print_number(u64 n)
{
    if (n >= 10)
        print_number(n / 10);
    print_char('0' + n % 10);
}

static void print_progress(int vcpu, u64 round)
{
    static volatile int busy;
    while (__sync_lock_test_and_set(&busy, 1))
        asm volatile("pause");
    print("vcpu "); print_number(vcpu);
    print(" round "); print_number(round);
    print(" breakpoints "); print_number(breakpoints);
    print(" strange "); print_number(strange[vcpu]);
    print(" cpuid "); print_number(cpuid_results[vcpu]);
    print("\n");
    __sync_lock_release(&busy);
}

/* Workloads */

WORKLOAD cpuid(int vcpu, u64 round)
{
    u32 a = 4, b, c = 2, d;
    asm volatile(AT(at_cpuid_cache) "cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    cpuid_results[vcpu] = b;
    a = 0x80000000, c = 0;
    asm volatile(AT(at_cpuid_extended) "cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
}

WORKLOAD cr4(int vcpu, u64 round)
{
    u64 value;
    asm volatile("mov %%cr4, %0" : "=r"(value));
    asm volatile(AT(at_cr4_set) "mov %0, %%cr4" :: "r"(value | 4));       /* TSD */
    asm volatile(AT(at_cr4_clear) "mov %0, %%cr4" :: "r"(value & ~4ul));
}

WORKLOAD msr(int vcpu, u64 round)
{
    asm volatile(AT(at_wrmsr) "wrmsr" :: "c"(0xc0000102), "a"((u32)round), "d"(0));   /* KERNEL_GS_BASE */
}

WORKLOAD descriptors(int vcpu, u64 round)
{
    u8 table[10];
    asm volatile(AT(at_sidt) "sidt %0" : "=m"(table));
    asm volatile(AT(at_lidt) "lidt %0" :: "m"(table));
    asm volatile(AT(at_sgdt) "sgdt %0" : "=m"(table));
    asm volatile(AT(at_lgdt) "lgdt %0" :: "m"(table));
}

WORKLOAD int3(int vcpu, u64 round)
{
    asm volatile(AT(at_int3) "int3");
}

WORKLOAD request(int vcpu, u64 round)
{
    hypercall(HVM_OP, HVMOP_GUEST_REQUEST_VM_EVENT, 0, 0);
}

WORKLOAD write(int vcpu, u64 round)
{
    asm volatile(AT(at_write) "movq %0, (%1)" :: "r"(round), "r"(&written_pages[vcpu][round % PAGES][WRITE_OFFSET]) : "memory");
}

WORKLOAD execute(int vcpu, u64 round)
{
    asm volatile("call *%0" :: "r"(&executed_pages[vcpu][round % PAGES][EXECUTE_OFFSET]) : "memory");
}

/* A number for each vCPU in the midst of the code. */
asm(".text\n.balign 64\ncode_words: .fill 4, 8, 0\n.balign 64\n.previous");
extern volatile u64 code_words[MAX_VCPUS];
extern const u8 at_write[], at_cpuid_cache[], at_wrmsr[];
static const u8 *const read_places[] = { at_write, at_cpuid_cache, at_wrmsr };
#define READ_PLACES (sizeof read_places / sizeof *read_places)
static u64 first_read[READ_PLACES];

static u64 read_code(const u8 *place)
{
    u64 value;
    asm volatile("mov (%1), %0" : "=r"(value) : "r"(place) : "memory");
    return value;
}

/* Reads its own code, with one instruction and with a string of them, and writes beside it. */
WORKLOAD code(int vcpu, u64 round)
{
    u32 copy;
    void *to = &copy;
    const void *from = at_write;
    u64 count = sizeof copy;
    asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(count) :: "memory");
    strange[vcpu] += copy != (u32)first_read[0];
    for (u64 i = 0; i < READ_PLACES; i++)
        strange[vcpu] += read_code(read_places[i]) != first_read[i];
    code_words[vcpu] = round;
    strange[vcpu] += code_words[vcpu] != round;
}

static void shut_down(u64 round, u64 last, u32 reason)
{
    if (round == last)
        hypercall(SCHED_OP, SCHEDOP_SHUTDOWN, (u64)&reason, 0);
}

WORKLOAD poweroff(int vcpu, u64 round) { shut_down(round, LAST_ROUND, 0); }
WORKLOAD reboot(int vcpu, u64 round) { shut_down(round, REBOOT_ROUND, 1); }
WORKLOAD suspend(int vcpu, u64 round) { shut_down(round, LAST_ROUND, 2); }
WORKLOAD crash(int vcpu, u64 round) { shut_down(round, LAST_ROUND, 3); }

static const struct { const char *name; void (*run)(int vcpu, u64 round); } workloads[] = {
    { "cpuid", cpuid }, { "cr4", cr4 }, { "msr", msr }, { "descriptors", descriptors },
    { "int3", int3 }, { "request", request }, { "write", write }, { "execute", execute }, { "code", code },
    { "poweroff", poweroff }, { "reboot", reboot }, { "suspend", suspend }, { "crash", crash },
};
#define WORKLOADS (sizeof workloads / sizeof *workloads)
static int wanted[WORKLOADS];

static int contains(const char *text, const char *word)
{
    for (; *text; text++) {
        int i = 0;
        while (word[i] && text[i] == word[i])
            i++;
        if (!word[i])
            return 1;
    }
    return 0;
}

static void set_up(const char *command_line)
{
    u64 handler = (u64)breakpoint_handler;
    interrupts[2 * 3] = (handler & 0xffff) | 8ul << 16 | 0x8eul << 40 | handler >> 16 << 48;
    for (int vcpu = 0; vcpu < MAX_VCPUS; vcpu++)
        for (int page = 0; page < PAGES; page++)
            executed_pages[vcpu][page][EXECUTE_OFFSET] = 0xc3;      /* ret */
    for (u64 i = 0; i < WORKLOADS; i++)
        wanted[i] = contains(command_line, workloads[i].name);
    for (u64 i = 0; i < READ_PLACES; i++)
        first_read[i] = read_code(read_places[i]);
    set_up_hypercalls();
    for (int vcpu = 1; vcpu < MAX_VCPUS && start_vcpu(vcpu); vcpu++)
        ;
}

void guest_main(int vcpu, const u64 *start_info)
{
    if (vcpu == 0)
        set_up((const char *)start_info[3]);
    for (u64 round = 0;; round++) {
        for (u64 i = 0; i < WORKLOADS; i++)
            if (wanted[i])
                workloads[i].run(vcpu, round);
        if (round % ROUNDS_PER_LINE == 0)
            print_progress(vcpu, round);
        sleep(vcpu);
    }
}
