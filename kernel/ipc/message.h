/*
 * Messages on their way: making, answering and ending them.
 */
#pragma once

#include "ipc/endpoint.h"
#include "obj/handle.h"

/* At boot: the first message has a place. NO_MEMORY. */
enum status message_prepare(void);

/* Fills in a message with nothing in it, from thread `sender` (0: the kernel). On no list yet. */
static inline void message_init(struct ipc_message *message, struct endpoint *endpoint, uint32_t sender)
{
	message->endpoint = endpoint;
	message->passed = NULL;
	message->kind = IPC_CALL;
	message->request = NULL;
	message->reply_to = NULL;
	message->promised = NULL;
	message->flow = 0;
	message->sender = sender;
	message->server = NULL;
	message->owed = false;
	wait_queue_init(&message->caller);
}

/*
 * A message from the current thread, with a reference to the endpoint, and a handle made from the one it names. NO_MEMORY; GONE if the
 * endpoint's end has begun; NOT_FOUND or DENIED for the handle.
 */
enum status message_new(struct thread *thread, struct endpoint *endpoint, const struct message *content,
			struct ipc_message **message);

/* A handle on its way, made from one of the thread's that may be passed on. NO_MEMORY, NOT_FOUND, DENIED. */
enum status message_take_handle(const struct thread *thread, uint64_t number, struct handle **passed);

/* Its answer is to come to this endpoint, as a message. GONE, LIMIT. */
enum status message_reply_to(struct ipc_message *message, struct endpoint *reply_to);

/* Nobody wants an answer to it: its receiver gets the token 0. */
static inline void message_no_answer(struct ipc_message *message)
{
	message->kind = IPC_SEND;
	message->flow = message->content.token;
	message->content.token = 0;
}

/* The flow under which the trace follows it. */
static inline uint64_t message_flow(const struct ipc_message *message)
{
	return message->content.token ? message->content.token : message->flow;
}

/* Notes that one more message will come to the endpoint, and which. Until that is freed. LIMIT. */
enum status message_promise(struct ipc_message *message, struct endpoint *endpoint);

/* A message of the kernel's own that nobody answers, to be posted later, with a reference to the endpoint. NO_MEMORY, LIMIT. */
enum status message_new_kernel(struct endpoint *endpoint, const struct message *content, struct ipc_message **message);

/* Frees a message that nobody waits for any more. */
void message_free(struct ipc_message *message);

/*
 * Answers a message that is on no list: a page request goes on, the thread that called gets the answer, or it goes to where answers are
 * to come. GONE if the caller has ended meanwhile or waits no more, or nobody receives there. A handle that goes with it leaves *passed. No
 * lock held.
 */
enum status message_answer(struct ipc_message *message, const struct message *answer, struct handle **passed);

/* The same in place of a server that is gone. */
void message_fail(struct ipc_message *message, enum status status);

/*
 * Puts what a message carries into the table of the thread's process, and NULL in its place; returns its number there, 0 if it carries nothing.
 * MESSAGE_HANDLE_LOST and why, if it was revoked or there is no room: then it is still the message's.
 */
uint64_t message_pass(const struct thread *thread, struct handle **passed);
