// Asks Perfetto's own trace processor whether a trace is the runs it was made from.
//
//     node perfetto-check.mjs NAME TRACE COUNTS...
//
// COUNTS is one JSON object a run, in the order of the runs: {"holes": 0 or 1, "events": {"fault_begin": n, ...}}, as counted from
// the .vtrace; with holes (events were lost) what depends on both ends of a thing is not asked. Prints `ok NAME-CHECK` or
// `not ok NAME-CHECK: why`, one a line.
//
// Teaches: the trace processor is lenient. An end without a begin, a name without a text, time that goes back: it draws something
// and says nothing. So besides its own list of complaints, everything that was put in is counted again coming out.
// Who calls: perfetto-test.sh. Whom it calls: perfetto-sql.mjs.
import fs from 'node:fs';
import { openTrace, rows } from './perfetto-sql.mjs';

const [, , name, file, ...counted] = process.argv;
const runs = counted.map((text) => JSON.parse(text));
const engine = await openTrace(new Uint8Array(fs.readFileSync(file)));
const ask = (sql) => rows(engine, sql);

function verdict(check, why) {
	console.log(why ? `not ok ${name}-${check}: ${why}` : `ok ${name}-${check}`);
}

async function expectNone(check, sql) {
	const found = await ask(sql);
	verdict(check, found.length ? `${found.length} rows, the first is ${JSON.stringify(found[0])}` : '');
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

async function expectCounts(check, sql, wanted) {
	const found = (await ask(sql)).map((row) => row.n);
	verdict(check, same(found, wanted) ? '' : `the trace has ${found}, the runs have ${wanted}`);
}

// A run is a machine. With one run the packets carry no machine, and Perfetto calls it 0.
const machines = runs.map((_, index) => (runs.length > 1 ? index + 1 : 0));
const event = (which) => runs.map((run) => run.events[which] ?? 0);
const holes = runs.some((run) => run.holes);
const perMachine = (table, thread, where) => `
	with machine_of(id) as (values ${machines.map((id) => `(${id})`).join(', ')})
	select (select count(*) from ${table} x ${thread ? 'join thread t using (utid)' : 'join track t on x.track_id = t.id'}
		where ifnull(t.machine_id, 0) = machine_of.id and ${where}) as n
	from machine_of order by id`;

await expectNone('no-complaints', `select name, value from stats where severity in ('error', 'data_loss') and value > 0`);
await expectNone('nothing-skipped', `select name, value from stats where name glob 'packet_skipped*' and value > 0`);
await expectNone('every-slice-has-a-name', `select id, ts from slice where name is null or name = ''`);
await expectNone('every-slice-has-a-category', `select id, ts, name from slice where category is null and name not glob '*events lost'`);
await expectNone('every-slice-has-ended', `select id, ts, dur, name from slice where dur < 0`);
await expectNone('every-run-of-a-cpu-has-ended', `select ts, dur, cpu from sched_slice where dur < 0`);
await expectNone(
	'every-argument-has-a-name',
	`select arg_set_id, key from args where key glob 'debug.*' and (key = 'debug.' or key glob '*unknown*')`,
);

await expectCounts('faults', perMachine('slice', false, `category = 'fault' and x.name glob 'fault:*'`), event('fault_begin'));
await expectCounts('switches', perMachine('sched_slice', true, '1'), event('thread_switch'));
await expectCounts(
	'system-calls',
	perMachine('slice', false, `category = 'syscall' and t.type = 'thread_execution'`),
	event('syscall_enter'),
);
await expectCounts('interrupts', perMachine('slice', false, `category = 'irq' and x.name glob 'irq: *'`), event('irq_enter'));
await expectCounts('interrupts-told', perMachine('slice', false, `x.name glob 'irq to its driver: *'`), event('irq_deliver'));
await expectCounts(
	'marks',
	perMachine('slice', false, `category = 'user'`),
	runs.map((run) => (run.events.mark_begin ?? 0) + (run.events.mark_instant ?? 0) + (run.events.mark_step ?? 0)),
);
const counters = [
	['free pages', 'free_pages'],
	['zeroed pages', 'zeroed_pages'],
	['runnable threads', 'runnable'],
	['HPT entries in use', 'hpt_entries'],
	['HPT entries in their secondary group', 'hash_collisions'],
	['callbacks waiting CPU *', 'rcu_callbacks'],
];
for (const [counter, from] of counters)
	await expectCounts(`counter-${from}`, perMachine('counter', false, `t.name glob '${counter}'`), event(from));
const sumOfCallbacks = 'callbacks waiting';
await expectCounts('counter-sum-of-callbacks', perMachine('counter', false, `t.name = '${sumOfCallbacks}'`), event('rcu_callbacks'));

// Counters that no event carries: they follow from what happened to page requests and pages. Every value is reckoned again here, from
// the events' names, in the order of time, and compared one by one.
const derived = {
	'page requests': [],
	'pages being read': ['being read by the provider'],
	'pages present': ['present, clean'],
	'pages to be saved': ['present, changed'],
	'pages being saved': ['being written by the provider', 'being written, and wanted again'],
};
const onMachine = (machine) => `join track t on x.track_id = t.id where ifnull(t.machine_id, 0) = ${machine}`;

// By how much an event changes a counter.
function change(counter, what) {
	if (counter === 'page requests') return what.startsWith('asks the provider') ? 1 : what.startsWith('provider') ? -1 : 0;
	const [, from, to] = /^page: (.*) -> (.*)$/.exec(what) ?? [];
	return derived[counter].includes(to) - derived[counter].includes(from);
}

for (const machine of machines) {
	const happened = await ask(`select x.name as what from slice x ${onMachine(machine)} and
		(x.name glob 'page: *' or x.name glob 'asks the provider to*' or x.name glob 'provider''s answer to*') order by x.ts, x.id`);
	for (const counter of holes ? [] : Object.keys(derived)) {
		const wanted = [];
		let value = 0;
		for (const { what } of happened) {
			const by = change(counter, what);
			value += by;
			if (by && (counter !== 'pages present' || value % 8 === 0)) wanted.push(value);
		}
		const found = await ask(`select x.value as value from counter x ${onMachine(machine)} and t.name = '${counter}'
			order by x.ts, x.id`);
		const values = found.map((row) => row.value);
		const at = wanted.findIndex((one, index) => one !== values[index]);
		verdict(
			`counter-${counter.replaceAll(' ', '-')}-${machine}`,
			same(values, wanted) ? '' : `${values.length} values, and ${wanted.length} follow from the events; the first that differs is number ${at}`,
		);
	}
}

const known = [...counters.map(([counter]) => counter), sumOfCallbacks, ...Object.keys(derived)];
await expectCounts(
	'counters-of-programs',
	perMachine('counter', false, known.map((counter) => `t.name not glob '${counter}'`).join(' and ')),
	event('mark_counter'),
);

// Every event but an end, a counter and what only says who runs is a slice or an instant, and Perfetto keeps both in `slice`. A CPU that
// holds a grace period up is drawn for the event by which it stops; without one, if the run ends first.
const beginOf = (which) => which.replace(/_end$/, '_begin').replace(/_exit$/, '_enter');
const elsewhere = ['thread_switch', 'aspace_create', 'aspace_destroy', 'mark_counter', ...counters.map(([, from]) => from)];
const isSlice = (which, events) => !elsewhere.includes(which) && (beginOf(which) === which || !(beginOf(which) in events));
await expectCounts(
	'every-event',
	perMachine(
		'slice',
		false,
		`x.name not glob '*events lost' and x.name not glob 'wakes up *' and not exists
		(select 1 from args where args.arg_set_id = x.arg_set_id and key = 'debug.cause' and string_value = 'none: the run ends first')`,
	),
	runs.map(({ events }) => Object.keys(events).reduce((sum, which) => sum + (isSlice(which, events) ? events[which] : 0), 0)),
);

// Who runs is told by thread_state; sched_slice must be its other side.
await expectNone(
	'no-thread-runs-twice',
	`select a.utid, a.ts from thread_state a join thread_state b using (utid)
	 where a.id < b.id and a.state = 'Running' and b.state = 'Running' and a.ts < b.ts + b.dur and b.ts < a.ts + a.dur limit 3`,
);
await expectNone(
	'no-cpu-runs-two',
	`select * from (select ts, dur, ucpu, lead(ts) over (partition by ucpu order by ts) as next from sched_slice) where next < ts + dur`,
);
if (!holes)
	await expectCounts(
		'threads-have-states',
		`with machine_of(id) as (values ${machines.map((id) => `(${id})`).join(', ')})
		 select (select count(distinct utid) from thread_state join thread t using (utid)
			where ifnull(t.machine_id, 0) = machine_of.id and not ifnull(t.is_idle, 0)) as n from machine_of order by id`,
		event('thread_create'),
	);
// What a thread waits for is with its state. It has to be what an event of that thread said just before.
await expectNone(
	'sleeping-threads-say-why',
	`select x.utid, x.ts, x.blocked_function from thread_state x where x.state = 'S' and ifnull('blocks: ' || x.blocked_function, '') !=
		(select s.name from slice s join thread_track t on s.track_id = t.id
		 where t.utid = x.utid and s.name glob 'blocks: *' and s.ts <= x.ts + 1 order by s.ts desc, s.id desc limit 1) limit 3`,
);
await expectNone('only-sleeping-threads-wait', `select utid, ts from thread_state where blocked_function is not null and state != 'S' limit 3`);
await expectNone(
	'threads-have-names',
	`select tid, pid from thread left join process using (upid)
	 where thread.name is null or (tid > 0 and pid > 0 and process.name is null)`,
);
// The steps of a fault lie in it and in each other: which slice is around one, and around that, up to the fault.
if (!holes) {
	await expectNone(
		'steps-lie-in-faults',
		`select s.id, s.ts, s.name from slice s where s.category = 'fault' and s.dur > 0 and s.name in
			('mapping', 'page slot', 'zero-fill', 'copies the page', 'waits for the page', 'waits for memory')
		 and not exists (select 1 from ancestor_slice(s.id) a where a.name glob 'fault:*') limit 3`,
	);
	await expectNone(
		'steps-lie-in-each-other',
		`select s.id, s.ts, s.name, p.name as around from slice s join slice p on p.id = s.parent_id where s.category = 'fault' and s.dur > 0 and
			((s.name glob 'segment: *' and p.name not glob 'fault:*') or (s.name = 'mapping' and p.name not glob 'segment: *')
			or (s.name = 'page slot' and p.name not in ('mapping', 'page slot'))
			or (s.name in ('zero-fill', 'copies the page', 'waits for the page') and p.name != 'page slot')) limit 3`,
	);
	await expectNone(
		'faults-say-what',
		`select s.id, s.ts, s.name from slice s where s.name glob 'fault:*' and exists (select 1 from args where args.arg_set_id = s.arg_set_id and key = 'debug.result')
		 and not exists (select 1 from args a join args r using (arg_set_id) join args at using (arg_set_id)
			where a.arg_set_id = s.arg_set_id and a.key = 'debug.what' and r.key = 'debug.result' and at.key = 'debug.address'
			and a.string_value glob '* 0x' || printf('%x', at.int_value) || ' in * of *: ' || r.string_value) limit 3`,
	);
	// An arrow comes from who woke it, unless that was over by then, or an interrupt.
	await expectNone(
		'who-woke-whom',
		`select s.id, s.ts, s.name, a.int_value as waker from slice s join args a on a.arg_set_id = s.arg_set_id and a.key = 'debug.waker'
		 join thread_track own on own.id = s.track_id join thread t using (utid)
		 where s.name glob 'woken: *' and not exists (select 1 from flow f join slice w on w.id = f.slice_out where f.slice_in = s.id and w.name glob 'wakes up *')
		 and not exists (select 1 from slice e join thread_track et on et.id = e.track_id join thread w using (utid)
			where w.tid = a.int_value and ifnull(w.machine_id, 0) = ifnull(t.machine_id, 0) and e.name = 'exits' and e.ts <= s.ts) limit 3`,
	);
	await expectNone(
		'wakes-lead-somewhere',
		`select s.id, s.ts from slice s where s.name glob 'wakes up *' and not exists (select 1 from flow f join slice w on w.id = f.slice_in
		 where f.slice_out = s.id and w.name glob 'woken: *') limit 3`,
	);
}
// A page that a provider brought: arrows lead from its fault over the message and the answer to where the fault goes on.
const provided = `select s.id from slice s join args on args.arg_set_id = s.arg_set_id
	where s.name glob 'fault:*' and args.key = 'debug.result' and args.string_value = 'the provider brought the page'`;
for (const sql of [
	`create table step as select distinct trace_id, slice from
		(select trace_id, slice_out as slice from flow union all select trace_id, slice_in from flow)`,
	`create index step_slice on step(slice)`,
	`create table waiting as select s.id as fault, i.id as inner from (${provided}) s
		join slice f on f.id = s.id join slice i on i.track_id = f.track_id and i.ts between f.ts and f.ts + f.dur and i.name = 'waits for the page'`,
	`create table passed as select distinct step.trace_id, slice.name from step join slice on slice.id = step.slice
		where slice.name in ('sends PAGE_READ', 'receives PAGE_READ', 'replies', 'goes on')`,
	`create index passed_flow on passed(trace_id, name)`,
])
	await ask(sql);
await expectNone('provided-pages-were-waited-for', `select id from (${provided}) where id not in (select fault from waiting) limit 3`);
for (const [step, text] of [
	['asked-for', 'sends PAGE_READ'],
	['taken-on', 'receives PAGE_READ'],
	['answered', 'replies'],
	['resumed', 'goes on'],
])
	await expectNone(
		`provided-pages-are-${step}`,
		`select fault from waiting where not exists (select 1 from step join passed using (trace_id)
			where step.slice = waiting.inner and passed.name = '${text}') limit 3`,
	);
if (process.env.PROVIDED_MIN)
	await expectNone(
		'pages-were-provided',
		`select n from (select count(*) as n from (${provided})) where n < ${Number(process.env.PROVIDED_MIN) * runs.length}`,
	);
await expectNone(
	'flows-stay-on-a-machine',
	`select f.id from flow f join slice a on a.id = f.slice_out join slice b on b.id = f.slice_in
	 join track ta on ta.id = a.track_id join track tb on tb.id = b.track_id where ifnull(ta.machine_id, 0) != ifnull(tb.machine_id, 0) limit 3`,
);
if (!holes)
	await expectNone(
		'results-are-words',
		`select s.id from slice s where s.category = 'fault' and s.name glob 'fault:*' and s.dur > 0 and not exists (
			select 1 from args where args.arg_set_id = s.arg_set_id and key = 'debug.result' and string_value is not null) limit 3`,
	);
engine.dispose();
