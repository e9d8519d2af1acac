/*
 * Endpoints: message queues with threads that serve them.
 *
 * Teaches: everything a microkernel does not do itself it asks somebody for. A message is queued or handed straight to a thread
 * that waits for one; whoever sent it waits until it is answered. The kernel's own requests for pages are such messages.
 * Who calls: system calls, page requests, the end of threads. Locks: the endpoint's; an object's may be held outside it.
 */
#pragma once

#include "abi/message.h"
#include "abi/status.h"
#include "core/list.h"
#include "core/lock_type.h"
#include "obj/kobj.h"
#include "sched/wait.h"

struct handle;
struct page_request;
struct thread;

/* Who wants an answer, and how. */
enum ipc_kind {
	IPC_CALL,       /* a thread waits for it in `caller`; if none does, the answer is not wanted any more */
	IPC_CALL_NOBLK, /* it becomes a message to `reply_to` */
	IPC_REQUEST,    /* a page request waits for it */
	IPC_INTERRUPT,  /* a device's line is held back until then */
	IPC_SEND,       /* nobody does: the message is over when it is received */
};

/* A message on its way: until it is answered, or received if nobody wants an answer. */
struct ipc_message {
	struct list node; /* in its endpoint's `urgent`, `queue` or `taken` */
	struct endpoint *endpoint;
	struct message content; /* the token is the flow id under which the trace follows it */
	struct handle *passed;  /* goes with it; NULL: nothing does, or it has arrived */
	enum ipc_kind kind;
	struct page_request *request;
	struct endpoint *reply_to;
	struct wait_queue caller;
	struct endpoint *promised; /* where it counts as promised: `reply_to`, or `endpoint`; NULL: nowhere */
	uint64_t flow;             /* if the token is 0 */
	uint32_t sender;           /* thread, for the trace */
	struct thread *server;     /* who took it; never followed, only compared */
	struct list owed_node;     /* among what that one owes elsewhere than where it serves now, if `owed`; under serve_lock */
	bool owed;
};

struct endpoint {
	struct kobj kobj;
	struct spinlock lock;
	struct list urgent;          /* messages of the kernel that nobody has taken: they come first */
	struct list queue;           /* and those of threads */
	struct list taken;           /* those that are taken and not answered */
	unsigned waiting;            /* messages of threads in `queue` and `taken` */
	unsigned promised;           /* answers and messages of the kernel that will come, or are in a list here; atomic */
	struct wait_queue receivers; /* threads that wait for a message */
	struct list servers;         /* threads that last received here; under serve_lock */
	uint32_t receive_handles;    /* handles with the right to receive; atomic */
	bool gone;                   /* nobody answers; until somebody receives again */
};

/*
 * The most messages of threads that wait at an endpoint, to be received or to be answered; more are refused with LIMIT. And the most
 * that are promised to it: answers that come as messages, and ends of processes.
 */
#define ENDPOINT_QUEUE_MAX 1024

static inline struct endpoint *endpoint_of(struct kobj *kobj)
{
	return container_of(kobj, struct endpoint, kobj);
}

/* A new endpoint with the caller's reference. NO_MEMORY. */
enum status endpoint_create(struct endpoint **endpoint);
void endpoint_pre_free(struct kobj *kobj);
void endpoint_free(struct kobj *kobj);

/* Counts handles with the right to receive. When the last one goes, what waits is answered with GONE, and so are receivers. */
static inline void endpoint_receiver_new(struct endpoint *endpoint)
{
	__atomic_fetch_add(&endpoint->receive_handles, 1, __ATOMIC_ACQ_REL);
}
void endpoint_receiver_closed(struct endpoint *endpoint);

/*
 * Queues a message, or hands it to a thread that waits. Cannot fail, but nobody may be there who could answer: GONE, and it is still the
 * caller's.
 */
enum status endpoint_post(struct endpoint *endpoint, struct ipc_message *message);

/* Answers with GONE what the thread took here, and if nobody is left who serves, all that waits. */
void endpoint_give_up(struct endpoint *endpoint, const struct thread *server);

/*
 * Calls, receives and answers, for the current thread. RETRY: it is blocked, until `deadline` (ticks) at most, and gets its results
 * later. A receive that has a message at once puts it into the thread's frame and its token in *token; the token is 0 if nobody
 * wants an answer. TIMED_OUT if the deadline has passed.
 * DENIED for a type that is the kernel's, LIMIT if too many wait or are not answered, NOT_FOUND for a token nobody waits with, GONE for one whose
 * caller has ended or no longer waits; NO_MEMORY, and what handle_find_any() and handle_derive() say of a handle that is
 * to be passed.
 */
enum status endpoint_call(struct endpoint *endpoint, struct thread *thread, const struct message *message, uint64_t deadline);
enum status endpoint_receive(struct endpoint *endpoint, struct thread *thread, uint64_t deadline, uint64_t *token);
enum status endpoint_reply(struct endpoint *endpoint, struct thread *thread, const struct message *message);

/*
 * Sends without waiting. `reply_to`, if not NULL, is where the answer will come as a message with the token *token; or, if nobody can
 * answer any more, one of the type MESSAGE_FAILED.
 */
enum status endpoint_send(struct endpoint *endpoint, struct thread *thread, const struct message *message,
			  struct endpoint *reply_to, uint64_t *token);

/*
 * The answer to a message that was sent with this `reply_to` will not come there: it is dropped when it would be received, or whoever
 * answers it is told GONE. NOT_FOUND: it is answered already, or there is no such message.
 */
enum status endpoint_cancel(struct endpoint *endpoint, uint64_t token, const struct endpoint *reply_to);
