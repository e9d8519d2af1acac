/*
 * Page requests: what the kernel asks of a page's provider, and who waits for the answer.
 *
 * Teaches: asking once. However many threads touch a page that is not there, its provider gets one message, and its one answer
 * lets them all go on.
 */
#pragma once

#include "ipc/endpoint.h"
#include "mm/object.h"

struct page_request {
	struct ipc_message message; /* to the provider */
	struct list node;           /* in its object's `requests` */
	struct vm_object *object;   /* with a reference */
	uint64_t page;
	enum request_kind kind;
	uint64_t serial; /* which request of the run it is */
	struct wait_queue waiters;
	unsigned waiting; /* how many ever waited in it */
	bool in_window;   /* the provider's window has shown the page */
};

/* At boot: a request has to be possible when there is no memory left for one. NO_MEMORY. */
enum status request_prepare(void);

/*
 * Asks the provider of `object` for a page that is absent, or to save one that is dirty, in two steps. With the object's lock:
 * the page is READING or WRITING from here on; NO_MEMORY, and for a read GONE if nobody would answer. A read is on behalf of
 * thread `sender` and of `flow`, and the frame to be filled comes from here; `keep`: the page stays when it has been saved.
 */
enum status request_read(struct vm_object *object, uint64_t page, uint64_t flow, uint32_t sender, struct page_request **request);
enum status request_write(struct vm_object *object, uint64_t page, bool keep, struct page_request **request);

/*
 * Then, with no lock held, the message goes to the provider. A page that is to be saved must be out of reach of stores
 * (object_sync). Afterwards the request may be answered and gone.
 */
void request_send(struct page_request *request);

/* The request for a page, or NULL if there is none. Called with the object's lock. */
struct page_request *request_find(const struct vm_object *object, uint64_t page);

/* The provider's answer, or the kernel's in its place: the page changes its state, and those who wait go on. No lock held. */
void request_answer(struct page_request *request, enum status status);

/* The last serial number given. */
uint64_t request_last_serial(void);

/* The flow under which the trace follows a request. */
static inline uint64_t request_flow(const struct page_request *request)
{
	return request->message.content.token;
}

/* Requests to save a page that are not answered: each may free one. */
uint64_t requests_writing(void);
