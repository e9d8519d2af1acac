-- mutant: every change of a thread's state is taken for a turn on a CPU, and every wait for one at the stove
-- fails: turns blocked
-- run: kitchen-x86_64-1
SELECT 'turns', count(*) FROM thread_state s JOIN thread t USING (thread) WHERE t.name = 'cook 1' AND t.process_name = 'kitchen'
UNION ALL SELECT 'blocked', sum(s.dur) FROM thread_state s JOIN thread t USING (thread)
	WHERE t.name LIKE 'cook %' AND t.name <> 'cook {slow}' AND s.state = 'blocked'
