/*
 * The layout table, and the roots: with these a tool finds its way through this kernel's memory, and needs no symbols.
 *
 * Teaches: offsetof and sizeof are constants of the compiler, so the table cannot differ from the records. A field that is renamed
 * does not compile here; one that the table leaves out, the tool says it lacks.
 * Who calls: boot. Whom: each owner of a root shows it itself (threads_show() and so on), since it is nobody else's. Locks: none.
 * Invariant: a row names a field as C does, and the host asks by that name. To show one more field: a row here.
 */
#include "trace/layout.h"

#include "abi/layout.h"
#include "core/cpu.h"
#include "core/end.h"
#include "core/rcu.h"
#include "ipc/endpoint.h"
#include "mm/request.h"
#include "sched/process.h"
#include "sched/sched.h"

#define RECORD(structure_)                                                                                                       \
	{                                                                                                                        \
		.structure = #structure_, .bytes = sizeof(struct structure_)                                                     \
	}
#define FIELD(structure_, field_)                                                                                                \
	{                                                                                                                        \
		.structure = #structure_, .field = #field_, .offset = offsetof(struct structure_, field_),                       \
		.bytes = sizeof(typeof(((struct structure_ *)0)->field_))                                                        \
	}
#define NUMBER(group_, number_, name_)                                                                                           \
	{                                                                                                                        \
		.structure = #group_, .field = (name_), .offset = (number_)                                                      \
	}

/* clang-format off */
static const struct layout_row layout[] = {
	RECORD(list),
	FIELD(list, next),
	FIELD(list, previous),

	RECORD(cpu),
	FIELD(cpu, index),
	FIELD(cpu, hw_id),
	FIELD(cpu, hazards),
	FIELD(cpu, online),
	FIELD(cpu, idle),
	FIELD(cpu, lock_level),
	FIELD(cpu, current),
	FIELD(cpu, next),
	FIELD(cpu, ended),
	FIELD(cpu, timer_next),
	FIELD(cpu, slice_end),
	FIELD(cpu, rcu.next.first),
	FIELD(cpu, rcu.current.first),
	FIELD(cpu, rcu.done.first),
	FIELD(cpu, rcu.period),
	FIELD(cpu, rcu.freeing),
	FIELD(cpu, rcu.waiting),

	RECORD(thread),
	FIELD(thread, id),
	FIELD(thread, state),
	FIELD(thread, aspace),
	FIELD(thread, name),
	FIELD(thread, affinity),
	FIELD(thread, pins),
	FIELD(thread, cpu),
	FIELD(thread, on_cpu),
	FIELD(thread, queue_node),
	FIELD(thread, wake_at),
	FIELD(thread, sleeps_on),
	FIELD(thread, wait_node),
	FIELD(thread, waits_on),
	FIELD(thread, serve_node),
	FIELD(thread, wait_key),
	FIELD(thread, sync.one.object),
	FIELD(thread, sync.one.offset),
	FIELD(thread, sync.armed),
	FIELD(thread, blocked_for),
	FIELD(thread, fault.address),
	FIELD(thread, fault.pc),
	FIELD(thread, fault.access),
	FIELD(thread, serves),
	FIELD(thread, page_endpoint),
	FIELD(thread, doomed),
	FIELD(thread, killed),
	FIELD(thread, crashed),
	FIELD(thread, crash_cause),
	FIELD(thread, detached),
	FIELD(thread, exit_status),

	RECORD(aspace),
	FIELD(aspace, kobj),
	FIELD(aspace, id),
	FIELD(aspace, name),
	FIELD(aspace, segments),
	FIELD(aspace, space.id),
	FIELD(aspace, space.active),
	FIELD(aspace, space.words),
	FIELD(aspace, handles.handles),
	FIELD(aspace, handles.closed),
	FIELD(aspace, dying),
	FIELD(aspace, process_node),
	FIELD(aspace, waiters),
	FIELD(aspace, parent),
	FIELD(aspace, threads),
	FIELD(aspace, started),
	FIELD(aspace, ended),
	FIELD(aspace, crashed),
	FIELD(aspace, crash_cause),
	FIELD(aspace, exit_status),

	RECORD(segment),
	FIELD(segment, kind),
	FIELD(segment, base),
	FIELD(segment, bytes),
	FIELD(segment, mappings),

	RECORD(mapping),
	FIELD(mapping, node),
	FIELD(mapping, start),
	FIELD(mapping, bytes),
	FIELD(mapping, rights),
	FIELD(mapping, rights_max),
	FIELD(mapping, window),
	FIELD(mapping, aspace),
	FIELD(mapping, object),
	FIELD(mapping, object_node),
	FIELD(mapping, first_page),

	RECORD(kobj),
	FIELD(kobj, type),
	FIELD(kobj, id),
	FIELD(kobj, references),
	FIELD(kobj, rcu.class),

	RECORD(vm_object),
	FIELD(vm_object, kobj),
	FIELD(vm_object, kind),
	FIELD(vm_object, anonymous),
	FIELD(vm_object, write_back),
	FIELD(vm_object, pages),
	FIELD(vm_object, present),
	FIELD(vm_object, chunks),
	FIELD(vm_object, base),
	FIELD(vm_object, mappings),
	FIELD(vm_object, source),
	FIELD(vm_object, source_page),
	FIELD(vm_object, endpoint),
	FIELD(vm_object, key),
	FIELD(vm_object, requests),

	RECORD(page_request),
	FIELD(page_request, node),
	FIELD(page_request, page),
	FIELD(page_request, kind),
	FIELD(page_request, serial),
	FIELD(page_request, waiting),

	RECORD(endpoint),
	FIELD(endpoint, kobj),
	FIELD(endpoint, urgent),
	FIELD(endpoint, queue),
	FIELD(endpoint, taken),
	FIELD(endpoint, waiting),
	FIELD(endpoint, promised),
	FIELD(endpoint, receivers),
	FIELD(endpoint, servers),
	FIELD(endpoint, receive_handles),
	FIELD(endpoint, gone),

	RECORD(ipc_message),
	FIELD(ipc_message, node),
	FIELD(ipc_message, content.token),
	FIELD(ipc_message, content.type),
	FIELD(ipc_message, kind),
	FIELD(ipc_message, sender),
	FIELD(ipc_message, endpoint),
	FIELD(ipc_message, caller),

	RECORD(handle),
	FIELD(handle, kobj),
	FIELD(handle, rights),
	FIELD(handle, number),
	FIELD(handle, table),
	FIELD(handle, parent),
	FIELD(handle, ended),

	RECORD(rcu_head),
	FIELD(rcu_head, next),
	FIELD(rcu_head, class),
	FIELD(rcu_head, id),

	RECORD(rcu_class),
	FIELD(rcu_class, kind),

	NUMBER(thread_state, THREAD_READY, "ready"),
	NUMBER(thread_state, THREAD_RUNNING, "running"),
	NUMBER(thread_state, THREAD_BLOCKED, "blocked"),
	NUMBER(thread_state, THREAD_EXITED, "exited"),

	NUMBER(kobj_type, KOBJ_OBJECT, "object"),
	NUMBER(kobj_type, KOBJ_ENDPOINT, "endpoint"),
	NUMBER(kobj_type, KOBJ_PROCESS, "process"),
	NUMBER(kobj_type, KOBJ_MACHINE, "machine"),

	NUMBER(ipc_kind, IPC_CALL, "call"),
	NUMBER(ipc_kind, IPC_CALL_NOBLK, "call_noblk"),
	NUMBER(ipc_kind, IPC_REQUEST, "request"),
	NUMBER(ipc_kind, IPC_INTERRUPT, "interrupt"),
	NUMBER(ipc_kind, IPC_SEND, "send"),

	NUMBER(slot, SLOT_STATE_MASK, "state_mask"),
	NUMBER(slot, SLOT_SHARED, "shared"),
	NUMBER(slot, CHUNK_SLOTS, "slots_in_chunk"),
	NUMBER(limit, SEGMENTS, "segments"),
	NUMBER(limit, HANDLES_MAX, "handles"),
};
/* clang-format on */

void layout_show(void)
{
	descriptor_add("layout", layout, sizeof(layout[0]), ARRAY_LENGTH(layout), sizeof(layout[0]));
	threads_show();
	processes_show();
	run_queues_show();
	sleepers_show();
	rcu_show();
}
