-- mutant: the cook who waits longest for the stove is taken for the one who makes the others wait
-- fails: slow
-- run: kitchen-x86_64-1
SELECT * FROM (SELECT 'slow', t.name FROM thread_state s JOIN thread t USING (thread) WHERE t.name LIKE 'cook %' AND s.state = 'blocked'
	AND s.reason = 'waits for a word to change' GROUP BY s.thread ORDER BY sum(s.dur) DESC LIMIT 1)
