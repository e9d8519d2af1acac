/*
 * The kernel's own interface, one function a call, nothing added: abi/syscall.h says what each takes.
 *
 * Teaches: everything else in the library is made of these. They are a few instructions of assembly each (syscall_*.S), made from the same
 * list that the kernel reads. Who includes it: vitrine.h.
 */
#pragma once

#include "abi/message.h"
#include "result.h"

struct result sys_null(void);
struct result sys_thread_create(uint64_t entry, uint64_t argument, uint64_t cpus, uint64_t name_0, uint64_t name_1);
struct result sys_thread_exit(uint64_t status);
struct result sys_thread_yield(void);
struct result sys_thread_sleep(uint64_t ns);
struct result sys_thread_affinity(uint64_t thread, uint64_t cpus);
struct result sys_thread_join(uint64_t thread);
struct result sys_thread_self(void);
struct result sys_vm_map(uint64_t address, uint64_t bytes, uint64_t rights);
struct result sys_vm_unmap(uint64_t address, uint64_t bytes);
struct result sys_vm_protect(uint64_t address, uint64_t bytes, uint64_t rights);
struct result sys_vm_forget(void);
struct result sys_debug_write(uint64_t address, uint64_t bytes);
struct result sys_trace_mark(uint64_t mark, uint64_t name_0, uint64_t name_1, uint64_t value, uint64_t flow);
struct result sys_clock_now(void);
struct result sys_process_exit(uint64_t status, uint64_t crashed);
struct result sys_handle_close(uint64_t handle);
struct result sys_handle_duplicate(uint64_t handle, uint64_t rights);
struct result sys_handle_revoke(uint64_t handle);
struct result sys_memory_fail(uint64_t machine, uint64_t n);
struct result sys_object_create(uint64_t bytes);
struct result sys_object_provide(uint64_t endpoint, uint64_t bytes, uint64_t key, uint64_t write_back);
struct result sys_object_copy(uint64_t object, uint64_t first_page, uint64_t pages);
struct result sys_object_device(uint64_t machine, uint64_t paddr, uint64_t bytes);
struct result sys_object_map(uint64_t object, uint64_t address, uint64_t first_page, uint64_t bytes, uint64_t how);
struct result sys_object_remove(uint64_t object, uint64_t first_page, uint64_t pages, uint64_t kind);
struct result sys_object_read(uint64_t object, uint64_t offset, uint64_t address, uint64_t bytes);
struct result sys_object_write(uint64_t object, uint64_t offset, uint64_t address, uint64_t bytes);
struct result sys_object_size(uint64_t object);
struct result sys_vm_query(uint64_t address, uint64_t query);
struct result sys_endpoint_create(void);
struct result sys_process_create(uint64_t name_0, uint64_t name_1);
struct result sys_process_give(uint64_t process, uint64_t handle, uint64_t rights);
struct result sys_process_start(uint64_t process, uint64_t entry, uint64_t argument);
struct result sys_process_wait(uint64_t process);
struct result sys_process_kill(uint64_t process);
struct result sys_process_watch(uint64_t process, uint64_t endpoint, uint64_t key);
struct result sys_process_unwatch(uint64_t process, uint64_t endpoint);
struct result sys_memory_info(uint64_t what);
struct result sys_memory_cast_out(uint64_t pressure);
struct result sys_thread_sleep_until(uint64_t ns);
struct result sys_thread_join_any(void);
struct result sys_thread_detach(uint64_t thread);
struct result sys_thread_kill(uint64_t thread);
struct result sys_thread_pin(void);
struct result sys_thread_unpin(void);
struct result sys_interrupt_register(uint64_t machine, uint64_t line, uint64_t endpoint, uint64_t key);
struct result sys_port_read(uint64_t machine, uint64_t port);
struct result sys_port_write(uint64_t machine, uint64_t port, uint64_t byte);
struct result sys_thread_query(uint64_t thread, uint64_t query);
struct result sys_fault_handler(uint64_t entry, uint64_t stack_top);
struct result sys_fault_return(uint64_t pc);
struct result sys_sync_wait(uint64_t address, uint64_t value, uint64_t bytes, uint64_t deadline_ns);
struct result sys_sync_wait_any(uint64_t words, uint64_t count, uint64_t deadline_ns);
struct result sys_sync_wake(uint64_t address, uint64_t threads);
struct result sys_sync_requeue(uint64_t address, uint64_t wake, uint64_t to, uint64_t move);

/*
 * The calls that carry a message (abi/message.h). The value is the token; the whole message, with the token, is in *message.
 * ipc_call() sends it and waits for the reply, ipc_receive() waits for one, ipc_reply() answers the one whose token it has,
 * ipc_reply_receive() answers and waits for the next.
 */
struct result ipc_call(uint64_t endpoint, struct message *message);
struct result ipc_receive(uint64_t endpoint, struct message *message);
struct result ipc_reply(uint64_t endpoint, struct message *message);
struct result ipc_reply_receive(uint64_t endpoint, struct message *message);

/* The same, waiting no longer than until clock_ns() is `deadline_ns`: then the status is TIMED_OUT. 0 does not wait at all. */
struct result ipc_call_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);
struct result ipc_receive_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);
struct result ipc_reply_receive_until(uint64_t endpoint, struct message *message, uint64_t deadline_ns);

/*
 * Sends without waiting. ipc_send() wants no answer: whoever receives it gets the token 0. The answer to ipc_call_noblk() comes as a
 * message to the endpoint `reply_to`, with the token that is the value here; or MESSAGE_FAILED with that token.
 */
struct result ipc_send(uint64_t endpoint, struct message *message);
struct result ipc_call_noblk(uint64_t endpoint, struct message *message, uint64_t reply_to);

/* That answer is not wanted any more. NOT_FOUND: it is on its way already. */
struct result sys_ipc_cancel(uint64_t endpoint, uint64_t token, uint64_t reply_to);

/* Any call by its number, also one that does not exist. */
struct result sys_call(uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t number);
