// Runs SQL over a trace in Perfetto's own trace processor, the WebAssembly that its UI uses, under Node.
//
//     node perfetto-sql.mjs TRACE "SQL" ...        one JSON object a row
//
// Teaches nothing of Vitrine: it is the judge. TRACE_PROCESSOR names the folder that `make trace-processor` filled.
// Who calls: perfetto-check.mjs, and people who want to ask a trace something.
import fs from 'node:fs';
import path from 'node:path';
import vm from 'node:vm';
import { pathToFileURL } from 'node:url';

const folder = path.resolve(process.env.TRACE_PROCESSOR ?? 'build/trace-processor');

// The bundle is made for a web worker. What it needs of one is given to it, and three places are turned to Node: no 64-bit memory,
// the WebAssembly from memory instead of by http, and the bridge within reach.
function startBundle() {
	const define = (name, value) => Object.defineProperty(globalThis, name, { value, writable: true, configurable: true });
	if (globalThis.self !== globalThis) define('self', globalThis);
	globalThis.WorkerGlobalScope ??= function WorkerGlobalScope() {};
	if (!globalThis.location?.href) define('location', { href: pathToFileURL(folder).href + '/' });
	globalThis.vitrineWasm = new Uint8Array(fs.readFileSync(path.join(folder, 'trace_processor.wasm')));
	let source = fs.readFileSync(path.join(folder, 'engine_bundle.node.js'), 'utf8');
	for (const [from, to] of [
		['this.useMemory64 = hasMemory64Support();', 'this.useMemory64 = false;'],
		['locateFile: (s) => s,', 'locateFile: (s) => s, wasmBinary: globalThis.vitrineWasm,'],
		[
			'const wasmBridge = new wasm_bridge_1.WasmBridge();',
			'const wasmBridge = new wasm_bridge_1.WasmBridge(); globalThis.vitrineBridge = wasmBridge;',
		],
	]) {
		if (!source.includes(from)) throw new Error(`the trace processor is not the one this was written for: no "${from}"`);
		source = source.replace(from, to);
	}
	vm.runInThisContext(source, { filename: 'engine_bundle.node.js' });
	return globalThis.vitrineBridge;
}

async function makeEngine(bridge) {
	const { EngineBase } = await import(pathToFileURL(path.join(folder, 'engine.mjs')).href);
	const channel = new MessageChannel();
	bridge.initialize(channel.port1);
	class Engine extends EngineBase {
		mode = 'WASM';
		id = 'node';
		constructor(port) {
			super();
			this.port = port;
			port.onmessage = ({ data }) => data instanceof Uint8Array && this.onRpcResponseBytes(data);
		}
		rpcSendRequestBytes(bytes) {
			this.port.postMessage(bytes);
		}
		dispose() {
			this.port.onmessage = null;
			this.port.close();
		}
	}
	return new Engine(channel.port2);
}

// What the engine prints about itself is no finding.
function quiet() {
	const warn = console.warn;
	console.warn = (...what) => /Unexpected QueryResult field|__syscall_/.test(JSON.stringify(what)) || warn(...what);
	const error = console.error;
	console.error = (...what) => /Loading trace|__syscall_/.test(what.join(' ')) || error(...what);
}

// Loads a trace (a Uint8Array) into a fresh engine.
export async function openTrace(bytes) {
	const pieceBytes = 32 << 20;
	quiet();
	const engine = await makeEngine(startBundle());
	for (let at = 0; at < bytes.length; at += pieceBytes) await engine.parse(bytes.subarray(at, at + pieceBytes));
	await engine.notifyEof();
	return engine;
}

// The rows of a query as objects. Whole numbers are numbers as long as those can hold them.
export async function rows(engine, sql) {
	const result = await engine.query(sql);
	if (result.error()) throw new Error(`${result.error()} in: ${sql}`);
	const columns = result.columns();
	const found = [];
	for (const row = result.iter({}); row.valid(); row.next()) {
		const object = {};
		for (const column of columns) {
			const value = row.get(column);
			const fits = typeof value === 'bigint' && Number.isSafeInteger(Number(value));
			object[column] = fits ? Number(value) : typeof value === 'bigint' ? value.toString() : value;
		}
		found.push(object);
	}
	return found;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	const [, , file, ...queries] = process.argv;
	const engine = await openTrace(new Uint8Array(fs.readFileSync(file)));
	for (const query of queries) for (const row of await rows(engine, query)) console.log(JSON.stringify(row));
	engine.dispose();
}
