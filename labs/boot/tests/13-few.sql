-- title: Eight CPUs wake each other: each is woken once, and nobody wakes more than two
-- points: 0
-- level: challenge
-- run: eight
-- least: 15
-- hint: Whoever is woken can wake others before it goes on. Who is left out wakes nobody, so number those that are online.

WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	opened AS (SELECT min(id) AS id FROM boot_phase WHERE phase = 'information page finished'),
	went AS (SELECT cpu, min(id) AS id FROM boot_phase WHERE phase = 'first schedule' GROUP BY cpu),
	wake AS (SELECT i.id, i.cpu, i.target FROM ipi_send i JOIN went w ON w.cpu = i.cpu, opened o WHERE i.id > o.id AND i.id < w.id)
SELECT (SELECT max(id) FROM wake WHERE cpu = n) AS id, (SELECT count(*) FROM wake WHERE cpu = n) <= 2 AS ok,
	printf('CPU %d wakes %d others', n, (SELECT count(*) FROM wake WHERE cpu = n)) AS what FROM each
UNION ALL SELECT (SELECT max(id) FROM wake WHERE target = n), (SELECT count(*) FROM wake WHERE target = n) = 1,
	printf('CPU %d is woken %d times', n, (SELECT count(*) FROM wake WHERE target = n)) FROM each WHERE n > 0 ORDER BY 1
