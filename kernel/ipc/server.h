/*
 * Servers: threads that receive at an endpoint.
 *
 * Teaches: nobody is appointed to be a server; whoever receives is one, of the endpoint where it last did. A thread that took a message
 * owes an answer, wherever it receives afterwards. When it ends without one, the kernel answers for it, so no caller waits for ever
 * because a server crashed. And servers whose pages other servers bring must not wait for one another in a circle.
 * Who calls: endpoints, faults, the end of threads. Locks: one for who serves what, who owes what, and who waits for whose page; it is
 * taken inside an endpoint's.
 */
#pragma once

#include "abi/status.h"
#include "types.h"

struct endpoint;
struct ipc_message;
struct thread;

/* The current thread serves this endpoint from now on, and no other. GONE: the endpoint's end has begun. */
enum status server_serve(struct endpoint *endpoint, struct thread *thread);

/* A message that is owed has been taken off its endpoint. Called with the endpoint's lock. */
void server_paid(struct ipc_message *message);

/*
 * Whether no thread serves the endpoint. Called with its lock: who serves from now on takes that afterwards, and says that the
 * endpoint is not gone.
 */
bool server_is_none(const struct endpoint *endpoint);

/* The thread is over: what it took and did not answer is answered with GONE, and if it was the last to serve, all that waits there. */
void server_ended(struct thread *thread);

/*
 * Notes that the thread is about to wait for a page of `endpoint`'s server. DEADLOCK, and nothing is noted, if every
 * thread that serves it would then wait, directly or through others, for this one.
 */
enum status server_page_wait_begin(struct endpoint *endpoint, struct thread *thread);
void server_page_wait_end(struct thread *thread);
