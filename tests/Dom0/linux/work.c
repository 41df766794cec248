/*
 * What programs in a Linux guest do: executes CPUID and INT3, maps, opens, forks, executes and kills, and checks each result.
 * Says on the console how far it is ("work: round 5"). Ends with 0 at SIGTERM, with 1 when something came out wrong.
 */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE 4096
#define PAGES 8

static volatile sig_atomic_t over;
static volatile sig_atomic_t traps;

static void end(int signal) { (void)signal; over = 1; }

static void trap(int signal) { (void)signal; traps++; }

static void expect(int right, const char *what)
{
    if (right)
        return;
    printf("work: wrong: %s\n", what);
    exit(1);
}

static void ask_processor(void)
{
    unsigned a, b, c, d;
    __cpuid_count(4, 2, a, b, c, d);
}

/* The symbol is where a breakpoint event has its instruction pointer. */
static __attribute__((noinline)) void break_in(void)
{
    int before = traps;
    __asm__ volatile(".globl at_int3\nat_int3:\tint3");
    expect(traps == before + 1, "a breakpoint's signal");
}

static void map(unsigned long round)
{
    unsigned long *memory = mmap(0, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    expect(memory != MAP_FAILED, "mmap");
    for (int page = 0; page < PAGES; page++)
        memory[page * PAGE / sizeof *memory] = round + page;
    for (int page = 0; page < PAGES; page++)
        expect(memory[page * PAGE / sizeof *memory] == round + page, "what was written is not there");
    expect(munmap(memory, PAGES * PAGE) == 0, "munmap");
}

static void open_file(void)
{
    char text[256];
    int file = open("/proc/self/stat", O_RDONLY);
    expect(file >= 0 && read(file, text, sizeof text) > 0 && close(file) == 0, "/proc/self/stat");
}

static void execute(void)
{
    int status;
    pid_t child = fork();
    if (child == 0) {
        execl("/work", "work", "child", (char *)0);
        _exit(2);
    }
    expect(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7, "a program's exit code");
}

static void kill_one(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        for (;;)
            pause();
    expect(child > 0 && kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
           "a program that was killed");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "child") == 0)
        return 7;
    signal(SIGTERM, end);
    signal(SIGTRAP, trap);
    setvbuf(stdout, 0, _IOLBF, 0);
    for (unsigned long round = 0; !over; round++) {
        ask_processor();
        break_in();
        map(round);
        open_file();
        execute();
        kill_one();
        if (round % 5 == 0)
            printf("work: round %lu\n", round);
        usleep(20000);
    }
    return 0;
}
