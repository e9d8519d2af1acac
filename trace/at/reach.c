/*
 * Letting a machine that stands at its start run to an event.
 *
 * Teaches: where a debugger may stop a guest that has to stay the same. An event is whole when its header is stored, and where that will be
 * is known, so a watchpoint of QEMU on that word stops the machine right behind the store; nobody tells the guest. But QEMU moves the guest's
 * clock on when it stops so and no other CPU has work, as if all CPUs were idle: after the event that does no harm, before it the run would
 * be another one. So the watchpoint is set when the word is written next for the event itself: at once, or, where the ring comes round, once
 * the event that had the slot before is stored. To set it then the machine is stopped by the host, which leaves the clock alone.
 * Who calls: event.c and at.c. Whom: stub.c, compare.c.
 */
#include <inttypes.h>
#include <unistd.h>

#include "at/at.h"
#include "at/stub.h"
#include "commands.h"

#define MICROSECONDS_BETWEEN_LOOKS 200

static bool say_ended(void)
{
	return say("the guest ended before it came to the event: the re-run went another way"), false;
}

/* Runs until the event is stored that has the slot before the one that is wanted. */
static bool pass_earlier(struct run_qemu *qemu, int connection, struct run_guest *guest, const struct at_place *place)
{
	uint64_t earlier = place->sequence - place->slots;
	if (!stub_continue(connection))
		return say_ended();
	while (at_stored(guest, place->cpu, place->sequence) < (int64_t)earlier)
		if (!stub_is_running(qemu, connection, MICROSECONDS_BETWEEN_LOOKS))
			return say_ended();
	if (!stub_interrupt(qemu, connection))
		return say_ended();
	if (at_stored(guest, place->cpu, place->sequence) != (int64_t)earlier)
		return say("the ring of CPU %u came round before the machine could be stopped: it is too small, or the host too "
			   "busy",
			   place->cpu),
		       false;
	return true;
}

static bool run_to(struct run_qemu *qemu, int connection, const struct at_place *place)
{
	static struct run_guest guest; /* large for a stack */
	guest = (struct run_guest){.qemu = qemu};
	if (place->sequence >= place->slots && !pass_earlier(qemu, connection, &guest, place))
		return false;
	if (!stub_watch(qemu, connection, place->header_at, true))
		return say("QEMU takes no watchpoint at 0x%" PRIx64, place->header_at), false;
	do
		if (!stub_continue(connection) || !stub_wait(qemu, connection))
			return say_ended();
	while (at_stored(&guest, place->cpu, place->sequence) != (int64_t)place->sequence);
	return stub_watch(qemu, connection, place->header_at, false) || say_ended();
}

bool at_reach(struct run_qemu *qemu, const char *socket, const struct at_place *place)
{
	int connection = stub_connect(qemu, socket);
	bool good = connection >= 0 && run_to(qemu, connection, place);
	if (connection >= 0)
		close(connection);
	return good;
}
