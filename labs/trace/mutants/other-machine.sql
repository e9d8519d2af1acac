-- mutant: POWER is asked instead of x86-64
-- fails: first-fault longest-stove blocked
-- run: kitchen-ppc64-1
SELECT * FROM (SELECT 'first-fault', dur FROM washing ORDER BY id LIMIT 1)
UNION ALL SELECT 'longest-stove', max(dur) FROM mark WHERE name = 'stove'
UNION ALL SELECT 'blocked', sum(s.dur) FROM thread_state s JOIN thread t USING (thread)
	WHERE t.name LIKE 'cook %' AND t.name <> 'cook {slow}' AND s.state = 'blocked' AND s.reason = 'waits for a word to change'
