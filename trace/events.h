/*
 * Every event, once. From this list come the kernel's emitters, the decoder, the SQL tables, the Perfetto mapping, the
 * reference in docs/gen/events.md, the gdb tables and the schema hash that a decoder checks before it believes a trace.
 *
 *     EVENT(id, name, CATEGORY, PHASE, "what happened",
 *           F(field, TYPE, "meaning") ...)               at most six fields, each a 64-bit word
 *
 * Ids are append-only: the id of an event that is no longer emitted is not given to another. To add one: append it here, call trace_<name>(...) in
 * the kernel, `make docs-gen`; everything else follows.
 *
 * PHASE says how a picture draws it:
 *     THREAD_BEGIN THREAD_END THREAD_INSTANT   on the track of the thread in the field `thread`
 *     CPU_BEGIN CPU_END CPU_INSTANT            on the track of the CPU that emitted it
 *     COUNTER                                  the field `value`, one counter for the machine (per CPU with CPU_COUNTER)
 *     SCHED                                    drives CPU scheduling and thread states
 *
 * TYPE is THREAD ASPACE OBJECT FLOW CPU; ADDRESS (user's) PADDR HEX; COUNT BYTES PAGES TICKS NS SIGNED; CHARS (eight
 * characters, the first in the highest byte); or an enumeration of abi/trace_enums.h, abi/syscall.h, abi/status.h,
 * abi/descriptor.h, abi/message.h.
 */

/* clang-format off */

/* ---- boot ---- */
EVENT(1, boot_phase, BOOT, CPU_INSTANT, "the boot reached a phase",
      F(phase, BOOT_PHASE, "the phase that starts") F(ago, TICKS, "how long ago, in nanoseconds where it is shown: before it had its data a CPU could not say so"))
EVENT(2, cpu_online, BOOT, CPU_INSTANT, "a CPU is ready to schedule",
      F(hw_id, HEX, "the machine's number for it: APIC id, PIR"))
EVENT(3, cpu_missing, BOOT, CPU_INSTANT, "a CPU was left out",
      F(index, CPU, "the CPU") F(hw_id, HEX, "the machine's number for it") F(reason, MISSING_REASON, "why"))
EVENT(4, run_end, BOOT, CPU_INSTANT, "the run is over",
      F(verdict, VERDICT, "how it ended") F(status, SIGNED, "the program's exit status"))
EVENT(5, kernel_stack, BOOT, CPU_INSTANT, "the deepest that any CPU's kernel stack was in this run, said at its end",
      F(used, BYTES, "so much of it") F(size, BYTES, "so much there is"))

/* ---- cpu ---- */
EVENT(8, idle_begin, CPU, CPU_BEGIN, "the CPU has nothing to run")
EVENT(9, idle_end, CPU, CPU_END, "the CPU has something to do again")
EVENT(10, ipi_send, CPU, CPU_INSTANT, "this CPU interrupts another",
      F(target, CPU, "the other") F(hazards, HEX, "what it is to look at: enum hazard"))

/* ---- thread ---- */
EVENT(16, aspace_create, THREAD, SCHED, "a new address space, with its program",
      F(aspace, ASPACE, "the address space") F(name_0, CHARS, "the program's name") F(name_1, CHARS, "continued"))
EVENT(17, aspace_destroy, THREAD, SCHED, "the last thread of an address space ended and its memory was given back",
      F(aspace, ASPACE, "the address space"))
EVENT(18, thread_create, THREAD, SCHED, "a new thread",
      F(thread, THREAD, "the new thread") F(aspace, ASPACE, "its address space")
      F(creator, THREAD, "who asked; 0 for the kernel")
      F(affinity, HEX, "bit n: may run on CPU n") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued"))
EVENT(19, thread_switch, THREAD, SCHED, "the CPU stops running one thread and runs another",
      F(previous, THREAD, "who stops; 0 from idle") F(next, THREAD, "who runs; 0 into idle")
      F(reason, SWITCH_REASON, "why the first stopped"))
EVENT(20, thread_block, THREAD, SCHED, "a thread can no longer run",
      F(thread, THREAD, "who") F(reason, SWITCH_REASON, "what it waits for") F(object, HEX, "which one: a thread, a time"))
EVENT(21, thread_wake, THREAD, SCHED, "a thread can run again",
      F(thread, THREAD, "who") F(reason, WAKE_REASON, "why") F(waker, THREAD, "who woke it; 0 for an interrupt")
      F(cpu, CPU, "the run queue it went to"))
EVENT(22, thread_move, THREAD, SCHED, "a runnable thread went to another CPU's run queue",
      F(thread, THREAD, "who") F(from, CPU, "from here") F(to, CPU, "to here"))
EVENT(23, thread_exit, THREAD, SCHED, "a thread is over",
      F(thread, THREAD, "who") F(status, SIGNED, "its exit status"))
EVENT(24, thread_crashed, THREAD, THREAD_INSTANT, "a thread did something illegal and is killed",
      F(thread, THREAD, "who") F(cause, CRASH_CAUSE, "why") F(address, ADDRESS, "the address it used")
      F(pc, ADDRESS, "the instruction") F(access, ACCESS, "how"))
EVENT(25, runnable, THREAD, COUNTER, "threads that could run now, over all run queues",
      F(value, COUNT, "how many, those running not counted"))
EVENT(26, thread_kill, THREAD, THREAD_INSTANT, "a thread of the same program ends another",
      F(thread, THREAD, "who") F(target, THREAD, "whom"))
EVENT(27, process_adopt, THREAD, CPU_INSTANT, "the creator of a process has ended; the creator's own creator takes its place",
      F(process, ASPACE, "the process") F(parent, ASPACE, "its creator now; 0 if there is none, and it ends too"))

/* ---- syscall ---- */
EVENT(32, syscall_enter, SYSCALL, THREAD_BEGIN, "a thread calls the kernel",
      F(thread, THREAD, "who") F(number, SYSCALL, "what it asks") F(argument_0, HEX, "first argument")
      F(argument_1, HEX, "second argument"))
EVENT(33, syscall_exit, SYSCALL, THREAD_END, "the kernel is done with the call; the thread may still have to wait",
      F(thread, THREAD, "who") F(number, SYSCALL, "what it asked") F(status, STATUS, "how it went") F(value, HEX, "the result"))

/* ---- irq ---- */
EVENT(40, irq_enter, IRQ, CPU_BEGIN, "the CPU takes an interrupt",
      F(irq, IRQ, "timer, another CPU, or a device line")
      F(from_user, COUNT, "1 if it stopped a user thread, 0 if the kernel") F(pc, HEX, "where"))
EVENT(41, irq_exit, IRQ, CPU_END, "the interrupt is handled",
      F(irq, IRQ, "which"))
EVENT(42, irq_register, IRQ, CPU_INSTANT, "a driver gets the interrupts of a device",
      F(irq, IRQ, "which") F(endpoint, OBJECT, "where they come to"))
EVENT(43, irq_deliver, IRQ, CPU_INSTANT, "a device's interrupt goes to its driver as a message; the line is held back until it is answered",
      F(flow, FLOW, "the message") F(irq, IRQ, "which") F(endpoint, OBJECT, "to") F(count, COUNT, "the how-many-th it is"))

/* ---- fault: the one fault path, an event for each arrow ---- */
EVENT(48, fault_begin, FAULT, THREAD_BEGIN, "a thread used an address the MMU could not translate",
      F(flow, FLOW, "ties the events of this fault together") F(thread, THREAD, "who") F(address, ADDRESS, "the address")
      F(pc, ADDRESS, "the instruction") F(access, ACCESS, "how") F(kind, FAULT_KIND, "what the machine said"))
EVENT(49, fault_segment, FAULT, THREAD_INSTANT, "the segment the address lies in",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(segment, SEGMENT_KIND, "which") F(base, ADDRESS, "where it starts"))
EVENT(50, fault_mapping, FAULT, THREAD_INSTANT, "the mapping the address lies in",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(start, ADDRESS, "its first address") F(bytes, BYTES, "its size")
      F(rights, RIGHTS, "what it allows") F(object, OBJECT, "the object behind it"))
EVENT(51, fault_slot, FAULT, THREAD_INSTANT, "the object's page slot (the shadow PTE)",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(object, OBJECT, "the object")
      F(page, COUNT, "page number in the object")
      F(slot, HEX, "the slot as it was found"))
EVENT(52, fault_zero_fill, FAULT, THREAD_INSTANT, "a page frame was taken and zeroed for it",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(frame, PADDR, "the page frame"))
EVENT(53, fault_end, FAULT, THREAD_END, "the fault path ended",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(result, FAULT_RESULT, "how"))
EVENT(54, uaccess_fault, FAULT, THREAD_INSTANT, "the kernel touched user memory for a thread and the page was not there",
      F(thread, THREAD, "for whom") F(address, ADDRESS, "the address") F(access, ACCESS, "how"))
EVENT(55, fault_copy, FAULT, THREAD_INSTANT, "a page that was shared is copied, because it is about to be written",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(frame, PADDR, "the new page frame") F(source, PADDR, "the shared one"))
EVENT(56, fault_wait, FAULT, THREAD_INSTANT, "the page has to be brought or saved first: the thread waits for a page request",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(request, FLOW, "the page request's flow")
      F(object, OBJECT, "the object") F(page, COUNT, "page number in the object")
      F(waiters, COUNT, "how many threads wait for it now"))
EVENT(57, fault_memory, FAULT, THREAD_INSTANT, "no page frame is free: the thread waits until one is",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who"))
EVENT(58, fault_resume, FAULT, THREAD_INSTANT, "what the thread waited for is there: its fault goes on",
      F(flow, FLOW, "the fault") F(thread, THREAD, "who") F(request, FLOW, "the page request's flow; 0 if it was memory"))
EVENT(59, uaccess_retry, FAULT, THREAD_INSTANT, "the system call is undone and will be made again when the page is there",
      F(thread, THREAD, "for whom") F(number, SYSCALL, "the call"))
EVENT(60, fault_upcall, FAULT, THREAD_INSTANT, "nobody can answer what the thread did, but the thread itself: it goes on in its handler",
      F(thread, THREAD, "who") F(cause, CRASH_CAUSE, "what it would have been killed for") F(address, ADDRESS, "the address it used")
      F(pc, ADDRESS, "the instruction") F(handler, ADDRESS, "its handler"))
EVENT(61, fault_return, FAULT, THREAD_INSTANT, "the thread's handler is done",
      F(thread, THREAD, "who") F(pc, ADDRESS, "where it goes on; 0: at the instruction that faulted"))

/* ---- mmu: what the back end does to the machine's tables ---- */
EVENT(64, mmu_map, MMU, CPU_INSTANT, "a translation was entered",
      F(space, ASPACE, "the address space") F(address, ADDRESS, "the page") F(frame, PADDR, "its frame")
      F(flags, HEX, "enum mmu_flags")
      F(place, HEX, "where: hash: group << 8 | slot, bit 31 set for the secondary hash; radix: levels walked"))
EVENT(65, mmu_unmap, MMU, CPU_INSTANT, "translations were removed",
      F(space, ASPACE, "the address space") F(address, ADDRESS, "the first page") F(pages, PAGES, "how many were asked for"))
EVENT(66, mmu_evict, MMU, CPU_INSTANT, "the hash made room: a translation was forgotten",
      F(space, ASPACE, "whose") F(address, ADDRESS, "the page") F(group, COUNT, "the group") F(slot, COUNT, "the slot")
      F(age, COUNT, "how many rounds it had not been used") F(usage, HEX, "bit 0 referenced, bit 1 changed"))
EVENT(67, mmu_segment, MMU, CPU_INSTANT, "a segment was loaded into this CPU (SLB)",
      F(space, ASPACE, "the address space") F(esid, HEX, "effective segment id") F(vsid, HEX, "virtual segment id")
      F(slot, COUNT, "SLB slot"))
EVENT(68, mmu_activate, MMU, CPU_INSTANT, "this CPU translates through another space",
      F(space, ASPACE, "the address space; 0 for none"))
EVENT(69, mmu_sync, MMU, CPU_INSTANT, "no CPU can use what was unmapped before",
      F(space, ASPACE, "the address space") F(told, HEX, "bit n: CPU n was told"))
EVENT(70, mmu_table, MMU, CPU_INSTANT, "a page became part of a page table",
      F(space, ASPACE, "the address space") F(frame, PADDR, "the page") F(level, COUNT, "the level it serves"))
EVENT(71, hpt_entries, MMU, COUNTER, "entries in use in the hashed page table, every eighth value",
      F(value, COUNT, "how many"))
EVENT(72, tlb_flush, MMU, CPU_INSTANT, "this CPU flushed because another asked",
      F(generation, COUNT, "up to which request"))

/* ---- vm: what programs did to their address space ---- */
EVENT(80, vm_map, VM, THREAD_INSTANT, "memory was mapped",
      F(thread, THREAD, "by whom") F(aspace, ASPACE, "where") F(address, ADDRESS, "first address") F(bytes, BYTES, "size")
      F(rights, RIGHTS, "what is allowed") F(object, OBJECT, "the object behind it"))
EVENT(81, vm_unmap, VM, THREAD_INSTANT, "memory was unmapped",
      F(thread, THREAD, "by whom") F(aspace, ASPACE, "where") F(address, ADDRESS, "first address") F(bytes, BYTES, "size"))
EVENT(82, vm_protect, VM, THREAD_INSTANT, "rights of mapped memory changed",
      F(thread, THREAD, "by whom") F(aspace, ASPACE, "where") F(address, ADDRESS, "first address") F(bytes, BYTES, "size")
      F(rights, RIGHTS, "what is allowed now"))
EVENT(83, vm_forget, VM, THREAD_INSTANT, "every hardware translation of an address space was dropped on request",
      F(thread, THREAD, "by whom") F(aspace, ASPACE, "where"))
EVENT(84, object_create, VM, CPU_INSTANT, "a new object",
      F(object, OBJECT, "the object") F(kind, OBJECT_KIND, "where its pages come from") F(pages, PAGES, "how many")
      F(origin, HEX, "the provider's endpoint, the source's id, or the physical address"))
EVENT(85, object_destroy, VM, CPU_INSTANT, "nobody uses the object any more; its pages are given back",
      F(object, OBJECT, "the object") F(pages, PAGES, "frames it had"))
EVENT(86, slot_change, VM, CPU_INSTANT, "the state of a page changed",
      F(object, OBJECT, "the object") F(page, COUNT, "page number in the object") F(from, SLOT_STATE, "before")
      F(to, SLOT_STATE, "now") F(slot, HEX, "the slot now") F(flow, FLOW, "the fault or request that did it; 0 if none"))
EVENT(87, page_request, VM, CPU_INSTANT, "a page request was made: a message to the provider",
      F(flow, FLOW, "the request, and the fault that made it") F(object, OBJECT, "the object")
      F(page, COUNT, "page number in the object") F(kind, REQUEST_KIND, "what is asked for") F(endpoint, OBJECT, "the endpoint"))
EVENT(88, page_request_done, VM, CPU_INSTANT, "a page request is answered",
      F(flow, FLOW, "the request") F(object, OBJECT, "the object") F(page, COUNT, "page number in the object")
      F(kind, REQUEST_KIND, "what was asked for") F(status, STATUS, "the answer") F(waiters, COUNT, "threads that waited"))
EVENT(89, pages_remove, VM, THREAD_INSTANT, "a program asked to release, flush or evict pages of an object",
      F(thread, THREAD, "by whom") F(object, OBJECT, "the object") F(first, COUNT, "first page") F(pages, PAGES, "how many")
      F(kind, REMOVE_KIND, "what is to be done"))
EVENT(90, page_evict, VM, CPU_INSTANT, "a page that can be brought again gave up its frame",
      F(object, OBJECT, "the object") F(page, COUNT, "page number in the object") F(frame, PADDR, "the frame that is free now")
      F(age, COUNT, "looks at it since it was last used"))
/* 91 to 93 were counters of page requests and pages, which a reader can count itself from the events above. */

/* ---- mem ---- */
EVENT(96, free_pages, MEM, COUNTER, "page frames that are free, every eighth value",
      F(value, PAGES, "how many"))
EVENT(97, zeroed_pages, MEM, COUNTER, "free page frames that are zeroed already",
      F(value, PAGES, "how many"))
EVENT(98, cast_out_begin, MEM, CPU_BEGIN, "memory is short: pages that can be brought again are looked for",
      F(pressure, PRESSURE, "how short") F(free, PAGES, "frames that are free"))
EVENT(99, cast_out_end, MEM, CPU_END, "the search for pages to cast out ended",
      F(looked_at, PAGES, "pages that were looked at") F(dropped, PAGES, "frames that are free now")
      F(writing, PAGES, "pages that their providers are asked to save first"))
EVENT(100, hash_collisions, MEM, COUNTER, "translations in the hashed page table that do not sit in their primary group",
      F(value, COUNT, "how many"))

/* ---- time ---- */
EVENT(104, timer_expire, TIME, CPU_INSTANT, "a sleeper's time has come",
      F(thread, THREAD, "who") F(late, TICKS, "by how much"))

/* ---- lock ---- */
EVENT(112, lock_contended, LOCK, CPU_INSTANT, "this CPU had to spin for a lock",
      F(lock, HEX, "its address") F(level, COUNT, "its place in the order of locks") F(spins, COUNT, "how often it looked"))

/* ---- user: marks that programs make ---- */
EVENT(120, mark_begin, USER, THREAD_BEGIN, "the program says that something starts",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued")
      F(value, SIGNED, "a number of its own"))
EVENT(121, mark_end, USER, THREAD_END, "the program says that it ended",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued")
      F(value, SIGNED, "a number of its own"))
EVENT(122, mark_instant, USER, THREAD_INSTANT, "the program marks a moment",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued")
      F(value, SIGNED, "a number of its own"))
EVENT(123, mark_counter, USER, COUNTER, "the program counts something",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued") F(value, SIGNED, "its value now"))
EVENT(124, mark_step, USER, THREAD_INSTANT, "the program marks a moment in something bigger",
      F(flow, FLOW, "what it belongs to") F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued")
      F(value, SIGNED, "a number of its own"))
EVENT(125, module_load, USER, THREAD_INSTANT, "the program takes in a module",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued") F(address, ADDRESS, "where it lies")
      F(bytes, BYTES, "how much room it takes"))
EVENT(126, module_unload, USER, THREAD_INSTANT, "a module is given back, or could not be loaded",
      F(thread, THREAD, "who") F(name_0, CHARS, "its name") F(name_1, CHARS, "continued") F(address, ADDRESS, "where it lay")
      F(bytes, BYTES, "how much room it took"))

/* ---- ipc: messages and the threads that serve ---- */
EVENT(128, endpoint_create, IPC, THREAD_INSTANT, "a new endpoint",
      F(thread, THREAD, "by whom") F(endpoint, OBJECT, "the endpoint"))
EVENT(129, endpoint_gone, IPC, CPU_INSTANT, "nobody answers at the endpoint any more; what waits there is answered with GONE",
      F(endpoint, OBJECT, "the endpoint") F(messages, COUNT, "how many messages waited"))
EVENT(130, ipc_send, IPC, THREAD_INSTANT, "a message was sent",
      F(flow, FLOW, "the message") F(thread, THREAD, "for whom: the caller, or the thread whose fault sent it")
      F(endpoint, OBJECT, "to") F(type, MESSAGE, "what it asks") F(word_0, HEX, "its first word") F(word_1, HEX, "its second"))
EVENT(131, ipc_receive, IPC, THREAD_INSTANT, "a message was received",
      F(flow, FLOW, "the message") F(thread, THREAD, "by whom") F(endpoint, OBJECT, "at") F(type, MESSAGE, "what it asks")
      F(word_0, HEX, "its first word") F(word_1, HEX, "its second"))
EVENT(132, ipc_reply, IPC, THREAD_INSTANT, "a message was answered",
      F(flow, FLOW, "the message") F(thread, THREAD, "by whom; 0 if the kernel had to") F(endpoint, OBJECT, "at")
      F(type, HEX, "the type of the answer; a status code for the kernel's messages")
      F(caller, THREAD, "who waited for it; 0 for the kernel"))
EVENT(133, handle_pass, IPC, THREAD_INSTANT, "a handle came to a process in a message",
      F(thread, THREAD, "for whom") F(handle, HANDLE, "its number there") F(object, OBJECT, "what it stands for")
      F(rights, HEX, "enum handle_rights"))
EVENT(134, ipc_cancel, IPC, CPU_INSTANT, "a message was dropped when it was its turn: whoever sent it waits no more",
      F(flow, FLOW, "the message") F(caller, THREAD, "whose it was") F(endpoint, OBJECT, "at"))
EVENT(135, endpoint_destroy, IPC, CPU_INSTANT, "nobody has a handle of the endpoint any more, and no message is on its way",
      F(endpoint, OBJECT, "the endpoint"))

/* ---- sync: words that threads wait on. A word is a place in an object, so the same in every address space that sees it ---- */
EVENT(144, sync_wait, SYNC, THREAD_INSTANT, "a thread is about to wait on words, if they have the values it knows",
      F(thread, THREAD, "who") F(object, OBJECT, "the object of the first word") F(offset, BYTES, "its place there")
      F(value, HEX, "the value it is thought to have") F(words, COUNT, "how many words"))
EVENT(145, sync_wake, SYNC, THREAD_INSTANT, "a thread woke who waits on a word",
      F(thread, THREAD, "by whom") F(object, OBJECT, "the object of the word") F(offset, BYTES, "its place there")
      F(woken, COUNT, "how many"))
EVENT(146, sync_requeue, SYNC, THREAD_INSTANT, "a thread woke some who wait on a word, and lets others wait on another",
      F(thread, THREAD, "by whom") F(object, OBJECT, "the object of the word") F(offset, BYTES, "its place there")
      F(woken, COUNT, "how many were woken") F(moved, COUNT, "how many wait elsewhere now"))
EVENT(147, sync_move, SYNC, THREAD_INSTANT, "a thread waits on another word from now on, without having run",
      F(thread, THREAD, "who") F(object, OBJECT, "the object of the word") F(offset, BYTES, "its place there"))

/* ---- rcu: what is freed, and the grace periods it waits for ---- */
EVENT(150, rcu_call, RCU, CPU_INSTANT, "something is taken out of use, to be freed after a grace period",
      F(flow, FLOW, "from here to rcu_free") F(kind, RCU_KIND, "what it is") F(object, OBJECT, "its id"))
EVENT(151, rcu_pre_free, RCU, CPU_INSTANT, "and what could be done at once is done",
      F(flow, FLOW, "the rcu_call") F(kind, RCU_KIND, "what it is") F(object, OBJECT, "its id"))
EVENT(152, rcu_request, RCU, CPU_INSTANT, "this CPU is the first that needs a grace period",
      F(period, COUNT, "its number") F(callbacks, COUNT, "how much this CPU has to free"))
EVENT(153, rcu_period_begin, RCU, CPU_INSTANT, "a grace period begins",
      F(period, COUNT, "its number") F(callbacks, COUNT, "how much all CPUs have to free"))
EVENT(154, rcu_quiescent, RCU, CPU_INSTANT, "a CPU no longer holds a grace period up",
      F(period, COUNT, "its number") F(cpu, CPU, "which CPU") F(cause, QUIESCENT_CAUSE, "why it follows no pointer of the kernel's"))
EVENT(155, rcu_period_end, RCU, CPU_INSTANT, "a grace period is over",
      F(period, COUNT, "its number"))
EVENT(156, rcu_free, RCU, CPU_INSTANT, "something is freed",
      F(flow, FLOW, "the rcu_call") F(kind, RCU_KIND, "what it is") F(object, OBJECT, "its id")
      F(period, COUNT, "the grace period it has waited for"))
EVENT(157, rcu_callbacks, RCU, CPU_COUNTER, "how much this CPU has to free",
      F(value, COUNT, "how many things"))

/* ---- handles ---- */
EVENT(158, handle_refused, IPC, THREAD_INSTANT, "what a thread wanted to do with a handle was refused, or one that came to it in a message found no place",
      F(thread, THREAD, "who wanted it")
      F(handle, HANDLE, "with which handle of its process; none (0): it gave no handle, or, if there is an object, one that came got no number")
      F(object, OBJECT, "what the handle stands for; 0: there is no such handle") F(missing, HEX, "the rights it lacks: enum handle_rights")
      F(status, STATUS, "what the thread was told"))
EVENT(159, handle_revoke, IPC, THREAD_INSTANT, "a thread took back all handles that were made from one of its own",
      F(thread, THREAD, "who") F(handle, HANDLE, "its own, which stays") F(object, OBJECT, "what it stands for")
      F(revoked, COUNT, "how many, in whatever process"))

/* ---- boot: clocks ---- */
EVENT(166, clock_check, BOOT, CPU_INSTANT, "another CPU's clock was compared with this one's: it is ahead by something between the two bounds",
      F(cpu, CPU, "the other CPU") F(lower_ns, SIGNED, "nanoseconds; above 0: it runs ahead")
      F(upper_ns, SIGNED, "nanoseconds; below 0: it is behind")
      F(rounds, COUNT, "how often it was asked"))

/* ---- the fault injector ---- */
EVENT(180, alloc_fail, MEM, THREAD_INSTANT, "an allocation fails because it was told to: the fault injector",
      F(thread, THREAD, "in whose system call or fault; 0: the kernel's own") F(number, COUNT, "the allocation's number"))
