// Opens a report in Chromium, without a window and without a network, and looks at it as a person would: is it drawn, does the slider
// move the pictures, does the search find.
//
//     node report-test.mjs REPORT TRUTH.json DIRECTORY     prints `ok NAME` or `not ok NAME: why`, one a line
//
// TRUTH: a list with, for each run of the report, what the memory of the guest said at its end: {machine, translations: {process: pages},
// objects: {object: pages present}, tables: {process: [level 4, 3, 2, 1]}, events: {query: count}}. Screenshots go to the directory.
// Who calls: tests/e2e/report.sh. It speaks the DevTools protocol over the pipe that --remote-debugging-pipe gives: JSON, each message
// ended by a NUL.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const [, , report, truthFile, directory] = process.argv;
const truth = JSON.parse(fs.readFileSync(truthFile, 'utf8'));

function verdict(name, good, why) {
	console.log(good ? `ok ${name}` : `not ok ${name}: ${why}`);
}

class Browser {
	constructor() {
		this.profile = fs.mkdtempSync('/tmp/report-test.');
		this.process = spawn('chromium', ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--hide-scrollbars', `--user-data-dir=${this.profile}`,
			'--remote-debugging-pipe', 'about:blank'], { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
		this.calls = new Map();
		this.events = [];
		this.last = 0;
		let rest = '';
		this.process.stdio[4].setEncoding('utf8').on('data', (text) => {
			const messages = (rest + text).split('\0');
			rest = messages.pop();
			messages.forEach((message) => this.take(JSON.parse(message)));
		});
	}
	take(message) {
		const call = this.calls.get(message.id);
		if (!call) return this.events.push(message);
		this.calls.delete(message.id);
		if (message.error) call.reject(new Error(`${call.method}: ${message.error.message}`));
		else call.resolve(message.result);
	}
	call(method, params = {}, sessionId = this.session) {
		const id = ++this.last;
		this.process.stdio[3].write(JSON.stringify({ id, method, params, sessionId }) + '\0');
		return new Promise((resolve, reject) => this.calls.set(id, { method, resolve, reject }));
	}
	async open(url) {
		const { targetId } = await this.call('Target.createTarget', { url: 'about:blank' });
		this.session = (await this.call('Target.attachToTarget', { targetId, flatten: true })).sessionId;
		for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await this.call(`${domain}.enable`);
		await this.call('Page.navigate', { url });
		await this.value(`new Promise((done) => { const look = () => document.documentElement?.dataset.ready && location.href !== 'about:blank' ? done() : setTimeout(look, 50); look(); })`);
	}
	async value(expression) {
		const { result, exceptionDetails } = await this.call('Runtime.evaluate', { expression, awaitPromise: true, returnByValue: true });
		if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
		return result.value;
	}
	async size(width, height) {
		await this.call('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false });
	}
	async screenshot(file) {
		const { data } = await this.call('Page.captureScreenshot', { captureBeyondViewport: true });
		fs.writeFileSync(file, Buffer.from(data, 'base64'));
	}
	end() {
		const gone = new Promise((resolve) => this.process.on('exit', resolve));
		this.process.kill('SIGKILL');
		return gone.then(() => fs.rmSync(this.profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
	}
}

// What went wrong in the page, by its own account: exceptions, errors on the console, and anything fetched but the page.
function complaints(browser) {
	return browser.events.flatMap(({ method, params }) => {
		if (method === 'Runtime.exceptionThrown') return [params.exceptionDetails.exception?.description ?? params.exceptionDetails.text];
		if (method === 'Runtime.consoleAPICalled' && ['error', 'warning', 'assert'].includes(params.type)) return [params.args.map((argument) => argument.value).join(' ')];
		if (method === 'Log.entryAdded' && params.entry.level === 'error') return [params.entry.text];
		if (method === 'Network.requestWillBeSent' && !params.request.url.startsWith('file:') && !params.request.url.startsWith('data:')) return [`it asked for ${params.request.url}`];
		return [];
	});
}

// A sum over the pixels of every canvas of the memory viewer: other pictures, another sum.
const PICTURES = `[...document.querySelectorAll('#memories canvas')].reduce((sum, canvas) => {
	const pixels = canvas.getContext('2d').getImageData(0, 0, Math.max(1, canvas.width), Math.max(1, canvas.height)).data;
	for (let i = 0; i < pixels.length; i += 4) sum = (sum * 31 + pixels[i] * 65536 + pixels[i + 1] * 256 + pixels[i + 2]) % 2147483647;
	return sum; }, 7)`;

async function slide(browser, step) {
	await browser.value(`(() => { const slider = document.getElementById('slider'); slider.value = ${step}; slider.dispatchEvent(new Event('input')); })()`);
	return { moment: await browser.value(`document.getElementById('moment').textContent`), pictures: await browser.value(PICTURES) };
}

async function search(browser, query) {
	await browser.value(`(() => { const field = document.getElementById('query'); field.value = ${JSON.stringify(query)}; field.dispatchEvent(new Event('input')); })()`);
	return browser.value(`new Promise((done) => setTimeout(() => done(document.getElementById('found').textContent), 400))`);
}

async function checkSlider(browser) {
	const seen = [];
	for (const step of [0, 250, 500, 1000, 250]) seen.push(await slide(browser, step));
	verdict('slider-tells-the-time', new Set(seen.slice(0, 4).map((one) => one.moment)).size === 4, JSON.stringify(seen.map((one) => one.moment)));
	verdict('slider-moves-the-pictures', new Set(seen.slice(0, 4).map((one) => one.pictures)).size === 4, JSON.stringify(seen));
	verdict('slider-goes-back', seen[4].pictures === seen[1].pictures, 'the same moment looks otherwise the second time');
	await browser.value(`(() => { const colour = document.getElementById('colour'); colour.value = 'state'; colour.dispatchEvent(new Event('change')); })()`);
	verdict('colours-change', (await browser.value(PICTURES)) !== seen[4].pictures, 'by owner and by state look the same');
}

// At the end of the slider the page and the guest's memory, two ways of knowing, say the same.
async function checkMemory(browser) {
	await slide(browser, 1000);
	const found = await browser.value(`report.views.map((view) => {
		const count = (items, of) => items.reduce((counts, item) => (counts[of(item)] = (counts[of(item)] ?? 0) + 1, counts), {});
		const tables = {};
		for (const { aspace, level } of view.model.tables.values()) (tables[aspace] ??= [0, 0, 0, 0])[4 - level]++;
		return { translations: count([...view.model.translations.values()], (one) => one.aspace), objects: count([...view.model.slots.values()].filter((one) => one.frame), (one) => one.object), tables };
	})`);
	const sorted = (value) => JSON.stringify(Object.entries(value).sort());
	truth.forEach((run, i) => {
		for (const what of ['translations', 'objects', 'tables'])
			verdict(`${run.machine}-${what}-are-the-guests`, Object.keys(run.objects).length > 5 && sorted(found[i][what]) === sorted(run[what]),
				`the page has ${sorted(found[i][what])}, the guest's memory ${sorted(run[what])}`);
	});
}

async function checkSearch(browser) {
	for (const query of Object.keys(truth[0].events)) {
		const wanted = truth.reduce((sum, run) => sum + run.events[query], 0), found = await search(browser, query);
		verdict(`search-finds-${query.replace(/\W+/g, '-')}`, wanted > 0 && found.startsWith(`${wanted.toLocaleString('en')} found`), `"${found}", and there are ${wanted}`);
	}
	const before = await browser.value(`document.getElementById('slider').value`);
	await browser.value(`document.querySelector('#results button').click()`);
	verdict('a-found-event-moves-the-slider', (await browser.value(`document.getElementById('slider').value`)) !== before, `it stayed at ${before}`);
}

async function checkSize(browser, width) {
	await browser.size(width, 1000);
	await browser.open('file://' + path.resolve(report));
	const wide = await browser.value('document.documentElement.scrollWidth');
	verdict(`fits-${width}`, wide <= width, `the page is ${wide} pixels wide`);
	await browser.screenshot(`${directory}/report-${width}.png`);
}

const browser = new Browser();
try {
	await browser.open('file://' + path.resolve(report));
	await checkSlider(browser);
	await checkMemory(browser);
	await checkSearch(browser);
	for (const width of [1280, 1920]) await checkSize(browser, width);
	const graphs = await browser.value(`[...document.querySelectorAll('#graphs svg')].filter((svg) => svg.querySelectorAll('text').length > 2).length`);
	verdict('graphs-are-drawn', graphs >= truth.length, `there are ${graphs}`);
	verdict('no-complaint', complaints(browser).length === 0, complaints(browser)[0]);
} catch (error) {
	verdict('the-page-is-looked-at', false, error.message);
} finally {
	await browser.end();
}
