// Draws the report: the timeline, the memory viewer, the search. It reckons nothing about the kernel that the page's data (report_data.c)
// does not say; it keeps the changes of memory up to the slider's moment, and paints them.
//
// Who calls: the browser. Invariant: `model.step` of each run is the moment its tables show.
'use strict';

const PAGE = 4096;
const KIND = { slot: 0, table: 1, translation: 2 };
const SECONDARY = 0x80000000;
const STATES = [
	['absent', '#eceef2'], ['being read by its provider', '#facc15'], ['present, clean', '#60a5fa'], ['present, changed', '#f97316'],
	['being written by its provider', '#dc2626'], ['being written, and wanted again', '#be123c'],
];
const FIXED_COLOUR = '#99d5cf'; // of an object that has no slots: a device's registers, given memory
const TABLE_COLOUR = '#6d28d9';
const FREE_COLOUR = '#eceef2';
const NOBODY = '#9aa3b2';
const PROCESS_COLOURS = ['#2563eb', '#059669', '#d97706', '#db2777', '#0891b2', '#65a30d', '#9333ea', '#dc2626', '#475569', '#b45309'];
const HPT_GROUPS = 2048;
const HPT_COLUMNS = 64;
const HEAT = ['#f3f4f6', '#dbeafe', '#bfdbfe', '#93c5fd', '#60a5fa', '#3b82f6', '#2563eb', '#1d4ed8', '#172554'];
const RESULTS_SHOWN = 200;
const LABELS = 150; // pixels left of the timeline

const byId = (id) => document.getElementById(id);
const hex = (number) => '0x' + number.toString(16);

function element(tag, attributes = {}, ...children) {
	const made = Object.assign(document.createElement(tag), attributes);
	made.append(...children);
	return made;
}

// A canvas of so many CSS pixels, sharp on every screen.
function canvasOf(width, height) {
	const scale = window.devicePixelRatio || 1;
	const canvas = element('canvas', { width: Math.ceil(width * scale), height: Math.ceil(height * scale) });
	canvas.style.width = width + 'px';
	canvas.style.height = height + 'px';
	canvas.getContext('2d').scale(scale, scale);
	return canvas;
}

function legend(entries) {
	return element('div', { className: 'legend' }, ...entries.map(([text, colour]) => {
		const mark = element('i');
		mark.style.background = colour;
		return element('span', {}, mark, text);
	}));
}

async function unpack(base64) {
	const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
	const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
	return JSON.parse(await new Response(stream).text());
}

// ---- who is who ----

class Names {
	constructor(run) {
		this.aspaces = new Map(run.aspaces.map(([id, , name, from, to], i) => [id, { id, name, from, to, colour: PROCESS_COLOURS[i % PROCESS_COLOURS.length] }]));
		this.threads = new Map(run.threads.map(([id, aspace, name]) => [id, { id, aspace, name }]));
		this.objects = new Map(run.objects.map(([id, kind, pages, origin]) => [id, { id, kind, pages, origin }]));
		this.mappings = run.mappings.map(([aspace, start, pages, rights, object, first, from, to]) =>
			({ aspace, start: Number(start), pages, rights, object, first, from, to: to < 0 ? Infinity : to }));
		this.owner = new Map(); // object -> the first address space that maps it
		for (const mapping of this.mappings) if (!this.owner.has(mapping.object)) this.owner.set(mapping.object, mapping.aspace);
	}
	process(aspace) {
		const known = this.aspaces.get(aspace);
		return known ? `${known.name || 'process'} (${aspace})` : aspace ? `address space ${aspace}` : 'nobody';
	}
	colour(aspace) {
		return this.aspaces.get(aspace)?.colour ?? NOBODY;
	}
	thread(id) {
		const thread = this.threads.get(id);
		return thread ? `${thread.name} (${id}) of ${this.process(thread.aspace)}` : `thread ${id}`;
	}
}

// ---- memory at a moment ----

class Model {
	constructor(run) {
		this.run = run;
		this.frames = [...new Set(run.changes.flatMap(([, kind, key, , first, second]) =>
			kind === KIND.slot ? (second - second % PAGE ? [second - second % PAGE] : []) : kind === KIND.table ? [Number(key)] : []))].sort((a, b) => a - b);
		this.clear();
	}
	clear() {
		this.step = -1;
		this.next = 0; // change
		this.slots = new Map();
		this.tables = new Map();
		this.translations = new Map();
	}
	apply([, kind, key, page, first, second]) {
		const name = key + ':' + page;
		if (kind === KIND.slot) first ? this.slots.set(name, { object: key, page, state: first, frame: second - second % PAGE, shared: second % PAGE === 1 }) : this.slots.delete(name);
		else if (kind === KIND.table) first ? this.tables.set(Number(key), { level: first - 1, aspace: second }) : this.tables.delete(Number(key));
		else if (first) this.translations.set(name, { aspace: key, page, frame: first - 1, place: second });
		else this.translations.delete(name);
	}
	moveTo(step) {
		if (step < this.step) this.clear();
		for (; this.next < this.run.changes.length && this.run.changes[this.next][0] <= step; this.next++) this.apply(this.run.changes[this.next]);
		this.step = step;
	}
	// frame -> the slots that hold it
	holders() {
		const holders = new Map();
		for (const slot of this.slots.values())
			if (slot.frame) holders.has(slot.frame) ? holders.get(slot.frame).push(slot) : holders.set(slot.frame, [slot]);
		return holders;
	}
	// group of the hash -> its translations
	groups() {
		const groups = new Map();
		for (const translation of this.translations.values()) {
			const group = Math.floor(translation.place % SECONDARY / 256);
			groups.has(group) ? groups.get(group).push(translation) : groups.set(group, [translation]);
		}
		return groups;
	}
}

// ---- grids of cells, which say what they are when pointed at ----

class Grid {
	constructor(count, columns, cell) {
		this.count = count;
		this.columns = columns;
		this.cell = cell;
		this.canvas = canvasOf(columns * cell, Math.ceil(count / columns) * cell);
		this.describe = () => '';
		this.canvas.addEventListener('mousemove', (event) => {
			const x = Math.floor(event.offsetX / cell), y = Math.floor(event.offsetY / cell), index = y * columns + x;
			if (x < columns && index < count) byId('hover').textContent = this.describe(index);
		});
	}
	paint(colourOf, markOf = () => null) {
		const paper = this.canvas.getContext('2d'), gap = this.cell > 4 ? 1 : 0;
		paper.clearRect(0, 0, this.canvas.width, this.canvas.height);
		for (let i = 0; i < this.count; i++) {
			const x = i % this.columns * this.cell, y = Math.floor(i / this.columns) * this.cell;
			paper.fillStyle = colourOf(i);
			paper.fillRect(x, y, this.cell - gap, this.cell - gap);
			const mark = markOf(i);
			if (!mark) continue;
			paper.fillStyle = mark;
			paper.fillRect(x, y + this.cell - gap - 2, this.cell - gap, 2);
		}
	}
}

function gridFor(count, width) {
	const cell = Math.max(3, Math.min(12, Math.floor(Math.sqrt(width * 260 / Math.max(count, 1)))));
	return new Grid(count, Math.max(1, Math.floor(width / cell)), cell);
}

// ---- one run in the memory viewer ----

class MemoryView {
	constructor(run, words, width) {
		this.run = run;
		this.words = words;
		this.names = new Names(run);
		this.model = new Model(run);
		this.width = width;
		this.frames = gridFor(this.model.frames.length, width);
		this.frames.describe = (index) => this.describeFrame(this.model.frames[index]);
		this.counts = element('p', { className: 'counts' });
		this.tablesTitle = element('h3');
		this.tables = element('div');
		this.aspaces = element('div', { className: 'aspaces' });
		if (run.mmu === 'hash') {
			this.hash = new Grid(HPT_GROUPS, HPT_COLUMNS, Math.max(4, Math.min(10, Math.floor(width / HPT_COLUMNS))));
			this.hash.describe = (group) => this.describeGroup(group);
			this.tables.append(this.hash.canvas, legend([...HEAT.map((colour, i) => [`${i}`, colour]), ['line below: an entry that found its first group full', '#dc2626']]));
		}
		this.frameLegend = element('div');
		this.node = element('div', { className: 'run' }, element('h3', { textContent: `${run.program} on ${run.machine}` }), this.counts,
			element('h3', { textContent: 'Page frames' }), this.frames.canvas, this.frameLegend, this.tablesTitle, this.tables,
			element('h3', { textContent: 'Address spaces' }),
			legend([...STATES.slice(0, 5), ['has no slots: its place is fixed', FIXED_COLOUR], ['line below: the MMU has a translation', '#111827']]), this.aspaces);
	}
	kindOf(id) {
		const object = this.names.objects.get(id);
		return object ? this.words.OBJECT_KIND[object.kind] : 'unknown';
	}
	objectText(id) {
		const owner = this.names.owner.get(id);
		return `object ${id} (${this.kindOf(id)})${owner === undefined ? '' : ', mapped by ' + this.names.process(owner)}`;
	}
	describeFrame(frame) {
		const table = this.model.tables.get(frame), slots = this.holders.get(frame);
		if (table) return `frame ${hex(frame)}: a page table of ${this.names.process(table.aspace)}, level ${table.level}`;
		if (!slots) return `frame ${hex(frame)}: free, or nothing that the trace names`;
		return `frame ${hex(frame)}: ` + slots.map((slot) => `page ${slot.page} of ${this.objectText(slot.object)}, ${STATES[slot.state]?.[0]}${slot.shared ? ', shared until it is written' : ''}`).join('; ');
	}
	describeGroup(group) {
		const entries = (this.groups.get(group) ?? []).sort((a, b) => a.place - b.place);
		const texts = entries.map((entry) => `slot ${entry.place % 256}: ${hex(entry.page * PAGE)} of ${this.names.process(entry.aspace)}${entry.place >= SECONDARY ? ' (secondary)' : ''}`);
		return `group ${group}: ${entries.length} of 8 entries. ${texts.join('; ')}`;
	}
	frameColour(frame, byState) {
		const slots = this.holders.get(frame);
		if (this.model.tables.has(frame)) return TABLE_COLOUR;
		if (!slots) return FREE_COLOUR;
		return byState ? STATES[slots[0].state][1] : this.names.colour(this.names.owner.get(slots[0].object));
	}
	show(step, byState) {
		this.model.moveTo(step);
		this.holders = this.model.holders();
		this.groups = this.run.mmu === 'hash' ? this.model.groups() : new Map();
		const used = this.model.frames.filter((frame) => this.holders.has(frame) || this.model.tables.has(frame)).length;
		this.counts.textContent = `${used.toLocaleString('en')} of ${this.model.frames.length.toLocaleString('en')} frames in use, ${this.model.tables.size} of them page tables; ` +
			`${this.model.translations.size.toLocaleString('en')} translations. The kernel's own frames are not shown: no event names them.`;
		this.frames.paint((i) => this.frameColour(this.model.frames[i], byState));
		this.frameLegend.replaceChildren(legend([...(byState ? STATES.slice(1) : [...this.names.aspaces.values()].map((aspace) => [`${aspace.name} (${aspace.id})`, aspace.colour])),
			['page table', TABLE_COLOUR], ...(byState ? [] : [['in no mapping', NOBODY]]), ['free', FREE_COLOUR]]));
		this.showTables();
		this.showAspaces(step);
	}
	showTables() {
		if (this.hash) {
			this.tablesTitle.textContent = 'Hashed page table: entries in each of its 2,048 groups';
			this.hash.paint((group) => HEAT[Math.min(8, this.groups.get(group)?.length ?? 0)], (group) => (this.groups.get(group)?.some((entry) => entry.place >= SECONDARY) ? '#dc2626' : null));
			return;
		}
		this.tablesTitle.textContent = 'Page tables: how many pages at each level';
		const levels = [...new Set([...this.model.tables.values()].map((table) => table.level))].sort((a, b) => b - a);
		const rows = new Map();
		for (const { aspace, level } of this.model.tables.values()) {
			if (!rows.has(aspace)) rows.set(aspace, {});
			rows.get(aspace)[level] = (rows.get(aspace)[level] ?? 0) + 1;
		}
		const cells = (tag, texts) => element('tr', {}, ...texts.map((text) => element(tag, { textContent: text })));
		this.tables.replaceChildren(element('table', { className: 'levels' }, cells('th', ['address space', ...levels.map((level) => `level ${level}`)]),
			...[...rows].sort((a, b) => a[0] - b[0]).map(([aspace, counts]) => cells('td', [this.names.process(aspace), ...levels.map((level) => counts[level] ?? 0)]))));
	}
	showAspaces(step) {
		const live = this.names.mappings.filter((mapping) => mapping.from <= step && step < mapping.to);
		const parts = [];
		for (const aspace of this.names.aspaces.values()) {
			if (aspace.from > step || (aspace.to >= 0 && step >= aspace.to)) continue;
			const mappings = live.filter((mapping) => mapping.aspace === aspace.id).sort((a, b) => a.start - b.start);
			const title = element('h3', { textContent: `${aspace.name} (${aspace.id})` });
			title.style.color = aspace.colour;
			parts.push(title, ...mappings.map((mapping) => this.strip(mapping)));
		}
		this.aspaces.replaceChildren(...parts);
	}
	// The pages of a mapping; of a large one each cell is several, and shows the one that has most of a page.
	strip(mapping) {
		const cells = Math.min(mapping.pages, 256), each = Math.ceil(mapping.pages / cells), count = Math.ceil(mapping.pages / each);
		const room = this.width - 240, cell = Math.max(4, Math.min(10, Math.floor(room / Math.max(count, 1))));
		const grid = new Grid(count, Math.min(count, Math.max(1, Math.floor(room / cell))), cell);
		const pagesOf = (i) => Array.from({ length: Math.min(each, mapping.pages - i * each) }, (_, n) => i * each + n);
		const fixed = ['registers of a device', 'given memory, and no more than that'].includes(this.kindOf(mapping.object)), touched = mapping.first >= 0;
		const slotOf = (page) => (touched ? this.model.slots.get(mapping.object + ':' + (mapping.first + page)) : undefined);
		const translated = (page) => this.model.translations.has(mapping.aspace + ':' + (mapping.start / PAGE + page));
		grid.paint((i) => (fixed ? FIXED_COLOUR : STATES[Math.max(...pagesOf(i).map((page) => slotOf(page)?.state ?? 0))][1]), (i) => (pagesOf(i).some(translated) ? '#111827' : null));
		grid.describe = (i) => {
			const page = i * each, slot = slotOf(page);
			const where = `${hex(mapping.start + page * PAGE)}${each > 1 ? ` and ${each - 1} more` : ''} of ${this.names.process(mapping.aspace)}`;
			const what = touched ? `page ${mapping.first + page} of ${this.objectText(mapping.object)}` : `${this.objectText(mapping.object)}, nothing of it touched here yet`;
			const state = fixed ? 'its place is fixed' : STATES[slot?.state ?? 0][0];
			return `${where}: ${what}; ${state}${slot?.frame ? ' in frame ' + hex(slot.frame) : ''}; the MMU has ${translated(page) ? 'a' : 'no'} translation`;
		};
		const rights = ['r', 'w', 'x'].map((letter, bit) => (mapping.rights >> bit & 1 ? letter : '-')).join('');
		return element('div', { className: 'strip' }, element('span', { textContent: `${hex(mapping.start).padEnd(14)} ${rights} ${mapping.pages}`, title: this.objectText(mapping.object) }), grid.canvas);
	}
}

// ---- timeline ----

class Timeline {
	constructor(data, run, names, width, onTime) {
		Object.assign(this, { data, run, names, width });
		this.rates = run.rates.map((counts, i) => ({ label: data.rates[i], counts, most: Math.max(...counts) })).filter((rate) => rate.most > 0);
		this.canvas = canvasOf(width, 24 * run.cpus.length + 26 * this.rates.length + 26);
		this.canvas.addEventListener('click', (event) => onTime((event.offsetX - LABELS) / (width - LABELS)));
		this.canvas.addEventListener('mousemove', (event) => this.describe(event.offsetX, event.offsetY));
		this.node = element('div', { className: 'run' }, element('h3', { textContent: `${run.program} on ${run.machine}` }), this.canvas,
			legend([...names.aspaces.values()].map((aspace) => [`${aspace.name} (${aspace.id})`, aspace.colour])));
		this.paint(0);
	}
	x(column) {
		return LABELS + column / this.data.columns * (this.width - LABELS);
	}
	colour(thread) {
		return this.names.colour(this.names.threads.get(thread)?.aspace);
	}
	describe(x, y) {
		const column = Math.floor((x - LABELS) / (this.width - LABELS) * this.data.columns), row = Math.floor(y / 24);
		if (column < 0 || column >= this.data.columns) return;
		const time = (column / this.data.columns * this.data.span_ns / 1e6).toFixed(3) + ' ms';
		const rate = this.rates[Math.floor((y - 24 * this.run.cpus.length) / 26)];
		const slice = this.run.cpus[row]?.find(([first, count]) => first <= column && column < first + count);
		if (row < this.run.cpus.length) byId('hover').textContent = `${time}: CPU ${row} runs ${slice ? this.names.thread(slice[2]) : 'nothing'}`;
		else if (rate) byId('hover').textContent = `${time}: ${rate.label}: ${rate.counts[column]} in this ${(this.data.span_ns / this.data.columns / 1000).toFixed(1)} us`;
	}
	paint(step) {
		const paper = this.canvas.getContext('2d'), bottom = 24 * this.run.cpus.length + 26 * this.rates.length;
		paper.clearRect(0, 0, this.canvas.width, this.canvas.height);
		paper.font = '12px system-ui, "DejaVu Sans", sans-serif';
		this.run.cpus.forEach((slices, cpu) => {
			paper.fillStyle = '#1d2330';
			paper.fillText(`CPU ${cpu}`, 0, cpu * 24 + 15);
			paper.fillStyle = '#f5f6f9';
			paper.fillRect(LABELS, cpu * 24 + 2, this.width - LABELS, 18);
			for (const [first, count, thread] of slices) {
				paper.fillStyle = this.colour(thread);
				paper.fillRect(this.x(first), cpu * 24 + 2, Math.max(0.5, this.x(first + count) - this.x(first)), 18);
			}
		});
		this.rates.forEach((rate, i) => {
			const base = 24 * this.run.cpus.length + 26 * i + 24;
			paper.fillStyle = '#1d2330';
			paper.fillText(rate.label, 0, base - 6);
			paper.fillStyle = '#64748b';
			rate.counts.forEach((count, column) => {
				const height = count / rate.most * 20;
				if (count) paper.fillRect(this.x(column), base - height, Math.max(1, this.x(1) - this.x(0)), height);
			});
		});
		this.paintAxis(paper, bottom);
		paper.fillStyle = '#c2410c';
		paper.fillRect(LABELS + step / this.data.steps * (this.width - LABELS), 0, 1.5, bottom + 4);
	}
	paintAxis(paper, bottom) {
		const span = this.data.span_ns / 1e6, unit = 10 ** Math.floor(Math.log10(span / 4)), tick = unit * (span / unit > 20 ? 5 : span / unit > 8 ? 2 : 1);
		paper.fillStyle = '#5b6475';
		for (let at = 0; at <= span; at += tick) {
			const x = LABELS + at / span * (this.width - LABELS);
			paper.fillRect(x, bottom + 2, 1, 4);
			if (x < this.width - 50) paper.fillText(`${+at.toPrecision(6)} ms`, x + 3, bottom + 16);
		}
		const end = LABELS + this.run.end_ns / this.data.span_ns * (this.width - LABELS);
		if (end < this.width - 2) {
			paper.fillRect(end, 0, 1, bottom);
			paper.fillText('end', end + 4, 12);
		}
	}
}

// ---- search ----

class Search {
	constructor(data, onTime) {
		Object.assign(this, { data, onTime });
		this.timer = 0;
		byId('query').addEventListener('input', () => {
			clearTimeout(this.timer);
			this.timer = setTimeout(() => this.find(byId('query').value), 150);
		});
	}
	valueText(type, value) {
		const word = this.data.words[type]?.[value];
		if (word !== undefined) return word;
		if (typeof value === 'number' && ['HEX', 'ADDRESS', 'PADDR', 'FLOW'].includes(type)) return hex(value);
		return String(value);
	}
	fieldsText([, , , id, ...fields]) {
		const schema = this.data.schema[id];
		if (!schema) return `${fields[0]} events were lost here`;
		return schema[2].map(([name, type], i) => (type === 'CHARS' ? (name.endsWith('_0') ? `${name.slice(0, -2)}="${fields[i]}"` : '') : `${name}=${this.valueText(type, fields[i])}`)).filter(Boolean).join('  ');
	}
	find(query) {
		const words = query.toLowerCase().split(/\s+/).filter(Boolean), rows = [];
		let found = 0;
		for (const run of words.length ? this.data.runs : []) {
			for (const event of run.events) {
				const name = this.data.schema[event[3]]?.[0] ?? 'gap', fields = this.fieldsText(event), text = (name + ' ' + fields).toLowerCase();
				if (!words.every((word) => text.includes(word))) continue;
				if (found++ < RESULTS_SHOWN) rows.push(this.row(run, event, name, fields));
			}
		}
		byId('results').replaceChildren(...rows);
		const left = this.data.runs.reduce((sum, run) => sum + run.left_out, 0);
		byId('found').textContent = !words.length ? '' : `${found.toLocaleString('en')} found${found > RESULTS_SHOWN ? `, the first ${RESULTS_SHOWN} are shown` : ''}` +
			(left ? `; ${left.toLocaleString('en')} later events are not in this page` : '');
	}
	row(run, event, name, fields) {
		const [ns, cpu, sequence] = event, id = `${cpu}:${sequence}`;
		const jump = element('button', { type: 'button', textContent: `${(ns / 1000).toFixed(3)} us`, title: 'the memory viewer goes to this moment' });
		jump.addEventListener('click', () => this.onTime(ns / this.data.span_ns));
		const command = element('code', { textContent: `vitrine explain ${run.path} ${id}`, title: `also: vitrine at ${run.path} ${id}` });
		return element('tr', {}, element('td', { textContent: run.machine }), element('td', {}, jump), element('td', { textContent: id }),
			element('td', { textContent: name }), element('td', { textContent: fields, className: 'fields' }), element('td', {}, command));
	}
}

// ---- the page ----

async function start() {
	const data = await unpack(byId('data').textContent);
	const width = byId('timelines').clientWidth, slider = byId('slider');
	const columns = Math.max(1, Math.min(data.runs.length, Math.floor((width + 32) / 592)));
	const views = data.runs.map((run) => new MemoryView(run, data.words, Math.floor((width - 32 * (columns - 1)) / columns) - 8));
	const goTo = (fraction) => {
		slider.value = Math.round(Math.max(0, Math.min(1, fraction)) * data.steps);
		show();
	};
	const timelines = data.runs.map((run, i) => new Timeline(data, run, views[i].names, width, goTo));
	const show = () => {
		const step = Number(slider.value);
		byId('moment').textContent = `${(step / data.steps * data.span_ns / 1e6).toFixed(3)} ms`;
		for (const view of views) view.show(step, byId('colour').value === 'state');
		for (const timeline of timelines) timeline.paint(step);
	};
	let playing = 0;
	const stop = () => {
		clearInterval(playing);
		playing = 0;
		byId('play').textContent = 'Play';
	};
	byId('play').addEventListener('click', () => {
		if (playing) return stop();
		if (Number(slider.value) >= data.steps) slider.value = 0;
		byId('play').textContent = 'Stop';
		playing = setInterval(() => {
			slider.value = Number(slider.value) + 4;
			show();
			if (Number(slider.value) >= data.steps) stop();
		}, 60);
	});
	slider.max = data.steps;
	slider.addEventListener('input', show);
	byId('colour').addEventListener('change', show);
	byId('timelines').append(...timelines.map((timeline) => timeline.node));
	byId('memories').append(...views.map((view) => view.node));
	new Search(data, goTo);
	window.report = { data, views, goTo }; // for the curious, in the browser's console, and for tests
	goTo(0.5);
	document.documentElement.dataset.ready = 'yes'; // the page is drawn: tests wait for it
}

start().catch((error) => {
	byId('timelines').append(element('p', { className: 'note', textContent: `This page could not be drawn: ${error.message}. It needs a browser of 2023 or later.` }));
	throw error;
});
