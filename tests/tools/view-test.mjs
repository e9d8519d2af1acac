// Fetches a trace from `vitrine view` over loopback, the way the Perfetto UI does.
//
//     node view-test.mjs VITRINE FILE        prints `ok view-...` or `not ok view-...: why`, one a line
//
// Who calls: perfetto-test.sh. Nothing waits for time: the server says when it listens, and ends by itself after the one download.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';

const [, , vitrine, file] = process.argv;

function verdict(check, good, why) {
	console.log(good ? `ok view-${check}` : `not ok view-${check}: ${why}`);
}

// Starts the server on a port that is free and waits for the address that it prints.
function start() {
	const server = spawn(vitrine, ['view', file, '--port', '0', '--once'], { stdio: ['ignore', 'pipe', 'inherit'] });
	const ended = new Promise((resolve) => server.on('exit', resolve));
	let said = '';
	const address = new Promise((resolve, reject) => {
		server.stdout.on('data', (text) => {
			said += text;
			const found = /https:\/\/ui\.perfetto\.dev\/#!\/\?url=(http:\/\/127\.0\.0\.1:(\d+)\/\S+)\n/.exec(said);
			if (found) resolve({ url: found[1], port: found[2] });
		});
		ended.then(() => reject(new Error(`the server ended and had said: ${said}`)));
	});
	return { address, ended };
}

const { address, ended } = start();
const { url, port } = await address;
verdict('link-names-the-file', url.endsWith('/' + encodeURIComponent(file.split('/').pop())), url);

const probe = await fetch(`http://127.0.0.1:${port}/status`);
verdict('other-names-are-not-found', probe.status === 404, `/status gave ${probe.status}`);
const above = await fetch(`http://127.0.0.1:${port}/..%2f..%2fMakefile`);
verdict('no-other-file', above.status === 404, `a path upwards gave ${above.status}`);
const post = await fetch(url, { method: 'POST', body: 'x' });
verdict('only-get-and-head', post.status === 405, `POST gave ${post.status}`);

const bytes = fs.readFileSync(file);
const head = await fetch(url, { method: 'HEAD' });
verdict('head-tells-the-size', Number(head.headers.get('content-length')) === bytes.length, head.headers.get('content-length'));

const taken = spawnSync(vitrine, ['view', file, '--port', port], { encoding: 'utf8' });
verdict('taken-port-is-told', taken.status === 1 && /is taken/.test(taken.stderr), `status ${taken.status}, ${taken.stderr}`);

const answer = await fetch(url, { headers: { Origin: 'https://ui.perfetto.dev' } });
const got = Buffer.from(await answer.arrayBuffer());
verdict('the-ui-may-read-it', answer.headers.get('access-control-allow-origin') === 'https://ui.perfetto.dev', 'no such header');
verdict('nobody-keeps-a-copy', answer.headers.get('cache-control') === 'no-cache', answer.headers.get('cache-control'));
verdict('the-file-arrives-whole', got.equals(bytes), `${got.length} bytes of ${bytes.length}`);
verdict('once-ends-well', (await ended) === 0, 'another status');

const missing = spawnSync(vitrine, ['view', file + '.none'], { encoding: 'utf8' });
verdict('missing-file-is-told', missing.status === 1 && /cannot read/.test(missing.stderr), `status ${missing.status}, ${missing.stderr}`);

// The link says what it was asked for, in the words that the UI takes: addresses and JSON are read back.
const asked = ['view', file, '--link', '--pin', '^a "b\\d"', '--expand', 'x&y', '--from', '1.5ms', '--to', '2000us'];
const printed = spawnSync(vitrine, asked, { encoding: 'utf8' });
const parameters = new URLSearchParams(printed.stdout.trim().split('/#!/?')[1]);
const commands = JSON.parse(parameters.get('startupCommands') ?? '[]');
verdict('link-has-the-time', parameters.get('visStart') === '1500000' && parameters.get('visEnd') === '2000000', printed.stdout);
verdict(
	'link-has-the-tracks',
	JSON.stringify(commands) === JSON.stringify([
		{ id: 'dev.perfetto.PinTracksByRegex', args: ['^a "b\\d"'] },
		{ id: 'dev.perfetto.ExpandTracksByRegex', args: ['x&y'] },
	]),
	JSON.stringify(commands),
);
for (const wrong of [['--from', 'noon', '--to', '2ms'], ['--from', '2ms', '--to', '1ms'], Array(9).fill(['--pin', 'x']).flat()])
	verdict(`refuses-${wrong.slice(0, 2).join('-').replaceAll(/[^a-z0-9-]/g, '')}-${wrong.length}`, spawnSync(vitrine, ['view', file, ...wrong]).status === 2, wrong.join(' '));
