/*
 * The floor: two threads pass a word back and forth through shared memory, like a guest's vCPU and a listener without
 * work. For each way to wait for the other thread it prints round trips a second, their median and 99th percentile.
 */
#define _GNU_SOURCE
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BUCKETS = 1 << 20, NS_PER_BUCKET = 50 };

struct side {
    _Alignas(128) atomic_uint word;
    int fd;
};

enum way { LOOK, FUTEX, EVENTFD };

static const char *const names[] = { "looking", "futex", "eventfd" };
static struct side there, back;
static enum way way;
static uint32_t counts[BUCKETS];

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void hand_over(struct side *to, unsigned value)
{
    uint64_t one = 1;
    atomic_store(&to->word, value);
    if (way == FUTEX) syscall(SYS_futex, &to->word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    if (way == EVENTFD && write(to->fd, &one, sizeof one) < 0) abort();
}

static void wait_for(struct side *from, unsigned value)
{
    unsigned seen;
    while ((seen = atomic_load(&from->word)) != value) {
        uint64_t count;
        struct pollfd fd = { from->fd, POLLIN, 0 };
        switch (way) {
        case LOOK:
            __builtin_ia32_pause();
            break;
        case FUTEX:
            syscall(SYS_futex, &from->word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
            break;
        case EVENTFD:
            if (poll(&fd, 1, -1) < 0 || read(from->fd, &count, sizeof count) < 0) abort();
            break;
        }
    }
}

static void *answer(void *last)
{
    for (unsigned i = 1; i <= *(unsigned *)last; i++) {
        wait_for(&there, i);
        hand_over(&back, i);
    }
    return NULL;
}

static double percentile(double share, unsigned total)
{
    uint64_t seen = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        if ((seen += counts[i]) >= share * total) return (i + 1) * NS_PER_BUCKET / 1000.0;
    return 0;
}

int main(int argc, char **argv)
{
    unsigned trips = argc > 1 ? (unsigned)atoi(argv[1]) : 100000;
    there.fd = eventfd(0, 0);
    back.fd = eventfd(0, 0);
    for (way = LOOK; way <= EVENTFD; way++) {
        pthread_t other;
        for (unsigned i = 0; i < BUCKETS; i++) counts[i] = 0;
        there.word = back.word = 0;
        if (pthread_create(&other, NULL, answer, &trips)) abort();
        uint64_t start = now();
        for (unsigned i = 1; i <= trips; i++) {
            uint64_t before = now();
            hand_over(&there, i);
            wait_for(&back, i);
            uint64_t bucket = (now() - before) / NS_PER_BUCKET;
            counts[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
        }
        double seconds = (now() - start) / 1e9;
        pthread_join(other, NULL);
        printf("%s %.0f %.2f %.2f\n", names[way], trips / seconds, percentile(0.5, trips), percentile(0.99, trips));
    }
    return 0;
}
