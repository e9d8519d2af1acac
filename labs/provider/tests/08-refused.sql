-- title: stress: an error kills those who wait for the page, and nobody else
-- points: 3
-- level: stress
-- run: failures
-- least: 6
-- hint: The answer's status goes to every fault that waits; the frame is given back, and the slot is ABSENT again: it can be asked for once more.

WITH outcome AS (SELECT id, value, row_number() OVER (ORDER BY id) AS n FROM mark_instant WHERE name = 'killed'),
	expected(n, killed, what) AS (VALUES (1, 0, 'a page that comes'), (2, {readers}, 'a page that is refused'), (3, 0, 'the same page, asked for again'),
		(4, {readers}, 'a provider that dies'), (5, {readers}, 'a provider that is dead'), (6, 0, 'a page that came before'))
SELECT o.id, ifnull(o.value = e.killed, 0) AS ok, printf('%s: %d threads of %d are killed, not %d', e.what, o.value, {readers}, e.killed) AS what
FROM expected e LEFT JOIN outcome o USING (n) ORDER BY e.n
