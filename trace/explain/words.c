/*
 * An event as a sentence: what trace/events.h says of it, with the values in their places.
 *
 * Teaches: a sentence is data. `%field` in a template becomes the field in words, `%field{nobody}` says what 0 is called. An event without a
 * template is its meaning and its fields, so that a new event in trace/events.h can be explained before anybody writes a line here.
 * Who calls: the stories. Whom: names.c for who is who, schema.h for what values are called.
 */
#include <inttypes.h>
#include <string.h>

#include "../kernel/abi/trace_enums.h"
#include "explain/explain.h"

static const struct {
	const char *event, *text;
} templates[] = {
	{"boot_phase", "the boot reached: %phase (%ago before it was said)"},
	{"cpu_online", "this CPU, %hw_id to the machine, is ready to schedule"},
	{"cpu_missing", "CPU %index was left out: %reason"},
	{"run_end", "the run is over: %verdict, exit status %status"},
	{"kernel_stack", "the deepest that any CPU's kernel stack was: %used of %size"},
	{"idle_begin", "the CPU has nothing to run"},
	{"idle_end", "the CPU has something to do again"},
	{"ipi_send", "this CPU interrupts CPU %target, which is to look at: hazards %hazards"},
	{"aspace_create", "a new process: %aspace"},
	{"aspace_destroy", "the last thread of %aspace ended and its memory was given back"},
	{"thread_create", "%thread begins to exist, in %aspace; asked for by %creator{the kernel}"},
	{"thread_switch",
	 "the CPU stops running %previous{nobody: it was idle} and runs %next{nobody: it is idle} (the first stopped "
	 "because: %reason)"},
	{"thread_block", "%thread can no longer run: it %reason"},
	{"thread_wake", "%thread can run again: %reason; woken by %waker{an interrupt}, it queues on CPU %cpu"},
	{"thread_move", "%thread, which can run, goes from CPU %from's queue to CPU %to's"},
	{"thread_exit", "%thread is over, with exit status %status"},
	{"thread_crashed", "%thread is killed: %cause (%access at %address, instruction at %pc)"},
	{"runnable", "%value threads could run and do not"},
	{"thread_kill", "%thread ends %target"},
	{"process_adopt", "the creator of %process has ended; from now on that is %parent{nobody, and it ends too}"},
	{"syscall_enter", "%thread calls the kernel: %number(%argument_0, %argument_1)"},
	{"syscall_exit", "the kernel is done with %number of %thread: %status, result %value"},
	{"irq_enter", "the CPU takes an interrupt (%irq) at %pc"},
	{"irq_exit", "the interrupt (%irq) is handled"},
	{"irq_register", "a driver gets the interrupts of line %irq as messages to %endpoint"},
	{"irq_deliver",
	 "interrupt %count of line %irq becomes a message to %endpoint; the line is held back until it is answered"},
	{"fault_begin", "%thread faulted: %access at %address, instruction at %pc; the machine said: %kind"},
	{"fault_segment", "segment: the address lies in the %segment segment, which starts at %base"},
	{"fault_mapping", "mapping: it begins at %start, has %bytes, allows %rights, and shows %object"},
	{"fault_slot", "slot: page %page of %object"},
	{"fault_zero_fill", "zero-fill: page frame %frame is taken and filled with zeros"},
	{"fault_end", "the fault path ends: %result"},
	{"uaccess_fault", "the kernel touched %address (%access) for %thread, and the page was not there"},
	{"fault_copy", "copy: the shared page %source is copied to frame %frame, because it is about to be written"},
	{"fault_wait", "wait: the thread waits for request %request, page %page of %object; %waiters wait for it now"},
	{"fault_memory", "wait: no page frame is free; %thread waits until one is"},
	{"fault_resume", "resume: what %thread waited for is there, its fault goes on"},
	{"uaccess_retry", "the call %number of %thread is undone, and will be made again when its page is there"},
	{"fault_upcall",
	 "nobody can answer what %thread did (%cause, at %address) but its own handler at %handler: it goes on there"},
	{"fault_return", "the handler of %thread is done; it goes on at %pc{the instruction that faulted}"},
	{"mmu_map", "translation entered: page %address of %space is frame %frame"},
	{"mmu_unmap", "translations removed: %pages from %address of %space"},
	{"mmu_evict",
	 "the hash made room: page %address of %space is forgotten, from slot %slot of group %group (not used for %age "
	 "rounds)"},
	{"mmu_segment", "SLB: segment %esid of %space is loaded into slot %slot of this CPU, as virtual segment %vsid"},
	{"mmu_activate", "this CPU translates through %space{no space} from now on"},
	{"mmu_sync", "no CPU can use what was unmapped from %space{any process} before (told: CPUs %told)"},
	{"mmu_table", "frame %frame becomes a table of level %level in the page table of %space"},
	{"hpt_entries", "%value entries of the hashed page table are in use"},
	{"tlb_flush", "this CPU flushed its TLB because another asked, up to request %generation"},
	{"vm_map", "%thread mapped %bytes at %address of %aspace, allowing %rights: %object"},
	{"vm_unmap", "%thread unmapped %bytes at %address of %aspace"},
	{"vm_protect", "%thread changed what %bytes at %address of %aspace allow: %rights now"},
	{"vm_forget", "%thread asked to drop every translation of %aspace"},
	{"object_create", "a new object, %object, of %pages"},
	{"object_destroy", "nobody uses %object any more; it had %pages, which are given back"},
	{"slot_change", "page %page of %object: %from before, %to now"},
	{"page_request", "request: the provider is asked, by a message to %endpoint, to %kind page %page of %object"},
	{"page_request_done", "request answered: %kind of page %page of %object, %status; %waiters threads waited"},
	{"pages_remove", "%thread asked of %pages of %object, from page %first: %kind"},
	{"page_evict", "page %page of %object gave up its frame %frame; it can be brought again (unused for %age looks)"},
	{"free_pages", "%value are free"},
	{"zeroed_pages", "%value are free and zeroed already"},
	{"cast_out_begin", "%pressure, %free free: pages that can be brought again are looked for"},
	{"cast_out_end", "%looked_at were looked at: %dropped freed, %writing to be saved first"},
	{"hash_collisions", "%value entries of the hashed page table do not sit in their primary group"},
	{"timer_expire", "the time of %thread has come, %late ago"},
	{"lock_contended", "this CPU had to spin for the lock at %lock, and looked %spins times"},
	{"mark_begin", "%thread says that this starts: %name_0 (%value)"},
	{"mark_end", "%thread says that this ended: %name_0 (%value)"},
	{"mark_instant", "%thread marks a moment: %name_0 (%value)"},
	{"mark_counter", "%thread counts: %name_0 is %value"},
	{"mark_step", "%thread, at work on it, marks a moment: %name_0 (%value)"},
	{"module_load", "%thread takes in the module %name_0, %bytes at %address"},
	{"module_unload", "the module %name_0, at %address in the process of %thread, is given back or could not be loaded"},
	{"endpoint_create", "%thread made %endpoint"},
	{"endpoint_gone", "nobody answers at %endpoint any more; %messages messages waited there and are answered with GONE"},
	{"ipc_send", "a message is sent to %endpoint for %thread{the kernel}: %type (%word_0, %word_1)"},
	{"ipc_receive", "%thread receives it at %endpoint: %type"},
	{"ipc_reply", "%thread{the kernel} answers with %type; %caller{the kernel} waited for it"},
	{"handle_pass", "%thread gets handle %handle of %object in a message, with rights %rights"},
	{"ipc_cancel", "the message of %caller at %endpoint is dropped: whoever sent it waits no more"},
	{"endpoint_destroy", "nobody has a handle of %endpoint any more, and no message is on its way"},
	{"sync_wait", "%thread is about to wait on %words word(s), the first at %offset of %object, if it still is %value"},
	{"sync_wake", "%thread woke %woken thread(s) that waited on the word at %offset of %object"},
	{"sync_requeue", "%thread woke %woken thread(s) of the word at %offset of %object, and let %moved wait elsewhere"},
	{"sync_move", "%thread waits on another word from now on, at %offset of %object, without having run"},
	{"rcu_call", "%kind (%object) is taken out of use, to be freed after a grace period"},
	{"rcu_pre_free", "what could be done at once for %kind (%object) is done"},
	{"rcu_request", "this CPU is the first that needs grace period %period; it has %callbacks thing(s) to free"},
	{"rcu_period_begin", "grace period %period begins; all CPUs together have %callbacks thing(s) to free"},
	{"rcu_quiescent", "CPU %cpu no longer holds grace period %period up: %cause"},
	{"rcu_period_end", "grace period %period is over"},
	{"rcu_free", "%kind (%object) is freed; it waited for grace period %period"},
	{"rcu_callbacks", "this CPU has %value thing(s) to free"},
	{"handle_refused", "%thread is refused what it wanted with handle %handle: %status (rights it lacks: %missing)"},
	{"handle_revoke", "%thread took back %revoked handle(s) that were made from its handle %handle"},
	{"clock_check", "CPU %cpu's clock is ahead of this one's by %lower_ns to %upper_ns ns, after %rounds questions"},
	{"alloc_fail", "the fault injector lets allocation %number fail, made for %thread{the kernel}"},
};

#define TEMPLATES (sizeof(templates) / sizeof(templates[0]))

void print_ns(FILE *out, uint64_t ns)
{
	fprintf(out, "%" PRIu64 ".%03u us", ns / 1000, (unsigned)(ns % 1000));
}

void print_heading(struct explain *explain, const char *text)
{
	fprintf(explain->out, "\n%s\n", text);
}

const char *value_text(enum field_type type, uint64_t value)
{
	const char *name = schema_value_name(type, value);
	return name ? name : "a value that has no name";
}

static void print_process(struct explain *explain, uint64_t id)
{
	const char *name = actors_process_name(&explain->names.actors, id, NULL);
	fprintf(explain->out, name ? "process %" PRIu64 " (%s)" : "process %" PRIu64, id, name);
}

void print_thread(struct explain *explain, uint64_t id, const char *zero)
{
	const struct actors *actors = &explain->names.actors;
	const struct actor_thread *who = actors_thread(actors, id);
	const char *process = who ? actors_process_name(actors, who->process, NULL) : NULL;
	if (!id)
		fputs(zero, explain->out);
	else if (!who || !who->name[0])
		fprintf(explain->out, "thread %" PRIu64, id);
	else if (!process)
		fprintf(explain->out, "thread %" PRIu64 " (%s)", id, who->name);
	else
		fprintf(explain->out, "thread %" PRIu64 " (%s of %s)", id, who->name, process);
}

void print_object(struct explain *explain, uint64_t id)
{
	const struct thing *thing = names_thing(&explain->names, id);
	fprintf(explain->out, thing && thing->is_endpoint ? "endpoint %" PRIu64 : "object %" PRIu64, id);
	const char *kind = thing && !thing->is_endpoint ? schema_value_name(FIELD_OBJECT_KIND, thing->kind) : NULL;
	if (kind)
		fprintf(explain->out, " (%s)", kind);
	if (!thing || !thing->is_endpoint)
		return;
	fputs(" of ", explain->out);
	print_thread(explain, thing->maker, "the kernel");
}

/* ---- one field ---- */

static void print_number(struct explain *explain, const struct field_schema *field, uint64_t value)
{
	FILE *out = explain->out;
	switch (field->type) {
	case FIELD_SIGNED:
		fprintf(out, "%" PRId64, (int64_t)value);
		break;
	case FIELD_TICKS:
		print_ns(out, trace_ns(explain->reader, explain->info->boot_ticks + value));
		break;
	case FIELD_BYTES:
		fprintf(out, "%" PRIu64 " bytes", value);
		break;
	case FIELD_PAGES:
		fprintf(out, "%" PRIu64 " page%s", value, value == 1 ? "" : "s");
		break;
	case FIELD_FLOW:
	case FIELD_ADDRESS:
	case FIELD_PADDR:
	case FIELD_HEX:
		fprintf(out, "0x%" PRIx64, value);
		break;
	default:
		fprintf(out, "%" PRIu64, value);
	}
}

/* The field in words; `zero` for 0 unless that is empty. */
static void print_value(struct explain *explain, const struct trace_event *event, unsigned index, const char *zero)
{
	const struct field_schema *field = &event->schema->field[index];
	uint64_t value = event->field[index];
	const char *name = schema_value_name(field->type, value);
	char text[17];
	if (!value && *zero)
		fputs(zero, explain->out);
	else if (field->type == FIELD_THREAD)
		print_thread(explain, value, "the kernel");
	else if (field->type == FIELD_ASPACE)
		print_process(explain, value);
	else if (field->type == FIELD_OBJECT)
		print_object(explain, value);
	else if (field->type == FIELD_CHARS) {
		bool goes_on = index + 1 < event->fields && field[1].type == FIELD_CHARS;
		trace_chars(value, goes_on ? event->field[index + 1] : 0, text);
		fprintf(explain->out, "`%s`", text);
	} else if (field->type == FIELD_ADDRESS && is_not_told(explain, event, value))
		fputs("an address that the processor did not tell", explain->out);
	else if (field->type == FIELD_ACCESS && !access_is_known(explain, event))
		fputs("load or store", explain->out);
	else if (field->type == FIELD_FAULT_KIND && !access_is_known(explain, event))
		fputs("no address", explain->out);
	else if (name)
		fputs(name, explain->out);
	else
		print_number(explain, field, value);
}

static int field_index(const struct event_schema *schema, const char *name, size_t length)
{
	for (unsigned i = 0; i < schema->fields; i++)
		if (strlen(schema->field[i].name) == length && !memcmp(schema->field[i].name, name, length))
			return (int)i;
	return -1;
}

/* ---- a template ---- */

/* A place of a template: `%field` or `%field{zero}`. Returns where the text goes on. */
static const char *place(const char *at, size_t *name_bytes, char *zero, size_t zero_bytes)
{
	*name_bytes = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");
	*zero = '\0';
	at += *name_bytes;
	if (*at != '{')
		return at;
	size_t length = strcspn(at, "}");
	snprintf(zero, zero_bytes, "%.*s", (int)length - 1, at + 1);
	return at + length + 1;
}

static void print_template(struct explain *explain, const struct trace_event *event, const char *text)
{
	char zero[64];
	while (*text) {
		size_t plain = strcspn(text, "%"), name_bytes;
		fprintf(explain->out, "%.*s", (int)plain, text);
		text += plain;
		if (!*text)
			break;
		const char *name = text + 1;
		text = place(name, &name_bytes, zero, sizeof(zero));
		int index = field_index(event->schema, name, name_bytes);
		if (index >= 0 && (unsigned)index < event->fields)
			print_value(explain, event, (unsigned)index, zero);
	}
}

/* An event nobody has written a sentence for. */
static void print_meaning(struct explain *explain, const struct trace_event *event)
{
	fputs(event->schema->meaning, explain->out);
	for (unsigned i = 0; i < event->fields; i++) {
		fprintf(explain->out, "%s%s: ", i ? ", " : " (", event->schema->field[i].name);
		print_value(explain, event, i, "");
	}
	fputs(event->fields ? ")" : "", explain->out);
}

/* What a page's slot says beyond its state: kernel/mm/object.h has the bits. */
static void print_slot(struct explain *explain, uint64_t slot)
{
	fprintf(explain->out, " (0x%" PRIx64 ": %s", slot, value_text(FIELD_SLOT_STATE, slot & 7));
	if (slot & ~(PAGE_SIZE - 1))
		fprintf(explain->out, ", frame 0x%" PRIx64, slot & ~(PAGE_SIZE - 1));
	fputs(slot & 1 << 6 ? ", shared: a write has to copy it" : "", explain->out);
	fputs(slot & 1 << 7 ? ", not to be cast out" : "", explain->out);
	if (slot >> 8 & 15)
		fprintf(explain->out, ", pinned %u times", (unsigned)(slot >> 8 & 15));
	fputs(")", explain->out);
}

/* What a translation allows (kernel/mmu.h), and where it lies. */
static void print_translation(struct explain *explain, const struct trace_event *event)
{
	uint64_t flags = field_of(event, "flags"), at = field_of(event, "place");
	fprintf(explain->out, ", %s%s%s", flags & 1 ? "r" : "-", flags & 2 ? "w" : "-", flags & 4 ? "x" : "-");
	fputs(flags & 8 ? ", cache-inhibited" : "", explain->out);
	fputs(flags & 16 ? ", wired" : "", explain->out);
	if (strcmp(explain->info->mmu, "hash"))
		fprintf(explain->out, "; %" PRIu64 " levels were walked", at);
	else
		fprintf(explain->out, "; in slot %u of group %u, its %s one", (unsigned)(at & 0xff),
			(unsigned)(at >> 8 & 0x7fffff), at >> 31 & 1 ? "secondary" : "primary");
}

/* The next arrow of the path, which has no event of its own: whether the mapping's rights allow the access. */
static void print_rights(struct explain *explain, const struct trace_event *event)
{
	uint64_t needs[] = {1, 2, 4}, access = field_of(&explain->scope.begin.event, "access");
	if (explain->scope.subject != SUBJECT_FAULT || !explain->scope.begin.there || access > 2)
		return;
	fprintf(explain->out, "; rights: that %s the %s", field_of(event, "rights") & needs[access] ? "allows" : "forbids",
		value_text(FIELD_ACCESS, access));
}

void print_sentence(struct explain *explain, const struct trace_event *event)
{
	size_t i = 0;
	while (i < TEMPLATES && strcmp(templates[i].event, event->schema->name))
		i++;
	if (i < TEMPLATES)
		print_template(explain, event, templates[i].text);
	else
		print_meaning(explain, event);
	if (is_event(event, "fault_slot") || is_event(event, "slot_change"))
		print_slot(explain, field_of(event, "slot"));
	else if (is_event(event, "fault_mapping"))
		print_rights(explain, event);
	else if (is_event(event, "mmu_map"))
		print_translation(explain, event);
}

const char *words_check(void)
{
	for (size_t i = 0; i < TEMPLATES; i++) {
		const struct event_schema *schema = schema_event_named(templates[i].event);
		if (!schema)
			return templates[i].event;
		for (const char *at = templates[i].text; (at = strchr(at, '%')) != NULL;) {
			size_t name_bytes;
			char zero[64];
			const char *name = at + 1;
			at = place(name, &name_bytes, zero, sizeof(zero));
			if (field_index(schema, name, name_bytes) < 0)
				return templates[i].text;
		}
	}
	return NULL;
}

void print_steps(struct explain *explain)
{
	uint64_t first = explain->steps ? explain_ns(explain, &explain->step[0]) : 0;
	for (size_t i = 0; i < explain->steps; i++) {
		const struct trace_event *event = &explain->step[i];
		uint64_t ns = explain_ns(explain, event) - first;
		fprintf(explain->out, "%c %9" PRIu64 ".%03u us  cpu%u  ",
			is_same_event(event, &explain->target.event) ? '>' : ' ', ns / 1000, (unsigned)(ns % 1000), event->cpu);
		print_sentence(explain, event);
		fputc('\n', explain->out);
	}
	if (explain->steps_left_out)
		fprintf(explain->out, "  and %zu more events, which are left out here\n", explain->steps_left_out);
}
