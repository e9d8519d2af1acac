/*
 * Which event is which trap's, of one stream of one CPU, and the first on either side that stays alone: see compare.h.
 *
 * Teaches: what has to be known to say that something is missing. Order alone does not do, since whatever comes after a hole would fit as well; when
 * each was does.
 * Who calls: check.c, leaps.c. Whom: align.c.
 */
#include <stdlib.h>

/* enum irq of kernel/arch.h, whose inline functions only a kernel can have. */
enum irq { IRQ_NONE, IRQ_TIMER, IRQ_IPI, IRQ_DEVICE };

#include "witness/align.h"
#include "witness/compare.h"

/* A trap that came so shortly before the CPU's last instruction had not got to its event yet. */
#define INSTRUCTIONS_TO_EVENT 3000

/* How far from its place an event may be until it hardly is the one, in instructions. */
#define INSTRUCTIONS_APART 2000.0f
#define FAR 1.5f /* of those: as far as any other */
#define FAR_PAIRS 32

/* Lists that differ by more are paired window by window, each of so many rows, of which so many are far enough from its end to be believed. */
#define DIFFERENCE_MOST 512
#define SHIFT 64
#define WINDOW 3000
#define BELIEVED 2250

struct pair_context pair_context_of(const struct comparison *comparison, unsigned cpu, enum stream stream)
{
	return (struct pair_context){.comparison = comparison,
				     .seen = &comparison->seen[cpu][stream],
				     .traced = &comparison->traced.list[cpu][stream],
				     .stream = stream};
}

/* Whether an interrupt is what the kernel took it for. It may have found that there was none. */
static bool irq_fits(const struct witness *witness, uint32_t vector, uint32_t irq)
{
	switch (vector_class_of(witness->header->machine, vector)) {
	case VECTOR_IS_TIMER:
		return irq == IRQ_TIMER || irq == IRQ_NONE;
	case VECTOR_IS_IPI:
		return irq == IRQ_IPI;
	case VECTOR_IS_DEVICE:
		return irq >= IRQ_DEVICE || irq == IRQ_NONE;
	default:
		return irq == IRQ_NONE;
	}
}

static bool fits(const struct pair_context *context, const struct seen *seen, const struct traced *traced)
{
	return context->stream != STREAM_IRQ || irq_fits(context->comparison->witness, seen->exception->vector, traced->irq);
}

bool pair_is_equal(const struct pair_context *context)
{
	if (context->seen->count != context->traced->count)
		return false;
	for (uint64_t i = 0; i < context->seen->count; i++)
		if (!fits(context, &context->seen->rows[i], &context->traced->rows[i]))
			return false;
	return true;
}

/* How far an event is from where its trap was, in multiples of what it hardly can be; below 0: it is earlier. 0 if nobody knows. */
static float apart(const struct seen *seen, const struct traced *traced)
{
	int64_t ahead = (int64_t)traced->ns - (int64_t)seen->exception->when;
	int64_t least = seen->leap != UNKNOWN ? seen->leap : seen->least, most = seen->leap != UNKNOWN ? seen->leap : seen->most;
	if (least != UNKNOWN && ahead < least)
		return (float)(ahead - least) / INSTRUCTIONS_APART;
	return most != UNKNOWN && ahead > most ? (float)(ahead - most) / INSTRUCTIONS_APART : 0;
}

static bool is_far(float distance)
{
	return distance >= FAR || distance <= -FAR;
}

/* How unlikely it is that these two are the same. */
static float pair_cost(const void *data, uint64_t i, uint64_t j)
{
	const struct pair_context *context = data;
	const struct seen *seen = &context->seen->rows[context->seen_from + i];
	const struct traced *traced = &context->traced->rows[context->traced_from + j];
	if (!fits(context, seen, traced))
		return ALIGN_NEVER;
	float cost = traced->pc && traced->pc != seen->exception->pc ? 0.2f : 0, distance = apart(seen, traced);
	return cost + (is_far(distance) ? FAR : distance < 0 ? -distance : distance);
}

/* ---- what stays alone ---- */

/* A trap that the end of the run came upon. */
static bool was_under_way(const struct pair_context *context, const struct seen *seen)
{
	const struct witness *witness = context->comparison->witness;
	return seen == &context->seen->rows[context->seen->count - 1] &&
	       witness->cpus[seen->exception->cpu].last - seen->exception->when < INSTRUCTIONS_TO_EVENT;
}

/*
 * Looks through `rows` traps of a window, whose partners are known. Many pairs in a row that are far apart are none: where more is missing than
 * fits into a window, to pair what is left costs less than to leave it alone.
 */
static bool find_in_window(const struct pair_context *context, const uint64_t *partner, uint64_t rows, struct alone *alone)
{
	const struct traced *events = context->traced->rows;
	struct alone far = {0}; /* the first of those in a row */
	unsigned far_pairs = 0;
	for (uint64_t i = 0; i < rows; i++) {
		const struct seen *seen = &context->seen->rows[context->seen_from + i];
		alone->at = context->seen_from + i;
		if (partner[i] == ALIGN_ALONE && !was_under_way(context, seen))
			return alone->seen = seen, true;
		if (partner[i] == ALIGN_ALONE)
			continue;
		const struct traced *event = &events[context->traced_from + partner[i]];
		if (event > &events[alone->next])
			return alone->traced = &events[alone->next], true;
		float distance = apart(seen, event);
		if (!is_far(distance))
			far_pairs = 0;
		else if (far_pairs++ == 0)
			far = (struct alone){distance > 0 ? seen : NULL, distance > 0 ? NULL : event, alone->at, alone->next};
		if (far_pairs == FAR_PAIRS && !context->whole)
			return *alone = far, true;
		alone->next = context->traced_from + partner[i] + 1;
	}
	return false;
}

static uint64_t least_of(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Pairs a stream and finds the first that stays alone. Two lists that differ by little are paired as a whole. Of others the pairs near the end of
 * a window are not believed: the next one starts behind the last that is.
 */
bool pair_find_first(struct pair_context *context, struct alone *alone)
{
	uint64_t seen = context->seen->count, traced = context->traced->count;
	bool whole = (seen > traced ? seen - traced : traced - seen) <= DIFFERENCE_MOST, last = false, found = false;
	uint64_t *partner = calloc((whole ? seen : WINDOW) + 1, sizeof(*partner));
	if (!partner)
		abort();
	context->whole = whole;
	while (!found && !last) {
		uint64_t rows = seen - context->seen_from, events = traced - context->traced_from;
		last = whole || rows <= WINDOW;
		if (!whole) {
			rows = least_of(rows, WINDOW);
			events = least_of(events, WINDOW);
		}
		align_lists(rows, events, whole ? SHIFT : WINDOW, pair_cost, context, partner);
		found = find_in_window(context, partner, last ? rows : BELIEVED, alone);
		context->seen_from += BELIEVED;
		context->traced_from = alone->next;
	}
	free(partner);
	if (!found && alone->next < traced)
		alone->traced = &context->traced->rows[alone->next];
	return found || alone->traced;
}
