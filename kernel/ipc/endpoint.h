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
#include "core/lock.h"
#include "obj/kobj.h"
#include "sched/wait.h"

struct page_request;
struct thread;

/* A message on its way: from ipc_call or a page request, until it is answered. */
struct ipc_message {
	struct list node; /* in its endpoint's `queue` or `taken` */
	struct endpoint *endpoint;
	struct message content; /* the token is the flow id under which the trace follows it */
	struct kobj *passed;    /* what goes with it as a handle; NULL: nothing */
	unsigned passed_rights;
	struct page_request *request; /* the kernel asks; NULL: a thread does, and waits in `caller` */
	struct wait_queue caller;
	uint32_t sender;       /* thread, for the trace */
	struct thread *server; /* who took it; never followed, only compared */
};

struct endpoint {
	struct kobj kobj;
	struct spinlock lock;
	struct list queue; /* messages nobody has taken */
	struct list taken; /* and those that are taken and not answered */
	unsigned queued;
	struct wait_queue receivers; /* threads that wait for a message */
	struct list servers;         /* threads that last received here; under serve_lock */
	uint32_t receive_handles;    /* handles with the right to receive; atomic */
	bool gone;                   /* nobody answers; until somebody receives again */
};

/* The most messages of threads that wait at an endpoint; more are refused with LIMIT. */
#define ENDPOINT_QUEUE_MAX 1024

static inline struct endpoint *endpoint_of(struct kobj *kobj)
{
	return container_of(kobj, struct endpoint, kobj);
}

/* A new endpoint with the caller's reference. NO_MEMORY. */
enum status endpoint_create(struct endpoint **endpoint);
void endpoint_free(struct kobj *kobj);

/* Counts handles with the right to receive. When the last one goes, what waits is answered with GONE. */
void endpoint_receiver_add(struct endpoint *endpoint, int change);

/* Queues a message, or hands it to a thread that waits. Cannot fail; nobody may answer it any more if it is GONE: then it says so. */
enum status endpoint_post(struct endpoint *endpoint, struct ipc_message *message);

/* The thread is over: what it took and did not answer is answered with GONE, and if it was the last to serve, all the rest. */
void endpoint_server_ended(struct thread *thread);

/*
 * Notes that the thread is about to wait for a page of `endpoint`'s server. DEADLOCK, and nothing is noted, if every
 * thread that serves it would then wait, directly or through others, for this one.
 */
enum status endpoint_page_wait_begin(struct endpoint *endpoint, struct thread *thread);
void endpoint_page_wait_end(struct thread *thread);

/*
 * The system calls. The message is in the frame of the current thread, and so are the results, unless the status is RETRY:
 * then the thread is blocked and gets them later.
 */
enum status ipc_call(struct thread *thread, uint64_t handle, const struct message *message);
enum status ipc_receive(struct thread *thread, uint64_t handle, uint64_t *token);
enum status ipc_reply(struct thread *thread, uint64_t handle, const struct message *message);
