// Asks each question of docs/sql.md twice, of `vitrine sql` and of Perfetto's trace processor, and holds the answers against each other.
//
//     node sql-questions.mjs NAME VITRINE RUN TRACE
//
// Prints `ok NAME-questions-N`, or `not ok NAME-questions-N: why`, one a question.
// Who calls: perfetto-test.sh. Whom it calls: perfetto-sql.mjs.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { openTrace, rows } from './perfetto-sql.mjs';

const [, , name, vitrine, run, file] = process.argv;
const engine = await openTrace(new Uint8Array(fs.readFileSync(file)));
const lines = fs.readFileSync('docs/sql.md', 'utf8').split('\n');
const asked = (word) => lines.filter((line) => line.startsWith(`    ${word} `)).map((line) => line.trim().slice(word.length).trim());
const ours = asked('sql'), theirs = asked('perfetto');

// The rows of an answer, as CSV.
const answerOf = (query) =>
	execFileSync(vitrine, ['sql', run, query, '--csv'], { encoding: 'utf8' })
		.trimEnd()
		.split('\n')
		.slice(1);

const csvOf = (row) =>
	Object.values(row)
		.map((value) => (value === null ? '' : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value)))
		.join(',');

if (ours.length === 0 || ours.length !== theirs.length) console.log(`not ok ${name}-questions: ${ours.length} and ${theirs.length}`);
for (let i = 0; i < ours.length; i++) {
	const left = answerOf(ours[i]), right = (await rows(engine, theirs[i])).map(csvOf);
	const differs = Array.from({ length: Math.max(left.length, right.length) }, (_, row) => row).find((row) => left[row] !== right[row]);
	const why = left.length === 0 ? 'no answer' : differs === undefined ? '' : `row ${differs}: "${left[differs]}", Perfetto "${right[differs]}"`;
	console.log(why ? `not ok ${name}-questions-${i + 1}: ${why}` : `ok ${name}-questions-${i + 1}`);
}
process.exit(0);
