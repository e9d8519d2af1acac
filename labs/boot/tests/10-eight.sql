-- title: Eight CPUs: each comes once, passes once, and answers
-- points: 3
-- level: stress
-- run: eight
-- least: 8
-- credit: share
-- hint: What holds for four CPUs has to hold for as many as there are: look at the bounds of your loops.

WITH RECURSIVE each(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM each, run WHERE n + 1 < run.cpus),
	went AS (SELECT n, (SELECT count(*) FROM cpu_online o WHERE o.cpu = n) AS online,
		(SELECT count(*) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'at the barrier') AS there,
		(SELECT count(*) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'first schedule') AS passed,
		(SELECT count(*) FROM mark_instant m WHERE m.name = 'here' AND m.cpu = n AND m.value = n) AS answers,
		(SELECT min(id) FROM boot_phase p WHERE p.cpu = n AND p.phase = 'first schedule') AS id FROM each)
SELECT id, ifnull(online = 1 AND there = 1 AND passed = 1 AND answers = {calls} AND id > (SELECT max(id) FROM boot_phase WHERE phase = 'at the barrier'), 0) AS ok,
	printf('CPU %d: %d times online, %d at the barrier, %d past it, %d answers', n, online, there, passed, answers) AS what FROM went ORDER BY n
