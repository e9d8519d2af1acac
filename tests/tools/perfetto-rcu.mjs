// Holds the RCU group of a trace against the runs it was made from: grace periods, who held them up, arrows, counters.
//
//     node perfetto-rcu.mjs NAME TRACE EVENTS...
//
// EVENTS is one file a run, in the order of the runs: what `vitrine events RUN --category rcu` says. Nothing may have been lost. Prints
// `ok NAME-CHECK` or `not ok NAME-CHECK: why`, one a line.
//
// Teaches: a check that reckons anew. What the picture ought to show is worked out here a second time, from the text of the events
// alone, and every slice is compared: its period, its CPU, its begin and end to the nanosecond, its arguments.
// Who calls: perfetto-test.sh. Whom it calls: perfetto-sql.mjs.
import fs from 'node:fs';
import { openTrace, rows } from './perfetto-sql.mjs';

const [, , name, file, ...sources] = process.argv;
const engine = await openTrace(new Uint8Array(fs.readFileSync(file)));
const ask = (sql) => rows(engine, sql);

function verdict(check, why) {
	console.log(why ? `not ok ${name}-${check}: ${why}` : `ok ${name}-${check}`);
}

// ---- what happened ----

// "   710.683  cpu0      337  rcu_call          flow=0x220  kind=a handle  object=12"
function eventOf(line) {
	const [, time, cpu, event, fields] = /^\s*(\d+\.\d{3})\s+cpu(\d+)\s+\d+\s+(\w+)\s*(.*)$/.exec(line);
	const values = fields.split(/ {2,}/).map((field) => field.split('='));
	return { ns: Number(time.replace('.', '')), on: Number(cpu), event, ...Object.fromEntries(values) };
}

// What is to be seen of a run.
function expected(events) {
	const seen = { periods: [], holders: [], others: [], steps: {}, values: {}, sums: [] };
	const asked = {}, waiting = {};
	const step = (e) => ((seen.steps[e.event] ??= {})[e.on] ??= []).push(e.flow);
	let period = null;
	const handle = {
		rcu_request: (e) => (asked[e.period] = e.on),
		rcu_period_begin: (e) => {
			period = { period: Number(e.period), ts: e.ns, callbacks: Number(e.callbacks), asked: asked[e.period], last: null };
			period.on = e.on;
		},
		rcu_quiescent: (e) => {
			const cpu = Number(e.cpu), { ts } = period;
			if (cpu === period.on || e.cause.startsWith('idle all the time')) {
				seen.others.push([Number(e.period), cpu, e.ns, 0, e.cause]);
			} else {
				seen.holders.push([Number(e.period), cpu, ts, e.ns - ts, e.cause]);
				period.last = cpu;
			}
		},
		rcu_period_end: (e) => {
			const { ts, callbacks, asked, last } = period;
			seen.periods.push([Number(e.period), ts, e.ns - ts, callbacks, asked, last]);
		},
		rcu_call: step,
		rcu_pre_free: step,
		rcu_free: step,
		rcu_callbacks: (e) => {
			waiting[e.on] = Number(e.value);
			(seen.values[e.on] ??= []).push(waiting[e.on]);
			seen.sums.push(Object.values(waiting).reduce((sum, value) => sum + value, 0));
		},
	};
	for (const e of events) handle[e.event]?.(e);
	return seen;
}

// ---- what is drawn ----

const machines = sources.map((_, index) => (sources.length > 1 ? index + 1 : 0));
const argument = (key, column = 'int_value') =>
	`(select ${column} from args where args.arg_set_id = s.arg_set_id and key = 'debug.${key}')`;
const slices = (machine, track) => `from slice s join track t on t.id = s.track_id join track g on g.id = t.parent_id
	where ifnull(t.machine_id, 0) = ${machine} and g.name = 'RCU' and t.name glob '${track}' and s.category = 'rcu'`;

// Compares two lists, and says where they differ first.
function compare(check, found, wanted) {
	const at = wanted.findIndex((one, index) => JSON.stringify(one) !== JSON.stringify(found[index]));
	const why =
		at >= 0 || found.length !== wanted.length
			? `${found.length} are drawn, ${wanted.length} are to be; number ${at}: ${JSON.stringify(found[at])} for ${JSON.stringify(wanted[at])}`
			: '';
	verdict(check, why);
}

async function comparePeriods(machine, seen) {
	const found = await ask(`select s.name, s.ts, s.dur, ${argument('period')} as period, ${argument('callbacks')} as callbacks,
		${argument('asked_by_cpu')} as asked, ${argument('held_longest_by_cpu')} as last ${slices(machine, 'grace periods')} order by s.ts`);
	compare(`periods-${machine}`, found.map((row) => [row.period, row.ts, row.dur, row.callbacks, row.asked, row.last]), seen.periods);
	verdict(`periods-have-numbers-${machine}`, found.find((row) => row.name !== `grace period ${row.period}`)?.name);
}

const byPeriod = (a, b) => a[0] - b[0] || a[1] - b[1];

async function compareHolders(machine, seen) {
	const drawn = async (names) =>
		(
			await ask(`select s.ts, s.dur, ${argument('period')} as period, t.name as track, ${argument('cause', 'string_value')} as cause
				${slices(machine, 'CPU * holds up')} and s.name glob '${names}' order by s.ts`)
		).map((row) => [row.period, Number(row.track.split(' ')[1]), row.ts, row.dur, row.cause]);
	compare(`holders-${machine}`, (await drawn('holds up period *')).sort(byPeriod), seen.holders.sort(byPeriod));
	compare(`not-waited-for-${machine}`, (await drawn('period * does not wait')).sort(byPeriod), seen.others.sort(byPeriod));
}

// From each rcu_call an arrow leads to its rcu_pre_free and its rcu_free. The n-th event of a kind on a CPU is the n-th such instant on its
// track; an arrow's number is the trace's own, so it is looked up there.
async function compareFlows(machine, seen) {
	await ask(`drop table if exists step`);
	await ask(`create table step as select distinct slice, trace_id from
		(select slice_out as slice, trace_id from flow union all select slice_in as slice, trace_id from flow)`);
	await ask(`create index step_slice on step(slice)`);
	const arrows = async (cpu, words) =>
		(
			await ask(`select (select trace_id from step where step.slice = s.id) as arrow ${slices(machine, `RCU CPU ${cpu}`)}
				and s.name glob '${words}: *' order by s.ts, s.id`)
		).map((row) => row.arrow);
	const arrowOf = new Map();
	for (const [event, words] of [['rcu_call', 'to be freed'], ['rcu_pre_free', 'out of use'], ['rcu_free', 'freed']]) {
		const missing = [];
		let drawn = 0, all = 0;
		for (const [cpu, flows] of Object.entries(seen.steps[event] ?? {})) {
			const found = await arrows(cpu, words);
			drawn += found.length;
			all += flows.length;
			if (event === 'rcu_call') flows.forEach((flow, index) => arrowOf.set(flow, found[index]));
			missing.push(...flows.filter((flow, index) => found[index] == null || found[index] !== arrowOf.get(flow)));
		}
		const good = drawn === all && all > 0 && !missing.length;
		verdict(`flows-${event}-${machine}`, good ? '' : `${all} are to be, ${drawn} are drawn, ${missing.length} have no arrow`);
	}
}

async function compareCounters(machine, seen) {
	const values = async (counter) =>
		(
			await ask(`select x.value from counter x join track t on t.id = x.track_id join track g on g.id = t.parent_id
				where ifnull(t.machine_id, 0) = ${machine} and g.name = 'RCU' and t.name = '${counter}' order by x.ts, x.id`)
		).map((row) => row.value);
	for (const [cpu, wanted] of Object.entries(seen.values))
		compare(`callbacks-cpu${cpu}-${machine}`, await values(`callbacks waiting CPU ${cpu}`), wanted);
	compare(`callbacks-${machine}`, await values('callbacks waiting'), seen.sums);
}

for (const [index, source] of sources.entries()) {
	const events = fs.readFileSync(source, 'utf8').split('\n').filter(Boolean).map(eventOf);
	const seen = expected(events), machine = machines[index];
	const count = (which) => events.filter((e) => e.event === which).length;
	verdict(`all-ended-${machine}`, count('rcu_period_begin') === count('rcu_period_end') && count('rcu_period_end') > 0 ? '' : 'a period has no end');
	await comparePeriods(machine, seen);
	await compareHolders(machine, seen);
	await compareFlows(machine, seen);
	await compareCounters(machine, seen);
	if (process.env.HOLDERS_MIN)
		verdict(`somebody-held-up-${machine}`, seen.holders.length >= Number(process.env.HOLDERS_MIN) ? '' : `${seen.holders.length} did`);
}
engine.dispose();
