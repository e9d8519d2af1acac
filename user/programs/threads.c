/*
 * Many threads: created, moved, put to sleep, joined or killed, and every exit status looked at.
 *
 * Each thread is pinned to one CPU of the machine, in turn, and finds itself there after every yield and every sleep. The
 * program learns how many CPUs there are by asking to run on each: the kernel refuses one that does not exist.
 */
#include <vitrine.h>

#define THREADS 100
#define CPUS_MAX 64
#define ROUNDS 5

struct job {
	unsigned number;
	unsigned cpu;
	unsigned rounds; /* done */
};

static uint32_t running, running_most;

/* Every thread is told its own result, so that none can be taken for another. */
static int result_of(const struct job *job)
{
	return (int)(1000 * job->cpu + job->number) - 50;
}

static int worker(void *argument)
{
	struct job *job = argument;
	uint32_t now = __atomic_add_fetch(&running, 1, __ATOMIC_RELAXED);
	uint32_t most = __atomic_load_n(&running_most, __ATOMIC_RELAXED);
	while (now > most && !__atomic_compare_exchange_n(&running_most, &most, now, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
	for (; job->rounds < ROUNDS; job->rounds++) {
		check(thread_cpu() == job->cpu);
		thread_yield();
		check(thread_cpu() == job->cpu);
		thread_sleep_us(20 + job->number % 7);
	}
	check(thread_cpu() == job->cpu);
	__atomic_sub_fetch(&running, 1, __ATOMIC_RELAXED);
	return result_of(job);
}

/* The CPUs that exist, found by running on them. */
static unsigned find_cpus(unsigned cpus[CPUS_MAX])
{
	unsigned found = 0;
	for (unsigned i = 0; i < CPUS_MAX; i++) {
		if (thread_run_on(ONLY_CPU(i)).status != STATUS_OK)
			continue;
		check(thread_cpu() == i);
		cpus[found++] = i;
	}
	must(thread_run_on(ANY_CPU));
	return found;
}

/* Threads that tell what they are by their ids: all different, none 0, none ours. */
static void check_ids(const uint64_t threads[THREADS])
{
	for (unsigned i = 0; i < THREADS; i++) {
		check(threads[i] != 0 && threads[i] != thread_id());
		for (unsigned k = 0; k < i; k++)
			check(threads[i] != threads[k]);
	}
}

/* A crowd that waits for itself: nobody may pass the barrier before the last has come. */
#define CROWD 8
static struct barrier barrier;
static struct mutex mutex;
static unsigned arrived, counted;

static int meet(void *argument)
{
	(void)argument;
	for (unsigned round = 1; round <= ROUNDS; round++) {
		__atomic_add_fetch(&arrived, 1, __ATOMIC_RELAXED);
		barrier_wait(&barrier, CROWD);
		check(__atomic_load_n(&arrived, __ATOMIC_RELAXED) >= CROWD * round);
		mutex_lock(&mutex);
		unsigned before = counted;
		thread_yield();
		counted = before + 1;
		mutex_unlock(&mutex);
		barrier_wait(&barrier, CROWD);
	}
	return 0;
}

static void meet_all(void)
{
	uint64_t threads[CROWD];
	for (unsigned i = 0; i < CROWD; i++)
		threads[i] = must(thread_create("meet", meet, NULL));
	for (unsigned i = 0; i < CROWD; i++)
		must(thread_join(threads[i]));
	check(counted == CROWD * ROUNDS);
}

static int nothing(void *argument)
{
	(void)argument;
	return 0;
}

/* Threads that are killed before they have run leave nothing behind that the next would need. */
static void killed_at_once(void)
{
	for (unsigned i = 0; i < 2 * THREADS; i++) {
		uint64_t thread = must(thread_create("killed", nothing, NULL));
		uint64_t killed = thread_kill(thread).status;
		check(killed == STATUS_OK || killed == STATUS_NOT_FOUND); /* it may have been quicker */
		int status = (int)must(thread_join(thread));
		check(status == 0 || status == -STATUS_GONE);
	}
}

int main(void)
{
	static struct job jobs[THREADS];
	static uint64_t threads[THREADS];
	unsigned cpus[CPUS_MAX];
	unsigned cpu_count = find_cpus(cpus);
	if (cpu_count == 0) {
		printf("threads: there is no CPU to run on\n");
		return 1;
	}
	for (unsigned i = 0; i < THREADS; i++) {
		char name[NAME_CHARS];
		snprintf(name, sizeof(name), "worker %u", i);
		jobs[i] = (struct job){.number = i, .cpu = cpus[i % cpu_count]};
		threads[i] = must(thread_create_on(ONLY_CPU(jobs[i].cpu), name, worker, &jobs[i]));
	}
	check_ids(threads);
	for (unsigned i = 0; i < THREADS; i++) {
		check((int)must(thread_join(threads[i])) == result_of(&jobs[i]));
		check(jobs[i].rounds == ROUNDS);
		check(thread_join(threads[i]).status == STATUS_NOT_FOUND);
	}
	check(running == 0);
	meet_all();
	killed_at_once();
	printf("threads: %u on %u CPUs, %u at once at most, %d things wrong\n", THREADS, cpu_count, running_most,
	       checks_failed());
	return checks_failed();
}
