/*
 * Interrupts of devices: see interrupt.h.
 *
 *     registered --> interrupt: line held back, message to the driver --> answered: line let through --> ...
 *                                            \--> the driver is gone: line held back, nobody registered
 *
 * The invariant: a registered line has one message, which is either with the line or on its way to the driver and back. So telling the driver
 * needs no memory, and cannot fail.
 * Locks: lines_lock, for the table; none while a message is posted or freed, or the controller told.
 */
#include "ipc/interrupt.h"

#include <trace_emit.h>

#include "core/lock.h"
#include "ipc/message.h"

#define LINES_MAX 64

struct line {
	struct ipc_message *message; /* NULL: nobody is registered */
	bool out;                    /* the message is on its way */
	bool again;                  /* the line has interrupted meanwhile */
	uint64_t count;              /* interrupts so far */
};

static struct line lines[LINES_MAX];
static struct spinlock lines_lock = SPINLOCK(LOCK_INTERRUPTS);
static unsigned registered;

void interrupt_prepare(void)
{
	for (unsigned i = 0; i < LINES_MAX; i++)
		lines[i] = (struct line){0};
}

bool interrupt_expected(void)
{
	return __atomic_load_n(&registered, __ATOMIC_RELAXED) > 0;
}

/* Puts a message in the place of none, or of one whose endpoint nobody serves any more; that one comes back in *old. */
static enum status enter(struct line *line, struct ipc_message *message, struct ipc_message **old)
{
	enum status status = STATUS_OK;
	spin_lock(&lines_lock);
	*old = line->message;
	if (line->message && (line->out || !line->message->endpoint->gone)) {
		status = STATUS_EXISTS;
	} else {
		__atomic_add_fetch(&registered, line->message ? 0 : 1, __ATOMIC_RELAXED);
		line->message = message;
	}
	spin_unlock(&lines_lock);
	return status;
}

/* Ends what is registered for a line, if it is this endpoint and its message is not on its way: that one comes to interrupt_lost(). */
static void give_up(struct line *line, const struct endpoint *endpoint)
{
	struct ipc_message *message = NULL;
	spin_lock(&lines_lock);
	if (line->message && !line->out && line->message->endpoint == endpoint) {
		message = line->message;
		line->message = NULL;
		__atomic_sub_fetch(&registered, 1, __ATOMIC_RELAXED);
	}
	spin_unlock(&lines_lock);
	if (message)
		message_free(message);
}

enum status interrupt_register(uint64_t number, struct endpoint *endpoint, uint64_t key)
{
	struct ipc_message *message, *old;
	if (number >= LINES_MAX)
		return STATUS_INVALID;
	const struct message content = {
		.type = MESSAGE_INTERRUPT,
		.word = {[INTERRUPT_MESSAGE_KEY] = key, [INTERRUPT_MESSAGE_LINE] = number},
	};
	TRY(message_new_kernel(endpoint, &content, &message));
	message->kind = IPC_INTERRUPT;
	enum status status = enter(&lines[number], message, &old);
	if (status != STATUS_OK) {
		message_free(message);
		return status;
	}
	if (old)
		message_free(old);
	trace_irq_register(IRQ_DEVICE + number, endpoint->kobj.id);
	status = arch_irq_mask((enum irq)(IRQ_DEVICE + number), false);
	if (status != STATUS_OK) /* there is no such line */
		give_up(&lines[number], endpoint);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* the line has its message, and then: pairs with interrupt_forget() */
	if (__atomic_load_n(&endpoint->receive_handles, __ATOMIC_RELAXED) == 0) /* closed since this call began */
		interrupt_forget(endpoint);
	return status;
}

/*
 * Whoever closes the last handle comes here after it has counted that one off; whoever gives a line a message, or brings it back, looks at the
 * count after that. Each stores and then loads what the other stores, with a full fence between, so that at least one sees the other: a
 * lock or a release would let the load come first (on POWER; x86-64's locked instructions are full fences).
 */
void interrupt_forget(const struct endpoint *endpoint)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	for (unsigned i = 0; i < LINES_MAX && interrupt_expected(); i++)
		give_up(&lines[i], endpoint);
}

/* Takes the message of a line that has interrupted, if it is there; if it is on its way, the line is to interrupt again. */
static struct ipc_message *take_message(struct line *line)
{
	spin_lock(&lines_lock);
	struct ipc_message *message = line->out ? NULL : line->message;
	line->again = line->out;
	if (message) {
		line->out = true;
		message->content.token = cpu_new_flow();
		message->content.word[INTERRUPT_MESSAGE_COUNT] = ++line->count;
	}
	spin_unlock(&lines_lock);
	return message;
}

void interrupt_raise(enum irq irq)
{
	struct line *line = &lines[irq - IRQ_DEVICE];
	DISCARD(arch_irq_mask(irq, true), "it is the line that has just interrupted");
	struct ipc_message *message = take_message(line);
	if (!message)
		return;
	trace_irq_deliver(message->content.token, irq, message->endpoint->kobj.id, line->count);
	if (endpoint_post(message->endpoint, message) != STATUS_OK)
		interrupt_lost(message);
}

void interrupt_answered(struct ipc_message *message)
{
	uint64_t number = message->content.word[INTERRUPT_MESSAGE_LINE];
	enum irq irq = (enum irq)(IRQ_DEVICE + number);
	struct endpoint *endpoint = message->endpoint; /* the message is the line's from here on; the endpoint is borrowed */
	spin_lock(&lines_lock);
	bool again = lines[number].again;
	lines[number].out = false;
	spin_unlock(&lines_lock);
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with interrupt_forget() */
	if (__atomic_load_n(&endpoint->receive_handles, __ATOMIC_RELAXED) == 0)
		interrupt_forget(endpoint);
	else if (again)
		interrupt_raise(irq);
	else
		DISCARD(arch_irq_mask(irq, false), "it was let through before");
}

void interrupt_lost(struct ipc_message *message)
{
	uint64_t number = message->content.word[INTERRUPT_MESSAGE_LINE];
	spin_lock(&lines_lock);
	lines[number].message = NULL;
	lines[number].out = false;
	__atomic_sub_fetch(&registered, 1, __ATOMIC_RELAXED);
	spin_unlock(&lines_lock);
	message_free(message);
}
